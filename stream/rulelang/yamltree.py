"""YAML text to a tree that keeps places: the subset of YAML 1.2 that rule files use.

Parsing is ruamel.yaml's event stream; the tree is ours, because scalars must keep their text (a date stays a
string, `no` stays the language, `1.10` stays a text; the schema says what a number is) and the way back to the file.
Refused: duplicate keys, anchors, aliases, tags, keys that are no scalars, depth over `YAML_DEPTH_MAX`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from stream.rulelang.nodes import Place
from stream.rulelang.source import Source, quoted
from stream.rulelang.yamlerrors import report_syntax

YAML_DEPTH_MAX = 12


@dataclass(frozen=True)
class Scalar:
    """A text. `style` is None (plain), `'`, `"`, `|` or `>`; `start` and `end` are indices into the file.

    `refused`: it has a tag or an anchor, or is an alias. That has been noted, and nothing more is said of it.
    """

    text: str
    style: str | None
    source: Source
    start: int
    end: int
    refused: bool = False

    @property
    def place(self) -> Place:
        """Where the scalar stands, quotes included."""
        return self.source.place(self.start, self.end)

    @property
    def is_empty(self) -> bool:
        """`key:` with nothing behind it, or null written out."""
        return self.style is None and self.text in ("", "null", "~")

    def place_of(self, start: int, end: int) -> Place:
        """Where `text[start:end]` stands in the file, through folding, quotes and escapes."""
        indices = self._indices
        if not indices:
            return self.place
        first = self._index_at(start)
        last = self._index_at(end - 1) + 1 if end > start else first
        return self.source.place(first, max(first, last))

    def _index_at(self, offset: int) -> int:
        if offset >= len(self._indices):
            return self._indices[-1] + 1
        return self._indices[max(0, offset)]

    @cached_property
    def _indices(self) -> list[int]:
        """For each code point of `text` its index in the file.

        YAML may fold and trim blanks but keeps everything else in order, so the n-th non-blank of the text is the
        n-th non-blank of the file's stretch; a blank is taken to stand behind the non-blank before it.
        """
        stretch = iter(_non_blanks(self.source.text, self.start, self.end, self.style))
        indices: list[int] = []
        previous = self.start - 1
        for character in self.text:
            if character.isspace():
                previous += 1
            else:
                previous = next(stretch, previous)
            indices.append(previous)
        return indices


@dataclass(frozen=True)
class Mapping:
    """Keys with their values, in the order of the file."""

    entries: tuple[tuple[Scalar, Tree], ...]
    source: Source
    start: int
    end: int

    @property
    def place(self) -> Place:
        """The first key, or the brackets of an empty mapping."""
        if self.entries:
            return self.entries[0][0].place
        return self.source.place(self.start, self.end)


@dataclass(frozen=True)
class Sequence:
    """Items in the order of the file."""

    items: tuple[Tree, ...]
    source: Source
    start: int
    end: int

    @property
    def place(self) -> Place:
        """From the first item to the last on its line, or the brackets of an empty sequence."""
        return self.source.place(self.start, self.end if self.end > self.start else self.start + 1)


Tree = Scalar | Mapping | Sequence


def read_documents(source: Source) -> list[Tree]:
    """The documents of a file up to its first syntax error; findings go to the source. Empty ones are left out."""
    events = _Events(source)
    documents: list[Tree] = []
    try:
        for event in events.stream():
            if isinstance(event, DocumentStartEvent):
                if event.version is not None and tuple(event.version) != (1, 2):
                    place = source.place(event.start_mark.index, event.end_mark.index)
                    source.add("R109", place, "another version of YAML", "YAML 1.2", "Delete the %YAML line.")
                document = events.tree(events.next(), 1)
                if not (isinstance(document, Scalar) and document.is_empty):
                    documents.append(document)
    except _Stop:
        pass
    except YAMLError as error:
        report_syntax(source, error)
    return documents


_FIRST_KEYS = frozenset({"kind", "id"})
"""Of a document: where they come again, another one begins."""


class _Stop(Exception):  # noqa: N818 - the rest of the file is not read; the finding has been noted
    pass


class _Events:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._events = YAML(typ="safe", pure=True).parse(source.text)

    def stream(self) -> Iterator[Any]:
        return self._events  # type: ignore[no-any-return]

    def next(self) -> Any:
        return next(self._events)

    def tree(self, event: Any, depth: int) -> Tree:
        source = self._source
        start, end = event.start_mark.index, event.end_mark.index
        refused = self._refuse_extras(event, source.place(start, end))
        if depth > YAML_DEPTH_MAX:
            place = source.place(start, min(end, start + 1))
            source.add(
                "R106", place, f"more than {YAML_DEPTH_MAX} levels", "the levels of the rule format", "Flatten it."
            )
            raise _Stop
        if isinstance(event, ScalarEvent):
            return Scalar(self._text(event), event.style or None, source, start, end, refused)
        if isinstance(event, SequenceStartEvent):
            items: list[Tree] = []
            while not isinstance(inner := self.next(), SequenceEndEvent):
                items.append(self.tree(inner, depth + 1))
            return Sequence(tuple(items), source, start, end)
        if isinstance(event, MappingStartEvent):
            return self._mapping(start, end, depth)
        # An alias has no tree; the finding is noted, and a text in its place keeps the rest readable.
        return Scalar(source.text[start:end], '"', source, start, end, refused)

    def _text(self, event: Any) -> str:
        """What a scalar says. An escape may give half a surrogate pair, which no message could be written with."""
        text: str = event.value
        half = _SURROGATE.search(text)
        if half is None:
            return text
        place = self._source.place(event.start_mark.index, event.end_mark.index)
        help_ = "Write the character itself, or its number with eight digits (`\\U0001F6A2`)."
        self._source.add("R102", place, f"half a character, `\\u{ord(half.group()):04x}`", "whole characters", help_)
        return _SURROGATE.sub("\ufffd", text)

    def _mapping(self, start: int, end: int, depth: int) -> Mapping:
        source = self._source
        entries: dict[str, tuple[Scalar, Tree]] = {}
        while not isinstance(inner := self.next(), MappingEndEvent):
            key = self.tree(inner, depth + 1)
            value = self.tree(self.next(), depth + 1)
            if not isinstance(key, Scalar):
                source.add(
                    "R108", key.place, "a key that is a list or a mapping", "a name", "Write one name as the key."
                )
            elif key.text in entries:
                first = entries[key.text][0].place.line
                help_ = f"The first one is in line {first}; keep one of the two."
                if key.text in _FIRST_KEYS and entries.keys() >= _FIRST_KEYS:
                    help_ = f"If another rule begins here, put `---` above line {key.place.line}."
                source.add("R103", key.place, f"the key {quoted(key.text)} a second time", "each key once", help_)
            else:
                entries[key.text] = (key, value)
        return Mapping(tuple(entries.values()), source, start, end)

    def _refuse_extras(self, event: Any, place: Place) -> bool:
        source = self._source
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, AliasEvent):
            help_ = "If a prefix such as `escalat*` or `*` was meant, put it in quotes; rule files have no aliases."
            source.add("R104", place, f"the alias `*{anchor}`", "a value", help_)
        elif anchor is not None:
            source.add("R104", place, f"the anchor `&{anchor}`", "a value without an anchor", "Write it out.")
        if tag is not None:
            found = source.text[event.start_mark.index : event.end_mark.index].split(maxsplit=1)[0].rstrip(",")
            place = source.place(event.start_mark.index, event.start_mark.index + len(found))
            help_ = (
                f"Put the value in quotes, or delete the tag. To exclude a word, write AND NOT {found[1:] or 'bird'}."
            )
            if found.startswith(("!!", "!<")):
                help_ = "Delete the tag."
            source.add("R105", place, f"the tag {quoted(found)}", "a value without a tag", help_)
        return anchor is not None or tag is not None


_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE_LENGTHS = {"x": 2, "u": 4, "U": 8}
_BLOCK_HEADER = re.compile(r"[|>][^\r\n]*")


def _non_blanks(text: str, start: int, end: int, style: str | None) -> Iterator[int]:
    """Indices of the characters between `start` and `end` that stand for non-blanks of the scalar's text."""
    if style == '"':
        yield from _double_quoted(text, start + 1, end - 1)
        return
    if style == "'":
        start, end = start + 1, end - 1
    elif style in ("|", ">"):
        header = _BLOCK_HEADER.match(text, start)
        start = header.end() if header else start
    index = start
    while index < end:
        if not text[index].isspace():
            yield index
            if style == "'" and text[index] == "'":
                index += 1
        index += 1


def _double_quoted(text: str, start: int, end: int) -> Iterator[int]:
    index = start
    while index < end:
        if text[index] != "\\":
            if not text[index].isspace():
                yield index
            index += 1
            continue
        escape = text[index + 1 : index + 2]
        length = 2 + _ESCAPE_LENGTHS.get(escape, 0)
        if escape in _ESCAPE_LENGTHS:
            digits = text[index + 2 : index + length]
            blank = chr(int(digits, 16)).isspace() if _is_code_point(digits) else False
        else:
            blank = escape in _SPACE_ESCAPES
        if not blank:
            yield index
        index += length


def _is_code_point(digits: str) -> bool:
    return re.fullmatch(r"[0-9A-Fa-f]+", digits) is not None and int(digits, 16) <= 0x10FFFF


# Escapes that give a blank (as str.isspace has it) or, before a line break, nothing.
_SPACE_ESCAPES = frozenset("\r\n\t _NLPnrtvf")
