"""Residue: what a page put around an article, found line by line. Pure, linear in the length of the text.

Three things make a line residue. All are asked of whole lines, and of a paragraph only the first:

1. **Function**: the line is one of the texts by which pages work (`stream.clean.furniture`): share bars, comment forms,
   cookie notices, teasers such as "See also …", copyright lines.
2. **Shape**: a line in which the same small word comes again and again (`icon menuicon searchicon …`), or a bar of
   section names.
3. **Place**: a run of short lines without sentence punctuation outside the article's body: menus before it, link lists
   behind it. The body is the stretch of lines with the greatest sum, when prose counts by its words and each other line
   takes a little away, and a line that ends the article (comments, copyright) a lot
   (maximum-sum segment, Kadane's algorithm; the idea of taking the body of a page in this way is Finn, Kushmerick and
   Smyth, "Fact or fiction: content classification for digital libraries", 2001). Of a page dumped whole, what is left
   between menus on either side of the body goes with them, short teasers that are sentences too.

Precision first: where there is no prose, or too few lines to tell, nothing is cut by place; the lines before the body
that can be its headline, byline or date stay; in hard-wrapped text only paragraphs of one line are asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Literal

from stream.clean import native
from stream.clean.cut import Cut
from stream.clean.dates import read_date_line
from stream.clean.furniture import (
    LABELLED_HEADLINE,
    LIKELY,
    LINE_CODE_POINTS_MAX,
    NAVIGATION_WORDS,
    SURE,
    TURNS_PAGE,
    is_marked,
    is_plainly_none,
    may_be_furniture,
    plain_lines,
)
from stream.clean.markup import has_tags, unwrap
from stream.clean.metadata import read_byline
from stream.clean.paragraphs import is_hard_wrapped, may_be_hard_wrapped
from stream.clean.shape import PARAGRAPH_BREAK
from stream.clean.vocabulary import word_set

RUN_LINES_MIN = 5
"""Fewer lines in a row outside the body are no run, and stay."""
RUN_LINES_MIN_INSIDE = 10
"""Inside the body a run has to be longer, and shorter of line: an article may hold a list."""
RUN_LINES_MIN_UNFURNISHED = 12
"""Outside the body, where no line of the run has a function, it may be a list that belongs to the article."""
FURNITURE_LINES_OF_A_PAGE = 3
"""A text with so many lines of function is a page dumped whole: what lies outside its body is suspect."""
WORDS_PER_LINK_MAX = 3
BOX_LINES_MIN = 4
BOX_WORDS_PER_LINE_MAX = 8
"""Inside the body of a page dumped whole: so many short lines, one of them with a function, are a box of links."""
SIDE_LINES_MIN = 8
"""A side of the body with so many lines of residue, a third of its lines, is residue as a whole."""
PARAGRAPH_WORDS_MIN = 15
"""Prose of so many words is never cut by its place: it may be the end of the article, behind a box."""
STRAY_TAGS_RATIO = 4
"""A text with more line breaks than this for each block element is lines of text with a stray tag in it."""
HEAD_LINES_KEPT = 5
"""So many lines before the body may be its headline, byline, date and subtitle."""

ContentType = Literal["text/plain", "text/html"]


def find_residue(text: str, *, content_type: ContentType | None = None) -> tuple[Cut, ...]:
    """The residue of a body, in order and without overlap.

    Each Cut covers whole lines without the last line break, in HTML the content of whole block elements. Offsets are
    code points into `text`. Kinds: comments, share, teaser, related, consent, newsletter, navigation, copyright,
    icons, menu. `content_type` None means: HTML if there are tags in it.
    """
    if content_type != "text/html" and (content_type == "text/plain" or not has_tags(text)):
        return tuple(_find(text, hard_wrapped_possible=True))
    page = unwrap(text).flat()
    paragraphs = page.text
    if paragraphs.count(PARAGRAPH_BREAK) * STRAY_TAGS_RATIO >= paragraphs.count("\n"):
        # In HTML a paragraph is a block element, and a line break is a blank.
        paragraphs = paragraphs.replace("\n", " ").replace("\r", " ")
    paragraphs = paragraphs.replace(PARAGRAPH_BREAK, "\n")
    cuts = _find(paragraphs, hard_wrapped_possible=False)
    return tuple(Cut(page.starts[cut.start], page.end(cut.end - 1), cut.kind) for cut in cuts)


def _find(text: str, *, hard_wrapped_possible: bool) -> list[Cut]:
    # One line has nothing around it that would tell.
    if "\n" not in text and "\r" not in text:
        return []
    if _has_plainly_none(text):
        return []
    lines = _lines(text)
    if len(lines) < 2:
        return []
    marked = is_marked(text)
    hard_wrapped = hard_wrapped_possible and _is_hard_wrapped(lines)
    for number, line in enumerate(lines):
        if not hard_wrapped or _stands_alone(text, lines, number):
            line.kind = _function(line, marked=marked) or (None if line.sentence else _shape(line))
    if not hard_wrapped:
        if sum([not line.prose for line in lines]) >= RUN_LINES_MIN:
            _mark_runs(lines)
        if any(map(_LIKELY_FLAG, lines)):
            _mark_likely(lines)
    return list(_cuts(lines)) if any(map(_KIND, lines)) else []


@dataclass(slots=True)
class _Line:
    start: int
    end: int
    text: str
    words: int
    prose: bool
    sentence: bool
    """A sentence ends in it."""
    ended: bool
    """It ends in punctuation."""
    kind: str | None = None
    likely: bool = False


_UNENDED_MAX = min(RUN_LINES_MIN_INSIDE, RUN_LINES_MIN_UNFURNISHED)
SHAPE_WORDS_MIN = 4
"""Lines of fewer words have no shape."""
SECTION_NAMES_MIN = 6
REPEATING_WORDS_MIN = 10
_NATIVE = plain_lines((_UNENDED_MAX, SHAPE_WORDS_MIN, SECTION_NAMES_MIN, REPEATING_WORDS_MIN))
_LIKELY_FLAG, _KIND = attrgetter("likely"), attrgetter("kind")
_ENDED = re.compile(r"[.!?…。！？؟।:;,][\"”’'»)\]*_]{0,3}$")
_SENTENCE_END = re.compile(r"[.!?…。！？؟।][\"”’'»)\]*_]{0,3}(?:\s|$)")
_BULLET = re.compile(r"[-–—•*▪◦‣+]\s|\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s|[\"“„«‘]")
PROSE_WORDS_MIN = 7
PROSE_WORDS_MIN_UNENDED = 25
SMALL_WORDS_MIN = 10
PLAINLY_PROSE_CODE_POINTS = 100
_PLAIN_ENDS = frozenset(".!?")
_CODE_POINTS_PER_WORD = 3


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    start = 0
    for written in text.replace("\r", "\n").split("\n"):
        end = start + len(written)
        line = written.strip()
        if line:
            if (
                len(line) >= PLAINLY_PROSE_CODE_POINTS
                and line[-1] in _PLAIN_ENDS
                and line.count(" ") >= PROSE_WORDS_MIN
            ):
                # Most lines of most articles: told without looking closer.
                lines.append(_Line(start, end, line, line.count(" ") + 1, True, True, True))
            else:
                lines.append(_Line(start, end, line, *_measures(line)))
        start = end + 1
    return lines


def _has_plainly_none(text: str) -> bool:
    """Whether none of the lines has a function or a shape, and too few could be a run: so it is with most articles.

    False where that takes a closer look.
    """
    if _NATIVE is not None and native.package() is not None:
        suspects = _NATIVE.suspects(text)
        return suspects is not None and not any(
            _is_suspect(line, has_shape, has_function and not is_plainly_none(line))
            for line, has_shape, has_function in suspects
        )
    unended = 0
    for written in text.replace("\r", "\n").split("\n"):
        line = written.strip()
        if not line:
            continue
        has_shape = False
        if line[-1] not in _PLAIN_ENDS:
            unended += 1
            if unended >= _UNENDED_MAX:
                return False
            # A sentence that ends within the line says that it has no shape, without measuring it.
            has_shape = ". " not in line
        has_function = len(line) <= LINE_CODE_POINTS_MAX and not is_plainly_none(line)
        if (has_shape or has_function) and _is_suspect(line, has_shape, has_function):
            return False
    return True


def _is_suspect(line: str, has_shape: bool, has_function: bool) -> bool:
    """Whether a line that may have a shape or a function may be residue."""
    looked_at = _Line(0, 0, line, *_measures(line))
    if has_shape and not looked_at.sentence and _shape(looked_at):
        return True
    # Marked: what marks a line may stand in another one.
    return has_function and (_function(looked_at, marked=True) is not None or looked_at.likely)


def _measures(line: str) -> tuple[int, bool, bool, bool]:
    """As in `_Line`: words, prose, sentence, ended."""
    split = line.split()
    words = len(split)
    if not line.isascii() and len(line) > 20 * words:
        # Scripts without spaces.
        words = len(line) // _CODE_POINTS_PER_WORD
    last = line[-1]
    plain_end = last in _PLAIN_ENDS
    sentence = plain_end or _SENTENCE_END.search(line) is not None
    prose = (words >= PROSE_WORDS_MIN and sentence) or (
        words >= PROSE_WORDS_MIN_UNENDED and sum(map(str.islower, split[:40])) >= SMALL_WORDS_MIN
    )
    ended = plain_end or (not last.isalnum() and _ENDED.search(line[-6:]) is not None)
    return words, prose, sentence, ended


def _is_hard_wrapped(lines: list[_Line]) -> bool:
    """As text is read, but for the blanks before a line, which don't count here."""
    lengths = [len(line.text) for line in lines]
    if not may_be_hard_wrapped(lengths):
        return False
    return is_hard_wrapped(lengths, sum(_SENTENCE_END.search(line.text[-6:]) is not None for line in lines))


def _stands_alone(text: str, lines: list[_Line], number: int) -> bool:
    """True for a line with blank lines, or nothing, before and behind it."""
    before = text[lines[number - 1].end : lines[number].start] if number > 0 else "\n\n"
    behind = text[lines[number].end : lines[number + 1].start] if number + 1 < len(lines) else "\n\n"
    return all(max(between.count("\n"), between.count("\r")) > 1 for between in (before, behind))


# Said in an article, such a line is reported speech: `Sign up for the war, the posters said.`
_ATTRIBUTED = re.compile(r",[\"”’']? [^,]{1,60}\b(?:said|says|wrote|told|put it|\w{3,}ed)\b[^,]{0,40}", re.IGNORECASE)
_QUOTED = "\"“„«»‹›‘'"


def _function(line: _Line, *, marked: bool) -> str | None:
    text = line.text
    if len(text) > LINE_CODE_POINTS_MAX or _is_quoted(text) or not may_be_furniture(text, marked=marked):
        return None
    if (function := SURE.fullmatch(text)) is not None:
        kind = function.lastgroup
        return None if kind != "comments" and _is_attributed(text) else kind
    if (found := LABELLED_HEADLINE.fullmatch(text)) and not _SENTENCE_END.search(text[-4:]):
        headline = found["headline"]
        if not headline[0].islower() and not text.casefold().endswith((" said", " says")):
            return "teaser"
    line.likely = line.words <= 5 and LIKELY.fullmatch(text) is not None
    return None


def _is_quoted(text: str) -> bool:
    """Whether a line begins with a quotation: guillemets open one, in either direction, but they also turn pages."""
    return text[0] in _QUOTED and TURNS_PAGE.fullmatch(text) is None


def _is_attributed(text: str) -> bool:
    comma = text.rfind(",")
    return comma > 0 and _ATTRIBUTED.fullmatch(text, comma) is not None


_SEPARATOR = re.compile(r"[|/·•>»›→]|\s\s")
_SEPARATORS = re.compile(r"\s*[|/·•>»›→]\s*|\s{2,}")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
ICON_NAMES_MIN = 3
"""So many different names of icons, such as `menuicon`, tell a short line of them."""
_ENDING_IN_ICON = word_set("emoticon helicon lexicon panopticon rubicon silicon")


def _shape(line: _Line) -> str | None:
    if line.words < SHAPE_WORDS_MIN:
        return None
    folded = line.text.casefold()
    if line.ended:
        words = []
    elif line.text.isascii():
        words = _LETTERS.findall(folded)
    else:
        words = [word.casefold() for word in _LETTERS.findall(line.text)]
    if ("icon" in folded and _are_icons(words)) or (len(words) >= REPEATING_WORDS_MIN and _is_one_stem(words)):
        return "icons"
    # To look for a separator takes a fraction of splitting at none.
    separated = _SEPARATOR.search(line.text) is not None
    parts = [part.casefold() for part in _SEPARATORS.split(line.text) if part] if separated else []
    if len(parts) >= 4 and all(len(part.split()) <= 3 for part in parts):
        known = sum(bool(NAVIGATION_WORDS & set(part.split())) for part in parts)
        if known * 2 >= len(parts):
            return "navigation"
    if len(words) >= SECTION_NAMES_MIN and sum(map(NAVIGATION_WORDS.__contains__, words)) * 5 >= len(words) * 4:
        return "navigation"
    return None


_STEMS = itemgetter(slice(4)), itemgetter(slice(-4, None))


def _is_one_stem(words: list[str]) -> bool:
    """One stem in two words of five, whole or glued to its neighbour."""
    for cut in _STEMS:
        # Where one comes so often, there are at most so many others.
        if (len(set(map(cut, words))) - 1) * 5 <= len(words) * 3:
            stem, count = Counter(map(cut, words)).most_common(1)[0]
            if count * 5 >= len(words) * 2 and len(stem) == 4:
                return True
    return False


def _are_icons(words: list[str]) -> bool:
    names = [word for word in words if len(word) > 4 and word.endswith("icon") and word not in _ENDING_IN_ICON]
    return len(names) * 5 >= len(words) * 2 and len(set(names)) >= ICON_NAMES_MIN


_SECTIONS = frozenset(("comments", "copyright"))
"""Kinds of lines behind which the article seldom goes on."""


def _body(lines: list[_Line]) -> tuple[int, int] | None:
    """First and last line of the maximum-sum segment; None without prose."""
    best, best_range = 0.0, None
    total, start = 0.0, 0
    for number, line in enumerate(lines):
        if line.kind is None and line.prose:
            total += min(line.words, 40)
        elif line.kind is None and line.ended and line.words > 2:
            total += 0.0
        else:
            total -= 15.0 if line.kind in _SECTIONS else 5.0
        if total <= 0.0:
            total, start = 0.0, number + 1
        elif total > best:
            best, best_range = total, (start, number)
    return best_range


def _mark_runs(lines: list[_Line]) -> None:
    body = _body(lines)
    if body is None:
        return
    first, last = body
    a_page = sum(line.kind is not None or line.likely for line in lines) >= FURNITURE_LINES_OF_A_PAGE
    for inside, group in groupby(
        range(len(lines)), key=lambda number: (_in_run(lines[number]), first <= number <= last)
    ):
        short, within = inside
        run = list(group)
        if not short:
            continue
        if within and a_page and _is_box(lines, run):
            pass
        elif within or not a_page:
            run = _links(lines, run, within=within)
        elif len(run) < RUN_LINES_MIN:
            continue
        if run and run[-1] + 1 == first:
            run = run[: _head_of(lines, run)]
        for number in run:
            lines[number].kind = lines[number].kind or "menu"
    if a_page:
        _mark_sides(lines, first, last)


def _is_box(lines: list[_Line], run: list[int]) -> bool:
    return (
        len(run) >= BOX_LINES_MIN
        and any(lines[number].kind or lines[number].likely for number in run)
        and sum(lines[number].words for number in run) <= BOX_WORDS_PER_LINE_MAX * len(run)
    )


def _mark_sides(lines: list[_Line], first: int, last: int) -> None:
    """What is left on a side of the body that is residue for the most part; the head of the article stays."""
    head = first
    while head > max(0, first - HEAD_LINES_KEPT) and lines[head - 1].kind is None:
        head -= 1
    for side in (lines[:head], lines[last + 1 :]):
        found = sum(line.kind is not None for line in side)
        if found >= SIDE_LINES_MIN and found * 3 >= len(side):
            for line in side:
                if not (line.prose and line.words >= PARAGRAPH_WORDS_MIN):
                    line.kind = line.kind or "menu"


def _links(lines: list[_Line], run: list[int], *, within: bool) -> list[int]:
    """What of a run is links, where the text is no page dumped whole: names of sections, or what has such a heading."""
    if not within:
        heading = next((place for place, number in enumerate(run) if lines[number].kind == "related"), None)
        if heading is not None and len(run) - heading >= RUN_LINES_MIN:
            return run[heading:]
    if sum(lines[number].words for number in run) > WORDS_PER_LINK_MAX * len(run):
        # Lines as long as headlines: a summary of the news looks like this.
        return []
    furnished = any(lines[number].kind or lines[number].likely for number in run)
    outside = RUN_LINES_MIN if furnished else RUN_LINES_MIN_UNFURNISHED
    lines_min = RUN_LINES_MIN_INSIDE if within else outside
    return run if len(run) >= lines_min else []


def _in_run(line: _Line) -> bool:
    return line.kind is not None or not (line.prose or line.ended or _BULLET.match(line.text))


def _head_of(lines: list[_Line], run: list[int]) -> int:
    """How much of the run before the body is not its head: the head is a headline and what belongs to it."""
    head = len(run)
    for place in range(len(run) - 1, max(len(run) - 1 - HEAD_LINES_KEPT, -1), -1):
        line = lines[run[place]]
        if (
            line.kind is None
            and not line.likely
            and (line.words >= 4 or read_date_line(line.text) or read_byline(line.text))
        ):
            head = place
    return head


def _mark_likely(lines: list[_Line]) -> None:
    """A likely line is residue beside residue, or where only likely lines lie between it and an edge of the text."""
    for order in (range(len(lines)), range(len(lines) - 1, -1, -1)):
        beside = True
        for number in order:
            line = lines[number]
            if line.kind is None and line.likely and beside:
                line.kind = "navigation"
            beside = line.kind is not None


def _cuts(lines: list[_Line]) -> Iterator[Cut]:
    for kind, group in groupby(lines, key=lambda line: line.kind):
        if kind is not None:
            run = list(group)
            yield Cut(run[0].start, run[-1].end, kind)
