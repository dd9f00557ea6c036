"""What nodes find in an article: asked of `redline_native` where it can tell, else of the nodes themselves.

Machine code keeps lists of positions where the nodes keep sets of them, and finds the same. It knows nothing of the
words of an expression, so it says where something stands and for which node; what is shown of it is made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stream.clean import native
from stream.clean.native import NativeEvaluation, NativeNode, NativeSpan
from stream.matching.asked import Asked, Span, Spans
from stream.matching.leaves import LocalOr
from stream.matching.near import Behind, WindowNear
from stream.matching.text import BODY, TITLE, Text
from stream.matching.translate import Translator

TOKENS_OF_A_CHARACTER_MAX = 6
"""`½` is `1 2`, `㌖` the six of `キロメートル`: such tokens begin at one place, of which machine code does not know."""

WORDS_KNOWN_MAX = 20_000
"""For how many tokens of ORs it is remembered which of their words they are."""


class Evaluator:
    """Asks the nodes of one compiler."""

    def __init__(self) -> None:
        self._translator = Translator()
        self._words: dict[tuple[int, str], Sequence[Asked]] = {}

    def may_hold(self, node: Asked, text: Text) -> bool:
        """Whether a node could hold in the whole article; cheaper than `holds`."""
        asked = self._in_machine_code(node, text)
        if asked is None:
            return node.where(text) != 0
        evaluation, code = asked
        return evaluation.holds(code, text)

    def holds(self, node: Asked, text: Text) -> bool:
        """Whether a node holds in the whole article."""
        asked = self._in_machine_code(node, text)
        if asked is None:
            return node.holds(text)
        evaluation, code = asked
        return evaluation.holds(code, text)

    def find(self, node: Asked, text: Text, count: int | None = None) -> Spans | None:
        """What a node finds in the whole article, in any order; None if it does not hold.

        What begins at other places than the first `count` may be missing.
        """
        asked = self._in_machine_code(node, text)
        if asked is None:
            found = node.find(text, text.whole)
            return found if found is None or count is None else first_spans(found, text, count)
        evaluation, code = asked
        places = evaluation.find(code, text, None if count is None else count + TOKENS_OF_A_CHARACTER_MAX - 1)
        if places is None:
            return None
        known: dict[int, Spans] = {}
        return [span for each in places for span in self._spans(each, text, known)]

    def leaves(self, node: Asked, text: Text) -> Iterable[int]:
        """The positions of the words at the leaves of all that a node finds."""
        asked = self._in_machine_code(node, text)
        if asked is None:
            found = node.find(text, text.whole) or ()
            return (leaf for span in found for leaf in span[2].leaves(span))
        evaluation, code = asked
        return evaluation.leaves(code, text)

    def _spans(self, found: NativeSpan, text: Text, known: dict[int, Spans]) -> Sequence[Span]:
        """The spans that stand behind one: an OR finds one for each of its items. `known` are those of intervals that
        depend on the window: each is one object, in however many others it stands."""
        first, last, number, behind = found
        place = first, last, number
        kept: Sequence[Span] | None = text.spans.get(place)
        if kept is not None:
            return kept
        node = self._translator.nodes[number]
        spans: Sequence[Span]
        if behind is None:
            spans = [(first, last, item, None) for item in self._items(node, text, first, last)]
        elif isinstance(node, WindowNear):
            # Only of these it depends on the window what stands behind them.
            made = known.get(id(behind))
            if made is not None:
                return made
            if node.negated:
                left, _ = behind[0]
                made = [(first, last, node, each) for each in self._spans(left, text, known)]
            else:
                made = [(first, last, node, Behind(self._pairs(behind, text, known)))]
            known[id(behind)] = made
            return made
        else:
            spans = [(first, last, node, Behind(self._pairs(behind, text, known)))]
        text.spans[place] = spans
        return spans

    def _items(self, node: Asked, text: Text, first: int, last: int) -> Sequence[Asked]:
        """Those of an OR's words and phrases that stand at a place."""
        if first < last:
            return node.phrases_at(text, first, last) if isinstance(node, LocalOr) else (node,)
        if first < 0:  # it stands at no words
            return (node,)
        key = node.number, text.tokens[first]
        known = self._words.get(key)
        if known is None:
            if len(self._words) >= WORDS_KNOWN_MAX:
                self._words.clear()
            known = self._words[key] = node.words_of(key[1]) if isinstance(node, LocalOr) else (node,)
        return known

    def _pairs(
        self, behind: Iterable[tuple[NativeSpan, NativeSpan]], text: Text, known: dict[int, Spans]
    ) -> list[tuple[Span, Span]]:
        return [
            (left, right)
            for one, other in behind
            for left in self._spans(one, text, known)
            for right in self._spans(other, text, known)
        ]

    def _in_machine_code(self, node: Asked, text: Text) -> tuple[NativeEvaluation, NativeNode] | None:
        """What to ask, and the node as it is known there; None if it has a regex, or if the article is not known."""
        evaluation = text.evaluation
        if evaluation is None:
            return None
        try:
            code = self._translator.codes[node.number]
        except KeyError:
            package = native.package()
            code = None if package is None else self._translator.code(node, package.Node)
        return None if code is None else (evaluation, code)


def first_spans(found: Spans, text: Text, count: int) -> Spans:
    """The spans that hold the first `count` pieces in reading order: those behind cannot become evidence.

    What stands at one place may be one piece or several, so places are counted, not spans.
    """
    if count < 1:
        return []
    # One node may find the same words for different reasons, which make different clauses.
    once = {(first, last, node.number, id(extra)): (first, last, node, extra) for first, last, node, extra in found}
    spans = list(once.values())
    if len(spans) <= count:
        return spans
    placed = [(_place(span, text), span) for span in spans]
    places = sorted({place for place, _ in placed})
    if len(places) <= count:
        return spans
    bound = places[count - 1]
    return [span for place, span in placed if place <= bound]


def _place(span: Span, text: Text) -> tuple[int, int]:
    """Order of the field, and offset in it; key fields come last."""
    first, _, node, extra = span
    if first < 0:
        return BODY + 1, 0
    if node.is_text:
        return text.place_of(first)
    field, start, *_ = extra
    return (TITLE if field == "title" else BODY), start
