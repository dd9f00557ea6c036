"""Drafts to a `RuleSet`: lists resolved, rules in the order of their ids, one digest over all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, replace

from stream.rulelang.correlationfile import CorrelationDraft
from stream.rulelang.lists import Lists
from stream.rulelang.printer import print_expanded
from stream.rulelang.rulefile import RuleDraft
from stream.rulelang.ruleset import Correlation, Exclusion, Rule, RuleSet


def compile_rules(drafts: Iterable[RuleDraft], correlations: Iterable[CorrelationDraft], lists: Lists) -> RuleSet:
    """The rule set of drafts without errors."""
    rules = tuple(sorted((_resolved(draft.rule, lists) for draft in drafts), key=lambda rule: rule.id))
    over_time = tuple(sorted((draft.correlation for draft in correlations), key=lambda c: c.id))
    return RuleSet(rules, len(lists.drafts), digest(rules, over_time), over_time)


def digest(rules: Iterable[Rule], correlations: Iterable[Correlation] = ()) -> str:
    """SHA-256 (hex) of all that decides what rules do and what alerts say: not of tests, file names or layout."""
    canonical = [_canonical(rule) for rule in sorted(rules, key=lambda rule: rule.id)]
    canonical += [_canonical_correlation(c) for c in sorted(correlations, key=lambda c: c.id)]
    text = json.dumps(canonical, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _resolved(rule: Rule, lists: Lists) -> Rule:
    exclusions = tuple(replace(e, match=lists.resolve(e.match)) for e in rule.exclusions)
    return replace(rule, match=lists.resolve(rule.match), exclusions=exclusions)


def _canonical(rule: Rule) -> list[object]:
    scope = rule.scope
    return [
        *(rule.id, rule.version, rule.title, rule.description, rule.status, rule.severity.value),
        *(rule.topics, rule.labels, (scope.lang, scope.source, scope.max_age_seconds)),
        *(print_expanded(rule.match), [_canonical_exclusion(e) for e in rule.exclusions], rule.summary),
        *((rule.group_by, rule.throttle and astuple(rule.throttle)) if rule.stateful else ()),
    ]


def _canonical_correlation(correlation: Correlation) -> list[object]:
    said = replace(correlation, tests=(), file="", line=0)
    return ["correlation", *astuple(said)]


def _canonical_exclusion(exclusion: Exclusion) -> list[object]:
    return [exclusion.name, exclusion.mask, print_expanded(exclusion.match)]
