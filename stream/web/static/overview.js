// The last hour in a few drawings, and the workers.

import { el, put, empty, inside, redraw } from "./dom.js";
import { get } from "./api.js";
import { areas, columns, legend, timeline } from "./charts.js";

const EVERY_MS = 5000;
const SEVERITIES = ["critical", "high", "medium", "low", "info"];

export class OverviewView {
  constructor(page) {
    this.page = page;
    this.content = el("div", { class: "overview" }, empty("Loading …"));
    this.node = el("div", { class: "overviewview" }, this.content);
  }

  show() {
    this.load();
    this.timer = setInterval(() => { if (!document.hidden) this.load(); }, EVERY_MS);
  }

  hide() {
    clearInterval(this.timer);
  }

  connection(state) {
    this.content.classList.toggle("stale", state === "away");
    if (state === "live" && this.page.view === this) this.load();
  }

  async load() {
    if (this.loading) return;
    this.loading = true;
    try {
      this.draw(await get("/api/overview"));
    } catch (error) {
      if (!this.drawn) {
        put(this.content, el("div", { class: "empty" }, el("h2", {}, "The overview could not be loaded"), el("p", {}, error.message),
          el("p", {}, el("button", { type: "button", onclick: () => this.load() }, "Try again"))));
      }
      this.content.classList.add("stale");
    } finally {
      this.loading = false;
    }
  }

  draw(data) {
    this.drawn = true;
    const begin = this.begin(data);
    const short = begin > data.minutes[0];
    const later = (at, values) => values.slice(at.findIndex((moment) => moment >= begin));
    const minutes = later(data.minutes, data.minutes);
    const slots = later(data.slots, data.slots);
    this.content.classList.remove("stale");
    const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
    const alerts = sum(SEVERITIES.map((s) => sum(data.severities[s])));
    const lag = data.workers ? sum(Object.values(data.workers.lag)) : null;
    const members = data.workers?.members.length ?? null;
    const topics = Object.entries(data.topics);
    redraw(this.content,
      el("div", { class: "tiles" },
        tile("Articles a second", data.articles_per_second.toFixed(data.articles_per_second < 10 ? 1 : 0), "over the last 20 s"),
        tile("Alerts", alerts, "in the last hour"),
        tile("Suppressed", sum(data.suppressed), "in the last hour"),
        tile("Dead letters", sum(data.dead), "in the last hour", sum(data.dead) > 0 ? "warn" : ""),
        tile("Workers", members ?? "?", data.workers ? data.workers.state.toLowerCase() : "not known yet", members === 0 ? "bad" : ""),
        tile("Behind", lag === null ? "?" : lag, lag === null ? "not known yet" : "records not yet worked on", lag > 1000 ? "warn" : "")),
      panel("Articles a second", columns({ at: slots, step: 10_000, series: [["articles", later(data.slots, data.articles), "c0"]], unit: "/s", kind: "area" }),
        sum(data.articles) === 0 && "No articles in the last hour. Is something publishing to articles.raw, and a worker running?"),
      panel("Alerts by severity, each minute", columns({ at: minutes, step: 60_000, unit: "",
        series: [...SEVERITIES].reverse().map((s) => [s, later(data.minutes, data.severities[s]), `s-${s}`]) }), alerts === 0 && "No alerts in the last hour.",
        legend(SEVERITIES.map((s) => [s, `s-${s}`, sum(data.severities[s]), `/?severity=${s}`]))),
      panel("Topics of articles, each minute", areas({ at: minutes, step: 60_000, series: topics.map(([name, values], n) => [name, later(data.minutes, values), name === "other" ? "c8" : `c${n}`]) }),
        topics.length === 0 && "No article had a topic in the last hour.",
        legend(topics.map(([name, values], n) => [name, name === "other" ? "c8" : `c${n}`, sum(values), name === "other" ? null : `/?topic=${encodeURIComponent(name)}`]))),
      panel("Alerts, stories and correlations on a timeline",
        timeline(data.timeline, data.episodes, Math.max(begin, data.now - 3_600_000), data.now, (id) => this.page.go(`/?alert=${encodeURIComponent(id)}`)),
        data.timeline.length === 0 && data.episodes.length === 0 && "No alerts in the last hour.",
        !data.timeline_is_whole && el("p", { class: "note" }, `There were more alerts than can be drawn here: these are the newest ${data.timeline.length}.`),
        el("p", { class: "muted note" }, "A dot is an alert, a bar a correlation or the copies of one story from its first to its last; an open end goes on.")),
      short && el("p", { class: "muted note wide" }, "The charts show the last quarter of an hour, for nothing is older; later they show an hour."),
      this.workers(data));
  }

  // When the charts begin: an hour ago, or a quarter of one if there is nothing older, so that what just began is seen.
  begin(data) {
    const first = (at, values) => at[values.findIndex((value) => value > 0)] ?? Infinity;
    const oldest = Math.min(first(data.slots, data.articles), ...[...Object.values(data.severities), ...Object.values(data.topics), data.suppressed, data.dead].map((values) => first(data.minutes, values)));
    const quarter = data.minutes[data.minutes.length - 15];
    return oldest >= quarter && oldest < Infinity ? quarter : data.minutes[0];
  }

  workers(data) {
    const found = data.workers;
    const trouble = data.status.kafka;
    return el("section", { class: "panel wide" }, el("h3", {}, "Workers"),
      trouble && el("p", { class: "wrong" }, `${found ? "This is from before: " : ""}${trouble}`),
      !found && !trouble && el("p", { class: "muted" }, "Asking the broker …"),
      found && found.members.length === 0 && el("p", { class: "wrong" }, "No worker is running: articles wait. Start one: redline worker"),
      found && found.members.length > 0 && el("div", { class: "tablebox" }, el("table", {},
        el("thead", {}, el("tr", {}, ["Worker", "Host", "Partitions", "Behind (records)"].map((name) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, found.members.map((m) => el("tr", {}, el("td", { class: "mono" }, m.id || m.client), el("td", {}, m.host || "not told"),
          el("td", {}, m.partitions || "not told"), el("td", {}, m.partitions ? m.lag : "not told")))))),
      found && el("p", { class: "muted" }, `Behind, by topic: ${Object.entries(found.lag).map(([topic, lag]) => `${topic} ${lag}`).join(" · ")}`));
  }
}

function tile(name, value, note, state = "") {
  return el("div", { class: `tile ${state}` }, el("div", { class: "name" }, name), el("div", { class: "value" }, value), el("div", { class: "note" }, note));
}

function panel(title, chart, nothing, foot) {
  return el("section", { class: "panel" }, el("h3", {}, title), nothing ? el("p", { class: "nothing muted" }, nothing) : [chart, foot]);
}
