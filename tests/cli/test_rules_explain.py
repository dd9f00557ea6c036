"""`redline rules explain`: what it shows of sentences, lists and masks, and what it answers to what is no rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stream.cli.rules import rules
from stream.errors import RulesError

RULES = """\
kind: list
id: sides
items: [Russia, Ukraine, NATO, ~ally]
---
kind: rule
id: demo.warning
severity: low
match: SENTENCE(@sides AND (~warn OR ~threaten))
exclude:
  - {name: weather, match: ~storm NEAR/3 ~warn}
  - {name: sport, mask: article, match: football}
tests: [{name: fires, article: {body: Russia warns.}, expect: fire}]
---
kind: correlation
id: demo.many
type: event_count
rules: [demo.warning]
window: {size: 1h, type: sliding}
condition: {gte: 2}
severity: high
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a list, a rule and a correlation."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yml").write_text(RULES, encoding="utf-8")
    return tmp_path / "rules"


def _explain(folder: Path, body: str, identifier: str = "demo.warning") -> Result:
    path = folder.parent / "article.json"
    path.write_text(json.dumps({"body": body}), encoding="utf-8")
    return _run(folder, path, identifier)


def _run(folder: Path, path: Path, identifier: str = "demo.warning") -> Result:
    arguments = ["explain", identifier, "--article", str(path), "--rules", str(folder)]
    return CliRunner().invoke(rules, arguments, catch_exceptions=False)


def _without_forms(result: Result) -> list[str]:
    return [line for line in result.stdout.splitlines() if not line.strip().startswith("forms:")]


def test_each_sentence_is_shown_with_what_holds_in_it(folder: Path) -> None:
    shown = _without_forms(_explain(folder, "Russia warns. Calm reigns. NATO, an ally, threatened them."))
    assert shown[: shown.index("exclude weather (mask: phrase)")] == [
        "demo.warning fires",
        "",
        "match",
        "  ✓ SENTENCE(@sides AND (~warn OR ~threaten)): “Russia” body 0, “warns” body 7, “NATO” body 27 and 2 more",
        "    ✓ in “Russia warns”",
        "      ✓ @sides AND (~warn OR ~threaten)",
        "        ✓ @sides: “Russia” body 0",
        "          ✓ Russia: “Russia” body 0",
        "        ✓ ~warn OR ~threaten",
        "          ✓ ~warn: “warns” body 7",
        "          ✗ ~threaten",
        "    ✓ in “NATO, an ally, threatened them”",
        "      ✓ @sides AND (~warn OR ~threaten)",
        "        ✓ @sides: “NATO” body 27, “ally” body 36",
        "          ✓ NATO: “NATO” body 27",
        "          ✓ ~ally: “ally” body 36",
        "        ✓ ~warn OR ~threaten",
        "          ✗ ~warn",
        "          ✓ ~threaten: “threatened” body 42",
        "",
    ]


def test_of_a_list_that_does_not_hold_the_items_are_shown(folder: Path) -> None:
    shown = _without_forms(_explain(folder, "He warned. Ukraine slept."))
    assert shown[:9] == [
        "demo.warning is quiet because of match",
        "  nearest miss: the closest sentence is “He warned”: “Ukraine” stands in another sentence",
        "",
        "match",
        "  ✗ SENTENCE(@sides AND (~warn OR ~threaten))",
        "    ✗ in one sentence (the closest sentence is “He warned”)",
        "      ✗ @sides AND (~warn OR ~threaten)",
        "        ✗ @sides (“Ukraine” stands in another sentence)",
        "            items: Russia, Ukraine, NATO, ~ally",
    ]


def test_what_is_masked_is_said_to_be_masked(folder: Path) -> None:
    shown = _without_forms(_explain(folder, "Russia was far. Of storms Russia then warned. NATO slept."))
    masked = "“warned” is masked by the exclusion weather"
    assert shown[:3] == [
        "demo.warning is quiet because of exclude:weather",
        f"  nearest miss: the closest sentence is “Of storms Russia then warned”: {masked}; `~threaten` is not there",
        "  exclusion weather masks “storms … warned” body 19",
    ]
    assert f"          ✗ ~warn ({masked})" in shown


def test_a_dropped_article_is_said_to_be_dropped(folder: Path) -> None:
    shown = _without_forms(_explain(folder, "Russia warns of storms at football."))
    assert shown[:4] == [
        "demo.warning is quiet because of exclude:sport",
        "  exclusion weather masks “warns … storms” body 7",
        "  exclusion sport drops the article for “football” body 26",
        "",
    ]
    assert "match, without the words that exclusions mask" not in shown


@pytest.mark.parametrize(
    ("identifier", "said"),
    [
        (
            "demo.many",
            r"found the correlation demo\.many, .* what demo\.warning found over time\. Explain one of these",
        ),
        ("sides", r"found the list @sides, expected the id of a rule\. Its items: Russia, Ukraine, NATO, ~ally\."),
        ("@sides", r"found the list @sides"),
        ("demo.waning", r"found no rule demo\.waning, .* Did you mean `demo\.warning`\?"),
    ],
)
def test_what_is_no_rule_is_said_to_be_what_it_is(folder: Path, identifier: str, said: str) -> None:
    with pytest.raises(RulesError, match=said):
        _explain(folder, "Russia warns.", identifier)


def test_of_a_file_of_articles_one_line_is_asked_for(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "two articles.ndjson"
    path.write_text('\n{"body": "Russia warns."}\n{"body": "Calm."}\n', encoding="utf-8")
    refused = _run(folder, path)
    assert refused.exit_code == 2
    assert "found 2 JSON objects, one a line, expected one article" in refused.stderr
    assert f"sed -n 2p '{path}' | redline rules explain demo.warning --article -" in refused.stderr
    path.write_text('{"body": "Russia warns."}\n', encoding="utf-8")
    assert _run(folder, path).exit_code == 0


def test_a_text_that_is_not_named_body_is_said(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "article.json"
    path.write_text('{"text": "Russia warns."}', encoding="utf-8")
    refused = _run(folder, path)
    assert refused.exit_code == 2
    assert (
        "found nothing as body, expected 1 code point or more; if `text` is the text, name it `body`" in refused.stderr
    )
