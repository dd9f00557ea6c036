// The list of alerts, live.

import { el, put, toast } from "./dom.js";
import { get } from "./api.js";
import { fromQuery, isEmpty, matches, toQuery } from "./filter.js";
import { Row } from "./alertrow.js";
import { FilterBar } from "./filterbar.js";
import { Foot } from "./foot.js";
import { Held, silenceFor } from "./held.js";
import { compare } from "./catchup.js";
import { acknowledge, askSilence, askVerdict } from "./decide.js";

const PAGE = 100;
const ROWS_MAX = 600;
const ANSWER_MAX = 500; // of one request
const SCROLLED = 140;

export class AlertsView {
  constructor(page) {
    this.page = page;
    this.filter = fromQuery("");
    this.rows = new Map(); // id -> Row, newest first as in the list
    this.waiting = []; // arrived, not shown yet: paused, or the reader is further down
    this.hole = false; // more arrived than wait here: only the server knows them all
    this.meanwhile = null; // what arrives while the server answers, whose answer may be from before
    this.failed = null; // why the list is not what the filter asks for
    this.silences = [];
    this.showSilent = false;
    this.current = null;
    this.paused = false;
    this.asked = null; // the query of the list that is to come; `loaded`: of the one that is here
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
    this.foot = new Foot(this);
    this.node = el("div", { class: "alertsview" }, this.bar.node, this.held.node, this.newer, this.list, this.foot.node);
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
    this.filter = filter;
    this.linked = query.get("alert");
    this.bar.set(filter);
    if (toQuery(filter) !== this.asked || this.linked) this.load();
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
    const query = toQuery(this.filter);
    if (this.loaded === null && !this.failed) this.foot.loading();
    // What somebody has before them is not cut short because it is loaded again.
    const limit = query === this.loaded ? Math.min(ANSWER_MAX, Math.max(PAGE, this.rows.size)) : PAGE;
    try {
      const found = await this.ask(query, limit);
      this.loaded = query;
      this.next = found.next;
      this.waiting = [];
      this.hole = false;
      this.fill(found.items);
      if (!this.started) {
        this.started = true;
        this.page.live.start(found.cursor);
      }
      this.replay();
      this.count();
      if (this.linked) await this.openLinked();
      this.facets();
      this.held.refresh();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.meanwhile = this.asked = null;
      this.failed = error;
      if (query !== this.loaded) {
        // Alerts that answer another question are no answer to this one.
        this.loaded = this.next = null;
        this.waiting = [];
        this.fill([]);
        this.count();
      }
      this.dress();
      if (!this.started) {
        this.started = true;
        this.page.live.start(null);
      }
    }
  }

  // Alerts and silences as the server has them now. A later question takes the place of an earlier one.
  async ask(query, limit) {
    this.abort?.abort();
    this.abort = new AbortController();
    this.meanwhile = [];
    this.asked = query;
    const [found, silences] = await Promise.all([
      get(`/api/alerts?limit=${limit}${query ? `&${query}` : ""}`, this.abort.signal),
      get("/api/silences", this.abort.signal),
    ]);
    this.silences = silences.items;
    this.failed = null;
    return found;
  }

  replay() {
    const events = this.meanwhile ?? [];
    this.meanwhile = null;
    for (const [name, data] of events) this[name](data);
  }

  fill(items) {
    const before = this.rows;
    this.rows = new Map(items.map((item) => [item.id, before.get(item.id)?.update(item) ?? this.row(item)]));
    if (this.current && !this.rows.has(this.current)) this.current = null;
    for (const row of this.rows.values()) row.node.classList.remove("fresh");
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    put(this.list, [...this.rows.values()].map((row) => row.node));
    focused?.focus({ preventScroll: true });
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
        row.linked = true; // not where its time would have it
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
    if (this.next === null || this.meanwhile !== null) return;
    const { signal } = this.abort;
    this.meanwhile = [];
    try {
      const query = this.loaded ? `&${this.loaded}` : "";
      const found = await get(`/api/alerts?limit=${PAGE}&before=${this.next}${query}`, signal);
      if (signal.aborted) return;
      this.next = found.next;
      for (const item of found.items) {
        if (this.rows.has(item.id)) continue;
        const row = this.row(item);
        this.rows.set(item.id, row);
        this.list.append(row.node);
      }
      this.replay();
      this.dress();
    } catch (error) {
      if (signal.aborted) return;
      this.meanwhile = null;
      toast(error.message);
    }
  }

  // Something was missed while nobody looks, or while the list is not to move: it waits as if it had just come.
  async catchUp() {
    const query = this.loaded;
    try {
      const found = await this.ask(query, ANSWER_MAX);
      const { items, missed, hole, next } = compare(this.rows, found);
      for (const [id, row] of this.rows) if (items.has(id)) row.update(items.get(id));
      this.waiting = [...this.waiting.filter((item) => !items.has(item.id)), ...missed];
      this.hole ||= hole;
      this.next = next;
      this.replay();
      this.dress();
      this.count();
      this.held.refresh();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.meanwhile = null;
      this.failed = error;
    }
  }

  // Live ------------------------------------------------------------------------------------------------------

  alert(item) {
    this.meanwhile?.push(["alert", item]);
    this.facets();
    if (this.loaded === null) return;
    if (this.rows.has(item.id) || this.waiting.some((one) => one.id === item.id)) return;
    if (!matches(this.filter, item)) return;
    if (this.paused || this.isDown() || !this.shown) {
      this.waiting.push(item);
      if (this.waiting.length > ROWS_MAX) {
        this.waiting.shift();
        this.hole = true;
      }
    } else {
      this.insert(item, document.hidden && !this.isSilent(item));
      this.dress();
    }
    this.count();
  }

  isSilent(item) { return !this.showSilent && silenceFor(item, this.silences) !== null; }

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
      this.next = [...this.rows.values()].findLast((one) => !one.linked).alert.seq;
    }
  }

  showNew() {
    window.scrollTo({ top: 0 });
    if (this.hole) {
      this.load();
      return;
    }
    const items = this.waiting;
    this.waiting = [];
    for (const item of items) this.insert(item, !this.isSilent(item));
    this.dress();
    const newest = items.findLast((item) => !this.isSilent(item));
    if (newest) this.select(newest.id, false);
    this.count();
    clearTimeout(this.reading);
    this.reading = setTimeout(() => this.seen(), 4000);
  }

  suppressed() { this.held.refresh(); }

  decision(decision) {
    this.meanwhile?.push(["decision", decision]);
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
    // Something was missed: what the server has now is the truth. What it is just answering may be from before.
    if (this.meanwhile) this.meanwhile.push(["gap", null]);
    else if (this.loaded === null) {
      if (this.failed) this.load();
    } else if (this.paused || this.isDown() || !this.shown || document.hidden) this.catchUp();
    else this.load();
  }

  status(status) {
    this.bar.suppressed(status.suppressed, this.silentCount());
    this.status_ = status;
    // What the server did not manage to answer is asked again; what it refused would be refused again.
    if (this.failed && !this.meanwhile && (this.failed.status < 400 || this.failed.status >= 500)) this.gap();
    if (!this.rows.size) this.dress();
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
    const waiting = this.waiting.filter((item) => !this.isSilent(item)).length;
    const more = this.hole ? "+" : "";
    this.page.setUnread(waiting + (document.hidden || !this.shown ? unread : 0), more);
    this.newer.hidden = waiting === 0 && !this.hole;
    this.newer.textContent = `${waiting}${more} new alert${waiting === 1 && !more ? "" : "s"}${this.paused ? " while paused" : ""}`;
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
    this.count();
    this.bar.suppressed(this.status_?.suppressed ?? this.page.status?.suppressed ?? 0, this.silentCount());
  }

  silentCount() {
    return [...this.rows.values()].filter((row) => silenceFor(row.alert, this.silences) !== null).length;
  }

  setShowSilent(on) {
    this.showSilent = on;
    this.dress();
    this.count();
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
    this.foot.draw(visible);
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

  // Takes what the server confirmed, unless the live stream has brought something meanwhile: that may be newer.
  confirmed(alert, field) {
    const before = alert[field];
    return (decision) => {
      if (this.rows.get(alert.id)?.alert[field] === before) this.decision(decision);
    };
  }

  acknowledge(id) {
    const alert = this.rows.get(id)?.alert;
    if (alert && this.allowed()) acknowledge(alert, this.confirmed(alert, "acknowledged"));
  }

  silence(id) {
    const alert = this.rows.get(id)?.alert;
    if (alert && this.allowed()) askSilence(alert, (decision) => this.decision(decision));
  }

  verdict(id, verdict) {
    const alert = this.rows.get(id)?.alert;
    if (alert && this.allowed()) askVerdict(alert, verdict, this.confirmed(alert, "verdict"));
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
