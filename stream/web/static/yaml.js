// Rule files with their comments, keys and strings told apart. Text in, nodes out; nothing is parsed further.

import { el } from "./dom.js";

const PART = /(#.*$)|^(\s*(?:- )?[\w.-]+:)(?=\s|$)|("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(@[\w.]+)|\b(AND|OR|NOT|NEAR|ONEAR|SENTENCE|PARAGRAPH|LEAD|ATLEAST|ANY|CASE)\b/gm;
const KINDS = ["comment", "key", "string", "list", "operator"];

export function highlightYaml(text) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(PART)) {
    if (found.index > at) nodes.push(text.slice(at, found.index));
    const kind = KINDS[found.slice(1).findIndex((group) => group !== undefined)];
    nodes.push(el("span", { class: `y-${kind}` }, found[0]));
    at = found.index + found[0].length;
  }
  nodes.push(text.slice(at));
  return nodes;
}
