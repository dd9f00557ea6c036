"""The output of `redline rules explain`: for people a tree, for programs one JSON object."""

from __future__ import annotations

from collections.abc import Iterator

from stream.clean.printable import printable
from stream.matching import Fired
from stream.matching.explain import Explanation, Step
from stream.matching.reasons import PIECES_SHOWN_MAX, why_quiet

FORMS_SHOWN_MAX = 20
CLAUSE_CODE_POINTS_MAX = 100


def explained(explanation: Explanation) -> str:
    """The explanation as text: the verdict, the nearest misses, scope, expression and exclusions."""
    rule = explanation.rule
    lines = [f"{rule.id} {'fires' if isinstance(explanation.verdict, Fired) else 'is quiet'}{_reasons(explanation)}"]
    lines += [f"  {line}" for line in why_quiet(explanation)]
    lines += ["", "match", *_tree(explanation.match, 1)]
    for excepted in explanation.exclusions:
        exclusion, step = excepted.exclusion, excepted.step
        reason = f", {exclusion.reason}" if exclusion.reason else ""
        lines += ["", f"exclude {exclusion.name} (mask: {exclusion.mask}{reason})", *_tree(step, 1)]
    if explanation.masked is not None:
        lines += ["", "match, without the words that exclusions mask", *_tree(explanation.masked, 1)]
    return printable_lines("\n".join(lines))


def printable_lines(text: str) -> str:
    """Lines without what a terminal would obey; their indentation stays."""
    lines = text.split("\n")
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + printable(line.lstrip(" ")) for line in lines)


def _reasons(explanation: Explanation) -> str:
    verdict = explanation.verdict
    return "" if isinstance(verdict, Fired) else f" because of {' and '.join(verdict.reasons)}"


def _tree(step: Step, depth: int, above: str = "") -> Iterator[str]:
    shown = (
        step.clause if len(step.clause) <= CLAUSE_CODE_POINTS_MAX else step.clause[: CLAUSE_CODE_POINTS_MAX - 1] + "…"
    )
    # Operands say what an AND or OR found.
    said = "" if step.held and step.kind in ("AND", "OR") else _said(step)
    # What the operator around it says already is not said again.
    yield f"{'  ' * depth}{'✓' if step.held else '✗'} {shown}{said if said != above or step.held else ''}"
    if step.forms:
        more = " …" if len(step.forms) > FORMS_SHOWN_MAX else ""
        yield f"{'  ' * depth}    forms: {', '.join(step.forms[:FORMS_SHOWN_MAX])}{more}"
    if step.items and not step.held:
        more = f" and {step.items_count - len(step.items):,} more" if step.items_count > len(step.items) else ""
        yield f"{'  ' * depth}    items: {', '.join(step.items)}{more}"
    for inner in step.steps:
        yield from _tree(inner, depth + 1, said)


def _said(step: Step) -> str:
    if not step.held:
        return f" ({step.miss})" if step.miss else ""
    pieces = [f"“{' '.join(e.text.split())}” {e.field} {e.start}" for e in step.evidence[:PIECES_SHOWN_MAX]]
    more = f" and {step.found - len(pieces)} more" if step.found > len(pieces) else ""
    return f": {', '.join(pieces)}{more}" if pieces else ""
