"""Where a word is that is not where it was asked for: hidden by an exclusion, or in another part of the article."""

from __future__ import annotations

from dataclasses import dataclass, field

from stream.matching.article import ReadArticle
from stream.matching.evidence import evidence_of
from stream.matching.finds import KeyFind, TextFind
from stream.matching.keys import key_value
from stream.matching.limits import Limits
from stream.matching.misses import where_else
from stream.matching.reference import Found, Masks, Question, Window
from stream.rulelang.nodes import KeyField, Node
from stream.rulelang.printer import print_node

Hidden = tuple[tuple[str, Masks], ...]
"""Exclusions by name, each with the positions of the words that it masks."""


@dataclass(frozen=True, slots=True)
class Remembering(Question):
    """A question that keeps its answers: every node is asked by itself and by all above it.

    `plain` is the same question without masks, `hidden` says which exclusion made which mask.
    """

    plain: Remembering | None = None
    hidden: Hidden = ()
    answers: dict[tuple[int, Window, bool], Found] = field(default_factory=dict)

    def ask(self, node: Node, window: Window, *, case: bool) -> Found:
        key = id(node), window, case
        if key not in self.answers:
            self.answers[key] = Question.ask(self, node, window, case=case)
        return self.answers[key]


@dataclass(frozen=True, slots=True)
class Asked:
    """The window and case that a node is asked with, and the wider windows around it, each with a word for what is
    there and not in the window (`stands in another sentence`)."""

    window: Window
    case: bool = False
    around: tuple[tuple[Window, str], ...] = ()


def elsewhere(question: Remembering, node: Node, asked: Asked) -> str:
    """For something that does not hold: that an exclusion masks it, where else it stands, or that its case is another.
    Empty: it is nowhere."""
    if isinstance(node, KeyField):
        return _key_miss(node, question.read)
    if question.plain is not None:
        found = question.plain.ask(node, asked.window, case=asked.case)
        if found:
            return _masked(question.hidden, found, question.read)
    for window, where in asked.around:
        miss = where_else(question.ask(node, window, case=asked.case), question.read, where)
        if miss:
            return miss
    if not asked.case:
        return ""
    return where_else(question.ask(node, asked.window, case=False), question.read, "in another case")


def _key_miss(node: KeyField, read: ReadArticle) -> str:
    if node.name == "topic":
        return f"no other rule gives the article `{print_node(node)}`"
    value = key_value(read.article, node.name)
    shown = f"the {node.name} “{value}”" if value is not None else f"no {node.name}"
    return f"the article has {shown}, wanted `{print_node(node)}`"


def _masked(hidden: Hidden, found: Found, read: ReadArticle) -> str:
    for find in found or ():
        if isinstance(find, KeyFind):
            continue
        names = [name for name, masks in hidden if not masks[find.field].isdisjoint(find.leaves)]
        if names:
            (piece,) = evidence_of([find], read, Limits(evidence_per_match_max=1))
            return f"“{piece.text}” is masked by the exclusion {' and '.join(names)}"
    return ""


def words_of(found: Found, read: ReadArticle) -> tuple[str, ...]:
    """What an exclusion masks of each find: its words without those between them, and where they begin."""
    shown = []
    for find in found or ():
        if isinstance(find, TextFind):
            reading = read.reading(find.field)
            assert reading is not None
            runs: list[list[int]] = []
            for position in sorted(find.leaves):
                if runs and position == runs[-1][1] + 1:
                    runs[-1][1] = position
                else:
                    runs.append([position, position])
            texts = (" ".join(reading.source[reading.start(a) : reading.end(b)].split()) for a, b in runs)
            shown.append((find.field != "title", reading.start(find.first), " … ".join(texts), find.field))
        elif not isinstance(find, KeyFind):
            (piece,) = evidence_of([find], read, Limits(evidence_per_match_max=1))
            shown.append((find.field != "title", find.start, piece.text, find.field))
    return tuple(f"“{text}” {field_} {start}" for _, start, text, field_ in sorted(set(shown)))
