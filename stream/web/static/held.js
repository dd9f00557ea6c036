// What is not in the list: alerts that a rule's own limits held back, and alerts under a silence.

import { el, put, toast } from "./dom.js";
import { get, post } from "./api.js";
import { ago, exactly, now } from "./time.js";
import { author } from "./decide.js";

export function silenceFor(alert, silences) {
  const at = now();
  return silences.find((s) =>
    Date.parse(s.ends) > at
    && (!s.rule || s.rule === alert.rule)
    && (!s.topic || alert.topics.includes(s.topic))
    && (!s.source || s.source.toLowerCase() === alert.source.toLowerCase())
    && (!s.severity || s.severity === alert.severity)) ?? null;
}

export function criteria(silence) {
  return ["rule", "topic", "source", "severity"].filter((key) => silence[key]).map((key) => `${key} ${silence[key]}`).join(", ");
}

export class Held {
  constructor(view) {
    this.view = view;
    this.node = el("section", { class: "held", hidden: true, "aria-label": "Suppressed and silenced alerts" });
  }

  toggle() {
    this.node.hidden = !this.node.hidden;
    document.getElementById("held").setAttribute("aria-expanded", String(!this.node.hidden));
    this.refresh();
  }

  refresh() {
    if (this.node.hidden) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), 100);
  }

  async load() {
    let found;
    try {
      found = await get("/api/suppressed?limit=50");
    } catch (error) {
      put(this.node, el("p", { class: "wrong" }, error.message));
      return;
    }
    const silences = this.view.silences.filter((s) => Date.parse(s.ends) > now());
    put(this.node,
      el("h3", {}, `${found.total} suppressed`),
      found.total === 0 && el("p", { class: "muted" }, "No alert was held back by a rule's own limits (throttles, duplicates of a story)."),
      found.reasons.length > 0 && el("ul", { class: "reasons" }, found.reasons.map((r) => el("li", {}, el("strong", {}, r.alerts), ` · ${r.by}: ${r.reason}`))),
      found.items.length > 0 && el("details", {}, el("summary", {}, "The newest of them"),
        el("ul", {}, found.items.map((a) => el("li", {},
          el("span", { class: `sev ${a.severity}` }, a.severity), ` ${a.title || a.summary} `,
          el("span", { class: "muted" }, `${a.rule} · ${a.source || "no source"} · ${ago(a.arrived)} · ${a.suppressed.reason}`))))),
      el("h3", {}, `${silences.length} silence${silences.length === 1 ? "" : "s"} in force`),
      silences.length === 0 && el("p", { class: "muted" }, "None. Press s on an alert to silence its rule, topic or source for a while."),
      el("ul", { class: "silences" }, silences.map((s) => el("li", {},
        el("strong", {}, criteria(s)), ` until ${exactly(s.ends).slice(0, 16)}, by ${s.by}`, s.reason ? `: ${s.reason} ` : " ",
        this.view.page.decide && el("button", { type: "button", class: "quiet", onclick: () => this.end(s) }, "End now")))),
      silences.length > 0 && el("label", {}, el("input", { type: "checkbox", checked: this.view.showSilent, onchange: (event) => this.view.setShowSilent(event.target.checked) }), " Show silenced alerts in the list"));
  }

  async end(silence) {
    try {
      const by = await author();
      if (!by) return;
      this.view.decision(await post(`/api/silences/${silence.id}/end`, { by }));
    } catch (error) {
      toast(error.message);
    }
  }
}
