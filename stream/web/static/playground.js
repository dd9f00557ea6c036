// A rule against an article, live while typing: tokens, spans, why and why not.

import { el, put, toast } from "./dom.js";
import { get, post } from "./api.js";
import { pack, unpack } from "./share.js";

const WAIT_MS = 250;
const EXAMPLE_RULE = `schema: rules/v1
kind: rule
id: my.first.rule
version: 1
title: A port is closed or blocked
status: experimental
severity: medium
topics: [shipping]
match: SENTENCE(~port AND (~close OR ~block OR ~blockade))
exclude:
  - {name: usb, reason: Computers have ports too., mask: phrase, match: '~"usb port"'}
tests:
  - {name: blockade, article: {body: "The navy blockaded the port of Mirova."}, expect: fire}
  - {name: computer, article: {body: "A USB port blocked the update."}, expect: quiet, because: "exclude:usb"}
`;
const EXAMPLE_ARTICLE = {
  title: "Navy closes in on Mirova",
  body: "The navy blockaded the port of Mirova on Monday.\n\nShips wait outside. A USB port blocked the update of the harbour's computers.",
};
const FIELDS = [["title", "Title"], ["source", "Source"], ["lang", "Language"], ["published", "Published"],
  ["author", "Author"], ["section", "Section"], ["country", "Country"], ["url", "Address"]];

export class PlaygroundView {
  constructor(page) {
    this.page = page;
    this.inputs = {};
    for (const [key, label] of FIELDS) {
      this.inputs[key] = el("input", { name: key, placeholder: label, "aria-label": label, maxlength: 4000, oninput: () => this.typed() });
    }
    this.inputs.body = el("textarea", { name: "body", rows: 11, "aria-label": "Article", spellcheck: "false", maxlength: 50_000, oninput: () => this.typed() });
    this.rule = el("textarea", { name: "rule", class: "code", rows: 20, "aria-label": "Rule", spellcheck: "false", maxlength: 65_536, oninput: () => this.typed() });
    this.tokens = el("input", { type: "checkbox", name: "tokens", onchange: () => this.draw() });
    this.verdict = el("div", { class: "verdict", role: "status", "aria-live": "polite" });
    this.result = el("div", {});
    this.choice = el("select", { "aria-label": "Start from a rule", onchange: () => this.pick(this.choice.value) });
    this.node = el("div", { class: "playground" },
      el("section", { class: "panel inputs" },
        el("div", { class: "panelhead" }, el("h3", {}, "Article"), this.inputs.title),
        this.inputs.body,
        el("details", {}, el("summary", { class: "muted" }, "Source, language, date, author …"), el("div", { class: "fields" }, FIELDS.slice(1).map(([key]) => this.inputs[key]))),
        el("div", { class: "panelhead" }, el("h3", {}, "Rule"), this.choice),
        this.rule),
      el("section", { class: "panel outputs" },
        el("div", { class: "panelhead" }, this.verdict, el("span", { class: "barend" },
          el("label", { class: "check" }, this.tokens, " tokens"),
          el("button", { type: "button", id: "share", onclick: () => this.share() }, "Share as a link"))),
        this.result));
  }

  async show() {
    const query = new URLSearchParams(location.search);
    const shared = location.hash.length > 1 && location.hash !== "#view";
    const wanted = shared ? await unpack(location.hash.slice(1)) : null;
    if (shared && wanted === null) toast("This link is damaged; here is an example instead.");
    if (wanted) this.fill(wanted.rule, wanted.article);
    else if (query.get("alert")) await this.fromAlert(query.get("alert"));
    else if (query.get("rule")) await this.fromRule(query.get("rule"), query.get("test"));
    else if (!this.rule.value) this.fill(EXAMPLE_RULE, EXAMPLE_ARTICLE);
    this.choices();
    this.run();
  }

  fill(rule, article) {
    this.rule.value = rule;
    for (const [key, input] of Object.entries(this.inputs)) input.value = article?.[key] ?? "";
    this.contentType = article?.content_type;
  }

  async fromAlert(id) {
    try {
      const { event, article } = await get(`/api/alerts/${encodeURIComponent(id)}`);
      let source = "";
      try {
        const { rule } = await get(`/api/rules/${encodeURIComponent(event.data.rule.id)}`);
        source = rule.source;
        if (rule.version !== event.data.rule.version) {
          toast(`The alert is of version ${event.data.rule.version} of this rule; what stands here is version ${rule.version}.`);
        }
      } catch {
        toast(`The rule ${event.data.rule.id} is not in the rules folder any more.`);
      }
      if (article === null) toast("The text of this article is not kept here any more; these are its sentences.");
      const text = (pieces) => pieces.map((piece) => piece.text).join("");
      const sentences = [...new Set(event.data.evidence.filter((e) => e.field === "body").map((e) => e.sentence))];
      this.fill(source, article === null
        ? { title: event.data.article.title, body: sentences.join("\n\n"), source: event.data.article.source }
        : { ...article.about, title: text(article.title), body: text(article.body), content_type: undefined });
    } catch (error) {
      toast(error.message);
    }
  }

  async fromRule(id, testName) {
    try {
      const { rule } = await get(`/api/rules/${encodeURIComponent(id)}`);
      const test = rule.tests.find((one) => one.name === testName) ?? (testName ? null : rule.tests[0]);
      this.fill(rule.source, test?.article ?? EXAMPLE_ARTICLE);
    } catch (error) {
      toast(error.message);
      if (!this.rule.value) this.fill(EXAMPLE_RULE, EXAMPLE_ARTICLE);
    }
  }

  async choices() {
    try {
      const { rules } = await get("/api/rules");
      put(this.choice, el("option", { value: "" }, "Start from a rule …"), rules.map((rule) => el("option", { value: rule.id }, rule.id)));
    } catch {
      put(this.choice, el("option", { value: "" }, "The rules could not be loaded"));
    }
  }

  async pick(id) {
    if (!id) return;
    try {
      this.rule.value = (await get(`/api/rules/${encodeURIComponent(id)}`)).rule.source;
      this.run();
    } catch (error) {
      toast(error.message);
    }
  }

  article() {
    const article = Object.fromEntries(Object.entries(this.inputs).map(([key, input]) => [key, input.value]).filter(([, value]) => value !== ""));
    return { ...article, body: this.inputs.body.value, ...(this.contentType ? { content_type: this.contentType } : {}) };
  }

  typed() {
    clearTimeout(this.timer);
    this.verdict.classList.add("stale");
    this.timer = setTimeout(() => this.run(), WAIT_MS);
  }

  async run() {
    this.abort?.abort();
    this.abort = new AbortController();
    if (!this.inputs.body.value.trim()) {
      this.found = null;
      return this.say("muted", "Paste an article to see what the rule finds in it.");
    }
    try {
      this.found = await post("/api/playground", { rule: this.rule.value, article: this.article() }, this.abort.signal);
      this.draw();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.found = null;
      this.say("wrong", error.message);
    }
  }

  say(kind, text) {
    this.verdict.className = `verdict ${kind}`;
    this.verdict.textContent = text;
    put(this.result);
  }

  draw() {
    const found = this.found;
    if (!found) return;
    if (found.refused) return this.say("wrong", `The article is refused: ${found.refused}`);
    const errors = found.diagnostics.filter((d) => d.severity === "error");
    const [first] = found.rules;
    this.verdict.className = `verdict ${errors.length ? "wrong" : first?.fires ? "fires" : "quiet"}`;
    this.verdict.textContent = errors.length
      ? `The rule cannot be used: ${errors.length} error${errors.length === 1 ? "" : "s"}`
      : !first ? "There is no rule in this text" : first.fires ? `${first.rule} fires (${first.severity})` : `${first.rule} is quiet, because of ${first.because.join(" and ")}`;
    put(this.result,
      found.diagnostics.map((d) => this.diagnostic(d)),
      found.warnings.length > 0 && el("p", { class: "muted" }, found.warnings.join("; ")),
      found.rules.length ? found.rules.map((rule, n) => this.explained(rule, found, n > 0)) : this.reading(found, []));
  }

  diagnostic(d) {
    const jump = () => {
      const lines = this.rule.value.split("\n");
      const start = lines.slice(0, d.line - 1).reduce((sum, line) => sum + line.length + 1, 0) + before(lines[d.line - 1] ?? "", d.column);
      this.rule.focus();
      this.rule.setSelectionRange(start, start + 1);
    };
    return el("div", { class: `diagnostic ${d.severity}` },
      el("button", { type: "button", class: "quiet mono", onclick: jump }, `${d.file === "rule.yml" ? "" : `${d.file} `}line ${d.line}, column ${d.column}`),
      el("strong", {}, ` ${d.severity} ${d.code} `), `found ${d.found}, expected ${d.expected}. `, el("span", { class: "muted" }, d.help));
  }

  explained(rule, found, further) {
    const failed = rule.tests.filter((test) => test.problems.length);
    return el("div", { class: "explained" },
      further && el("h3", {}, `${rule.rule} ${rule.fires ? "fires" : `is quiet, because of ${rule.because.join(" and ")}`}`),
      rule.misses.length > 0 && el("div", { class: "misses" }, el("h4", {}, "Nearest misses"), el("ul", {}, rule.misses.map((miss) => el("li", {}, miss)))),
      rule.scope.length > 0 && el("p", { class: "wrong" }, `Outside its scope: ${rule.scope.join("; ")}`),
      this.reading(rule.text, rule.evidence),
      el("h4", {}, "Why"),
      el("div", { class: "tree" }, tree(rule.match, true)),
      rule.exclusions.map((e) => el("div", { class: "tree" }, el("div", { class: "treehead" }, `exclude ${e.name} (mask: ${e.mask})`, e.match.held && el("span", { class: "tag warn" }, "holds")), tree(e.match, e.match.held))),
      rule.masked && el("div", { class: "tree" }, el("div", { class: "treehead" }, "match, without the words that exclusions mask"), tree(rule.masked, true)),
      rule.tests.length > 0 && el("p", { class: failed.length ? "wrong" : "muted" }, failed.length
        ? failed.map((test) => el("div", {}, `test “${test.name}”: ${test.problems.join("; ")}`))
        : `Its ${rule.tests.length} own tests pass.`));
  }

  reading(text, evidence) {
    if (this.tokens.checked) return el("div", { class: "tokens" }, ["title", "body"].map((field) => this.tokenList(field, text.tokens[field])));
    const piece = ({ text: shown, marks, cut }) => {
      const node = marks.length ? el("mark", { title: marks.map((n) => evidence[n].clause).join("\n") }, shown) : document.createTextNode(shown);
      return cut ? el("span", { class: "cut", title: `Not searched: ${cut}` }, node) : node;
    };
    return el("div", { class: "reading" }, text.title.length > 0 && el("h4", {}, text.title.map(piece)), el("div", { class: "body" }, text.body.map(piece)));
  }

  tokenList(field, { count, items }) {
    if (!count) return null;
    let sentence = -1;
    return el("div", {}, el("h4", {}, `${field}: ${count} tokens`, count > items.length && `, the first ${items.length}`),
      el("ol", { class: "tokenlist" }, items.map(([token, written, at], position) => {
        const starts = at !== sentence;
        sentence = at;
        return el("li", { class: starts ? "starts" : "", title: `position ${position}, sentence ${at + 1}, as written: ${written}` },
          el("span", { class: "muted" }, position), ` ${token}`);
      })));
  }

  async share() {
    const packed = await pack({ rule: this.rule.value, article: this.article() });
    history.replaceState(null, "", `/playground#${packed}`);
    try {
      await navigator.clipboard.writeText(location.href);
      toast("Link copied. What it holds stays in the link; the server never sees it.");
    } catch {
      toast("The link is in the address bar. What it holds never reaches the server.");
    }
  }

  key(event) {
    if (event.key === "/") {
      this.inputs.body.focus();
      return true;
    }
    return false;
  }
}

// How long the text before a column is here, where some characters count twice.
function before(line, column) {
  return [...line].slice(0, column - 1).join("").length;
}

function tree(step, open) {
  const said = step.held
    ? step.kind !== "AND" && step.kind !== "OR" && step.evidence.length > 0
      && `${step.evidence.slice(0, 3).map((e) => `“${e.text}” ${e.field} ${e.start}`).join(", ")}${step.found > 3 ? ` and ${step.found - 3} more` : ""}`
    : step.miss;
  const line = [
    el("span", { class: step.held ? "yes" : "no", "aria-label": step.held ? "holds" : "does not hold" }, step.held ? "✓" : "✗"),
    ` `, el("code", {}, step.clause), said && el("span", { class: step.held ? "muted" : "miss" }, `  ${said}`),
    !step.held && step.items.length > 0 && el("span", { class: "muted" }, `  items: ${step.items.join(", ")}${step.items_count > step.items.length ? " …" : ""}`),
    step.forms.length > 0 && el("span", { class: "muted" }, `  forms: ${step.forms.slice(0, 8).join(", ")}${step.forms.length > 8 ? " …" : ""}`),
  ];
  if (!step.steps.length) return el("div", { class: "leaf" }, line);
  return el("details", { open }, el("summary", {}, line), step.steps.map((inner) => tree(inner, open && step.steps.length <= 12)));
}
