// One alert: its line in the list, and what opens below it.

import { el, put, outside } from "./dom.js";
import { get } from "./api.js";
import { ago, dated, exactly } from "./time.js";
import { ArticlePane } from "./articlepane.js";

export class Row {
  constructor(alert, on) {
    this.on = on;
    this.open = false;
    this.unread = false;
    this.silence = null;
    this.node = el("li", { class: "alert" });
    this.headNode = el("div", { class: "head", onclick: (event) => this.clicked(event) });
    this.detailNode = null;
    this.node.append(this.headNode);
    this.update(alert);
  }

  update(alert) {
    this.alert = alert;
    this.node.dataset.id = alert.id;
    for (const name of ["critical", "high", "medium", "low", "info"]) this.node.classList.toggle(name, alert.severity === name);
    this.node.classList.toggle("done", Boolean(alert.acknowledged || alert.verdict));
    const focused = this.title !== undefined && document.activeElement === this.title;
    put(this.headNode, this.head());
    if (focused) this.title.focus();
    if (this.open && this.actionsNode) put(this.actionsNode, this.actions());
    return this;
  }

  head() {
    const a = this.alert;
    this.title = el("button", { type: "button", "aria-expanded": String(this.open) }, a.title ? marked(a.title_parts) : a.summary || "(no headline)");
    return [
      el("span", { class: `sev ${a.severity}` }, a.severity),
      el("h3", {}, this.title),
      el("time", { "data-ms": a.arrived, datetime: new Date(a.arrived).toISOString(), title: `arrived ${exactly(a.arrived)}` }, ago(a.arrived)),
      a.sentences.length > 0 && el("div", { class: "text" }, a.sentences.map((parts) => el("p", {}, marked(parts)))),
      el("div", { class: "meta" },
        el("span", {}, this.button("rule", a.rule, "rule", `Only ${a.rule}: ${a.rule_title}`), el("span", { class: "ruletitle" }, `  ${a.rule_title}`)),
        a.source ? this.button("source", a.source) : el("span", {}, "no source given"),
        a.published && el("span", { title: `published ${exactly(a.published)}` }, dated(a.published)),
        a.topics.map((topic) => this.button("topic", topic)),
        this.tags()),
    ];
  }

  button(key, value, className = "", title = `Only this ${key}`) {
    return el("button", { type: "button", class: className, title, "data-filter": key, onclick: (event) => {
      event.stopPropagation();
      this.on.filter(key, value);
    } }, value);
  }

  tags() {
    const a = this.alert;
    return [
      a.state !== "fired" && el("span", { class: "tag" }, a.state),
      a.group.count > 1 && el("span", { class: "tag" }, `${a.group.count} articles, ${a.group.sources} sources`),
      a.status === "exercise" && el("span", { class: "tag", title: "From a replay" }, "exercise"),
      a.suppressed && el("span", { class: "tag warn" }, `held back: ${a.suppressed.reason}`),
      a.acknowledged && el("span", { class: "tag ok", title: a.acknowledged.note || exactly(a.acknowledged.at) }, `acknowledged by ${a.acknowledged.by}`),
      a.verdict && el("span", { class: `tag ${a.verdict.verdict === "true_positive" ? "ok" : "bad"}`, title: a.verdict.note || exactly(a.verdict.at) },
        `${words(a.verdict.verdict)}, ${a.verdict.by}`),
      this.silence && el("span", { class: "tag warn", title: this.silence.reason }, `silenced by ${this.silence.by} until ${exactly(this.silence.ends).slice(0, 16)}`),
    ];
  }

  setUnread(on) {
    this.unread = on;
    this.node.classList.toggle("unread", on);
  }

  setSilence(silence) {
    if (this.silence?.id === silence?.id && this.silence?.ends === silence?.ends) return;
    this.silence = silence;
    this.node.classList.toggle("silent", silence !== null);
    this.update(this.alert);
  }

  clicked(event) {
    if (event.target.closest("a")) return;
    if (String(getSelection()).length > 2 && getSelection().containsNode(this.headNode, true)) return; // selecting text is not opening
    this.on.focus(this.alert.id);
    this.toggle();
  }

  focus() {
    this.title.focus({ preventScroll: false });
  }

  async toggle(to = !this.open) {
    this.open = to;
    this.title.setAttribute("aria-expanded", String(to));
    this.detailNode?.remove();
    this.detailNode = null;
    if (!to) return;
    this.setUnread(false);
    this.actionsNode = el("div", { class: "actions" }, this.actions());
    const content = el("div", {}, el("p", { class: "muted" }, "Loading the article …"));
    this.detailNode = el("div", { class: "detail" }, this.actionsNode, content);
    this.node.append(this.detailNode);
    try {
      const found = await get(`/api/alerts/${encodeURIComponent(this.alert.id)}`);
      put(content, new ArticlePane(found).node);
    } catch (error) {
      put(content, el("p", { class: "wrong" }, error.message));
    }
  }

  actions() {
    const a = this.alert;
    const decide = this.on.decide();
    const verdict = (name) => {
      const on = a.verdict?.verdict === name;
      return el("button", { type: "button", "aria-pressed": String(on), disabled: !decide, onclick: () => this.on.verdict(a.id, name) },
        words(name)[0].toUpperCase() + words(name).slice(1));
    };
    return [
      el("button", { type: "button", class: a.acknowledged ? "" : "primary", disabled: !decide, onclick: () => this.on.acknowledge(a.id) },
        a.acknowledged ? "Take back the acknowledgement" : "Acknowledge"),
      verdict("true_positive"), verdict("false_positive"),
      el("button", { type: "button", disabled: !decide, onclick: () => this.on.silence(a.id) }, "Silence …"),
      el("button", { type: "button", onclick: () => this.on.why(a.id) }, "Why? Open in the playground"),
      el("button", { type: "button", class: "quiet", onclick: () => copy(`${location.origin}/?alert=${a.id}`) }, "Copy link"),
      a.url && outside(a.url, "Original article"),
      !decide && el("span", { class: "muted" }, "This login may read, not decide."),
    ];
  }
}

export function marked(parts) {
  return parts.map(([text, on]) => (on ? el("mark", {}, text) : text));
}

export function words(verdict) {
  return verdict.replace("_", " ");
}

async function copy(text) {
  const { toast } = await import("./dom.js");
  try {
    await navigator.clipboard.writeText(text);
    toast("Link copied.");
  } catch {
    toast(text);
  }
}
