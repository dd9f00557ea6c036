"""`redline rules` on folders of rule files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stream.cli.rules import rules
from stream.errors import RulesError

RULE = """\
kind: rule
severity: low
id: example.truce
match: ( truce ) # why
tests:
  - {name: fires, article: {body: A truce.}, expect: fire}
"""


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(rules, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one untidy rule file."""
    (tmp_path / "a.yml").write_text(RULE, encoding="utf-8")
    return tmp_path


def test_fmt_checks_writes_and_is_done(folder: Path) -> None:
    checked = _run("fmt", folder, "--check")
    assert (checked.exit_code, checked.stdout) == (
        1,
        f"would change {folder}/a.yml\n1 file to change, 0 as they should be\n",
    )
    assert (folder / "a.yml").read_text(encoding="utf-8") == RULE
    written = _run("fmt", folder)
    assert (written.exit_code, written.stdout) == (0, f"changed {folder}/a.yml\n1 file changed, 0 as they should be\n")
    lines = (folder / "a.yml").read_text(encoding="utf-8").splitlines()
    assert lines[:4] == ["kind: rule", "id: example.truce", "severity: low", "match: truce  # why"]
    assert _run("fmt", folder, "--check").exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["a.yml"]


def test_fmt_leaves_files_with_errors_alone(folder: Path) -> None:
    (folder / "b.yml").write_text("kind: rule\nid: B\nseverity: low\nmatch: truce\n", encoding="utf-8")
    result = _run("fmt", folder)
    assert result.exit_code == 2
    assert "R205" in result.stderr
    assert (folder / "a.yml").read_text(encoding="utf-8") == RULE


def test_check_and_test_for_programs(folder: Path) -> None:
    checked = _run("check", folder, "--json")
    assert (checked.exit_code, checked.stdout) == (0, "")
    tested = _run("test", folder, "--json")
    assert [json.loads(line)["passed"] for line in tested.stdout.splitlines()] == [True]


def test_a_failed_test_says_why(folder: Path) -> None:
    text = RULE.replace("A truce.", "No truths.") + "exclude: [{name: x, match: truths}]\n"
    (folder / "a.yml").write_text(text, encoding="utf-8")
    why = ["nearest miss: `truce` is not there", "exclusion x masks “truths” body 3"]
    tested = _run("test", folder)
    assert tested.exit_code == 1
    assert tested.stdout.splitlines() == [
        f"{folder}/a.yml:6: example.truce: test 'fires': found quiet because of match, expected fire",
        *(f"  {line}" for line in why),
        "0 passed, 1 failed (1 rule tested)",
    ]
    (fields,) = map(json.loads, _run("test", folder, "--json").stdout.splitlines())
    assert fields["why"] == why


def test_schema_is_json() -> None:
    assert json.loads(_run("schema").stdout)["title"] == "Redline rule file"


@pytest.fixture
def article(tmp_path: Path) -> Path:
    """A file with one article."""
    path = tmp_path / "article.json"
    path.write_text(json.dumps({"body": "No truce\u001b[31m of any kind holds."}), encoding="utf-8")
    return path


def test_explain_shows_the_tree_and_what_masked_it(tmp_path: Path, article: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    exclude = "exclude:\n  - {name: denied, reason: None there., match: no ONEAR/0 truce}\n"
    (folder / "a.yml").write_text(RULE + exclude, encoding="utf-8")
    shown = _run("explain", "example.truce", "--article", article, "--rules", folder)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout == (
        "example.truce is quiet because of exclude:denied\n"
        "  nearest miss: “truce” is masked by the exclusion denied\n"
        "  exclusion denied masks “No truce” body 0\n"
        "\n"
        "match\n"
        "  ✓ truce: “truce” body 3\n"
        "\n"
        "exclude denied (mask: phrase, None there.)\n"
        "  ✓ no ONEAR/0 truce: “No truce” body 0\n"
        "    ✓ no: “No” body 0\n"
        "    ✓ truce: “truce” body 3\n"
        "\n"
        "match, without the words that exclusions mask\n"
        "  ✗ truce (“truce” is masked by the exclusion denied)\n"
    )
    fields = json.loads(_run("explain", "example.truce", "--article", article, "--rules", folder, "--json").stdout)
    assert (fields["fires"], fields["because"]) == (False, ["exclude:denied"])
    assert fields["match"]["evidence"][0]["text"] == "truce"


def test_explain_refuses_what_is_no_rule_and_no_article(folder: Path, article: Path) -> None:
    with pytest.raises(RulesError, match=r"Did you mean `example\.truce`"):
        _run("explain", "example.truze", "--article", article, "--rules", folder)
    article.write_text("{}", encoding="utf-8")
    refused = _run("explain", "example.truce", "--article", article, "--rules", folder)
    assert refused.exit_code == 2
    assert "is no article: found" in refused.stderr


def test_check_warns_of_words_that_are_common_in_a_corpus(folder: Path, tmp_path: Path) -> None:
    (folder / "l.yml").write_text(
        "kind: list\nid: words\nitems: [news, truce]\n---\nkind: rule\nid: b\nseverity: low\n"
        "match: '@words AND NOT day'\ntests: [{name: t, article: {body: x}, expect: quiet}]\n",
        encoding="utf-8",
    )
    corpus = tmp_path / "corpus.ndjson"
    lines = [json.dumps({"body": f"News of the day. {'Truce' * (i == 0)}"}) for i in range(20)]
    corpus.write_text("\n".join([*lines, "{}"]), encoding="utf-8")
    checked = _run("check", folder, "--corpus", corpus, "--json", "--strict")
    assert checked.exit_code == 1
    (found,) = map(json.loads, checked.stdout.splitlines())
    assert (found["code"], found["line"], found["column"]) == ("R909", 3, 9)
    assert found["found"] == "`news` in 20 of 20 articles of the corpus"
    assert "1 line refused (missing_body: 1)" in checked.stderr
    corpus.write_text(lines[0], encoding="utf-8")
    assert "has 1 article, expected at least 20" in _run("check", folder, "--corpus", corpus).stderr
