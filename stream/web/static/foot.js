// What stands below the list of alerts: how it goes on, why it is empty, or why it could not be loaded.

import { el, put, empty } from "./dom.js";
import { fromQuery, isEmpty } from "./filter.js";

export class Foot {
  constructor(view) {
    this.view = view;
    this.node = el("div", {});
  }

  loading() {
    this.say("loading", () => empty("Loading …"));
  }

  draw(visible) {
    const { failed, loaded, next, rows, page } = this.view;
    if (loaded === null) {
      if (failed) this.say(`failed ${failed.message}`, () => this.trouble(failed));
    } else if (visible && next !== null) {
      this.say("more", () => el("button", { class: "more", type: "button", onclick: () => this.view.more() }, "Older alerts"));
    } else if (visible) {
      this.say("end", () => el("p", { class: "empty muted" }, "No older alerts are kept here."));
    } else {
      const reading = Boolean(page.status?.catching_up);
      this.say(`nothing ${rows.size} ${loaded} ${reading}`, () => this.nothing(rows.size, reading));
    }
  }

  // The same again stays as it is: a button there may have the focus.
  say(what, make) {
    if (what === this.said) return;
    this.said = what;
    put(this.node, make());
  }

  trouble(failed) {
    return el("div", { class: "empty" }, el("h2", {}, "The alerts could not be loaded"), el("p", {}, failed.message),
      el("p", {}, el("button", { type: "button", onclick: () => this.view.load() }, "Try again")));
  }

  nothing(hidden, reading) {
    if (hidden) return empty("Everything is silenced", `${hidden} alerts are under a silence. Open “silenced” above to see them.`);
    if (!isEmpty(this.view.filter)) {
      return el("div", { class: "empty" }, el("h2", {}, "No alert fits these filters"),
        el("p", {}, "New ones appear here as they arrive."),
        el("p", {}, el("button", { type: "button", onclick: () => this.view.refilter(fromQuery(""), false) }, "Clear the filters")));
    }
    if (reading) return empty("Reading the alerts that are already there …");
    return empty("No alerts yet", "They appear here by themselves, newest first.",
      "If you expect some: is a worker running, and do articles come in? The overview shows both.");
  }
}
