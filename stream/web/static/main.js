// Start, navigation, the head of the page, and what the views share.

import { el, put, toast } from "./dom.js";
import { get } from "./api.js";
import { Live } from "./stream.js";
import { keepClock, keepTimes } from "./time.js";
import { openKeys, listenKeys } from "./keys.js";
import { AlertsView } from "./alerts.js";
import { OverviewView } from "./overview.js";
import { RulesView } from "./rules.js";
import { PlaygroundView } from "./playground.js";

const page = {
  decide: false,
  status: null,
  unread: 0,
  view: null,
  live: null,
  go,
  setUnread,
};

const VIEWS = [
  [/^\/$/, AlertsView, "Alerts"],
  [/^\/overview$/, OverviewView, "Overview"],
  [/^\/rules(?:\/[^/]+)?$/, RulesView, "Rules"],
  [/^\/playground$/, PlaygroundView, "Playground"],
];
const main = document.getElementById("view");
const kept = new Map();

function go(path) {
  history.pushState(null, "", path);
  show();
}

function show() {
  const [, View, name] = VIEWS.find(([pattern]) => pattern.test(location.pathname)) || VIEWS[0];
  page.view?.hide?.();
  if (!kept.has(View)) kept.set(View, new View(page));
  page.view = kept.get(View);
  page.title = name;
  page.path = location.pathname + location.search;
  setUnread(page.unread, page.more);
  for (const link of document.querySelectorAll(".top nav a")) {
    const here = link.pathname === "/" ? location.pathname === "/" : location.pathname.startsWith(link.pathname);
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  put(main, page.view.node);
  page.view.show();
}

function setUnread(count, more = "") {
  [page.unread, page.more] = [count, more];
  document.title = `${count || more ? `(${count}${more}) ` : ""}${page.title} · Redline`;
}

function connection(state, wait) {
  const pill = document.getElementById("connection");
  pill.dataset.state = state;
  clearInterval(connection.timer);
  if (state === "live") {
    pill.className = "pill live";
    pill.textContent = "Live";
  } else if (state === "connecting") {
    pill.className = "pill wait";
    pill.textContent = "Connecting";
  } else {
    const until = Date.now() + wait;
    const say = () => {
      pill.textContent = `Disconnected, again in ${Math.max(1, Math.ceil((until - Date.now()) / 1000))} s`;
    };
    pill.className = "pill away";
    say();
    connection.timer = setInterval(say, 1000);
    // A login that has ended looks like a break, and would for ever.
    session().catch(() => {});
  }
  banner();
  for (const view of kept.values()) view.connection?.(state);
}

function banner() {
  const node = document.getElementById("banner");
  const away = document.getElementById("connection").dataset.state === "away";
  const text = away
    ? "The connection to the server is gone. What you see is from before; it comes back by itself and fills the gap."
    : page.status?.kafka
      ? `The broker does not answer, so nothing new can arrive: ${page.status.kafka}`
      : page.status?.catching_up
        ? "Reading the alerts that are already there …"
        : "";
  node.hidden = text === "";
  node.className = `banner ${away || page.status?.kafka ? "bad" : ""}`;
  if (node.textContent !== text) node.textContent = text;
}

const each = (name) => (data) => {
  for (const view of kept.values()) view[name]?.(data);
};

function theme(next) {
  const root = document.documentElement;
  if (next === "system") delete root.dataset.theme;
  else root.dataset.theme = next;
  document.getElementById("theme").textContent = { system: "Theme: system", light: "Theme: light", dark: "Theme: dark" }[next];
  try {
    localStorage.setItem("redline.theme", next);
  } catch {
    // A browser that keeps nothing shows what the system has.
  }
}

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

// Who this is, as the server knows it. Whoever is not logged in any more is sent to the login.
async function session() {
  const found = await get("/api/session");
  const news = page.decide !== found.decide;
  page.decide = found.decide;
  page.status = found.status;
  document.getElementById("logout").hidden = !found.login;
  banner();
  if (news) each("session")(found);
}

async function begin() {
  const themes = ["system", "light", "dark"];
  let current = themes.includes(stored("redline.theme")) ? stored("redline.theme") : "system";
  theme(current);
  document.getElementById("theme").addEventListener("click", () => {
    current = themes[(themes.indexOf(current) + 1) % themes.length];
    theme(current);
  });
  document.getElementById("help").addEventListener("click", () => openKeys());
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-view]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  });
  window.addEventListener("popstate", () => {
    // The link that skips to the content leads nowhere else.
    if (location.hash !== "#view" || location.pathname + location.search !== page.path) show();
  });
  listenKeys(page);
  keepTimes();
  page.live = new Live(
    {
      alert: each("alert"),
      suppressed: each("suppressed"),
      decision: each("decision"),
      gap: each("gap"),
      status: (status) => {
        keepClock(status.now);
        page.status = status;
        banner();
        each("status")(status);
      },
    },
    connection,
  );
  show();
  try {
    await session();
  } catch (error) {
    toast(error.message);
  }
  if (!(page.view instanceof AlertsView)) page.live.start(null);
}

begin();
