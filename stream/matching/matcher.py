"""Rules × articles → matches, one call a batch."""

from __future__ import annotations

from collections.abc import Sequence

from stream.matching.article import ReadArticle
from stream.matching.evidence import evidence_of
from stream.matching.finds import Fired, RuleMatch, Verdict
from stream.matching.limits import Limits
from stream.matching.reference import judge
from stream.rulelang.ruleset import Rule, RuleSet


class Matcher:
    """A rule set ready to be asked of articles. Holds no state that a result depends on."""

    def __init__(self, ruleset: RuleSet, limits: Limits | None = None) -> None:
        self._ruleset = ruleset
        self._limits = limits or Limits()

    def match(self, batch: Sequence[ReadArticle]) -> list[list[RuleMatch]]:
        """For each article the rules that hold, in the order of the rule set, with their evidence."""
        return [self._of_article(read) for read in batch]

    def verdict(self, rule: Rule, read: ReadArticle) -> Verdict:
        """What one rule of the set says about one article, and why if it is quiet."""
        return judge(rule, read)

    def _of_article(self, read: ReadArticle) -> list[RuleMatch]:
        matches = []
        for rule in self._ruleset.rules:
            verdict = judge(rule, read)
            if isinstance(verdict, Fired):
                matches.append(RuleMatch(rule, evidence_of(verdict.finds, read, self._limits)))
        return matches
