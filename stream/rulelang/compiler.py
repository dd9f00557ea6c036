"""Drafts to a `RuleSet`: lists resolved, rules in the order of their ids, one digest over all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from stream.rulelang.correlationfile import CorrelationDraft
from stream.rulelang.digest import digest
from stream.rulelang.lists import Lists
from stream.rulelang.rulefile import RuleDraft
from stream.rulelang.ruleset import Rule, RuleSet


def compile_rules(drafts: Iterable[RuleDraft], correlations: Iterable[CorrelationDraft], lists: Lists) -> RuleSet:
    """The rule set of drafts without errors."""
    rules = tuple(sorted((_resolved(draft.rule, lists) for draft in drafts), key=lambda rule: rule.id))
    over_time = tuple(sorted((draft.correlation for draft in correlations), key=lambda c: c.id))
    return RuleSet(rules, len(lists.drafts), digest(rules, over_time), over_time)


def _resolved(rule: Rule, lists: Lists) -> Rule:
    exclusions = tuple(replace(e, match=lists.resolve(e.match)) for e in rule.exclusions)
    return replace(rule, match=lists.resolve(rule.match), exclusions=exclusions)
