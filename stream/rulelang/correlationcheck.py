"""What documents mean together: the rules that correlations name, and the tests over time that stateful rules need."""

from __future__ import annotations

from collections.abc import Sequence

from stream.rulelang.correlationfile import CorrelationDraft
from stream.rulelang.rulefile import RuleDraft
from stream.rulelang.source import did_you_mean, quoted

EVENTS_OF_A_THROTTLE_MIN = 2


def check_correlations(drafts: Sequence[CorrelationDraft], rules: Sequence[RuleDraft]) -> None:
    """Note rules that do not exist, and what a stable correlation lacks."""
    known = {draft.rule.id for draft in rules}
    for draft in drafts:
        for name in draft.rules:
            if name.text not in known:
                help_ = did_you_mean(name.text, known) or "Add a rule with this id."
                draft.source.add("R507", name.place, f"the rule {quoted(name.text)}", "a known rule", help_)
        correlation = draft.correlation
        fires = any(expected.state == "fired" for test in correlation.tests for expected in test.expect)
        if correlation.status == "stable" and not fires:
            help_ = "Add `events` and `expect: [{at: …, state: fired}]`, or set `status: experimental`."
            found = "a stable correlation without a test that fires"
            draft.source.add("R702", draft.place, found, "a test over time", help_)


def check_over_time(draft: RuleDraft) -> None:
    """Note a stable rule whose state no test touches."""
    rule = draft.rule
    tested = any(len(test.events) >= EVENTS_OF_A_THROTTLE_MIN for test in rule.time_tests)
    if rule.status == "stable" and rule.stateful and not tested:
        help_ = "Add a test with `events: [{at: 0m}, {at: 5m}]` and `expect:`, or set `status: experimental`."
        what = "a throttle" if rule.throttle is not None else "groups"
        found = f"a stable rule with {what} and no test of two events or more"
        draft.source.add("R702", draft.place, found, "a test over time", help_)


def lint_correlations(drafts: Sequence[CorrelationDraft]) -> None:
    """Note correlations without a test."""
    for draft in drafts:
        if not draft.correlation.tests:
            help_ = "Add `tests:` with events that fire it, and events that do not."
            found = f"the correlation {quoted(draft.correlation.id)} without a test"
            draft.source.add("R903", draft.place, found, "at least one test", help_)
