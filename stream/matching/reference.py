"""The rule language, slowly and obviously: the oracle that the fast path is held to.

Every node is asked of a *window*: stretches of tokens, each within one field. The answer is None (does not hold)
or what was found. `SENTENCE`, `PARAGRAPH`, `LEAD` and `title:` narrow the window for their operand, nothing else
does. Spans follow Lucene's interval queries: NEAR yields minimal intervals, its sides do not overlap.

Nothing here is fast: NEAR compares all pairs. Use it for tests, and for rules written by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import assert_never

from stream.clean.reading import Reading
from stream.matching.article import TEXT_FIELDS, ReadArticle, TextField
from stream.matching.finds import Find, Fired, KeyFind, Quiet, RegexFind, TextFind, Verdict, leaf_positions
from stream.matching.keys import key_holds, scope_holds, topic_held
from stream.matching.regex import blank, find_all, searched
from stream.matching.terms import TokenTest, sequences
from stream.rulelang.nodes import (
    And,
    AnyOf,
    AtLeast,
    FieldScoped,
    KeyField,
    Lead,
    ListRef,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Regex,
    Scoped,
    Word,
)
from stream.rulelang.printer import print_node
from stream.rulelang.ruleset import Rule
from stream.rulelang.topicorder import covers, topic_fields, wanted_topics

_sequences = lru_cache(maxsize=20_000)(sequences)
"""The oracle reads a rule again for each article."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Tokens `first` to `end` (exclusive) of one field."""

    field: TextField
    first: int
    end: int


Window = tuple[Stretch, ...]
Masks = dict[TextField, set[int]]


def judge_all(rules: Sequence[Rule], read: ReadArticle) -> dict[str, Verdict]:
    """What each rule says; one that asks for topics is told those of the rules that give them, asked before it."""
    verdicts: dict[str, Verdict] = {}
    return {rule.id: _verdict(rule, rules, read, verdicts) for rule in rules}


def topics_for(
    rule: Rule, rules: Sequence[Rule], read: ReadArticle, verdicts: dict[str, Verdict] | None = None
) -> set[str]:
    """The topics that a rule asks for and others give the article; `verdicts` are known ones, and get new ones."""
    known: dict[str, Verdict] = {} if verdicts is None else verdicts
    fields = topic_fields([rule.match, *(exclusion.match for exclusion in rule.exclusions)])
    wanted = [each for field in fields for each in wanted_topics(field)]
    return {
        topic
        for giver in rules
        for topic in giver.topics
        if any(covers(each, topic) for each in wanted) and isinstance(_verdict(giver, rules, read, known), Fired)
    }


def _verdict(rule: Rule, rules: Sequence[Rule], read: ReadArticle, verdicts: dict[str, Verdict]) -> Verdict:
    if rule.id not in verdicts:
        verdicts[rule.id] = judge(rule, read, topics_for(rule, rules, read, verdicts))
    return verdicts[rule.id]


def judge(rule: Rule, read: ReadArticle, topics: Collection[str] = ()) -> Verdict:
    """What a rule says about an article: scope, then match, then exclusions, then match without the masked words.

    `topics` are those that other rules gave the article, as far as this rule asks for them.
    """
    if not scope_holds(rule.scope, read):
        return Quiet(("scope",))
    finds = ask(rule.match, read, topics=topics)
    if finds is None:
        return Quiet(("match",))
    held = [
        (exclusion, found)
        for exclusion in rule.exclusions
        if (found := ask(exclusion.match, read, topics=topics)) is not None
    ]
    dropping = tuple(f"exclude:{exclusion.name}" for exclusion, _ in held if exclusion.mask == "article")
    if dropping:
        return Quiet(dropping)
    if not held:
        return Fired(finds)
    masked = ask(rule.match, read, leaf_positions([find for _, found in held for find in found]), topics)
    if masked is None:
        return Quiet(tuple(f"exclude:{exclusion.name}" for exclusion, _ in held))
    return Fired(masked)


def ask(
    node: Node, read: ReadArticle, masks: Masks | None = None, topics: Collection[str] = ()
) -> tuple[Find, ...] | None:
    """What an expression found in the whole article, each find once; None if it does not hold.

    `masks` are token positions that match nothing; they keep their place.
    """
    question = Question(read, masks or {"title": set(), "body": set()}, topics)
    found = question.ask(node, whole_of(read), case=False)
    return None if found is None else tuple(dict.fromkeys(found))


Found = list[Find] | None


def whole_of(read: ReadArticle) -> Window:
    """The whole article as a window."""
    return tuple(
        Stretch(field, 0, len(reading.tokens)) for field in TEXT_FIELDS if (reading := read.reading(field)) is not None
    )


@dataclass(frozen=True, slots=True)
class Question:
    """An article under question: some words masked, some topics given by other rules."""

    read: ReadArticle
    masks: Masks
    topics: Collection[str]

    def ask(self, node: Node, window: Window, *, case: bool) -> Found:  # noqa: C901 - one arm for each kind of node
        """What a node found in a window; None if it does not hold."""
        match node:
            case Word() | Phrase():
                return self._leaf(node, window, case=case) or None
            case Regex():
                return self._regex(node, window) or None
            case KeyField(name="topic"):
                topic = topic_held(node, self.topics)
                return None if topic is None else [KeyFind(node, topic)]
            case KeyField():
                return [KeyFind(node)] if key_holds(node, self.read.article) else None
            case And(operands=operands):
                answers = [self.ask(operand, window, case=case) for operand in operands]
                return None if any(answer is None for answer in answers) else _joined(answers)
            case Or(operands=operands):
                return self._at_least(1, operands, window, case=case)
            case AnyOf(count=count, operands=operands):
                return self._at_least(count, operands, window, case=case)
            case Not(operand=operand):
                return [] if self.ask(operand, window, case=case) is None else None
            case Near():
                return self._near(node, window, case=case) or None
            case Scoped(kind="CASE", operand=operand):
                return self.ask(operand, window, case=True)
            case Scoped(kind="SENTENCE", operand=operand):
                return self._each(operand, self.units("SENTENCE", window), case=case)
            case Scoped(kind="PARAGRAPH", operand=operand):
                return self._each(operand, self.units("PARAGRAPH", window), case=case)
            case Lead(words=words, operand=operand):
                lead = tuple(Stretch("body", s.first, min(s.end, words)) for s in window if s.field == "body")
                return self.ask(operand, lead, case=case)
            case FieldScoped(name=name, operand=operand):
                return self.ask(operand, tuple(s for s in window if s.field == name), case=case)
            case AtLeast(count=count, operand=operand):
                found = self.ask(operand, window, case=case)
                return found if found is not None and count_apart(found) >= count else None
            case ListRef(name=name):
                raise AssertionError(
                    f"the list @{name} was not resolved; rules are matched as the compiler leaves them"
                )
            case Scoped():
                raise AssertionError(f"unknown scope {node.kind!r}")
        assert_never(node)

    def _at_least(self, count: int, operands: Sequence[Node], window: Window, *, case: bool) -> Found:
        answers = [self.ask(operand, window, case=case) for operand in operands]
        held = [answer for answer in answers if answer is not None]
        return _joined(held) if len(held) >= count else None

    def _each(self, operand: Node, units: Iterable[Window], *, case: bool) -> Found:
        answers = [self.ask(operand, unit, case=case) for unit in units]
        held = [answer for answer in answers if answer is not None]
        return _joined(held) if held else None

    def units(self, kind: str, window: Window) -> Iterator[Window]:
        """The sentences or paragraphs of a window, each as a window of its own, clipped to it."""
        for stretch in window:
            reading = self._reading(stretch.field)
            of_token = reading.sentences if kind == "SENTENCE" else reading.paragraphs
            for _, positions in groupby(range(stretch.first, stretch.end), key=of_token.__getitem__):
                unit = list(positions)
                yield (Stretch(stretch.field, unit[0], unit[-1] + 1),)

    def _leaf(self, node: Word | Phrase, window: Window, *, case: bool) -> list[Find]:
        clause = Scoped("CASE", node) if case else node
        choices = _sequences(node, case=case)
        spans = {
            (stretch.field, first, first + len(sequence))
            for stretch in window
            for first in range(stretch.first, stretch.end)
            for sequence in choices
            if first + len(sequence) <= stretch.end and self._stands(sequence, stretch.field, first)
        }
        return [TextFind(clause, field, first, end - 1, frozenset(range(first, end))) for field, first, end in spans]

    def _stands(self, sequence: Sequence[TokenTest], field: TextField, first: int) -> bool:
        reading = self._reading(field)
        for position, test in enumerate(sequence, first):
            if position in self.masks[field] or not test.holds(reading.tokens[position], reading.cases[position]):
                return False
        return reading.sentences[first] == reading.sentences[first + len(sequence) - 1]

    def _regex(self, node: Regex, window: Window) -> list[Find]:
        finds: list[Find] = []
        for stretch in window:
            reading = self._reading(stretch.field)
            masked = [(reading.starts[p], reading.ends[p]) for p in self.masks[stretch.field]]
            for start, end in find_all(node.pattern, blank(reading.source, masked), searched(reading)):
                touched = [p for p in range(len(reading.tokens)) if reading.starts[p] < end and reading.ends[p] > start]
                before = [p for p in range(len(reading.tokens)) if reading.ends[p] <= start]
                tokens = touched or before[-1:] or [0]
                whole = stretch.first == 0 and stretch.end == len(reading.tokens)
                if whole or (stretch.first <= tokens[0] and tokens[-1] < stretch.end):
                    finds.append(RegexFind(node, stretch.field, start, end, tokens[0], tokens[-1], frozenset(touched)))
        return finds

    def _near(self, node: Near, window: Window, *, case: bool) -> list[Find]:
        lefts = _spans(self.ask(node.left, window, case=case))
        rights = _spans(self.ask(node.right, window, case=case))
        if node.negated:
            return [
                replace(left, clause=replace(node, left=left.clause))
                for left in lefts
                if not any(self._within(node, left, right, overlap=True) for right in rights)
            ]
        pairs: dict[tuple[TextField, int, int], TextFind] = {}
        for left in lefts:
            for right in rights:
                if self._within(node, left, right, overlap=False):
                    joined = _join(node, left, right)
                    hull = joined.field, joined.first, joined.last
                    known = pairs.get(hull)
                    pairs[hull] = _merged(known, joined) if known else joined
        return [find for find in pairs.values() if not any(_inside(other, find) for other in pairs.values())]

    def _within(self, node: Near, left: TextFind, right: TextFind, *, overlap: bool) -> bool:
        """At most `distance` words between two spans of one paragraph; overlapping ones are near only if `overlap`."""
        if left.field != right.field:
            return False
        paragraphs = self._reading(left.field).paragraphs
        if paragraphs[min(left.first, right.first)] != paragraphs[max(left.last, right.last)]:
            return False
        if left.last < right.first:
            return right.first - left.last - 1 <= node.distance
        if right.last < left.first:
            return not node.ordered and left.first - right.last - 1 <= node.distance
        return overlap

    def _reading(self, field: TextField) -> Reading:
        reading = self.read.reading(field)
        assert reading is not None, f"a window on the {field} of an article that has none"
        return reading


def count_apart(finds: Sequence[Find]) -> int:
    """How many spans there are that do not overlap, taken from the left, shorter ones first; title and body added."""
    count = 0
    for field in TEXT_FIELDS:
        free = 0
        spans = {(f.first, f.last) for f in finds if not isinstance(f, KeyFind) and f.field == field}
        for first, last in sorted(spans):
            if first >= free:
                count += 1
                free = last + 1
    return count


def _join(node: Near, left: TextFind, right: TextFind) -> TextFind:
    return TextFind(
        replace(node, left=left.clause, right=right.clause),
        left.field,
        min(left.first, right.first),
        max(left.last, right.last),
        left.leaves | right.leaves,
    )


def _merged(one: TextFind, other: TextFind) -> TextFind:
    """One find for two of the same interval: the words of both, under the clause that sorts first in print."""
    return replace(one, clause=min(one.clause, other.clause, key=print_node), leaves=one.leaves | other.leaves)


def _inside(inner: TextFind, outer: TextFind) -> bool:
    return (
        inner.field == outer.field
        and (inner.first, inner.last) != (outer.first, outer.last)
        and outer.first <= inner.first
        and inner.last <= outer.last
    )


def _spans(found: Found) -> list[TextFind]:
    """The spans of words among the finds."""
    return [find for find in found or () if isinstance(find, TextFind)]


def _joined(answers: Iterable[Found]) -> list[Find]:
    return [find for answer in answers if answer is not None for find in answer]
