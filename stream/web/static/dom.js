// Making elements. Text only ever becomes text: there is no way here to make mark-up of a string.

const SVG = "http://www.w3.org/2000/svg";
const SAFE = new Set(["http:", "https:"]);

export function el(name, properties, ...children) {
  return fill(document.createElement(name), properties, children);
}

export function svg(name, properties, ...children) {
  return fill(document.createElementNS(SVG, name), properties, children);
}

// An outside link: a link only for http and https; anything else stays text.
export function outside(url, label) {
  let parsed = null;
  try {
    parsed = new URL(url);
  } catch {
    return el("span", {}, label);
  }
  if (!SAFE.has(parsed.protocol)) return el("span", {}, label);
  return el("a", { href: parsed.href, target: "_blank", rel: "noopener noreferrer" }, label);
}

// A link inside the page.
export function inside(path, label, properties = {}) {
  return el("a", { ...properties, href: path, "data-view": "" }, label);
}

function fill(node, properties, children) {
  for (const [key, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(node, child);
    else node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

export function put(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

// Puts anew what a node holds, and gives the focus back to the link that had it.
export function redraw(node, ...children) {
  const had = node.contains(document.activeElement) ? document.activeElement : null;
  const [name, value] = had?.dataset.focus ? ["data-focus", had.dataset.focus] : ["href", had?.getAttribute("href")];
  put(node, ...children);
  if (value) node.querySelector(`[${name}="${CSS.escape(value)}"]`)?.focus({ preventScroll: true });
}

export function toast(text) {
  document.querySelector(".toast")?.remove();
  const shown = el("div", { class: "toast", role: "status" }, text);
  document.body.append(shown);
  setTimeout(() => shown.remove(), 4000);
}

export function empty(title, ...lines) {
  return el("div", { class: "empty" }, el("h2", {}, title), lines.map((line) => el("p", {}, line)));
}
