// Which alerts a view shows: the same as stream/web/filters.py, for what arrives live.

export const SEVERITIES = ["info", "low", "medium", "high", "critical"];
const LISTS = ["rule", "topic", "source"];

export function fromQuery(search) {
  const query = new URLSearchParams(search);
  const severity = query.getAll("severity").filter(Boolean).pop() || "";
  const found = { severity: SEVERITIES.includes(severity) ? severity : "", q: query.getAll("q").filter(Boolean).join(" ") };
  for (const key of LISTS) found[key] = query.getAll(key).filter(Boolean);
  return found;
}

export function toQuery(filter) {
  const query = new URLSearchParams();
  if (filter.severity) query.set("severity", filter.severity);
  for (const key of LISTS) for (const value of filter[key]) query.append(key, value);
  if (filter.q.trim()) query.set("q", filter.q.trim());
  return query.toString();
}

export function isEmpty(filter) {
  return toQuery(filter) === "";
}

export function matches(filter, alert) {
  if (filter.severity && SEVERITIES.indexOf(alert.severity) < SEVERITIES.indexOf(filter.severity)) return false;
  if (filter.rule.length && !filter.rule.includes(alert.rule)) return false;
  if (filter.topic.length && !filter.topic.some((topic) => alert.topics.includes(topic))) return false;
  if (filter.source.length && !filter.source.some((s) => s.toLowerCase() === alert.source.toLowerCase())) return false;
  const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const sentences = alert.sentences.map((parts) => parts.map(([text]) => text).join(""));
  const text = [alert.title, alert.summary, alert.source, alert.rule, alert.rule_title, ...sentences].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}
