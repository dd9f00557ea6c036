"""`format_file`: a rule file in its canonical form. Comments are kept, meaning is kept, twice is the same as once.

Keys come in the order of the schema, two blanks a level, no empty lines; `{ }` and `[ ]` stay where they fit
on a line; expressions are printed from their trees. Texts keep every character (tests may count on it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stream.rulelang.alertsection import ALERT_KEYS, THROTTLE_KEYS
from stream.rulelang.comments import Comment, Notes, attach, beginning, find_comments, scalars
from stream.rulelang.correlationfile import BASELINE_KEYS, CONDITION_KEYS, CORRELATION_KEYS, WINDOW_KEYS
from stream.rulelang.diagnostic import SourceFile
from stream.rulelang.grammar import parse
from stream.rulelang.layout import lay_out
from stream.rulelang.printer import print_node
from stream.rulelang.rulefile import LIST_KEYS, RULE_KEYS
from stream.rulelang.source import Source
from stream.rulelang.testsection import ARTICLE_KEYS
from stream.rulelang.timetests import EVENT_KEYS, EXPECT_KEYS
from stream.rulelang.yamltext import (
    LINE_CODE_POINTS_MAX,
    can_fold,
    fill,
    folded,
    in_line,
    is_plain,
    quote,
)
from stream.rulelang.yamltree import Mapping, Scalar, Tree, read_documents
from stream.rulelang.yamltree import Sequence as Items

_ABOUT = ("schema", "kind", "id", "version", "title", "description", "author", "created", "references", "labels")
_ORDERS = {
    "exclude": ("name", "reason", "mask", "match"),
    "tests": ("name", "article", "events", "expect", "spans", "because"),
    "article": ARTICLE_KEYS,
    "scope": ("lang", "source", "max_age"),
    "alert": ALERT_KEYS,
    "throttle": THROTTLE_KEYS,
    "window": WINDOW_KEYS,
    "condition": CONDITION_KEYS,
    "baseline": BASELINE_KEYS,
    "events": EVENT_KEYS,
    "expect": EXPECT_KEYS,
}
_TOP = tuple(dict.fromkeys((*_ABOUT, *RULE_KEYS, *LIST_KEYS, *CORRELATION_KEYS)))
_SEPARATOR = re.compile(r"(?:\A|(?<=[\r\n]))(?:---|\.\.\.)(?=\s|\Z)")


def format_file(file: SourceFile) -> str:
    """The canonical text of a file that `load` takes without errors.

    Raises ValueError for a file with mistakes of syntax: nobody could say what it means.
    """
    source = Source(file)
    documents = read_documents(source)
    if source.diagnostics:
        raise ValueError(f"{file.path}: {source.diagnostics[0].message}")
    comments = find_comments(source.text, documents)
    parts = []
    for tree, own in _sections(source.text, documents, comments):
        if tree is None:
            lines = [comment.text for comment in own]
        else:
            notes = attach(own, tree, source.text)
            lines = [*notes.on_top, *_Writer(notes).block(tree, 0, ""), *notes.behind]
        if lines:
            parts.append("\n".join(lines) + "\n")
    return "---\n".join(parts)


def _sections(
    text: str, documents: Sequence[Tree], comments: Sequence[Comment]
) -> Iterator[tuple[Tree | None, list[Comment]]]:
    """Documents with the comments between their separators; stretches of comments alone have no document."""
    inside = [(s.start, s.end) for tree in documents for s in scalars(tree)]
    bounds = [m.end() for m in _SEPARATOR.finditer(text) if not any(a < m.start() < b for a, b in inside)]
    for start, end in zip([0, *bounds], [*bounds, len(text) + 1], strict=True):
        trees = [tree for tree in documents if start <= beginning(tree) < end]
        yield (trees[0] if trees else None), [c for c in comments if start <= c.start < end]


@dataclass(frozen=True, slots=True)
class _Writer:
    notes: Notes

    def block(self, tree: Tree, indent: int, name: str) -> list[str]:
        """A collection in block style, each line set in by `indent`; `name` is the key that it stands under."""
        blanks = " " * indent
        lines: list[str] = []
        match tree:
            case Scalar():
                return [blanks + in_line(tree.text, tree.style, in_flow=False)]
            case Mapping():
                for key, value in _ordered(tree, name):
                    lines += self._above(key.start, indent)
                    head = f"{blanks}{in_line(key.text, key.style, in_flow=False)}:"
                    lines += self._beside(key.start, self._valued(head, value, indent, key.text))
            case Items():
                for item in tree.items:
                    start = beginning(item)
                    if not isinstance(item, Scalar) and not _is_flow(item):
                        # Begins where its first entry does, which has the comments.
                        lines += self._item(item, indent, name)
                        continue
                    lines += self._above(start, indent)
                    lines += self._beside(start, self._item(item, indent, name))
        return lines

    def _above(self, start: int, indent: int) -> list[str]:
        return [" " * indent + comment for comment in self.notes.above.get(start, ())]

    def _beside(self, start: int, lines: list[str]) -> list[str]:
        comments = self.notes.beside.get(start)
        return [f"{lines[0]}  {'  '.join(comments)}", *lines[1:]] if comments else lines

    def _item(self, item: Tree, indent: int, name: str) -> list[str]:
        head = " " * indent + "-"
        if isinstance(item, Scalar) or self._fits(head, item, name):
            return self._valued(head, item, indent, name)
        first, *rest = self.block(item, indent + 2, name)
        leading = []
        while first.lstrip().startswith("#"):
            leading.append(" " * indent + first.lstrip())
            first, *rest = rest
        return [*leading, f"{head} {first.lstrip()}", *rest]

    def _valued(self, head: str, value: Tree, indent: int, name: str) -> list[str]:
        """A value behind its key or dash: on the same line if it fits, else below."""
        if isinstance(value, Scalar):
            return _expression(head, value, indent) if name == "match" else _text(head, value, indent)
        if self._fits(head, value, name):
            return [f"{head} {self._flow(value, name)}"]
        if isinstance(value, Items) and _is_flow(value) and self._is_simple(value):
            words = [in_line(s.text, s.style, in_flow=True) for s in value.items if isinstance(s, Scalar)]
            lines = fill(words, LINE_CODE_POINTS_MAX - indent - 4, ",")
            lines = ["[" + lines[0], *(" " + line for line in lines[1:])]
            lines[-1] += "]"
            return [head, *(" " * (indent + 2) + line for line in lines)]
        return [head, *self.block(value, indent + 2, name)]

    def _is_simple(self, items: Items) -> bool:
        return all(isinstance(item, Scalar) for item in items.items) and not self.notes.inside(items)

    def _fits(self, head: str, tree: Tree, name: str) -> bool:
        """Whether a collection that is written in brackets fits behind its key."""
        if not _is_flow(tree) or self.notes.inside(tree):
            return False
        return len(head) + 1 + len(self._flow(tree, name)) <= LINE_CODE_POINTS_MAX

    def _flow(self, tree: Tree, name: str) -> str:
        match tree:
            case Scalar(text=text, style=style):
                if name == "match" and (printed := _printed(tree)) is not None:
                    return printed if is_plain(printed, in_flow=True) else quote(printed)
                return in_line(text, style, in_flow=True)
            case Mapping():
                entries = _ordered(tree, name)
                inner = (f"{in_line(k.text, k.style, in_flow=True)}: {self._flow(v, k.text)}" for k, v in entries)
                return "{" + ", ".join(inner) + "}"
            case Items(items=items):
                return "[" + ", ".join(self._flow(item, name) for item in items) + "]"


def _is_flow(tree: Tree) -> bool:
    return tree.source.text[tree.start : tree.start + 1] in ("{", "[") and not isinstance(tree, Scalar)


def _ordered(mapping: Mapping, name: str) -> list[tuple[Scalar, Tree]]:
    order = {key: number for number, key in enumerate(_ORDERS.get(name, _TOP if not name else ()))}
    return sorted(mapping.entries, key=lambda entry: order.get(entry[0].text, len(order)))


def _printed(scalar: Scalar) -> str | None:
    """The expression of a `match`, printed from its tree; None if a blank in it cannot be written on one line."""
    node = parse(scalar)
    assert node is not None, "the expression of a file without errors"
    printed = print_node(node)
    return printed if printed.isprintable() else None


def _expression(head: str, scalar: Scalar, indent: int) -> list[str]:
    printed = _printed(scalar)
    if printed is None:
        return _text(head, scalar, indent)
    if is_plain(printed, in_flow=False) and len(head) + 1 + len(printed) <= LINE_CODE_POINTS_MAX:
        return [f"{head} {printed}"]
    node = parse(scalar)
    assert node is not None
    blanks = " " * (indent + 2)
    return [f"{head} >", *(blanks + line for line in lay_out(node, LINE_CODE_POINTS_MAX - len(blanks)))]


def _text(head: str, scalar: Scalar, indent: int) -> list[str]:
    text, blanks = scalar.text, " " * (indent + 2)
    line = f"{head} {in_line(text, scalar.style, in_flow=False)}".rstrip(" ")
    if scalar.style == "|" and _is_literal(text):
        header = "|" if text.endswith("\n") else "|-"
        return [f"{head} {header}", *(blanks + row if row else "" for row in text.removesuffix("\n").split("\n"))]
    if scalar.style == ">" and can_fold(text.removesuffix("\n")):
        header = ">" if text.endswith("\n") else ">-"
        return [f"{head} {header}", *_folded(text.removesuffix("\n"), blanks)]
    if len(line) > LINE_CODE_POINTS_MAX and can_fold(text):
        return [f"{head} >-", *_folded(text, blanks)]
    return [line]


def _folded(text: str, blanks: str) -> list[str]:
    return [blanks + row if row else "" for row in folded(text, LINE_CODE_POINTS_MAX - len(blanks))]


def _is_literal(text: str) -> bool:
    rows = text.removesuffix("\n").split("\n")
    return (
        bool(rows[0])
        and bool(rows[-1])
        and not rows[0][0].isspace()
        and all(row.isprintable() for row in rows)
        and all(row == "" or row.strip() for row in rows)
    )
