"""A rule set as small as it can be: for those who judge by it, and have nothing more to say about its files.

Half of a rule set is places, of every word its line and column, for diagnostics. Of what is left most is said several
times: a list stands in each rule that names it, and a word in many lists. Equal words and phrases become one object,
and what was one object stays one.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TypeVar, cast

from stream.rulelang.nodes import NOWHERE, Node, Phrase, Place, Word
from stream.rulelang.ruleset import Rule, RuleSet

_T = TypeVar("_T")


def lean(ruleset: RuleSet) -> RuleSet:
    """The same rules, equal to those given, without places."""
    thinner = _Thinner()
    return replace(ruleset, rules=tuple(thinner.rule(rule) for rule in ruleset.rules))


class _Thinner:
    def __init__(self) -> None:
        self._made: dict[int, object] = {}
        """By the identity of what it was made of, which lives as long as the rule set that is given."""
        self._leaves: dict[Node, Node] = {}
        self._texts: dict[str, str] = {}

    def rule(self, rule: Rule) -> Rule:
        exclusions = tuple(replace(each, match=self._thin(each.match)) for each in rule.exclusions)
        return replace(rule, match=self._thin(rule.match), exclusions=exclusions)

    def _thin(self, value: _T) -> _T:
        """A node, a tuple of nodes, or what else a node holds."""
        match value:
            case Place():
                return cast(_T, NOWHERE)
            case str():
                return cast(_T, self._texts.setdefault(value, value))
            case int() | None:
                return value
        known = self._made.get(id(value))
        if known is None:
            if isinstance(value, tuple):
                known = tuple(map(self._thin, value))
            else:
                node = cast(Node, value)
                thin = {field.name: self._thin(getattr(node, field.name)) for field in fields(node)}
                known = type(node)(**thin)
                if isinstance(known, Word | Phrase):
                    known = self._leaves.setdefault(known, known)
            self._made[id(value)] = known
        return cast(_T, known)
