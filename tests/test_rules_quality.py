"""The shipped rules on labelled articles: precision first, then recall; and how much evidence an article may cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.model import Severity
from stream.rulelang import RuleSet, load
from stream.sources.rulefiles import read_rule_files
from tools.rules_quality import LABELS, labelled, shares, verdicts

ROOT = Path(__file__).parent.parent
# The files with texts of their own; those on corpora are for `make rules-quality`.
FILES = sorted(path for path in LABELS.glob("*.yml") if not path.name.startswith("corpus_"))

# Halves that nobody looks at in writing rules, and articles far from the usual words: what may be expected of these.
RECALL = {"invented_ninth": 0.65, "invented_eleventh": 0.7, "invented_twelfth": 0.7, "invented_thirteenth": 0.55}
PRECISION = {"invented_eleventh": 0.85, "invented_thirteenth": 0.9}


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    loaded = load(read_rule_files(ROOT / "rules"))
    assert loaded.ruleset is not None
    return loaded.ruleset


@pytest.fixture(scope="module")
def alerts(ruleset: RuleSet) -> frozenset[str]:
    return frozenset(rule.id for rule in ruleset.rules if rule.severity is not Severity.NONE)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_precision_and_recall(ruleset: RuleSet, alerts: frozenset[str], path: Path) -> None:
    found = list(verdicts(ruleset, list(labelled(path, alerts))))
    _, _, _, precision, recall = shares(found)
    errors = "\n".join(f"{v.kind} {v.article} {v.rule}: {v.why}" for v in found if v.kind != "right")
    assert precision >= PRECISION.get(path.stem, 0.95), errors
    assert recall >= RECALL.get(path.stem, 0.9), errors


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_labels_name_alert_rules(alerts: frozenset[str], path: Path) -> None:
    for article in labelled(path, alerts):
        assert article.fire.keys() | article.may <= alerts, article.id
