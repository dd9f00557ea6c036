// Every rule: how its tests stand, how often it fires, its source.

import { el, put, empty, inside, redraw, svg } from "./dom.js";
import { get } from "./api.js";
import { ago, exactly } from "./time.js";
import { highlightYaml } from "./yaml.js";

export class RulesView {
  constructor(page) {
    this.page = page;
    this.rules = null;
    this.search = el("input", { type: "search", placeholder: "Search id, title, topic …  ( / )", "aria-label": "Search rules", oninput: () => this.draw() });
    this.only = el("select", { "aria-label": "Show", onchange: () => this.draw() },
      el("option", { value: "" }, "Every rule"), el("option", { value: "alerts" }, "Rules that alert"),
      el("option", { value: "topics" }, "Rules that only tag"), el("option", { value: "correlations" }, "Correlations"), el("option", { value: "failing" }, "Failing tests"),
      el("option", { value: "quiet" }, "Never fired"));
    this.count = el("span", { class: "muted" });
    this.trouble = el("div", { class: "trouble", hidden: true });
    this.table = el("div", { class: "tablebox" });
    this.detail = el("div", { class: "ruledetail" });
    this.node = el("div", { class: "rulesview" },
      el("div", { class: "bar" }, this.search, this.only, this.count),
      this.trouble, el("div", { class: "split" }, this.table, this.detail));
  }

  show() {
    this.chosen = decoded(location.pathname.split("/")[2] || "");
    this.node.classList.toggle("one", Boolean(this.chosen));
    this.load();
  }

  async load() {
    if (this.rules === null) put(this.table, empty("Reading the rules …"));
    try {
      const found = await get("/api/rules");
      this.rules = found.rules;
      this.since = found.counted_since;
      this.trouble.hidden = !found.trouble;
      if (found.trouble) {
        put(this.trouble, el("strong", {}, "The rule files cannot be used as they are. Workers keep the rules that they have."), el("pre", {}, found.trouble));
      }
      this.draw();
    } catch (error) {
      put(this.table, el("div", { class: "empty" }, el("h2", {}, "The rules could not be loaded"), el("p", {}, error.message),
        el("p", {}, el("button", { type: "button", onclick: () => this.load() }, "Try again"))));
    }
    if (this.chosen) this.open(this.chosen);
    else put(this.detail, el("p", { class: "empty muted" }, "Choose a rule to see its source and its tests."));
  }

  wanted() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const order = ["critical", "high", "medium", "low", "info", "none"];
    const sorted = [...this.rules].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || a.id.localeCompare(b.id));
    return sorted.filter((rule) => {
      const text = `${rule.id} ${rule.title} ${rule.topics.join(" ")} ${rule.severity} ${rule.status} ${rule.file}`.toLowerCase();
      if (!words.every((word) => text.includes(word))) return false;
      const fired = rule.days.some(Boolean) || rule.tagged > 0;
      return { "": true, alerts: rule.severity !== "none", topics: rule.severity === "none", correlations: rule.correlates !== null, failing: rule.tests_failed > 0, quiet: !fired }[this.only.value];
    });
  }

  draw() {
    if (!this.rules) return;
    const rules = this.wanted();
    const failing = this.rules.reduce((sum, rule) => sum + rule.tests_failed, 0);
    const tests = this.rules.reduce((sum, rule) => sum + rule.tests_total, 0);
    this.count.textContent = `${rules.length} of ${this.rules.length} rules · ${tests} tests, ${failing ? `${failing} fail` : "all pass"}${this.since ? ` · alerts counted since ${exactly(this.since).slice(0, 16)}` : ""}`;
    if (!rules.length) return put(this.table, empty(this.rules.length ? "No rule fits" : "There are no rules"));
    redraw(this.table, el("table", { class: "rules" },
      el("thead", {}, el("tr", {}, ["Rule", "Severity", "Tests", "Per day, 14 days", "Last alert", "Right"].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, rules.map((rule) => this.line(rule)))));
  }

  line(rule) {
    const judged = rule.true_positives + rule.false_positives;
    return el("tr", { class: rule.id === this.chosen ? "chosen" : "", onclick: (event) => {
      if (!event.target.closest("a")) this.page.go(`/rules/${encodeURIComponent(rule.id)}`);
    } },
      el("td", {}, inside(`/rules/${encodeURIComponent(rule.id)}`, rule.id, { class: "mono" }), el("div", { class: "muted" }, rule.title, rule.correlates && ` · ${words(rule.correlates.type)}`, rule.status !== "stable" && ` (${rule.status})`)),
      el("td", {}, el("span", { class: `sev ${rule.severity}` }, rule.severity === "none" ? "topic" : rule.severity)),
      el("td", {}, rule.tests_failed ? el("span", { class: "tag bad" }, `${rule.tests_failed} of ${rule.tests_total} fail`) : rule.tests_total ? el("span", { class: "tag ok" }, `${rule.tests_total} pass`) : el("span", { class: "tag warn" }, "none")),
      el("td", {}, rule.severity === "none" ? el("span", { class: "muted" }, `${rule.tagged} articles tagged`) : spark(rule.days)),
      el("td", {}, rule.last_alert ? inside(`/?rule=${encodeURIComponent(rule.id)}`, ago(rule.last_alert.at), { title: exactly(rule.last_alert.at) }) : el("span", { class: "muted" }, rule.severity === "none" ? "" : "none yet")),
      el("td", {}, judged ? el("span", { title: `${rule.true_positives} true, ${rule.false_positives} false positives` }, `${Math.round((100 * rule.true_positives) / judged)} % of ${judged}`) : ""));
  }

  async open(id) {
    try {
      const { rule } = await get(`/api/rules/${encodeURIComponent(id)}`);
      if (this.chosen !== id) return;
      const share = `/playground?rule=${encodeURIComponent(id)}`;
      put(this.detail,
        inside("/rules", "‹ all rules", { class: "back" }),
        el("h2", {}, rule.title),
        el("p", {}, el("span", { class: `sev ${rule.severity}` }, rule.severity === "none" ? "topic" : rule.severity), " ",
          el("code", {}, `${rule.id} v${rule.version}`), ` · ${rule.status} · ${rule.topics.join(", ")}`),
        rule.description && el("p", {}, rule.description),
        el("p", { class: "actions" }, !rule.correlates && inside(share, "Try it in the playground"), inside(`/?rule=${encodeURIComponent(id)}`, "Its alerts")),
        rule.correlates && el("p", {}, `Correlation (${words(rule.correlates.type)}) of `,
          rule.correlates.rules.map((name, n) => [n > 0 && ", ", inside(`/rules/${encodeURIComponent(name)}`, name, { class: "mono" })])),
        el("h3", {}, rule.tests_failed ? `${rule.tests_failed} of ${rule.tests_total} tests fail` : `${rule.tests_total} tests pass`),
        el("ul", { class: "tests" }, rule.tests.map((test) => this.test(rule, test))),
        el("h3", {}, `Source: ${rule.file}:${rule.line}`),
        el("pre", { class: "source" }, highlightYaml(rule.source)));
    } catch (error) {
      put(this.detail, el("p", { class: "empty wrong" }, error.message));
    }
  }

  test(rule, test) {
    const failed = test.problems.length > 0;
    return el("li", {}, el("details", {},
      el("summary", {}, el("span", { class: `tag ${failed ? "bad" : "ok"}` }, failed ? "fails" : "passes"), ` ${test.name} `,
        el("span", { class: "muted" }, `${test.expect}${test.because ? ` because of ${test.because}` : ""}`)),
      failed && el("p", { class: "wrong" }, test.problems.join("; ")),
      test.events && el("dl", { class: "facts" }, el("dt", {}, "events"), el("dd", {}, test.events.map((line) => el("div", {}, line))),
        el("dt", {}, "alerts"), el("dd", {}, test.alerts.length ? test.alerts.map((line) => el("div", {}, line)) : "none")),
      el("dl", { class: "facts" }, Object.entries(test.article).map(([key, value]) => [el("dt", {}, key), el("dd", {}, value)])),
      !test.events && inside(`/playground?rule=${encodeURIComponent(rule.id)}&test=${encodeURIComponent(test.name)}`, "Try this article")));
  }

  alert() {
    clearTimeout(this.timer);
    if (this.page.view === this) this.timer = setTimeout(() => this.refresh(), 1500);
  }

  async refresh() {
    try {
      this.rules = (await get("/api/rules")).rules;
      this.draw();
    } catch {
      // The next alert tries again.
    }
  }

  key(event) {
    if (event.key === "/") {
      this.search.focus();
      return true;
    }
    if (event.key === "Escape" && this.chosen) {
      this.page.go("/rules");
      return true;
    }
    return false;
  }
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // no rule is called so, and the page says that
  }
}

function words(type) {
  return type.replaceAll("_", " ");
}

function spark(days) {
  const top = Math.max(1, ...days);
  const today = days[days.length - 1];
  return el("span", { class: "sparkbox", title: `the last 14 days (UTC): ${days.join(", ")}` },
    svg("svg", { width: 98, height: 20, viewBox: "0 0 98 20", class: "spark", role: "img", "aria-label": `${today} today` },
      days.map((count, n) => {
        const height = count ? Math.max(2, (18 * count) / top) : 1;
        return svg("rect", { x: n * 7, y: 20 - height, width: 5, height, class: count ? "some" : "none" });
      })),
    el("span", {}, ` ${today} today`));
}
