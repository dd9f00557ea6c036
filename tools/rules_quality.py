"""Precision and recall of the shipped alert rules on labelled articles: `make rules-quality ARGS="-v dev"`.

A label file is a list of articles: {id, title, body, fire: {rule id: reason}, may: [rule id]}. Rules under `may` count
neither way; every other alert rule that fires is wrong, every rule under `fire` that stays quiet is missed. A file with
`corpus: NAME` at its head takes title and body from ../shared/data/NAME.jsonl.gz by id. `sentences.yml` has sentences
by rule, under `fire` and `quiet`: only that rule is asked. A file whose corpus is not there is skipped.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stream.matching import Matcher, ReadArticle, read_article
from stream.model import Reject, Severity
from stream.rulelang import RuleSet, load
from stream.sources.rulefiles import read_rule_files
from stream.wire.decode import article_from

ROOT = Path(__file__).parent.parent
LABELS = ROOT / "tests" / "data" / "rules_quality"
DATA = ROOT.parent / "shared" / "data"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CONTEXT = "The war in Ukraine goes on."


class NoCorpusError(Exception):
    """The texts of a label file are not on this machine; they are no part of the repository."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An article with the rules that should fire on it and those that may."""

    id: str
    read: ReadArticle
    fire: dict[str, str]
    may: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule on one article: `kind` is right, wrong or missed; `why` is what it found, or the reason of the label."""

    kind: str
    rule: str
    article: str
    why: str


def labelled(path: Path, alerts: frozenset[str]) -> Iterator[Labelled]:
    """The articles of one label file, read as the worker would read them. `alerts` are the ids of the alert rules.

    Raises `NoCorpusError`.
    """
    document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    if path.name == "sentences.yml":
        document = list(_sentences(document, alerts))
    texts: dict[str, dict[str, str]] = {}
    if isinstance(document, dict):
        corpus = DATA / f"{document['corpus']}.jsonl.gz"
        if not corpus.exists():
            raise NoCorpusError(corpus)
        with gzip.open(corpus, "rt", encoding="utf-8") as lines:
            texts = {str(row["id"]): row for row in map(json.loads, lines)}
        document = document["articles"]
    for entry in document:
        given: dict[str, Any] = texts.get(str(entry["id"])) or entry
        body = given.get("text") or given.get("body")
        fields = {"id": str(entry["id"]), "title": given.get("title") or "", "body": body}
        decoded = article_from(fields)
        if isinstance(decoded, Reject):
            sys.exit(f"{path.name}: {entry['id']}: {decoded}")
        yield Labelled(
            str(entry["id"]),
            read_article(decoded.article, EPOCH),
            dict(entry.get("fire") or {}),
            frozenset(entry.get("may") or ()),
        )


def _sentences(document: dict[str, dict[str, list[str]]], alerts: frozenset[str]) -> Iterator[dict[str, Any]]:
    for rule, by_outcome in document.items():
        for outcome, sentences in by_outcome.items():
            for number, sentence in enumerate(sentences):
                yield {
                    "id": f"{outcome}-{number}",
                    "body": f"{sentence}\n{CONTEXT}",
                    "fire": {rule: sentence} if outcome == "fire" else {},
                    "may": alerts - {rule},
                }


def verdicts(ruleset: RuleSet, articles: list[Labelled]) -> Iterator[Verdict]:
    """One verdict a rule that fired or should have, in the order of articles and rules."""
    matcher = Matcher(ruleset)
    for article in articles:
        (matches,) = matcher.match([article.read])
        fired = {
            match.rule.id: match for match in matches if not match.error and match.rule.severity is not Severity.NONE
        }
        for rule in sorted(fired.keys() - article.may):
            kind = "right" if rule in article.fire else "wrong"
            yield Verdict(kind, rule, article.id, _quote(fired[rule]))
        for rule in sorted(article.fire.keys() - fired.keys()):
            yield Verdict("missed", rule, article.id, article.fire[rule])


def _quote(match: Any) -> str:
    sentences = dict.fromkeys(" ".join(piece.sentence.split()) for piece in match.evidence)
    texts = " | ".join(dict.fromkeys(piece.text for piece in match.evidence))
    return f"[{texts[:160]}] {' // '.join(sentences)[:500]}"


def shares(found: list[Verdict]) -> tuple[int, int, int, float, float]:
    """Right, wrong, missed, precision and recall (1.0 where there is nothing to divide by)."""
    count = Counter(verdict.kind for verdict in found)
    right, wrong, missed = count["right"], count["wrong"], count["missed"]
    return right, wrong, missed, _share(right, wrong), _share(right, missed)


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else 1.0


def main() -> None:
    """Print one line a label file, and with -v every rule that is wrong or missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="parts of names of label files (default: all)")
    parser.add_argument("-v", "--verbose", action="store_true", help="also what is wrong and what was missed")
    parser.add_argument("-r", "--by-rule", action="store_true", help="also a line a rule")
    parser.add_argument("--rules", type=Path, default=ROOT / "rules")
    options = parser.parse_args()
    files = sorted(LABELS.glob("*.yml"))
    for name in options.names:
        if not any(name in path.name for path in files):
            parser.error(f"found no label file with {name!r} in its name, expected one of {LABELS}")
    loaded = load(read_rule_files(options.rules))
    if loaded.ruleset is None:
        sys.exit("the rules have errors: redline rules check")
    alerts = frozenset(rule.id for rule in loaded.ruleset.rules if rule.severity is not Severity.NONE)
    everything: list[Verdict] = []
    print(f"{'labels':24} {'right':>6} {'wrong':>6} {'missed':>6} {'precision':>9} {'recall':>6}")
    for path in files:
        if options.names and not any(name in path.name for name in options.names):
            continue
        try:
            articles = list(labelled(path, alerts))
        except NoCorpusError as error:
            print(f"{path.stem:24} skipped: there is no {error}")
            continue
        found = list(verdicts(loaded.ruleset, articles))
        everything += found
        _print(path.stem, found)
        if options.verbose:
            for verdict in found:
                if verdict.kind != "right":
                    print(f"    {verdict.kind} {verdict.article} {verdict.rule}: {verdict.why}")
    if options.by_rule:
        for rule in sorted({verdict.rule for verdict in everything}):
            _print(rule, [verdict for verdict in everything if verdict.rule == rule])
    if everything:
        _print("all", everything)


def _print(name: str, found: list[Verdict]) -> None:
    right, wrong, missed, precision, recall = shares(found)
    print(f"{name:24} {right:6} {wrong:6} {missed:6} {precision:9.2f} {recall:6.2f}")


if __name__ == "__main__":
    main()
