// Acknowledging, judging, silencing: small dialogs, and who it was.

import { el, toast } from "./dom.js";
import { post } from "./api.js";

const NAME = "redline.name";
const SPANS = [[30, "30 minutes"], [60, "1 hour"], [240, "4 hours"], [720, "12 hours"], [1440, "1 day"], [10_080, "7 days"]];

let asked = null; // the acknowledgement that may be taken back with the next press

// Takes an acknowledgement back if there is one. Somebody else's may have come while the key went down that was to give
// one: it takes a second press.
export async function acknowledge(alert, done) {
  const by = await author();
  if (!by) return;
  const known = alert.acknowledged;
  if (known && known.by !== by && asked !== `${alert.id} ${known.at}`) {
    asked = `${alert.id} ${known.at}`;
    toast(`${known.by} has acknowledged it. Once more takes that back.`);
    return;
  }
  asked = null;
  await send(`/api/alerts/${alert.id}/acknowledgement`, { by, withdrawn: Boolean(alert.acknowledged) }, done);
}

export function askVerdict(alert, verdict, done) {
  const same = alert.verdict?.verdict === verdict;
  const note = el("textarea", { name: "note", rows: 3, maxlength: 2000 });
  if (same) note.value = alert.verdict.note; // why somebody thought the opposite is not why this is so
  ask(verdict === "true_positive" ? "True positive: the alert is right" : "False positive: the alert is wrong",
    [el("p", { class: "muted" }, `${alert.rule} · ${alert.title || alert.summary}`), el("label", {}, "Note (why; the rule's author reads it)", note)],
    same ? "Change the note" : "Keep the verdict",
    (by) => send(`/api/alerts/${alert.id}/verdict`, { by, verdict, note: note.value }, done),
    same ? ["Take it back", (by) => send(`/api/alerts/${alert.id}/verdict`, { by, verdict, note: note.value, withdrawn: true }, done)] : null);
}

export function askSilence(alert, done) {
  const span = el("select", { name: "minutes" }, SPANS.map(([minutes, label]) => el("option", { value: minutes, selected: minutes === 240 }, label)));
  const reason = el("input", { name: "reason", maxlength: 2000, placeholder: "for those who wonder later" });
  const box = (key, value, on) => el("label", { class: "check" }, el("span", {}, el("input", { type: "checkbox", name: key, value, checked: on }), ` ${key}: ${value}`));
  const choices = el("div", {}, box("rule", alert.rule, true), alert.source && box("source", alert.source, false),
    alert.topics.map((topic) => box("topic", topic, false)), box("severity", alert.severity, false));
  choices.addEventListener("change", ({ target }) => {
    // A silence has one topic: a second one that was chosen, and not kept, would silence more than is said here.
    if (target.checked) for (const other of choices.querySelectorAll(`input[name=${target.name}]`)) other.checked = other === target;
  });
  ask("Silence alerts to which all of this applies", [choices, el("label", {}, "For", span), el("label", {}, "Reason", reason)], "Silence", async (by) => {
    const wanted = Object.fromEntries([...choices.querySelectorAll("input:checked")].map((input) => [input.name, input.value]));
    if (!Object.keys(wanted).length) throw new Error("Choose at least one of rule, source, topic, severity.");
    await send("/api/silences", { by, minutes: Number(span.value), reason: reason.value, ...wanted }, done, true);
  });
}

// Who decides: asked once, remembered by this browser.
export function author() {
  const known = remembered();
  if (known) return Promise.resolve(known);
  return new Promise((resolve) => {
    let name = "";
    ask("Who are you?", [el("p", { class: "muted" }, "Your name stands beside what you decide, for everybody who reads this page. This browser remembers it.")],
      "Go on", (by) => { name = by; }, null, () => resolve(name));
  });
}

function remembered() {
  try {
    return localStorage.getItem(NAME) || "";
  } catch {
    return "";
  }
}

function remember(name) {
  try {
    localStorage.setItem(NAME, name);
  } catch {
    // Then it is asked again.
  }
}

function ask(title, content, label, act, other = null, closed = () => {}) {
  const by = el("input", { name: "by", required: true, maxlength: 100, autocomplete: "name" });
  by.value = remembered();
  const wrong = el("p", { class: "wrong", role: "alert", hidden: true });
  let running = false;
  const run = async (what) => {
    if (running) return; // pressed twice is asked once
    const name = by.value.trim();
    if (!name) {
      by.focus();
      return;
    }
    remember(name);
    running = true;
    try {
      await what(name);
      box.close();
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
    } finally {
      running = false;
    }
  };
  const form = el("form", { onsubmit: (event) => { event.preventDefault(); run(act); } },
    content, el("label", {}, "By", by), wrong,
    el("div", { class: "row" },
      other && el("button", { type: "button", onclick: () => run(other[1]) }, other[0]),
      el("button", { type: "button", onclick: () => box.close() }, "Cancel"),
      el("button", { type: "submit", class: "primary" }, label)));
  const box = el("dialog", { "aria-label": title }, el("h2", {}, title), form);
  box.addEventListener("close", () => {
    box.remove();
    closed();
  });
  document.body.append(box);
  box.showModal();
  (box.querySelector("textarea, [name=reason], [name=by]") || by).focus();
}

async function send(path, body, done, loud = true) {
  try {
    done(await post(path, body));
  } catch (error) {
    toast(error.message);
    if (loud) throw error;
  }
}
