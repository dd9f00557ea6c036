"""One digest over rules: two rule sets with the same one do the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, replace

from stream.rulelang.printer import print_expanded
from stream.rulelang.ruleset import Correlation, Exclusion, Rule


def digest(rules: Iterable[Rule], correlations: Iterable[Correlation] = ()) -> str:
    """SHA-256 (hex) of all that decides what rules do and what alerts say: not of tests, file names or layout."""
    canonical = [_canonical(rule) for rule in sorted(rules, key=lambda rule: rule.id)]
    canonical += [_canonical_correlation(c) for c in sorted(correlations, key=lambda c: c.id)]
    text = json.dumps(canonical, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


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
