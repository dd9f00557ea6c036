// Times for people: how long ago, and exactly, in the reader's own time zone.

const DAY = 86_400_000;

let ahead = 0;

// The server's clock goes: what this browser's says differs by minutes at times, and would end silences early.
export function keepClock(server) {
  const difference = server - Date.now();
  ahead = Math.abs(difference) > 2000 ? difference : 0;
}

export function now() {
  return Date.now() + ahead;
}

export function ago(ms, at = now()) {
  const seconds = Math.max(0, Math.round((at - ms) / 1000));
  if (seconds < 5) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 7 * 86_400) return `${Math.floor(seconds / 86_400)} d ago`;
  return new Date(ms).toISOString().slice(0, 10);
}

export function clock(ms) {
  const date = new Date(ms);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return time;
}

export function exactly(value) {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return "";
  const zone = -date.getTimezoneOffset();
  const offset = zone === 0 ? "UTC" : `UTC${zone > 0 ? "+" : "−"}${two(Math.floor(Math.abs(zone) / 60))}:${two(Math.abs(zone) % 60)}`;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${offset}`;
}

// A date without the hours where they say nothing (articles dated by the day), with them otherwise.
export function dated(value) {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return "";
  if (date.getTime() % DAY === 0) return date.toISOString().slice(0, 10);
  return exactly(value).slice(0, 16);
}

function two(number) {
  return String(number).padStart(2, "0");
}

// Keeps every <time data-ms> on the page true.
export function keepTimes() {
  setInterval(() => {
    for (const node of document.querySelectorAll("time[data-ms]")) node.textContent = ago(Number(node.dataset.ms));
  }, 10_000);
}
