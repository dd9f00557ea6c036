// Small charts in SVG: stacked columns, stacked areas, a timeline. Drawn anew each time; colours come from the style sheet.

import { el, svg, inside } from "./dom.js";
import { ago, clock, exactly } from "./time.js";

const WIDTH = 640;
const HEIGHT = 190;
const LEFT = 40;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 22;

// A round number at or above the largest value, and the steps up to it.
export function scale(largest) {
  if (largest <= 0) return { top: 1, ticks: [0, 1] };
  const raw = largest / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw - 1e-9);
  const count = Math.ceil(largest / step - 1e-9);
  return { top: count * step, ticks: Array.from({ length: count + 1 }, (_, n) => n * step) };
}

export function stack(series, length) {
  const base = new Array(length).fill(0);
  return series.map(([name, values, style]) => ({
    name, style, values,
    spans: values.map((value, n) => {
      const from = base[n];
      base[n] += value;
      return [from, base[n]];
    }),
  }));
}

export function columns({ at, step, series, unit, kind = "columns" }) {
  const stacked = stack(series, at.length);
  const { top, ticks } = scale(Math.max(0, ...at.map((_, n) => stacked[stacked.length - 1]?.spans[n][1] ?? 0)));
  const x = across(at, step);
  const y = down(top);
  const width = (WIDTH - LEFT - RIGHT) / at.length;
  const shapes = kind === "area"
    ? stacked.map((s) => svg("path", { class: `area ${s.style}`, d: path(s.spans, (n) => x(at[n]) + width / 2, y) }))
    : stacked.flatMap((s) => s.spans.map(([from, to], n) => to > from
      && svg("rect", { class: `column ${s.style}`, x: x(at[n]) + 0.5, width: Math.max(1, width - 1), y: y(to), height: Math.max(1, y(from) - y(to)) })));
  return framed(at, step, ticks, y, x, unit, stacked, shapes);
}

export function areas({ at, step, series }) {
  const stacked = stack(series, at.length);
  const { top, ticks } = scale(Math.max(0, ...at.map((_, n) => stacked[stacked.length - 1]?.spans[n][1] ?? 0)));
  const x = across(at, step);
  const y = down(top);
  const middle = (WIDTH - LEFT - RIGHT) / at.length / 2;
  const shapes = stacked.map((s) => svg("path", { class: `area ${s.style}`, d: path(s.spans, (n) => x(at[n]) + middle, y) }));
  return framed(at, step, ticks, y, x, "", stacked, shapes);
}

function across(at, step) {
  const from = at[0];
  const to = at[at.length - 1] + step;
  return (moment) => LEFT + ((moment - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
}

function down(top) {
  return (value) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
}

function path(spans, x, y) {
  const over = spans.map(([, to], n) => `${x(n).toFixed(1)},${y(to).toFixed(1)}`);
  const under = spans.map(([from], n) => `${x(n).toFixed(1)},${y(from).toFixed(1)}`).reverse();
  return `M${over.join("L")}L${under.join("L")}Z`;
}

function framed(at, step, ticks, y, x, unit, stacked, shapes) {
  const tip = el("div", { class: "tip", hidden: true });
  const cursor = svg("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
  const said = stacked.map((s) => `${s.name}: ${round(s.values[s.values.length - 1])}${unit}`).join(", ");
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-label": `From ${clock(at[0])} to now. Now: ${said}` },
    ticks.map((tick) => [
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }),
      svg("text", { class: "label", x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, `${round(tick)}`),
    ]),
    timeTicks(at[0], at[at.length - 1] + step).map((moment) =>
      svg("text", { class: "label", x: x(moment), y: HEIGHT - 6, "text-anchor": "middle" }, clock(moment))),
    shapes, cursor);
  const box = el("div", { class: "chartbox" }, drawing, tip);
  box.addEventListener("pointermove", (event) => {
    const bounds = drawing.getBoundingClientRect();
    const n = Math.floor((((event.clientX - bounds.left) / bounds.width) * WIDTH - LEFT) / ((WIDTH - LEFT - RIGHT) / at.length));
    const inside_ = n >= 0 && n < at.length;
    tip.hidden = !inside_;
    cursor.setAttribute("visibility", inside_ ? "visible" : "hidden");
    if (!inside_) return;
    const middle = x(at[n] + step / 2);
    cursor.setAttribute("x1", middle);
    cursor.setAttribute("x2", middle);
    tip.replaceChildren(el("strong", {}, exactly(at[n]).slice(11, 19)),
      ...stacked.filter((s) => s.values[n]).reverse().map((s) => el("div", {}, el("i", { class: s.style }), ` ${s.name} ${round(s.values[n])}${unit}`)));
    if (!stacked.some((s) => s.values[n])) tip.append(el("div", { class: "muted" }, "nothing"));
    const left = event.clientX - bounds.left;
    tip.classList.toggle("left", left > bounds.width / 2);
    tip.style.left = left > bounds.width / 2 ? "auto" : `${left + 12}px`;
    tip.style.right = left > bounds.width / 2 ? `${bounds.width - left + 12}px` : "auto";
  });
  box.addEventListener("pointerleave", () => {
    tip.hidden = true;
    cursor.setAttribute("visibility", "hidden");
  });
  return box;
}

export function timeTicks(from, to) {
  const step = (to - from > 30 * 60_000 ? 10 : 3) * 60_000;
  const found = [];
  for (let at = Math.ceil(from / step) * step; at <= to - step / 4; at += step) found.push(at);
  return found;
}

export function legend(entries) {
  return el("ul", { class: "legend" }, entries.map(([name, style, count, path_]) =>
    el("li", {}, el("i", { class: style }), " ", path_ ? inside(path_, name) : name, el("span", { class: "muted" }, ` ${round(count)}`))));
}

const LANE = 28;
const ROW = 16;
const ROWS_MAX = 6;
const EDGE = 78;
const NAME = 150;

// Correlations and stories as bars; below them, alerts as dots in a lane for each severity.
export function timeline(alerts, episodes, from, now, open) {
  const x = (moment) => EDGE + ((Math.min(Math.max(moment, from), now) - from) / (now - from)) * (WIDTH - EDGE - RIGHT);
  const bands = [["correlation", "correlations"], ["story", "stories"]]
    .map(([kind, name]) => ({ name, kind, ...packed(episodes.filter((one) => one.kind === kind), x, now) }))
    .filter((band) => band.bars.length);
  const shapes = [];
  let top = 4;
  for (const band of bands) {
    shapes.push(svg("text", { class: "label", x: EDGE - 8, y: top + 12, "text-anchor": "end" }, band.name),
      band.bars.map(({ episode, row }) => bar(episode, x, top + row * ROW, now, open)),
      band.left > 0 && svg("text", { class: "label", x: EDGE - 8, y: top + 12 + ROW, "text-anchor": "end" }, `+ ${band.left}`));
    top += Math.max(band.rows, band.left > 0 ? 2 : 1) * ROW + 8;
  }
  const lanes = ["critical", "high", "medium", "low", "info"];
  const height = top + lanes.length * LANE + BOTTOM;
  return el("div", { class: "chartbox" }, svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, class: "chart lanes", role: "group", "aria-label": `From ${clock(from)} to now on a timeline` },
    shapes,
    lanes.map((name, n) => [
      svg("line", { class: "grid", x1: EDGE, x2: WIDTH - RIGHT, y1: top + n * LANE + 14, y2: top + n * LANE + 14 }),
      svg("text", { class: "label", x: EDGE - 8, y: top + n * LANE + 18, "text-anchor": "end" }, name),
    ]),
    timeTicks(from, now).map((moment) => svg("text", { class: "label", x: x(moment), y: height - 6, "text-anchor": "middle" }, clock(moment))),
    dots(alerts, lanes, x, top, now, open)));
}

// The newest episodes in as few rows as they need without lying on one another.
function packed(episodes, x, now) {
  const ends = [];
  const bars = [];
  let left = 0;
  for (const episode of [...episodes].sort((a, b) => b.last - a.last)) {
    const [start, end] = extent(episode, x, now);
    let row = ends.findIndex((taken) => taken.every(([s, e]) => end + 3 < s || e + 3 < start));
    if (row < 0) row = ends.length < ROWS_MAX ? ends.push([]) - 1 : -1;
    if (row < 0) {
      left += 1;
      continue;
    }
    ends[row].push([start, end]);
    bars.push({ episode, row });
  }
  return { bars, rows: ends.length, left };
}

function extent(episode, x, now) {
  const start = Math.min(x(episode.began), WIDTH - RIGHT - 9);
  return [start, Math.max(start + 9, x(episode.open ? now : episode.last))];
}

function bar(episode, x, y, now, open) {
  const [start, end] = extent(episode, x, now);
  const going = episode.open ? "goes on" : `${Math.max(1, Math.round((episode.last - episode.began) / 60_000))} min`;
  const what = `${episode.kind}, ${episode.severity}: ${episode.summary} (${episode.rule}, ${episode.articles} articles from ${episode.sources} sources, since ${clock(episode.began)}, ${going})`;
  // The name stands where there is room: to the right, to the left, or in the bar.
  const [right, before, within] = [WIDTH - RIGHT - end, start - EDGE, end - start];
  const place = right > NAME ? { x: end + 5, "text-anchor": "start" } : before > NAME ? { x: start - 5, "text-anchor": "end" } : { x: start + 5, "text-anchor": "start" };
  const room = right > NAME ? right : before > NAME ? before : within;
  return svg("g", { ...pressed(episode.alert, what, open), class: `episode s-${episode.severity} ${episode.open ? "open" : ""}` },
    svg("title", {}, what),
    svg("rect", { x: start, y: y + 3, width: end - start, height: 10, rx: 3 }),
    room > NAME && svg("text", { class: "name", ...place, y: y + 12 }, shortened(episode.rule, room / 6)));
}

function dots(alerts, lanes, x, top, now, open) {
  const used = new Map();
  return [...alerts].reverse().map((alert) => {
    const lane = lanes.indexOf(alert.severity);
    // Dots that would lie on one another step aside, up and down by turns.
    const cell = `${lane}:${Math.round(x(alert.at) / 7)}`;
    const turn = used.get(cell) ?? 0;
    used.set(cell, turn + 1);
    const y = top + lane * LANE + 14 + (turn % 2 ? 1 : -1) * Math.min(10, Math.ceil(turn / 2) * 4);
    const label = `${alert.severity}: ${alert.title} (${alert.source || "no source"}, ${alert.rule}, ${ago(alert.at, now)})${alert.count > 1 ? `, ${alert.count} articles` : ""}`;
    return svg("circle", { ...pressed(alert.id, label, open), class: `dot s-${alert.severity}`, cx: x(alert.at), cy: y, r: 4 }, svg("title", {}, label));
  });
}

function pressed(id, label, open) {
  return { tabindex: 0, role: "link", "aria-label": label, "data-focus": id, onclick: () => open(id),
    onkeydown: (event) => {
      if (event.key === "Enter") open(id);
    } };
}

function shortened(text, characters) {
  return text.length <= characters ? text : `${text.slice(0, Math.max(3, Math.floor(characters) - 1))}…`;
}

function round(value) {
  return Number.isInteger(value) ? value : value >= 100 ? Math.round(value) : Number(value.toPrecision(2));
}
