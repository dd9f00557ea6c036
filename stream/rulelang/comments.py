"""The comments of a rule file, each given to the entry or item that it speaks of."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from stream.rulelang.yamltree import Mapping, Scalar, Sequence, Tree

_COMMENT = re.compile(r"#[^\r\n]*")
_LINE_BREAK = re.compile(r"[\r\n]")
_MARKERS = re.compile(r"[\s\-?]*\Z")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from its `#` to the end of the line; `start` is an index into the file."""

    start: int
    text: str


@dataclass(slots=True)
class Notes:
    """Comments by the index at which an entry or item begins, and those before and behind everything."""

    above: dict[int, list[str]] = field(default_factory=dict)
    beside: dict[int, list[str]] = field(default_factory=dict)
    on_top: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)

    def inside(self, tree: Tree) -> bool:
        """Whether an entry or item below a tree has a comment."""
        return any(start in self.above or start in self.beside for start, _ in _anchors(tree))


def scalars(tree: Tree) -> Iterator[Scalar]:
    """All keys and values, in the order of the file."""
    match tree:
        case Scalar():
            yield tree
        case Mapping(entries=entries):
            for key, value in entries:
                yield key
                yield from scalars(value)
        case Sequence(items=items):
            for item in items:
                yield from scalars(item)


def find_comments(text: str, trees: Iterable[Tree]) -> list[Comment]:
    """The comments of a file: what begins with `#` outside of all keys and values."""
    found: list[Comment] = []
    index = 0
    spans = sorted((s.start, s.end) for tree in trees for s in scalars(tree))
    for start, end in [*spans, (len(text), len(text))]:
        if text[start : start + 1] in ("|", ">"):
            header = _COMMENT.search(text, start, _line_end(text, start))
            if header is not None:
                found.append(Comment(header.start(), header.group().rstrip()))
        found += [Comment(m.start(), m.group().rstrip()) for m in _COMMENT.finditer(text, index, max(index, start))]
        index = max(index, end)
    return sorted(found, key=lambda comment: comment.start)


def attach(comments: Iterable[Comment], tree: Tree, text: str) -> Notes:
    """Comments on lines of their own go to what begins next; others to the outermost that begins or ends there."""
    notes = Notes()
    anchors = sorted(dict(_anchors(tree)).items())
    starts = [start for start, _ in anchors]
    for comment in comments:
        line_start = max(text.rfind("\n", 0, comment.start), text.rfind("\r", 0, comment.start)) + 1
        before = text[line_start : comment.start]
        owner = None if _MARKERS.match(before) else _owner(anchors, line_start, comment.start)
        if owner is not None:
            # One stands beside it, the others above: two comments on one line would be one.
            side = notes.above if owner in notes.beside else notes.beside
            side.setdefault(owner, []).append(comment.text)
            continue
        place = bisect_right(starts, comment.start)
        if place == 0:
            notes.on_top.append(comment.text)
        elif place < len(starts):
            notes.above.setdefault(starts[place], []).append(comment.text)
        else:
            notes.behind.append(comment.text)
    return notes


def _owner(anchors: list[tuple[int, int]], line_start: int, index: int) -> int | None:
    begins = [start for start, _ in anchors if line_start <= start < index]
    if begins:
        return begins[0]
    ends = [start for start, end in anchors if line_start < end <= index]
    if ends:
        return ends[0]
    before = [start for start, _ in anchors if start < index]
    return before[-1] if before else None


def _anchors(tree: Tree) -> Iterator[tuple[int, int]]:
    """Where entries and items begin and end; an item that is a mapping begins where its first entry does."""
    match tree:
        case Scalar():
            return
        case Mapping(entries=entries):
            for key, value in entries:
                yield from _anchors(value)
                yield key.start, max(key.end, _end(value))
        case Sequence(items=items):
            for item in items:
                yield from _anchors(item)
                yield beginning(item), _end(item)


def beginning(tree: Tree) -> int:
    """The index at which a tree begins: its first key or value, or the bracket of a flow collection."""
    match tree:
        case Mapping(entries=((key, _), *_), source=source, start=start):
            return start if source.text[start : start + 1] == "{" else key.start
        case Sequence(items=(first, *_), source=source, start=start):
            return start if source.text[start : start + 1] == "[" else beginning(first)
        case _:
            return tree.start


def _end(tree: Tree) -> int:
    match tree:
        case Scalar(end=end):
            return end
        case Mapping() | Sequence():
            is_flow = tree.source.text[tree.start : tree.start + 1] in ("{", "[")
            inner = [_end(part) for part in _parts(tree)]
            last = max(inner, default=tree.start)
            if is_flow:
                closing = tree.source.text.find("}" if isinstance(tree, Mapping) else "]", last)
                last = closing + 1 if closing >= 0 else last
            return last


def _parts(tree: Mapping | Sequence) -> list[Tree]:
    if isinstance(tree, Sequence):
        return list(tree.items)
    return [part for key, value in tree.entries for part in (key, value)]


def _line_end(text: str, index: int) -> int:
    match = _LINE_BREAK.search(text, index)
    return len(text) if match is None else match.start()
