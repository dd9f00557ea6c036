// The article behind an alert: evidence marked, residue greyed out, and a list of the evidence that leads to it.

import { el, outside } from "./dom.js";
import { exactly } from "./time.js";

const KINDS = { "": "residue" };

export class ArticlePane {
  constructor({ alert, event, article }) {
    this.marks = new Map();
    const evidence = event.data.evidence;
    this.node = el("div", { class: "columns" }, this.reading(article, evidence), this.side(alert, event, article, evidence));
  }

  reading(article, evidence) {
    if (article === null) {
      const seen = [...new Set(evidence.map((e) => e.sentence))];
      return el("div", { class: "reading" },
        el("p", { class: "muted" }, "The text of this article is not kept here any more. The evidence is in the alert itself:"),
        seen.map((sentence) => el("blockquote", {}, sentence)));
    }
    return el("article", { class: "reading" },
      article.title.length > 0 && el("h4", {}, article.title.map((piece) => this.piece(piece))),
      el("div", { class: "body", tabindex: 0, role: "region", "aria-label": "Article" }, article.body.map((piece) => this.piece(piece))));
  }

  piece({ text, marks, cut }) {
    let node = document.createTextNode(text);
    if (marks.length) {
      node = el("mark", { "data-evidence": marks.join(" ") }, text);
      for (const number of marks) if (!this.marks.has(number)) this.marks.set(number, node);
    }
    return cut ? el("span", { class: "cut", title: `Not searched: ${KINDS[cut] || cut}` }, node) : node;
  }

  side(alert, event, article, evidence) {
    const facts = [
      ["Rule", `${alert.rule} v${alert.rule_version}`], ["", alert.rule_title],
      ["Source", alert.source], ["Author", article?.about.author],
      ["Published", alert.published && exactly(alert.published)],
      ["Event time", exactly(alert.time)], ["Recorded", exactly(alert.recorded)],
      ["Run", alert.run], ["Article", alert.article], ["Alert", alert.id],
    ].filter(([, value]) => value);
    return el("aside", { class: "side" },
      el("h4", {}, `Evidence (${alert.evidence})`),
      el("ol", { class: "evidence" }, evidence.map((piece, number) =>
        el("li", {}, el("button", { type: "button", onclick: () => this.jump(number) },
          el("strong", {}, piece.text), el("div", { class: "where" }, `${piece.clause}  ·  ${piece.field} ${piece.start}–${piece.end}`))))),
      event.data.evidence_omitted ? el("p", { class: "muted" }, `${event.data.evidence_omitted} more were left out of the alert.`) : null,
      event.data.articles?.length ? [el("h4", {}, "Articles"), el("ol", { class: "members" }, event.data.articles.map((one) =>
        el("li", {}, one.url ? outside(one.url, one.title || one.id) : one.title || one.id)))] : null,
      el("dl", { class: "facts" }, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
      article?.warnings.length ? el("p", { class: "muted" }, article.warnings.join("; ")) : null);
  }

  jump(number) {
    const mark = this.marks.get(number);
    if (!mark) return;
    this.hot?.classList.remove("hot");
    this.hot = mark;
    mark.classList.add("hot");
    const body = mark.closest(".body");
    // Only the article moves, not the list under the reader's hands.
    if (body) body.scrollTop += mark.getBoundingClientRect().top - body.getBoundingClientRect().top - body.clientHeight / 2;
    else mark.scrollIntoView({ block: "nearest" });
  }
}
