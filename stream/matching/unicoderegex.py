r"""RE2 with \w, \d and \b that know all scripts. RE2 itself means ASCII by all three.

\w and \d (and \W, \D) become classes: `\w` → `[\p{L}\p{M}\p{N}_]`, inside a class without its brackets.

\b cannot be written with classes, and RE2 has no look-around. Where the text has word characters beyond ASCII, it
is searched with *marks* instead: before and behind every code point stands a mark that says whether a word begins
or ends there, and the pattern asks for marks.

    text     «é» a           pattern  \bé\b
    marked   ·«|é|»· ·a|     marked   |é[·|]?|          (here | marks a boundary, · marks none)

Every atom of the pattern may be followed by marks, `.` and negated classes never match one. As \b consumes its mark,
there are as many marks at a place as the pattern has \b and \B. Not found in marked text: a \b written before `^`
(`\b^`); behind it (`^\b`) it works.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import re2  # type: ignore[import-untyped]

Finder = Callable[[str], list[tuple[int, int]]]

_WORD = r"\p{L}\p{M}\p{N}_"
_NO_WORD = (
    r"\p{Z}\p{S}\p{C}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}"
    r"\x{203F}\x{2040}\x{2054}\x{FE33}\x{FE34}\x{FE4D}-\x{FE4F}\x{FF3F}"
)
"""All that is in \\W: every category but letters, marks, numbers, and connectors other than the underscore."""

EDGE, INNER = "\ufdd0", "\ufdd1"
"""The marks, two code points that Unicode keeps free of meaning: a boundary of a word, and none."""

_MARKS = "\\x{FDD0}\\x{FDD1}"
_MARKS_MAX = 8
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_WORD_CHARACTER = re2.compile(f"[{_WORD}]")

_TOKEN = re.compile(
    r"""
      (?P<quoted> \\Q .*? (?:\\E|\Z) )
    | (?P<boundary> \\[bB] )
    | (?P<edge> \\[Az] | [\^$] )
    | (?P<escape> \\(?: [pP]\{ [^}]* \} | [pP]. | x\{ [^}]* \} | x[0-9A-Fa-f]{2} | [0-7]{1,3} | . ) )
    | (?P<class> \[ \^? \]? (?: \[:\^?\w+:\] | \\[pPx]\{ [^}]* \} | \\. | [^\]\\] )* \] )
    | (?P<open> \( (?: \?P?<\w+> | \?[a-zA-Z-]*:? )? )
    | (?P<close> \) )
    | (?P<plain> [|] )
    | (?P<repeat> (?: [*+?] | \{\d+(?:,\d*)?\} ) \?? )
    | (?P<dot> \. )
    | (?P<literal> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_CLASS_ITEM = re.compile(r"\[:\^?\w+:\]|\\[pPx]\{[^}]*\}|\\.|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: str
    text: str


@lru_cache(maxsize=4_096)
def finder(pattern: str) -> Finder:
    """A function that finds all matches in a text: code point offsets. Raises `re2.error` for a bad pattern."""
    pieces = list(_pieces(pattern))
    plain = _compiled_if_small("".join(_widened(piece) for piece in pieces)) or _compiled(pattern)
    boundaries = min(sum(piece.kind == "boundary" for piece in pieces), _MARKS_MAX)
    marked = _compiled_if_small(_with_marks(pieces)) if boundaries else None
    if marked is None:
        return lambda text: _search(plain, _encodable(text))

    def search(text: str) -> list[tuple[int, int]]:
        clean = _encodable(text)
        if not _BEYOND_ASCII.search(clean) or not _has_wide_word(clean):
            return _search(plain, clean)
        return _search_marked(marked, clean, boundaries)

    return search


def _pieces(pattern: str) -> Iterator[_Piece]:
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup or "literal"
        if kind == "quoted":
            for character in token.group().removeprefix("\\Q").removesuffix("\\E"):
                yield _Piece("literal", re2.escape(character))
        else:
            yield _Piece(kind, token.group())


def _widened(piece: _Piece) -> str:
    if piece.kind == "escape":
        return {
            r"\w": f"[{_WORD}]",
            r"\W": f"[^{_WORD}]",
            r"\d": r"\p{Nd}",
            r"\D": r"\P{Nd}",
        }.get(piece.text, piece.text)
    if piece.kind == "class":
        head, items = _class_parts(piece.text)
        return head + "".join(_widened_item(item) for item in items) + "]"
    return piece.text


def _class_parts(text: str) -> tuple[str, list[str]]:
    head = "[^" if text.startswith("[^") else "["
    return head, _CLASS_ITEM.findall(text[len(head) : -1])


def _widened_item(item: str) -> str:
    return {r"\w": _WORD, r"\W": _NO_WORD, r"\d": r"\p{Nd}", r"\D": r"\P{Nd}"}.get(item, item)


def _with_marks(pieces: list[_Piece]) -> str:
    """The pattern for marked text."""
    written = []
    all_flags = [False]  # for each open bracket, whether `.` matches a line break
    for piece in pieces:
        match piece.kind:
            case "boundary":
                written.append(EDGE if piece.text == r"\b" else INNER)
            case "edge":
                start = piece.text in ("^", r"\A")
                written.append(f"{piece.text}[{_MARKS}]*" if start else f"[{_MARKS}]*{piece.text}")
            case "open":
                all_flags.append(_dot_flag(piece.text, all_flags[-1]))
                if piece.text.startswith("(?") and piece.text[-1:] not in ":>":
                    all_flags[-2] = all_flags[-1]  # `(?s)` holds from here to the end of the group around it
                written.append(piece.text)
            case "close":
                if len(all_flags) > 1:
                    all_flags.pop()
                written.append(piece.text)
            case "plain" | "repeat":
                written.append(piece.text)
            case _:
                written.append(f"(?:{_marked_atom(piece, dot_all=all_flags[-1])}[{_MARKS}]*)")
    return "".join(written)


def _dot_flag(opening: str, before: bool) -> bool:
    if not opening.startswith("(?") or opening.startswith(("(?P", "(?<")):
        return before
    switched_on, _, switched_off = opening.strip("(?:").partition("-")
    return ("s" in switched_on) or (before and "s" not in switched_off)


def _marked_atom(piece: _Piece, *, dot_all: bool) -> str:
    """One code point, never a mark."""
    if piece.kind == "dot":
        return f"[^{_MARKS}]" if dot_all else f"[^\\n{_MARKS}]"
    if piece.kind == "escape":
        return _negative(piece.text) or _widened(piece)
    if piece.kind != "class":
        return piece.text
    head, items = _class_parts(piece.text)
    if head == "[^":
        return head + "".join(_widened_item(item) for item in items) + _MARKS + "]"
    negatives = [negative for item in items if (negative := _negative(item))]
    positives = "".join(_widened_item(item) for item in items if not _negative(item))
    choices = ([f"[{positives}]"] if positives else []) + negatives
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"


def _negative(item: str) -> str | None:
    """A class without the marks for an item that would hold them: everything but something."""
    simple = {r"\W": _WORD, r"\D": r"\p{Nd}", r"\S": r"\s"}.get(item)
    if simple is None and item.startswith(r"\P"):
        simple = r"\p" + item[2:]
    if simple is None and item.startswith(r"\p{^"):
        simple = r"\p{" + item[4:]
    if simple is None and item.startswith("[:^"):
        simple = "[:" + item[3:]
    return None if simple is None else f"[^{simple}{_MARKS}]"


def _search_marked(compiled: re2._Regexp, text: str, count: int) -> list[tuple[int, int]]:
    """All matches in a text with `count` marks before, between and behind its code points.

    The next match may need the marks that end this one, so the search goes on before them.
    """
    word = [_is_word(character) for character in text]
    marks = [
        (EDGE if before != behind else INNER).encode() * count
        for before, behind in zip([False, *word], [*word, False], strict=True)
    ]
    parts = [mark + character.encode() for mark, character in zip(marks, text, strict=False)]
    # offsets[i] is where the marks before code point i begin.
    offsets = list(itertools.accumulate(map(len, parts), initial=0))
    encoded = b"".join(parts) + marks[-1]
    width = len(marks[-1])
    found = []
    place = 0
    while place < len(text):
        match = compiled.search(encoded, offsets[place])
        if match is None:
            break
        start, end = (bisect_left(offsets, offset - width) for offset in match.span())
        if start < end:
            found.append((start, end))
        place = max(end, place + 1)
    return found


@lru_cache(maxsize=8_192)
def _is_word(character: str) -> bool:
    return _WORD_CHARACTER.search(character) is not None


def _has_wide_word(text: str) -> bool:
    return any(_is_word(character) for character in set(_BEYOND_ASCII.findall(text)))


def _encodable(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text).replace(EDGE, "\ufffd").replace(INNER, "\ufffd")


def _compiled(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    return re2.compile(pattern, options)


def _compiled_if_small(pattern: str) -> re2._Regexp | None:
    """None for a pattern that is too large once it knows all scripts (`\\w{900}`); then ASCII has to do."""
    try:
        return _compiled(pattern)
    except re2.error:
        return None


def _search(compiled: re2._Regexp, text: str) -> list[tuple[int, int]]:
    return [match.span() for match in compiled.finditer(text) if match.start() < match.end()]
