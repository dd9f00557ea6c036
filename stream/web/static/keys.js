// The keyboard: every action of the page has a key; none is taken from somebody who is writing.

import { el } from "./dom.js";

const KEYS = [
  ["j / ↓", "next alert"], ["k / ↑", "previous alert"],
  ["Enter / o", "open or close"], ["n", "show what is new"],
  ["a", "acknowledge"], ["s", "silence"],
  ["t", "true positive"], ["f", "false positive"],
  ["x", "why: open in the playground"], ["p", "pause"],
  ["/", "search"], ["Esc", "leave, close, clear"],
  ["1 … 5", "info … critical and higher"], ["0", "every severity"],
  ["g a", "alerts"], ["g o", "overview"],
  ["g r", "rules"], ["g p", "playground"],
  ["?", "these keys"],
];
const MOVES = new Set(["j", "k", "ArrowDown", "ArrowUp"]);
const VIEWS = { a: "/", o: "/overview", r: "/rules", p: "/playground" };

export function openKeys() {
  if (document.querySelector("dialog[open]")) return;
  const box = el(
    "dialog", { "aria-label": "Keys" },
    el("h2", {}, "Keys"),
    el("div", { class: "keys" }, KEYS.map(([key, what]) => [el("kbd", {}, key), el("span", {}, what)])),
    el("p", { class: "row" }, el("button", { onclick: () => box.close(), type: "button" }, "Close")),
  );
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

export function listenKeys(page) {
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const writing = event.target.closest?.("input, textarea, select");
    if (writing) {
      if (event.key === "Escape") {
        writing.blur();
        event.preventDefault();
      }
      return;
    }
    // A key that is held down moves on, and does nothing twice: it would acknowledge, take that back, and so on.
    if (event.repeat && !MOVES.has(event.key)) return;
    if (event.key === "?") return openKeys();
    if (event.key === "g") {
      going = Date.now();
      return;
    }
    if (Date.now() - going < 1500 && VIEWS[event.key]) {
      going = 0;
      event.preventDefault();
      return page.go(VIEWS[event.key]);
    }
    going = 0;
    if (page.view?.key?.(event)) event.preventDefault();
  });
}
