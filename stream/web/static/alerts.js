// The list of alerts, live.

import { el, put, empty, toast } from "./dom.js";
import { get } from "./api.js";
import { fromQuery, isEmpty, matches, toQuery } from "./filter.js";
import { Row } from "./alertrow.js";
import { FilterBar } from "./filterbar.js";
import { Held, silenceFor } from "./held.js";
import { acknowledge, askSilence, askVerdict } from "./decide.js";

const PAGE = 100;
const ROWS_MAX = 600;
const SCROLLED = 140;

export class AlertsView {
  constructor(page) {
    this.page = page;
    this.filter = fromQuery("");
    this.rows = new Map(); // id -> Row, newest first as in the list
    this.waiting = []; // arrived, not shown yet: paused, or the reader is further down
    this.silences = [];
    this.showSilent = false;
    this.current = null;
    this.paused = false;
    this.loaded = null;
    this.next = null;
    this.bar = new FilterBar({
      change: (filter, slow) => this.refilter(filter, slow),
      pause: () => this.pause(),
      held: () => this.held.toggle(),
    });
    this.held = new Held(this);
    this.newer = el("button", { class: "newer", type: "button", hidden: true, onclick: () => this.showNew() });
    this.list = el("ol", { class: "list", "aria-label": "Alerts, newest first" });
    this.foot = el("div", {});
    this.node = el("div", { class: "alertsview" }, this.bar.node, this.held.node, this.newer, this.list, this.foot);
    document.addEventListener("visibilitychange", () => this.seen());
    window.addEventListener("scroll", () => this.scrolled(), { passive: true });
    setInterval(() => this.silencesChanged(), 15_000);
  }

  // Navigation ------------------------------------------------------------------------------------------------

  show() {
    this.shown = true;
    clearTimeout(this.typing);
    const query = new URLSearchParams(location.search);
    const filter = fromQuery(location.search);
    const changed = toQuery(filter) !== toQuery(this.filter);
    this.filter = filter;
    this.linked = query.get("alert");
    this.bar.set(filter);
    if (this.loaded === null || changed || this.linked) this.load();
    else this.seen();
  }

  hide() {
    this.shown = false;
    clearTimeout(this.typing);
  }

  refilter(filter, slow) {
    this.filter = filter;
    clearTimeout(this.typing);
    const query = toQuery(filter);
    const path = query ? `/?${query}` : "/";
    const take = () => {
      if (slow) history.replaceState(null, "", path);
      else history.pushState(null, "", path);
      this.linked = null;
      this.load();
    };
    // What was clicked is in the history before the click ends, so that Back undoes it, however soon it is pressed.
    if (slow) this.typing = setTimeout(take, 250);
    else take();
  }

  // Loading ---------------------------------------------------------------------------------------------------

  async load() {
    this.abort?.abort();
    this.abort = new AbortController();
    if (this.loaded === null) this.say(empty("Loading …"));
    const query = toQuery(this.filter);
    try {
      const [found, silences] = await Promise.all([
        get(`/api/alerts?limit=${PAGE}${query ? `&${query}` : ""}`, this.abort.signal),
        get("/api/silences", this.abort.signal),
      ]);
      this.silences = silences.items;
      this.loaded = query;
      this.next = found.next;
      this.waiting = [];
      this.fill(found.items);
      if (!this.started) {
        this.started = true;
        this.page.live.start(found.cursor);
      }
      if (this.linked) await this.openLinked();
      this.facets();
      this.held.refresh();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.say(
        el("div", { class: "empty" }, el("h2", {}, "The alerts could not be loaded"), el("p", {}, error.message),
          el("p", {}, el("button", { type: "button", onclick: () => this.load() }, "Try again"))),
      );
      if (!this.started) {
        this.started = true;
        this.page.live.start(null);
      }
    }
  }

  fill(items) {
    const open = new Map([...this.rows].filter(([, row]) => row.open));
    this.rows = new Map();
    for (const item of items) this.rows.set(item.id, open.get(item.id)?.update(item) ?? this.row(item));
    if (this.current && !this.rows.has(this.current)) this.current = null;
    put(this.list, [...this.rows.values()].map((row) => row.node));
    this.dress();
  }

  row(item) {
    return new Row(item, {
      decide: () => this.page.decide,
      filter: (key, value) => this.narrow(key, value),
      focus: (id) => this.select(id, false),
      acknowledge: (id) => this.acknowledge(id),
      silence: (id) => this.silence(id),
      verdict: (id, verdict) => this.verdict(id, verdict),
      why: (id) => this.why(id),
    });
  }

  async openLinked() {
    if (!this.rows.has(this.linked)) {
      try {
        const { alert } = await get(`/api/alerts/${encodeURIComponent(this.linked)}`);
        const row = this.row(alert);
        this.rows = new Map([[alert.id, row], ...this.rows]);
        this.list.prepend(row.node);
      } catch (error) {
        toast(error.message);
        return;
      }
    }
    this.select(this.linked, true);
    await this.rows.get(this.linked).toggle(true);
    this.dress();
  }

  async more() {
    if (this.next === null) return;
    const query = toQuery(this.filter);
    try {
      const found = await get(`/api/alerts?limit=${PAGE}&before=${this.next}${query ? `&${query}` : ""}`);
      this.next = found.next;
      for (const item of found.items) {
        if (this.rows.has(item.id)) continue;
        const row = this.row(item);
        this.rows.set(item.id, row);
        this.list.append(row.node);
      }
      this.dress();
    } catch (error) {
      toast(error.message);
    }
  }

  // Live ------------------------------------------------------------------------------------------------------

  alert(item) {
    this.facets();
    if (this.rows.has(item.id) || this.waiting.some((one) => one.id === item.id)) return;
    if (!matches(this.filter, item)) return;
    const silent = silenceFor(item, this.silences) !== null && !this.showSilent;
    if (this.paused || this.isDown() || !this.shown) {
      this.waiting.push(item);
      if (this.waiting.length > ROWS_MAX) this.waiting.shift();
    } else {
      this.insert(item, document.hidden && !silent);
    }
    this.count();
  }

  insert(item, unread) {
    const row = this.row(item);
    row.setUnread(unread);
    row.node.classList.add("fresh");
    this.rows = new Map([[item.id, row], ...this.rows]);
    this.list.prepend(row.node);
    if (this.rows.size > ROWS_MAX) {
      const [id, last] = [...this.rows].pop();
      this.rows.delete(id);
      last.node.remove();
      this.next = [...this.rows.values()].pop().alert.seq;
    }
    this.dress();
  }

  showNew() {
    const items = this.waiting;
    this.waiting = [];
    for (const item of items) this.insert(item, true);
    window.scrollTo({ top: 0 });
    if (items.length) this.select(items[items.length - 1].id, false);
    this.count();
    clearTimeout(this.reading);
    this.reading = setTimeout(() => this.seen(), 4000);
  }

  suppressed() {
    this.held.refresh();
  }

  decision(decision) {
    if (decision.kind === "silence") {
      this.silences = [decision, ...this.silences.filter((one) => one.id !== decision.id)];
      this.silencesChanged();
      this.held.refresh();
      return;
    }
    const row = this.rows.get(decision.alert);
    const value = decision.withdrawn ? null : decision;
    const field = decision.kind === "verdict" ? "verdict" : "acknowledged";
    if (row) row.update({ ...row.alert, [field]: value });
    for (const item of this.waiting) if (item.id === decision.alert) item[field] = value;
  }

  gap() {
    // Something was missed: what the server has now is the truth.
    if (this.loaded !== null) this.load();
  }

  status(status) {
    this.bar.suppressed(status.suppressed, this.silentCount());
    this.status_ = status;
    if (!this.rows.size && this.loaded !== null) this.dress();
  }

  connection(state) {
    if (state === "live" && this.wasAway) this.facets();
    this.wasAway = state === "away";
  }

  session() {
    for (const row of this.rows.values()) row.update(row.alert);
  }

  // What is seen ----------------------------------------------------------------------------------------------

  isDown() {
    return this.shown && window.scrollY > SCROLLED;
  }

  scrolled() {
    if (this.shown && this.waiting.length && !this.paused && !this.isDown()) this.showNew();
  }

  seen() {
    if (document.hidden || !this.shown) return;
    for (const row of this.rows.values()) row.setUnread(false);
    if (this.waiting.length && !this.paused && !this.isDown()) this.showNew();
    this.count();
  }

  count() {
    const unread = [...this.rows.values()].filter((row) => row.unread).length;
    const waiting = this.waiting.length;
    this.page.setUnread(waiting + (document.hidden || !this.shown ? unread : 0));
    this.newer.hidden = waiting === 0;
    this.newer.textContent = `${waiting} new alert${waiting === 1 ? "" : "s"}${this.paused ? " while paused" : ""}`;
  }

  pause() {
    this.paused = !this.paused;
    this.bar.paused(this.paused);
    if (!this.paused) this.showNew();
    this.count();
  }

  // Silences --------------------------------------------------------------------------------------------------

  silencesChanged() {
    this.dress();
    this.bar.suppressed(this.status_?.suppressed ?? this.page.status?.suppressed ?? 0, this.silentCount());
  }

  silentCount() {
    return [...this.rows.values()].filter((row) => silenceFor(row.alert, this.silences) !== null).length;
  }

  setShowSilent(on) {
    this.showSilent = on;
    this.dress();
  }

  // Everything that depends on more than one row.
  dress() {
    let visible = 0;
    for (const [id, row] of this.rows) {
      const silence = silenceFor(row.alert, this.silences);
      row.setSilence(silence);
      row.node.hidden = silence !== null && !this.showSilent && id !== this.linked;
      row.node.classList.toggle("current", id === this.current);
      if (!row.node.hidden) visible += 1;
    }
    if (visible) {
      this.say(
        this.next !== null
          ? el("button", { class: "more", type: "button", onclick: () => this.more() }, "Older alerts")
          : el("p", { class: "empty muted" }, "No older alerts are kept here."),
      );
    } else if (this.loaded !== null) {
      this.say(this.nothing());
    }
  }

  nothing() {
    const hidden = this.rows.size;
    if (hidden) return empty("Everything is silenced", `${hidden} alerts are under a silence. Open “silenced” above to see them.`);
    if (!isEmpty(this.filter)) {
      return el("div", { class: "empty" }, el("h2", {}, "No alert fits these filters"),
        el("p", {}, "New ones appear here as they arrive."),
        el("p", {}, el("button", { type: "button", onclick: () => this.refilter(fromQuery(""), false) }, "Clear the filters")));
    }
    if (this.page.status?.catching_up) return empty("Reading the alerts that are already there …");
    return empty("No alerts yet", "They appear here by themselves, newest first.",
      "If you expect some: is a worker running, and do articles come in? The overview shows both.");
  }

  say(node) {
    put(this.foot, node);
  }

  facets() {
    clearTimeout(this.facetTimer);
    this.facetTimer = setTimeout(async () => {
      try {
        this.bar.facets(await get("/api/facets"));
      } catch {
        // The choices stay as they are; the head of the page says what is wrong.
      }
    }, 400);
  }

  // Doing -----------------------------------------------------------------------------------------------------

  narrow(key, value) {
    const filter = { ...this.filter, [key]: [value] };
    this.bar.set(filter);
    this.refilter(filter, false);
  }

  select(id, into) {
    this.rows.get(this.current)?.node.classList.remove("current");
    this.current = id;
    const row = this.rows.get(id);
    if (!row) return;
    row.node.classList.add("current");
    if (into) {
      row.focus();
      row.node.scrollIntoView({ block: "nearest" });
    }
  }

  step(by) {
    const ids = [...this.rows].filter(([, row]) => !row.node.hidden).map(([id]) => id);
    if (!ids.length) return;
    const at = ids.indexOf(this.current);
    const to = at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + by));
    if (at === ids.length - 1 && by > 0 && this.next !== null) this.more();
    this.select(ids[to], true);
  }

  allowed() {
    if (!this.page.decide) toast("This login may read, not decide.");
    return this.page.decide;
  }

  acknowledge(id) {
    const alert = this.rows.get(id)?.alert;
    if (alert && this.allowed()) acknowledge(alert, (decision) => this.decision(decision));
  }

  silence(id) {
    const alert = this.rows.get(id)?.alert;
    if (alert && this.allowed()) askSilence(alert, (decision) => this.decision(decision));
  }

  verdict(id, verdict) {
    const alert = this.rows.get(id)?.alert;
    if (alert && this.allowed()) askVerdict(alert, verdict, (decision) => this.decision(decision));
  }

  why(id) {
    this.page.go(`/playground?alert=${encodeURIComponent(id)}`);
  }

  key(event) {
    const id = this.current;
    switch (event.key) {
      case "j": case "ArrowDown": this.step(1); return true;
      case "k": case "ArrowUp": this.step(-1); return true;
      case "Enter": if (event.target.closest?.("button, a, summary")) return false; // falls through
      case "o": if (id) this.rows.get(id)?.toggle(); return Boolean(id);
      case "n": case ".": this.showNew(); return true;
      case "p": this.pause(); return true;
      case "/": this.bar.search(); return true;
      case "a": if (id) this.acknowledge(id); return Boolean(id);
      case "s": if (id) this.silence(id); return Boolean(id);
      case "t": if (id) this.verdict(id, "true_positive"); return Boolean(id);
      case "f": if (id) this.verdict(id, "false_positive"); return Boolean(id);
      case "x": if (id) this.why(id); return Boolean(id);
      case "Escape": return this.leave();
      default:
        if (/^[0-5]$/.test(event.key)) {
          this.bar.severity(Number(event.key));
          return true;
        }
        return false;
    }
  }

  leave() {
    const row = this.rows.get(this.current);
    if (row?.open) row.toggle(false);
    else if (!isEmpty(this.filter)) this.refilter(fromQuery(""), false);
    else return false;
    this.bar.set(this.filter);
    return true;
  }
}
