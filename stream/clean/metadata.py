"""What an article's text says about itself: headline, byline, agency, outlet, dateline, time of publication.

Only the head of the text is looked at: the first lines with content, residue left out. Each is asked what it is: a
dateline's paragraph, a byline, a date, an outlet's name, a headline, or prose. Headlines stand before the first prose,
the others within a few lines of it. What is in doubt is left out; nothing is guessed from the content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from stream.clean.agencies import agency_named, is_outlet
from stream.clean.cut import Cut
from stream.clean.dateline import Dateline, find_dateline
from stream.clean.dates import Dating, read_date_line
from stream.clean.vocabulary import word_set

HEAD_LINES_MAX = 16
HEAD_CODE_POINTS_MAX = 8_000
HEADLINE_CODE_POINTS_MAX = 250
KIND_CODE_POINTS_MAX = 200
"""Longest line that can be nothing but dates, bylines and outlets."""
HEADLINE_WORDS_MIN = 3
HEADLINE_WORDS_MAX = 35
PROSE_WORDS_MIN = 8


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text: `text[start:end] == piece.text`, code point offsets."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was found; None or empty where the text does not say it.

    `byline` is the line, `authors` the names in it. `agency` is the usual short name of a news agency named by
    dateline, byline or a line of its own; `outlet` a newspaper or station named by a line of its own. `published` is
    in UTC, midnight where only the day is known; a date "updated" counts only where there is no other.
    """

    headline: Piece | None = None
    byline: Piece | None = None
    authors: tuple[str, ...] = ()
    agency: str | None = None
    outlet: str | None = None
    dateline: Dateline | None = None
    published: datetime | None = None

    @property
    def dateline_place(self) -> str | None:
        """The first place of the dateline, as written."""
        return self.dateline.place if self.dateline else None

    @property
    def source(self) -> str | None:
        """Who published the text, as far as it says so: the outlet, else the agency."""
        return self.outlet or self.agency


@dataclass(frozen=True, slots=True)
class _Byline:
    authors: tuple[str, ...]
    agency: str | None


@dataclass(slots=True)
class _Found:
    headline: Piece | None = None
    byline: Piece | None = None
    authors: tuple[str, ...] = ()
    agency: str | None = None
    outlet: str | None = None
    dateline: Dateline | None = None
    dating: Dating | None = None
    prose_lines: int = 0


def extract(text: str, *, cuts: Sequence[Cut] = ()) -> Extracted:
    """What a plain text says about itself; `cuts` are its residue, in order, which is passed over."""
    found = _Found()
    head = _head(text, cuts)
    line = next(head, None)
    while line is not None and found.prose_lines <= 3:
        following = next(head, None)
        _take(text, line, following, found)
        line = following
    line_moment = found.dating.moment if found.dating else None
    dateline_moment = found.dateline.moment if found.dateline else None
    return Extracted(
        headline=found.headline,
        byline=found.byline,
        authors=found.authors,
        agency=(found.dateline.agency if found.dateline else None) or found.agency,
        outlet=found.outlet,
        dateline=found.dateline,
        published=line_moment or dateline_moment,
    )


def _take(text: str, line: Piece, following: Piece | None, found: _Found) -> None:
    if found.dateline is None and found.prose_lines < 2:
        found.dateline = find_dateline(text, line.start)
        if found.dateline is not None:
            found.prose_lines += 1
            return
    # A longer line is none of the kinds.
    short = len(line.text) <= KIND_CODE_POINTS_MAX
    several = short and _SIGN.search(line.text) is not None
    parts = [part.strip() for part in _SEGMENTS.split(line.text)] if several else [line.text]
    kinds = [_kind(part) for part in parts if part] if short else []
    if kinds and all(kind is not None for kind in kinds):
        for part, kind in zip((part for part in parts if part), kinds, strict=True):
            _note(part, kind, line, found)
        return
    if _is_prose(line.text) or _is_wrapped(text, line, following):
        found.prose_lines += 1
    elif found.headline is None and found.prose_lines == 0 and _is_headline(line.text, following):
        found.headline = line


_Kind = Dating | _Byline | str


def _kind(part: str) -> _Kind | None:
    """A date, a byline, the word "outlet" or "minor"; None for anything else."""
    if (dating := read_date_line(part)) is not None:
        return dating
    if (byline := read_byline(part)) is not None:
        return byline
    if is_outlet(part):
        return "outlet"
    return "minor" if _MINOR.fullmatch(part) else None


def _note(part: str, kind: _Kind | None, line: Piece, found: _Found) -> None:
    match kind:
        case Dating():
            if found.dating is None or (found.dating.updated and not kind.updated):
                found.dating = kind
        case _Byline(authors=authors, agency=agency):
            if found.byline is None and authors:
                found.byline, found.authors = line, authors
            found.agency = found.agency or agency
        case "outlet":
            agency = agency_named(part)
            found.agency = found.agency or agency
            found.outlet = found.outlet or (part if agency is None else None)
        case _:
            pass


_SIGN = re.compile("[|•·\t]")
_SEGMENTS = re.compile(r"\s[|•·]\s|\t")
_MINOR = re.compile(
    r"\d{1,2}[ -]min(?:ute)?s?(?: read)?|reading time:? \d{1,2} min(?:ute)?s?|staff(?: writer)?", re.IGNORECASE
)

_BY = re.compile(r"(?:(?:Written|Reported|Story|Reporting|Text|Words) )?(?:By|BY|by)(?::| :)?[ \u00a0]+(?=\S)")
_LETTER_BIG = "[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯЁІЇЄҐ]"
_NAME_WORD = rf"(?:(?:(?:al|el|de|d|l|O|D|Mc|Mac)[-'’])?{_LETTER_BIG}(?:[^\W\d_]|['’.-](?=[^\W\d_])|\.)*)"
_NAME_PARTICLE = r"(?:de|del|della|da|dos|di|du|la|le|van|von|der|den|ter|bin|ibn|al|el|y|e)"
_NAME = re.compile(rf"{_NAME_WORD}(?: (?:{_NAME_PARTICLE} ){{0,2}}{_NAME_WORD}){{1,4}}")
_JOINERS = re.compile(r"\s*(?:,\s+and\s+|,\s+|;\s+|\s+and\s+|\s+AND\s+|\s+&\s+|\s+with\s+)\s*")
_ROLE = re.compile(
    r"(?:(?:senior|chief|staff|special|foreign|political|defence|defense|diplomatic|associate|deputy|digital|contributing"
    r"|business|sports|national|white house|[\w-]+) ){0,3}(?:writers?|reporters?|correspondents?|editors?|staff|desk"
    r"|analysts?|producers?|contributors?|columnists?|bureau|team)(?: in .{2,30})?",
    re.IGNORECASE,
)
_TAIL = re.compile(rf"\s+(?:in|for|from|of|at)\s+(?:the\s+|The\s+)?{_LETTER_BIG}[\w.'’ -]{{1,40}}$")
_NO_NAME = word_set(
    "the a an monday tuesday wednesday thursday friday saturday sunday january february march april june july "
    "august september october november december contrast comparison law order default popular demand"
)


def read_byline(line: str) -> _Byline | None:
    """The names in a line that is nothing but a byline (`By A B and C D`, `By A B, Associated Press`)."""
    by = _BY.match(line) if len(line) <= KIND_CODE_POINTS_MAX else None
    if by is None:
        return None
    authors: list[str] = []
    agency: str | None = None
    rest = line[by.end() :].rstrip(" ,")
    for part in _JOINERS.split(rest):
        name = part.strip()
        known = agency_named(name) or agency_named(name.strip("()"))
        if known is not None:
            agency = agency or known
        elif authors and (_ROLE.fullmatch(name) or is_outlet(name)):
            continue
        elif _NAME.fullmatch(name) and name.split()[0].casefold() not in _NO_NAME:
            authors.append(name)
        elif (tail := _TAIL.search(name)) and _NAME.fullmatch(name[: tail.start()]):
            authors.append(name[: tail.start()])
        else:
            return None
    return _Byline(tuple(authors), agency) if authors or agency else None


_ENDS = frozenset(".!?…。！？")
_ENDS_PLAIN = frozenset(".…。")
_CLOSING = "\"”’'»)]"
_ENDED_PLAIN = re.compile(r"(?<![A-Z.]\b[A-Z])[.…。][\"”’'»)\]]*$")


def _is_prose(line: str) -> bool:
    return len(line) > HEADLINE_CODE_POINTS_MAX or (
        line.rstrip(_CLOSING)[-1:] in _ENDS and len(line.split()) >= PROSE_WORDS_MIN
    )


def _is_wrapped(text: str, line: Piece, following: Piece | None) -> bool:
    """True for a line that goes on in the next one: hard-wrapped prose."""
    if following is None or "\n" in text[line.end : following.start].replace("\n", "", 1):
        return False
    return len(line.text) >= 40 and (following.text[0].islower() or line.text[-1] in ",;-–—")


def _is_headline(line: str, following: Piece | None) -> bool:
    if following is None or len(line) > HEADLINE_CODE_POINTS_MAX:
        return False
    if line.rstrip(_CLOSING)[-1:] in _ENDS_PLAIN and _ENDED_PLAIN.search(line):
        return False
    if not HEADLINE_WORDS_MIN <= len(line.split()) <= HEADLINE_WORDS_MAX:
        return False
    first = line.lstrip("\"“”„«‘’'([¿¡")[:1]
    return (first.isupper() or first.isdigit() or (first.isalpha() and not first.islower())) and line[-1] not in ":,;"


def _head(text: str, cuts: Sequence[Cut]) -> Iterator[Piece]:
    """The first lines with content, without the blanks around them, residue left out."""
    position, cut, count = 0, 0, 0
    limit = len(text)
    taken = 0
    while position < limit and count < HEAD_LINES_MAX and taken < HEAD_CODE_POINTS_MAX:
        end = text.find("\n", position)
        end = limit if end < 0 else end
        while cut < len(cuts) and cuts[cut].end <= position:
            cut += 1
        covered = cut < len(cuts) and cuts[cut].start < end and cuts[cut].end > position
        line = text[position:end]
        stripped = line.strip()
        if stripped and not covered:
            start = position + len(line) - len(line.lstrip())
            yield Piece(stripped, start, start + len(stripped))
            count += 1
            taken += len(line)
        position = end + 1
