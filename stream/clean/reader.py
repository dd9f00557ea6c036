"""Reading as a whole: section 1 of the rule language, the same for articles and for the phrases of rules.

    source ─ unwrap (HTML) ─ flatten ─ shape ─ join lines ─ mark paragraphs ─ blank the cuts ─ tokens, sentences

Tokens of plain text take a short cut (see `tokens`); everything else is worked out on demand.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Literal

from stream.clean.fold import Flat, flatten, fold_case
from stream.clean.markup import has_tags, unwrap
from stream.clean.paragraphs import join_lines, mark_paragraphs, may_join, without_paragraphs
from stream.clean.reading import Cut, Layout, Reading
from stream.clean.sentences import sentence_bounds
from stream.clean.shape import shape_of
from stream.clean.tokens import Token, case_words, fold_words, scan

Kind = Literal["title", "body"]
ContentType = Literal["text/plain", "text/html"]


def read(
    text: str, *, kind: Kind = "body", content_type: ContentType | None = None, cuts: Sequence[Cut] = ()
) -> Reading:
    """Read one field of an article, `text` as received. Never raises, whatever the text.

    `content_type` None means: HTML if there are tags in it. `cuts` are stretches of residue, in any order.
    """
    is_html = content_type == "text/html" or (content_type is None and has_tags(text))
    if is_html or may_join(text) or not _cut_at_blanks(text, cuts):
        return read_fully(text, kind, is_html, tuple(cuts))
    searched = _without(text, cuts) if cuts else text
    return Reading(
        text,
        fold_words(searched),
        cases=lambda: case_words(searched),
        layout=lambda: _layout(*_prepare(text, kind, is_html, cuts)),
        cuts=tuple(cuts),
    )


def read_fully(text: str, kind: Kind, is_html: bool, cuts: tuple[Cut, ...]) -> Reading:
    """Read by the long way, which defines what the short cut has to yield."""
    flat, shape = _prepare(text, kind, is_html, cuts)
    cases = [token.case for token in scan(flat.text, shape)]
    return Reading(
        text, [fold_case(case) for case in cases], cases=lambda: cases, layout=lambda: _layout(flat, shape), cuts=cuts
    )


def read_phrase(text: str) -> list[tuple[str, str]]:
    """The words of a rule's word or phrase: folded token and case form. A prefix word comes without its star."""
    reading = read(text, kind="title", content_type="text/plain")
    return list(zip(reading.tokens, reading.cases, strict=True))


def _prepare(text: str, kind: Kind, is_html: bool, cuts: Sequence[Cut]) -> tuple[Flat, str]:
    """Flat text and its shape, with breaks of paragraph marked and cuts blanked by such breaks."""
    if is_html:
        unwrapped = unwrap(text)
        flat = _through(flatten(unwrapped.text), unwrapped)
    else:
        flat = flatten(text)
    flat, shape = join_lines(flat, shape_of(flat.text))
    if kind == "title":
        shape = without_paragraphs(shape).replace("|", " ")
    else:
        shape = without_paragraphs(shape) if is_html else mark_paragraphs(shape)
    for cut in cuts:
        shape = _blank(flat, shape, cut)
    return flat, shape


def _through(flat: Flat, unwrapped: Flat) -> Flat:
    """`flat`, which was made from the text of `unwrapped`, with offsets into the source of that."""
    starts = [unwrapped.starts[start] for start in flat.starts]
    ends = [unwrapped.end(flat.end(index) - 1) for index in range(len(flat.text))]
    return Flat(flat.text, starts, ends)


def _blank(flat: Flat, shape: str, cut: Cut) -> str:
    ends: Sequence[int] = range(1, len(flat.text) + 1) if flat.ends is None else flat.ends
    first = bisect_right(ends, cut.start)
    last = bisect_left(flat.starts, cut.end)
    return shape[:first] + "|" * (last - first) + shape[last:] if first < last else shape


def _without(text: str, cuts: Sequence[Cut]) -> str:
    """`text` with a blank for each cut."""
    pieces: list[str] = []
    done = 0
    for cut in sorted(cuts, key=lambda cut: cut.start):
        if cut.end > max(cut.start, done):
            pieces.append(text[done : max(cut.start, done)])
            done = cut.end
    pieces.append(text[done:])
    return " ".join(pieces)


def _cut_at_blanks(text: str, cuts: Sequence[Cut]) -> bool:
    """Whether no cut divides a word, of which the rest might read differently without it."""
    return all(_is_between_words(text, cut.start) and _is_between_words(text, cut.end) for cut in cuts)


def _is_between_words(text: str, index: int) -> bool:
    return index <= 0 or index >= len(text) or text[index - 1].isspace() or text[index].isspace()


def _layout(flat: Flat, shape: str) -> Layout:
    starts: list[int] = []
    ends: list[int] = []
    sentences: list[int] = []
    paragraphs: list[int] = []
    spans: list[tuple[int, int]] = []
    bounds = sentence_bounds(flat.text, shape)
    first = last = number = -1
    paragraph = counted_paragraph = -1
    for token in scan(flat.text, shape):
        if token.start >= last:
            while token.start >= last:
                first, last, number = next(bounds)
            spans.append((flat.start(first), flat.end(last - 1)))
            if number != counted_paragraph:
                counted_paragraph = number
                paragraph += 1
        _append_span(flat, token, starts, ends)
        sentences.append(len(spans) - 1)
        paragraphs.append(paragraph)
    return Layout(starts, ends, sentences, paragraphs, spans)


def _append_span(flat: Flat, token: Token, starts: list[int], ends: list[int]) -> None:
    starts.append(flat.start(token.start))
    ends.append(flat.end(token.end - 1))
