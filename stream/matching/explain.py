"""Why a rule fires or stays quiet: the tree of its expression with what held where, and the nearest miss.

It asks `reference`, node by node, so that it can never disagree with what the rule language means. A function of
values, made for one rule and one article at a time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from stream.matching.article import ReadArticle
from stream.matching.elsewhere import Asked, Remembering, elsewhere, words_of
from stream.matching.evidence import evidence_of
from stream.matching.finds import Find, Fired, Quiet, TextFind, Verdict, leaf_positions
from stream.matching.limits import Limits
from stream.matching.misses import near_miss, repeated_miss, where_else
from stream.matching.reference import Found, Question, Window, judge, topics_for, whole_of
from stream.matching.scopemiss import scope_misses
from stream.model import Evidence
from stream.rulelang.inflect import inflections
from stream.rulelang.nodes import (
    And,
    AnyOf,
    AtLeast,
    FieldScoped,
    Lead,
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
from stream.rulelang.ruleset import Exclusion, Rule
from stream.rulelang.walk import children

EVIDENCE_PER_STEP_MAX = 5
MISSES_MAX = 3
UNITS_PER_STEP_MAX = 3
ITEMS_PER_STEP_MAX = 20
SHOWN_CODE_POINTS_MAX = 160

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


@dataclass(frozen=True, slots=True)
class Step:
    """One node of an expression; `kind` is its operator, a list's name, or LEAF.

    `evidence` is the first of what it found, `found` how many; `miss` says how near it came; `forms` are those of a
    `~word`; `nearness` is 1 where it holds, less where less of it does; `items` are the first of a list, of
    `items_count`. A SENTENCE or PARAGRAPH has a step of kind IN for each of the first in which it holds, or for the
    closest one.
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
    items: tuple[str, ...]
    items_count: int


@dataclass(frozen=True, slots=True)
class Excepted:
    """One exclusion: whether it held, and the words that it found, each with field and place (`“red line” body 3`).
    Where they stand apart, “…” is what the mask leaves alone."""

    exclusion: Exclusion
    step: Step
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All about one rule and one article. `scope` says what keeps the article out, `masked` is the expression asked
    once more without the words that exclusions found (None if there are none, or the article is dropped), `topics`
    are those that it asked for and got, `misses` the nearest misses of a quiet rule, nearest first."""

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
    question = Remembering(read, {"title": set(), "body": set()}, topics)
    asked = Asked(whole_of(read))
    match = _step(question, rule.match, asked)
    found = {e.name: question.ask(e.match, asked.window, case=False) for e in rule.exclusions}
    excepted = tuple(
        Excepted(e, _step(question, e.match, asked), words_of(found[e.name], read)) for e in rule.exclusions
    )
    held = [each.exclusion for each in excepted if each.step.held]
    masked = None
    if match.held and held and all(exclusion.mask == "phrase" for exclusion in held):
        hidden = tuple((e.name, leaf_positions(found[e.name] or ())) for e in held)
        masks = leaf_positions([find for e in held for find in found[e.name] or ()])
        masked = _step(Remembering(read, masks, topics, question, hidden), rule.match, asked)
    misses = tuple(dict.fromkeys(misses_of(match if masked is None else masked)))[:MISSES_MAX]
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
            {"name": e.exclusion.name, "mask": e.exclusion.mask, "words": e.words, "match": dataclasses.asdict(e.step)}
            for e in explanation.exclusions
        ],
        "masked": None if explanation.masked is None else dataclasses.asdict(explanation.masked),
    }


def misses_of(step: Step) -> list[str]:
    """What is missing where a step does not hold, as clauses, the operand that came nearest first."""
    if step.held:
        return []
    failing = sorted((inner for inner in step.steps if not inner.held), key=lambda inner: -inner.nearness)
    if step.kind == "OR" and all(not inner.steps and not inner.miss for inner in failing):
        return [f"`{_short(step.clause)}` is not there"]
    below = [miss for inner in failing for miss in misses_of(inner)]
    if step.kind == "IN" and below:
        return [f"{step.miss}: {'; '.join(below)}"]
    if step.kind == "ANY" and below:
        return [f"{step.miss}: {below[0]}", *below[1:]]
    if step.kind in ("AND", "OR", "SENTENCE", "PARAGRAPH", "CASE", "LEAD", "FIELD") and below and not step.miss:
        return below
    if step.kind == "NOT" and step.steps[0].evidence:
        return [f"`{_short(step.clause)}`, but “{step.steps[0].evidence[0].text}” is there"]
    return [step.miss or (below[0] if below else f"`{_short(step.clause)}` is not there")]


def _step(question: Remembering, node: Node, asked: Asked) -> Step:
    found = question.ask(node, asked.window, case=asked.case)
    steps, miss = _inside(question, node, asked, found)
    if found is None and not steps and not miss:
        miss = elsewhere(question, node, asked)
    items = children(node) if isinstance(node, Or) and node.name is not None else ()
    return Step(
        clause=print_node(Scoped("CASE", node) if asked.case and isinstance(node, Word | Phrase) else node),
        kind=_kind(node),
        held=found is not None,
        found=len(found or ()),
        evidence=_evidence(found or (), question.read),
        miss="" if found is not None else miss,
        forms=_forms(node),
        nearness=1.0 if found is not None else _nearness(node, steps),
        steps=steps,
        items=tuple(print_node(item) for item in items[:ITEMS_PER_STEP_MAX]),
        items_count=len(items),
    )


def _inside(question: Remembering, node: Node, asked: Asked, found: Found) -> tuple[tuple[Step, ...], str]:
    """The operands, explained, and how near the node came."""
    window, case, read = asked.window, asked.case, question.read
    match node:
        case Or(name=str(), operands=items):
            # A list: only the items that hold.
            held = (item for item in items if question.ask(item, window, case=case) is not None)
            return tuple(_step(question, item, asked) for item in held), ""
        case Scoped(kind="CASE", operand=operand):
            inner = _step(question, operand, replace(asked, case=True))
            return (inner,), inner.miss
        case Scoped():
            return _units(question, node, asked), ""
        case Lead(words=words, operand=operand):
            body = _in_field(window, "body")
            lead = tuple(replace(s, end=min(s.end, words)) for s in body)
            title = _in_field(window, "title")
            where = ((body, f"behind the first {words} words"), (title, "in the title"))
            return _narrowed(question, operand, asked, lead, where)
        case FieldScoped(name=name, operand=operand):
            return _narrowed(question, operand, asked, _in_field(window, name), ((window, f"outside the {name}"),))
        case Near():
            steps = _each(question, node, asked)
            lefts, rights = (_spans(question.ask(side, window, case=case)) for side in (node.left, node.right))
            gone = tuple(elsewhere(question, side, asked) for side in (node.left, node.right))
            return steps, near_miss(node, (lefts, rights), read, gone) if found is None else ""
        case AtLeast(operand=operand, count=count):
            return _each(question, node, asked), repeated_miss(question.ask(operand, window, case=case), count)
        case AnyOf(count=count):
            steps = _each(question, node, asked)
            return steps, f"{sum(step.held for step in steps)} of {count} hold"
        case _:
            return _each(question, node, asked), ""


def _each(question: Remembering, node: Node, asked: Asked) -> tuple[Step, ...]:
    return tuple(_step(question, child, asked) for child in children(node))


def _narrowed(
    question: Remembering, operand: Node, asked: Asked, narrow: Window, around: tuple[tuple[Window, str], ...]
) -> tuple[tuple[Step, ...], str]:
    """The operand in a narrower window. Where it is one thing it is said as a whole where else that stands; of several
    (`LEAD/5(a AND b)`) each says it of itself, for one of them may be in its place."""
    inner = _step(question, operand, Asked(narrow, asked.case, around))
    if not _is_one(operand):
        return (inner,), ""
    found = ((question.ask(operand, window, case=asked.case), where) for window, where in around)
    return (inner,), next((miss for each, where in found if (miss := where_else(each, question.read, where))), "")


def _is_one(node: Node) -> bool:
    """Whether what a node finds is one span of words; of an OR, whether each side's is."""
    match node:
        case Or(operands=operands):
            return all(_is_one(each) for each in operands)
        case Scoped(kind="CASE", operand=operand):
            return _is_one(operand)
        case _:
            return isinstance(node, Word | Phrase | Regex | Near)


def _in_field(window: Window, name: str) -> Window:
    return tuple(stretch for stretch in window if stretch.field == name)


def _units(question: Remembering, node: Scoped, asked: Asked) -> tuple[Step, ...]:
    """The operand in each of the first sentences or paragraphs in which it holds, or else in the closest one."""
    operand, kind = node.operand, node.kind.lower()
    units = list(question.units(node.kind, asked.window))
    held = [unit for unit in units if question.ask(operand, unit, case=asked.case) is not None]
    steps = []
    for unit in held[:UNITS_PER_STEP_MAX]:
        inner = _step(question, operand, Asked(unit, asked.case))
        steps.append(_in(f"in “{_text_of(unit, question.read)}”", "", inner))
    if len(held) > len(steps):
        more = len(held) - len(steps)
        steps.append(_in(f"in {more} more {kind}{'s' * (more > 1)}", "", None))
    if held:
        return tuple(steps)
    closest = _closest_unit(question, operand, units, case=asked.case)
    inner = _step(question, operand, Asked(closest or (), asked.case, ((asked.window, f"in another {kind}"),)))
    if closest is None:
        return (inner,)
    return (_in(f"in one {kind}", f"the closest {kind} is “{_text_of(closest, question.read)}”", inner),)


def _in(clause: str, miss: str, inner: Step | None) -> Step:
    held, nearness = (inner.held, inner.nearness) if inner else (True, 1.0)
    return Step(clause, "IN", held, 0, (), miss, (), nearness, (inner,) if inner else (), (), 0)


def _closest_unit(question: Remembering, operand: Node, units: Sequence[Window], *, case: bool) -> Window | None:
    """The sentence or paragraph in which the operand held before words were masked, or else comes nearest."""
    best: Window | None = None
    most = 0.0
    for unit in units:
        plain = question.plain is not None and question.plain.ask(operand, unit, case=case) is not None
        held = _share(question, operand, unit, case=case) + plain
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


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CODE_POINTS_MAX else text[: SHOWN_CODE_POINTS_MAX - 1] + "…"


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
    return _short(" ".join(reading.source[reading.starts[stretch.first] : reading.ends[stretch.end - 1]].split()))


def _forms(node: Node) -> tuple[str, ...]:
    match node:
        case Word(text=text, inflected=True):
            return inflections(text)
        case Phrase(words=(*_, Word(text=text, inflected=True))):
            return inflections(text)
        case _:
            return ()
