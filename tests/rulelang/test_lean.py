"""A lean rule set is equal to the one it was made of, and says nothing twice."""

from __future__ import annotations

import gc
import pickle
from pathlib import Path

from stream.rulelang import RuleSet, load
from stream.rulelang.digest import digest
from stream.rulelang.lean import lean
from stream.rulelang.nodes import NOWHERE, Phrase, Place, Word
from stream.sources.rulefiles import read_rule_files

RULES = Path(__file__).parents[2] / "rules"


def loaded() -> RuleSet:
    ruleset = load(read_rule_files(RULES)).ruleset
    assert ruleset is not None
    return ruleset


def parts(ruleset: RuleSet) -> list[object]:
    """All that the expressions of the rules consist of, each object once."""
    waiting: list[object] = [rule.match for rule in ruleset.rules]
    waiting += [exclusion.match for rule in ruleset.rules for exclusion in rule.exclusions]
    found: dict[int, object] = {}
    while waiting:
        part = waiting.pop()
        if id(part) not in found and not isinstance(part, type):
            found[id(part)] = part
            waiting.extend(gc.get_referents(part))
    return list(found.values())


def test_nothing_that_rules_do_is_lost() -> None:
    ruleset = loaded()
    thin = lean(ruleset)
    assert thin == ruleset
    assert digest(thin.rules, thin.correlations) == ruleset.digest


def test_no_place_is_left_and_no_word_is_there_twice() -> None:
    thin = parts(pickle.loads(pickle.dumps(lean(loaded()))))
    assert [part for part in thin if isinstance(part, Place)] == [NOWHERE]
    leaves = [part for part in thin if isinstance(part, Word | Phrase)]
    assert len(leaves) == len(set(leaves))
