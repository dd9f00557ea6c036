"""Why a rule fires or stays quiet: the tree of its expression with what held where, and the nearest miss.

It asks `reference`, node by node, so that it can never disagree with what the rule language means. A function of
values, made for one rule and one article at a time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stream.matching.article import ReadArticle
from stream.matching.evidence import evidence_of
from stream.matching.finds import Find, Fired, Quiet, TextFind, Verdict, leaf_positions
from stream.matching.limits import Limits
from stream.matching.misses import near_miss, repeated_miss, where_else
from stream.matching.reference import Found, Question, Window, judge, topics_for, whole_of
from stream.matching.scopemiss import scope_misses
from stream.model import Evidence
from stream.rulelang.inflect import inflections
from stream.rulelang.nodes import And, AnyOf, AtLeast, FieldScoped, Lead, Near, Node, Not, Or, Phrase, Scoped, Word
from stream.rulelang.printer import print_node
from stream.rulelang.ruleset import Exclusion, Rule
from stream.rulelang.walk import children

EVIDENCE_PER_STEP_MAX = 5
MISSES_MAX = 3

_KINDS: dict[type, str] = {
    And: "AND",
    Or: "OR",
    Not: "NOT",
    Near: "NEAR",
    Lead: "LEAD",
    AtLeast: "ATLEAST",
    AnyOf: "ANY",
    FieldScoped: "FIELD",
}
_FRAMES = ("SENTENCE", "PARAGRAPH", "ANY")


@dataclass(frozen=True, slots=True)
class Step:
    """One node of an expression; `kind` is its operator, a list's name, or LEAF.

    `evidence` is the first of what it found, `found` how many; `miss` says how near it came; `forms` are those of a
    `~word`; `nearness` is 1 where it holds, less where less of it does.
    """

    clause: str
    kind: str
    held: bool
    found: int
    evidence: tuple[Evidence, ...]
    miss: str
    forms: tuple[str, ...]
    nearness: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Excepted:
    """One exclusion: whether it held, and the words that it found."""

    exclusion: Exclusion
    step: Step


@dataclass(frozen=True, slots=True)
class Explanation:
    """All about one rule and one article. `scope` says what keeps the article out, `masked` is the expression asked
    once more without the words that exclusions found (None if there are none), `topics` are those that it asked for
    and got, `misses` the nearest misses of a quiet rule, nearest first."""

    rule: Rule
    verdict: Verdict
    scope: tuple[str, ...]
    match: Step
    exclusions: tuple[Excepted, ...]
    masked: Step | None
    topics: tuple[str, ...]
    misses: tuple[str, ...]


def explain(rule: Rule, rules: Sequence[Rule], read: ReadArticle) -> Explanation:
    """Explain what one of `rules` says about an article."""
    topics = topics_for(rule, rules, read)
    verdict = judge(rule, read, topics)
    question = _Remembering(read, {"title": set(), "body": set()}, topics)
    window = whole_of(read)
    match = _step(question, rule.match, window, case=False)
    excepted = tuple(Excepted(e, _step(question, e.match, window, case=False)) for e in rule.exclusions)
    held = [each.exclusion for each in excepted if each.step.held]
    masked = None
    if match.held and any(exclusion.mask == "phrase" for exclusion in held):
        finds = [find for e in held for find in question.ask(e.match, window, case=False) or ()]
        masked = _step(_Remembering(read, leaf_positions(finds), topics), rule.match, window, case=False)
    misses = tuple(dict.fromkeys(_misses(match if masked is None else masked)))[:MISSES_MAX]
    return Explanation(
        rule,
        verdict,
        scope_misses(rule.scope, read),
        match,
        excepted,
        masked,
        tuple(sorted(topics)),
        misses if isinstance(verdict, Quiet) else (),
    )


def as_fields(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON has it."""
    return {
        "rule": explanation.rule.id,
        "version": explanation.rule.version,
        "fires": isinstance(explanation.verdict, Fired),
        "because": [] if isinstance(explanation.verdict, Fired) else list(explanation.verdict.reasons),
        "misses": list(explanation.misses),
        "scope": list(explanation.scope),
        "topics": list(explanation.topics),
        "match": dataclasses.asdict(explanation.match),
        "exclusions": [
            {"name": e.exclusion.name, "mask": e.exclusion.mask, "match": dataclasses.asdict(e.step)}
            for e in explanation.exclusions
        ],
        "masked": None if explanation.masked is None else dataclasses.asdict(explanation.masked),
    }


@dataclass(frozen=True, slots=True)
class _Remembering(Question):
    """A question that keeps its answers: every node is asked by itself and by all above it."""

    answers: dict[tuple[int, Window, bool], Found] = field(default_factory=dict)

    def ask(self, node: Node, window: Window, *, case: bool) -> Found:
        key = id(node), window, case
        if key not in self.answers:
            self.answers[key] = Question.ask(self, node, window, case=case)
        return self.answers[key]


def _step(question: Question, node: Node, window: Window, *, case: bool) -> Step:
    found = question.ask(node, window, case=case)
    inner, inner_window, inner_case, miss = _inside(question, node, window, found, case=case)
    steps = tuple(_step(question, child, inner_window, case=inner_case) for child in inner)
    return Step(
        clause=print_node(Scoped("CASE", node) if case and isinstance(node, Word | Phrase) else node),
        kind=_kind(node),
        held=found is not None,
        found=len(found or ()),
        evidence=_evidence(found or (), question.read),
        miss="" if found is not None else miss,
        forms=_forms(node),
        nearness=1.0 if found is not None else _nearness(node, steps),
        steps=steps,
    )


def _inside(
    question: Question, node: Node, window: Window, found: Found, *, case: bool
) -> tuple[tuple[Node, ...], Window, bool, str]:
    """The operands to explain, the window and case to ask them with, and how near the node came."""
    inner = children(node)
    match node:
        case Or(name=str()):
            # A list: only the items that hold.
            inner = tuple(item for item in inner if question.ask(item, window, case=case) is not None)
            return inner if len(inner) > 1 else (), window, case, ""
        case Scoped(kind="CASE", operand=operand):
            without = question.ask(operand, window, case=False)
            return inner, window, True, where_else(without, question.read, "in another case") if found is None else ""
        case Scoped(operand=operand, kind=kind):
            unit = _closest_unit(question, node, window, case=case)
            if unit is None:
                return inner, (), case, ""
            return inner, unit, case, f"the closest {kind.lower()} is “{_text_of(unit, question.read)}”"
        case Lead(words=words, operand=operand):
            lead = tuple(replace(s, end=min(s.end, words)) for s in window if s.field == "body")
            outside = question.ask(operand, window, case=case)
            return inner, lead, case, where_else(outside, question.read, f"behind the first {words} words")
        case FieldScoped(name=name, operand=operand):
            outside = question.ask(operand, window, case=case)
            miss = where_else(outside, question.read, f"outside the {name}")
            return inner, tuple(s for s in window if s.field == name), case, miss
        case Near():
            lefts, rights = (question.ask(side, window, case=case) for side in (node.left, node.right))
            return inner, window, case, near_miss(node, _spans(lefts), _spans(rights), question.read)
        case AtLeast(operand=operand, count=count):
            return inner, window, case, repeated_miss(question.ask(operand, window, case=case), count)
        case AnyOf(count=count):
            held = sum(question.ask(child, window, case=case) is not None for child in inner)
            return inner, window, case, f"{held} of {count} hold"
        case _:
            return inner, window, case, ""


def _closest_unit(question: Question, node: Scoped, window: Window, *, case: bool) -> Window | None:
    """The sentence or paragraph in which the operand holds, or else comes nearest."""
    best: Window | None = None
    most = 0.0
    for unit in question.units(node.kind, window):
        held = _share(question, node.operand, unit, case=case)
        if held > most:
            best, most = unit, held
    return best


def _share(question: Question, node: Node, window: Window, *, case: bool) -> float:
    """How much of a node holds in a window, from 0 to 1; for choosing among windows, without explaining them all."""
    if question.ask(node, window, case=case) is not None:
        return 1.0
    inner = [] if isinstance(node, Or) and node.name is not None else children(node)
    shares = [_share(question, child, window, case=case) for child in inner]
    return 0.9 * (max(shares) if isinstance(node, Or) else sum(shares) / len(shares)) if shares else 0.0


def _nearness(node: Node, steps: Sequence[Step]) -> float:
    if not steps:
        return 0.0
    shares = [step.nearness for step in steps]
    return 0.9 * (max(shares) if isinstance(node, Or) else sum(shares) / len(shares))


def _misses(step: Step) -> list[str]:
    """What is missing, the operand that came nearest first."""
    if step.held:
        return []
    failing = sorted((inner for inner in step.steps if not inner.held), key=lambda inner: -inner.nearness)
    below = [miss for inner in failing for miss in _misses(inner)]
    if step.kind in _FRAMES and step.miss and below:
        return [f"{step.miss}: {below[0]}", *below[1:]]
    if step.kind in ("AND", "OR", *_FRAMES) and below:
        return below
    if step.kind == "NOT" and step.steps[0].evidence:
        return [f"`{step.clause}`, but “{step.steps[0].evidence[0].text}” is there"]
    return [step.miss or (below[0] if below else f"`{step.clause}` is not there")]


def _kind(node: Node) -> str:
    match node:
        case Or(name=str(name)):
            return f"@{name}"
        case Scoped(kind=kind):
            return kind
        case _:
            return _KINDS.get(type(node), "LEAF")


def _evidence(found: Sequence[Find], read: ReadArticle) -> tuple[Evidence, ...]:
    return evidence_of(found, read, Limits(evidence_per_match_max=EVIDENCE_PER_STEP_MAX))


def _spans(found: Found) -> list[TextFind]:
    return [find for find in found or () if isinstance(find, TextFind)]


def _text_of(window: Window, read: ReadArticle) -> str:
    (stretch,) = window
    reading = read.reading(stretch.field)
    assert reading is not None
    return " ".join(reading.source[reading.starts[stretch.first] : reading.ends[stretch.end - 1]].split())


def _forms(node: Node) -> tuple[str, ...]:
    match node:
        case Word(text=text, inflected=True):
            return inflections(text)
        case Phrase(words=(*_, Word(text=text, inflected=True))):
            return inflections(text)
        case _:
            return ()
