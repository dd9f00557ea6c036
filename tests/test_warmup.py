"""What is judged before the first article: it meets the rules, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import orjson

from stream.engine import Engine
from stream.model import Record
from stream.sources.rulefiles import load_ruleset
from stream.warmup import samples, warmed

SHIPPED = load_ruleset(Path("rules"))
SEEDS = sorted(Path("seeds").glob("*.txt"))


def raw(number: int, body: str) -> Record:
    value = orjson.dumps({"id": f"seed-{number}", "body": body, "exercise": True})
    return Record("articles.raw", 0, number, 1_700_000_000_000, None, value, ())


def test_every_rule_with_a_firing_test_has_its_article() -> None:
    firing = [rule for rule in SHIPPED.rules if any(test.expect == "fire" for test in rule.tests)]
    found = list(samples(SHIPPED))
    assert len(found) == len(firing) > 30
    batch = Engine(SHIPPED).tag(found)
    assert batch.facts.articles == len(found)
    assert batch.facts.matches >= len([rule for rule in firing if rule.severity != "none"]) // 2


def test_what_comes_of_articles_is_the_same_with_and_without() -> None:
    records = [raw(number, path.read_text(encoding="utf-8")) for number, path in enumerate(SEEDS)]
    assert warmed(Engine(SHIPPED)).tag(records) == Engine(SHIPPED).tag(records)
