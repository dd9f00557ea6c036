"""Reading as a whole: section 1 of the rule language, the same for articles and for the phrases of rules.

    source ─ unwrap (HTML) ─ flatten ─ shape ─ mark paragraphs ─ join lines ─ blank the cuts ─ tokens, sentences

Tokens and case forms take a short cut (see `tokens`); everything else is worked out on demand.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Literal

from stream.clean.chunks import quick_layout, through
from stream.clean.cut import Cut, without_cuts
from stream.clean.ends import Ends, quick_ends
from stream.clean.fold import Flat, flatten, fold_case
from stream.clean.markup import Unwrapped, has_tags, unwrap
from stream.clean.paragraphs import join_lines, mark_paragraphs, may_join, without_paragraphs
from stream.clean.reading import FullLayout, Layout, Reading
from stream.clean.sentences import sentence_bounds
from stream.clean.shape import PARAGRAPH_BREAK, shape_of
from stream.clean.tokens import Words, case_words, fold_words, scan, scan_spans

Kind = Literal["title", "body"]
ContentType = Literal["text/plain", "text/html"]


def read(
    text: str, *, kind: Kind = "body", content_type: ContentType | None = None, cuts: Sequence[Cut] = ()
) -> Reading:
    """Read one field of an article, `text` as received. Never raises, whatever the text.

    `content_type` None means: HTML if there are tags in it. `cuts` are stretches of residue, in any order.
    """
    is_html = content_type == "text/html" or (content_type is None and has_tags(text))
    page = unwrap(text) if is_html else None
    searched = text if page is None else page.text
    joins = may_join(searched)
    if (joins and (cuts or not searched.isascii())) or (cuts and (is_html or not _cut_at_blanks(text, cuts))):
        return read_fully(text, kind, is_html, tuple(cuts))
    if joins:
        # Only ASCII is sure to read the same when it has been flattened before.
        flat = flatten(searched)
        shape = shape_of(flat.text)
        searched = join_lines(flat, shape, shape)[0].text
    elif cuts:
        searched = without_cuts(text, cuts, "\n")
    words = fold_words(searched)

    way = _ShortCut(text, words, kind, page, cuts, joins)
    return Reading(text, words, cases=way.cases, layout=way.layout, cuts=tuple(cuts), ends=way.ends)


def read_fully(text: str, kind: Kind, is_html: bool, cuts: tuple[Cut, ...]) -> Reading:
    """Read by the long way, which defines what the short cut has to yield."""
    flat, shape = _prepare(text, kind, is_html, cuts)
    cases = [token.case for token in scan(flat.text, shape)]
    return Reading(
        text, [fold_case(case) for case in cases], cases=lambda: cases, layout=lambda: _layout(flat, shape), cuts=cuts
    )


def read_phrase(text: str) -> list[tuple[str, str]]:
    """The words of a rule's word or phrase: folded token and case form. A prefix word comes without its star."""
    if text.isascii() and text.isalnum():
        # Most words: one token as it is written.
        return [(fold_case(text), text)]
    reading = read(text, kind="title", content_type="text/plain")
    return list(zip(reading.tokens, reading.cases, strict=True))


def _prepare(text: str, kind: Kind, is_html: bool, cuts: Sequence[Cut]) -> tuple[Flat, str]:
    """Flat text and its shape, with breaks of paragraph marked and cuts blanked by such breaks."""
    if is_html:
        unwrapped = unwrap(text)
        flat = _through(flatten(unwrapped.text), unwrapped.flat())
    else:
        flat = flatten(text)
    shape = shape_of(flat.text)
    if kind == "title":
        marked = without_paragraphs(shape).replace("|", " ")
    else:
        marked = without_paragraphs(shape) if is_html else mark_paragraphs(flat, shape)
    flat, shape = join_lines(flat, shape, marked)
    for cut in cuts:
        shape = _blank(flat, shape, cut)
    return flat, shape


class _ShortCut:
    """How a text was read, to find out more about it when somebody asks."""

    __slots__ = ("_cuts", "_ends", "_joins", "_kind", "_page", "_text", "_words")

    def __init__(
        self, text: str, words: Words, kind: Kind, page: Unwrapped | None, cuts: Sequence[Cut], joins: bool
    ) -> None:
        self._text = text
        self._words = words
        self._kind: Kind = kind
        self._page = page
        self._cuts = cuts
        self._joins = joins
        self._ends: Ends | Literal["unasked"] | None = "unasked"

    def cases(self) -> Sequence[str]:
        return case_words(self._words.text)

    def ends(self) -> Ends | None:
        """The ends by signs, for texts without words that go on after a line break; None if they cannot be found."""
        if self._ends == "unasked":
            self._ends = self._find_ends()
        return self._ends

    def layout(self) -> Layout:
        ends = self.ends()
        quick = None if ends is None else quick_layout(ends, self._words)
        if quick is None:
            return _layout(*_prepare(self._text, self._kind, self._page is not None, self._cuts))
        return quick if self._page is None else through(quick, self._page.flat())

    def _find_ends(self) -> Ends | None:
        is_body = self._kind == "body"
        if self._joins or (self._cuts and not is_body):
            return None
        if self._page is None:
            return quick_ends(self._text, PARAGRAPH_BREAK + "\n" if is_body else "", self._cuts, may_be_wrapped=is_body)
        return quick_ends(self._words.text, PARAGRAPH_BREAK if is_body else "", (), may_be_wrapped=False)


def _through(flat: Flat, unwrapped: Flat) -> Flat:
    """`flat`, which was made from the text of `unwrapped`, with offsets into the source of that."""
    if flat.ends is None:
        return Flat(flat.text, unwrapped.starts, unwrapped.ends)
    starts = [unwrapped.starts[start] for start in flat.starts]
    return Flat(flat.text, starts, [unwrapped.end(end - 1) for end in flat.ends])


def _blank(flat: Flat, shape: str, cut: Cut) -> str:
    ends: Sequence[int] = range(1, len(flat.text) + 1) if flat.ends is None else flat.ends
    first = bisect_right(ends, cut.start)
    last = bisect_left(flat.starts, cut.end)
    return shape[:first] + "|" * (last - first) + shape[last:] if first < last else shape


def _cut_at_blanks(text: str, cuts: Sequence[Cut]) -> bool:
    """Whether no cut divides a word, of which the rest might read differently without it."""
    return all(_is_between_words(text, cut.start) and _is_between_words(text, cut.end) for cut in cuts)


def _is_between_words(text: str, index: int) -> bool:
    return index <= 0 or index >= len(text) or text[index - 1].isspace() or text[index].isspace()


def _layout(flat: Flat, shape: str) -> Layout:
    spans = scan_spans(flat.text, shape)
    first_characters = [start for start, _ in spans]
    sentences: list[int] = []
    paragraphs: list[int] = []
    bounds: list[tuple[int, int]] = []
    paragraph = counted = -1
    for start, end, number in sentence_bounds(flat.text, shape):
        count = bisect_left(first_characters, end, lo=len(sentences)) - len(sentences)
        if count:
            # Only sentences and paragraphs with words in them have a number.
            if number != counted:
                counted = number
                paragraph += 1
            sentences.extend([len(bounds)] * count)
            paragraphs.extend([paragraph] * count)
            bounds.append((flat.start(start), flat.end(end - 1)))
    if flat.ends is None:
        ends = [end for _, end in spans]
        return FullLayout(first_characters, ends, sentences, paragraphs, bounds)
    starts = [flat.starts[start] for start in first_characters]
    return FullLayout(starts, [flat.ends[end - 1] for _, end in spans], sentences, paragraphs, bounds)
