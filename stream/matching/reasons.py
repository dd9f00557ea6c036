"""Why a rule is quiet, or why its exclusions did not keep it quiet: a few lines for people."""

from __future__ import annotations

from stream.matching.explain import Excepted, Explanation, misses_of
from stream.matching.finds import Quiet

PIECES_SHOWN_MAX = 3


def why_quiet(explanation: Explanation) -> list[str]:
    """The nearest misses, the exclusions that held, what is outside the scope, and the topics that others gave."""
    lines = [f"nearest miss: {miss}" for miss in explanation.misses]
    lines += [_holds(excepted) for excepted in explanation.exclusions if excepted.step.held]
    lines += [f"outside its scope: {miss}" for miss in explanation.scope]
    if explanation.topics:
        lines.append(f"topics given by other rules: {', '.join(explanation.topics)}")
    return lines


def why_not_quiet(explanation: Explanation) -> list[str]:
    """Of each exclusion what it masks beside what fires, or what it misses; nothing for a rule that is quiet."""
    if isinstance(explanation.verdict, Quiet):
        return []
    return [
        f"{_holds(e)}, and the rule holds without that"
        if e.step.held
        else f"exclusion {e.exclusion.name} does not hold: {'; '.join(misses_of(e.step)[:PIECES_SHOWN_MAX])}"
        for e in explanation.exclusions
    ]


def _holds(excepted: Excepted) -> str:
    shown = excepted.words[:PIECES_SHOWN_MAX]
    more = f" and {len(excepted.words) - len(shown)} more" if len(excepted.words) > len(shown) else ""
    words = f"{', '.join(shown)}{more}"
    does = "masks " if excepted.exclusion.mask == "phrase" else "drops the article for "
    return f"exclusion {excepted.exclusion.name} " + (f"{does}{words}" if words else "drops the article")
