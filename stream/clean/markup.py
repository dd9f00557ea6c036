"""HTML as text: tags taken out, block elements as paragraph breaks, entities decoded, each with its way back.

No tree is built and nothing is repaired: reading needs only where text is. What looks like the start of a tag
and never ends is text. Every step moves forward, so hostile mark-up costs time in proportion to its length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.entities import html5

from stream.clean.fold import Flat
from stream.clean.shape import PARAGRAPH_BREAK

_INLINE_NAMES = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rp rt ruby s samp small span "
    "strike strong sub sup time tt u var wbr"
)
_BLOCK_NAMES = (
    "address article aside blockquote body caption center col colgroup dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav "
    "noscript ol optgroup option p pre search section select summary table tbody td tfoot th thead title tr ul"
)
_SPACED_NAMES = (
    "area audio base basefont br button canvas embed iframe img input link map meta meter noframes object output "
    "param picture progress script slot source style svg template textarea track video"
)
_UNREAD = frozenset({"script", "style"})
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_SPACED = frozenset(_SPACED_NAMES.split())
_KNOWN = "|".join(sorted(f"{_INLINE_NAMES} {_BLOCK_NAMES} {_SPACED_NAMES}".split(), key=len, reverse=True))

_TAG_OPENS = re.compile(rf"</?(?:{_KNOWN})(?=[\s/>])", re.IGNORECASE)
_NAME = re.compile(r"</?([a-zA-Z][^\s/>]*+)")
_SIGN = re.compile("[>=]")
# Quotes mean something only behind an equals sign; there they may hold a `>`.
_VALUE = re.compile(r"""\s*+(?:"[^"]*+"|'[^']*+'|(?!["']))""")
_ENTITY = re.compile(
    r"&(?:#(?P<decimal>[0-9]{1,8})|#[xX](?P<hex>[0-9a-fA-F]{1,8})|(?P<name>[a-zA-Z][a-zA-Z0-9]{1,31}));?"
)
_AFTER_BREAK = re.compile("[ \t]*+(?:\r\n|[\n\v\f\r\x85\u2028\u2029])?[ \t]*+")
_LEGACY_NAME_LENGTH_MAX = 6
# Numbers 128 to 159 mean Windows-1252, as browsers have it; 5 of them are unassigned there.
_WINDOWS = {code: bytes([code]).decode("cp1252", "replace") for code in range(0x80, 0xA0)}


def has_tags(text: str) -> bool:
    """Whether `text` holds the tag of a known HTML element (`<p>`, `</div>`, `<br/>`), and so is HTML."""
    if "<" not in text or ">" not in text:
        return False
    opens = _TAG_OPENS.search(text)
    return opens is not None and text.find(">", opens.end()) >= 0


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """The text of an HTML source in pieces; `spans` say which stretch of the source each piece stands for."""

    pieces: Sequence[str]
    spans: Sequence[tuple[int, int]]

    @property
    def text(self) -> str:
        """All pieces together."""
        return "".join(self.pieces)

    def flat(self) -> Flat:
        """The text with the offsets of each character. A piece as long as its stretch is a copy of it."""
        starts: list[int] = []
        ends: list[int] = []
        for piece, (start, end) in zip(self.pieces, self.spans, strict=True):
            if len(piece) == end - start:
                starts.extend(range(start, end))
                ends.extend(range(start + 1, end + 1))
            else:
                starts.extend([start] * len(piece))
                ends.extend([end] * len(piece))
        return Flat(self.text, starts, ends)


def unwrap(source: str) -> Unwrapped:
    """The text of an HTML source, with PARAGRAPH_BREAK for the edges of block elements and a line feed for `<br>`.

    The text is not normalised yet.
    """
    return _Unwrapping(source).run()


class _Unwrapping:
    """One pass over a source, from left to right."""

    __slots__ = ("last_close", "pieces", "quotes_count", "source", "spans")

    def __init__(self, source: str) -> None:
        self.source = source
        self.pieces: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self.quotes_count = True
        self.last_close = source.rfind(">")

    def run(self) -> Unwrapped:
        source = self.source
        done = 0
        opens = source.find("<")
        while opens >= 0:
            end = self._markup_end(opens)
            if end == opens:
                opens = source.find("<", opens + 1)
                continue
            self._text(done, opens)
            done = self._markup(opens, end)
            opens = source.find("<", done)
        self._text(done, len(source))
        return Unwrapped(self.pieces, self.spans)

    def _markup_end(self, opens: int) -> int:
        """Where the mark-up that begins at `opens` ends; `opens` itself if it is none."""
        source = self.source
        if source.startswith("<!--", opens):
            closes = source.find("-->", opens + 2)
            return closes + 3 if closes >= 0 else len(source)
        if opens > self.last_close:
            return opens
        if source.startswith("<![CDATA[", opens):
            return opens + 9
        if source.startswith(("<!", "<?"), opens):
            return source.find(">", opens) + 1
        name = _NAME.match(source, opens)
        if name is None:
            return opens
        if self.quotes_count:
            end = _tag_end(source, name.end())
            if end is not None:
                return end
            # An open quote somewhere: from here on a tag ends at the first `>`, or this search would be made again
            # for every tag.
            self.quotes_count = False
        return source.find(">", opens) + 1

    def _markup(self, opens: int, end: int) -> int:
        """Write what the mark-up stands for; answers where text goes on."""
        source = self.source
        name = _NAME.match(source, opens, end)
        if name is None:
            return end
        element = name[1].lower()
        if element in _UNREAD and source[opens + 1] != "/":
            end = self._unread_end(element, end)
            self._write(" ", opens, end)
        elif element in _BLOCKS:
            self._write(PARAGRAPH_BREAK, opens, end)
        elif element == "br":
            # The line feed that mostly follows in the source, and the indentation there, are the same break.
            follows = _AFTER_BREAK.match(source, end)
            end = end if follows is None else follows.end()
            self._write("\n", opens, end)
        elif element in _SPACED:
            self._write(" ", opens, end)
        return end

    def _unread_end(self, element: str, start: int) -> int:
        closing = re.compile(rf"</{element}(?=[\s/>])", re.IGNORECASE).search(self.source, start)
        if closing is None:
            return len(self.source)
        closes = self.source.find(">", closing.end())
        return closes + 1 if closes >= 0 else len(self.source)

    def _write(self, text: str, start: int, end: int) -> None:
        self.pieces.append(text)
        self.spans.append((start, end))

    def _text(self, first: int, last: int) -> None:
        source = self.source
        if "&" in source[first:last]:
            for entity in _ENTITY.finditer(source, first, last):
                decoded, length = _decode(entity)
                if length:
                    self._copy(first, entity.start())
                    first = entity.start() + length
                    self._write(decoded, entity.start(), first)
        self._copy(first, last)

    def _copy(self, first: int, last: int) -> None:
        if first < last:
            self._write(self.source[first:last], first, last)


def _tag_end(source: str, start: int) -> int | None:
    """Where a tag ends whose name ends at `start`; None if a quote stays open, or the tag."""
    while sign := _SIGN.search(source, start):
        if sign[0] == ">":
            return sign.end()
        value = _VALUE.match(source, sign.end())
        if value is None:
            return None
        start = value.end()
    return None


def _decode(entity: re.Match[str]) -> tuple[str, int]:
    """What a character reference stands for, and how much of it was used; ("", 0) if it is none."""
    written = entity[0]
    if entity["decimal"] is not None:
        return _character(int(entity["decimal"])), len(written)
    if entity["hex"] is not None:
        return _character(int(entity["hex"], 16)), len(written)
    if written.endswith(";") and written[1:] in html5:
        return html5[written[1:]], len(written)
    # Some old names need no semicolon, and text may follow them at once.
    for length in range(min(len(entity["name"]), _LEGACY_NAME_LENGTH_MAX), 1, -1):
        name = entity["name"][:length]
        if name in html5:
            return html5[name], 1 + length
    return "", 0


def _character(number: int) -> str:
    if number in _WINDOWS:
        return _WINDOWS[number]
    is_character = 0 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    return chr(number) if is_character else "\ufffd"
