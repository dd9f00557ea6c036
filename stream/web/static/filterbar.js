// The row of filters. It holds no state of its own but what is shown; the URL is the truth.

import { el, put } from "./dom.js";
import { SEVERITIES } from "./filter.js";

const CHOICES = [["", "All"], ["low", "Low +"], ["medium", "Medium +"], ["high", "High +"], ["critical", "Critical"]];
const NAMES = { rule: "Rule", topic: "Topic", source: "Source" };

export class FilterBar {
  constructor(on) {
    this.on = on;
    this.filter = { severity: "", rule: [], topic: [], source: [], q: "" };
    this.buttons = CHOICES.map(([value, label]) =>
      el("button", { type: "button", "aria-pressed": "false", "data-severity": value, onclick: () => this.pick("severity", value) }, label));
    this.selects = {};
    for (const key of Object.keys(NAMES)) {
      this.selects[key] = el("select", { "aria-label": NAMES[key], name: key, onchange: (event) => {
        if (event.target.value) this.add(key, event.target.value);
      } }, el("option", { value: "" }, NAMES[key]));
    }
    this.chips = el("span", { class: "chips" });
    this.input = el("input", {
      type: "search", name: "q", placeholder: "Search headline, sentence, rule …  ( / )", "aria-label": "Search", maxlength: 300,
      oninput: () => this.changed({ q: this.input.value }, true),
    });
    this.pauseButton = el("button", { type: "button", id: "pause", "aria-pressed": "false", onclick: () => this.on.pause() }, "Pause");
    this.heldButton = el("button", { type: "button", id: "held", "aria-expanded": "false", class: "quiet", onclick: () => this.on.held() }, "0 suppressed");
    this.node = el("div", { class: "bar", role: "search", "aria-label": "Filters" },
      el("span", { class: "seg", role: "group", "aria-label": "Least severity" }, this.buttons),
      this.input, Object.values(this.selects), this.chips,
      el("span", { class: "barend" }, this.heldButton, this.pauseButton));
  }

  set(filter) {
    this.filter = filter;
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.severity === filter.severity || (filter.severity === "info" && !button.dataset.severity)));
    }
    if (document.activeElement !== this.input || this.input.value.trim() !== filter.q) this.input.value = filter.q;
    put(this.chips, Object.keys(NAMES).flatMap((key) => filter[key].map((value) =>
      el("span", { class: "chip" }, el("span", {}, `${NAMES[key].toLowerCase()}: ${value}`),
        el("button", { type: "button", "aria-label": `Remove ${NAMES[key].toLowerCase()} ${value}`, onclick: () => this.remove(key, value) }, "×")))));
  }

  facets(found) {
    for (const [key, select] of Object.entries(this.selects)) {
      if (document.activeElement === select) continue; // not under the hands of somebody who chooses
      put(select, el("option", { value: "" }, NAMES[key]),
        found[key].map(({ value, alerts }) => el("option", { value }, `${value} (${alerts})`)));
      select.value = "";
    }
  }

  suppressed(count, silent) {
    this.heldButton.textContent = `${count} suppressed${silent ? ` · ${silent} silenced` : ""}`;
  }

  paused(on) {
    this.pauseButton.setAttribute("aria-pressed", String(on));
    this.pauseButton.textContent = on ? "Paused: go on" : "Pause";
  }

  search() {
    this.input.focus();
    this.input.select();
  }

  severity(number) {
    this.pick("severity", number < 2 ? "" : SEVERITIES[number - 1]);
  }

  pick(key, value) {
    this.changed({ [key]: value }, false);
  }

  add(key, value) {
    if (!this.filter[key].includes(value)) this.changed({ [key]: [...this.filter[key], value] }, false);
  }

  remove(key, value) {
    this.changed({ [key]: this.filter[key].filter((one) => one !== value) }, false);
  }

  changed(part, slow) {
    this.set({ ...this.filter, ...part });
    this.on.change(this.filter, slow);
  }
}
