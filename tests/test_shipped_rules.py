"""The rules folder as shipped: it loads clean, its own tests pass, and the seeds raise what rules/README.md says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from stream.matching import Matcher, read_article
from stream.model import Reject, Severity
from stream.rulelang import RuleSet, load, render
from stream.ruletest import run_tests
from stream.sources.item import Offered
from stream.sources.rulefiles import read_rule_files
from stream.sources.seeds import read_seeds
from stream.wire.decode import article_from

ROOT = Path(__file__).parent.parent
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EXPECTED = {
    "000": {
        "ua.arms.long_range",
        "ua.arms.to_russia",
        "ua.escalation.language",
        "ua.escalation.reported",
        "ua.escalation.risk",
        "ua.incursion.cross_border",
        "ua.sanctions.new",
        "ua.strikes.inside_russia",
        "ua.strikes.permission",
        "ua.war.direct",
    },
    "001": {"ua.mediation.china", "ua.talks.move"},
    "002": {
        "ua.arms.long_range",
        "ua.energy.attack",
        "ua.escalation.language",
        "ua.escalation.risk",
        "ua.retaliation.threat",
        "ua.strikes.inside_russia",
    },
    "003": {
        "ua.arms.long_range",
        "ua.arms.to_russia",
        "ua.escalation.risk",
        "ua.nato.involvement",
        "ua.retaliation.threat",
        "ua.strikes.inside_russia",
        "ua.strikes.permission",
        "ua.ultimatum",
        "ua.war.direct",
        "ua.war.spillover",
    },
    "004": {
        "ua.arms.long_range",
        "ua.energy.attack",
        "ua.escalation.reported",
        "ua.incursion.cross_border",
        "ua.strikes.inside_russia",
        "ua.strikes.permission",
        "ua.talks.move",
    },
}


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    loaded = load(read_rule_files(ROOT / "rules"))
    assert not loaded.diagnostics, "\n".join(render(diagnostic) for diagnostic in loaded.diagnostics)
    assert loaded.ruleset is not None
    return loaded.ruleset


def test_the_rules_own_tests_pass(ruleset: RuleSet) -> None:
    failed = [str(result) for result in run_tests(ruleset) if not result.passed]
    assert not failed, "\n".join(failed)


def test_every_alert_rule_has_a_description_and_three_tests(ruleset: RuleSet) -> None:
    alerts = [rule for rule in ruleset.rules if rule.severity is not Severity.NONE]
    assert alerts
    for rule in alerts:
        outcomes = [test.expect for test in rule.tests]
        assert len(outcomes) >= 3, rule.id
        assert "fire" in outcomes, rule.id
        assert "quiet" in outcomes, rule.id
        assert rule.description, rule.id


@pytest.mark.parametrize("number", sorted(EXPECTED))
def test_a_seed_raises_what_the_readme_says(ruleset: RuleSet, number: str) -> None:
    offered = next(
        item
        for item in read_seeds(ROOT / "seeds", file_bytes_max=1_000_000)
        if isinstance(item, Offered) and Path(item.origin.file).name.startswith(number)
    )
    decoded = article_from(offered.fields)
    assert not isinstance(decoded, Reject)
    (matches,) = Matcher(ruleset).match([read_article(decoded.article, EPOCH)])
    assert not [match.error for match in matches if match.error]
    alerts = {match.rule.id: match for match in matches if match.rule.severity is not Severity.NONE}
    assert set(alerts) == EXPECTED[number]
    assert all(match.evidence for match in alerts.values())
