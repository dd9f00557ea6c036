"""Does the fast path find what the reference finds, on whole corpora? `make fast-is-reference DATA="FILE.jsonl.gz …"`.

Every rule is asked of every text by both, and verdicts and finds (spans, leaves, clauses, fields) are compared. Then
whole texts are matched as the worker does it, with evidence and without: the prefilter decides which rules are asked,
and those that hold have to be the reference's; what ends in an error is not compared. Files have a JSON object a line,
the text in `text`, a title in `title` or none; the seeds are always among the texts. Ends with code 1 if anything
differs.

The reference is asked with one shortcut, without which a thousand texts would take a day: what needs a word or phrase
of which no first word stands in the article is not looked for in each of its sentences.
"""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from stream.matching import Fired, Limits, Matcher, ReadArticle, read_article, reference
from stream.matching.finds import Find
from stream.matching.reference import Question, Window
from stream.matching.terms import TokenTest, sequences
from stream.model import Article
from stream.rulelang.nodes import And, Near, Node, Or, Phrase, Scoped, Word
from stream.sources.rulefiles import load_ruleset

ROOT = Path(__file__).parent.parent
TIME = datetime(2024, 9, 12, tzinfo=UTC)

Text = tuple[str, str | None, str]
"""Id, title and body."""


@click.command(help=__doc__)
@click.option("--rules", type=click.Path(path_type=Path), default=ROOT / "rules", help="Folder of rule files.")
@click.option("--every", default=1, help="Only each n-th text of a file.")
@click.option("--code-points", default=20_000, help="How much of each text.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
def main(rules: Path, every: int, code_points: int, files: tuple[Path, ...]) -> None:
    """Print one line a file."""
    ruleset = load_ruleset(rules)
    matcher = Matcher(ruleset)
    whole = {"evidence": matcher, "no evidence": Matcher(ruleset, Limits(evidence_per_match_max=0))}
    paths = sorted((ROOT / "seeds").glob("*.txt"))
    seeds: list[Text] = [(path.name, None, path.read_text(encoding="utf-8")) for path in paths]
    differences = 0
    corpora = [("seeds", seeds), *((path.name, list(_texts(path))[::every]) for path in files)]
    for name, texts in corpora:
        start = time.monotonic()
        held = differ = finds = 0
        for identity, title, body in texts:
            read = read_article(Article(id=identity, title=title, body=body[:code_points], lang="en"), TIME)
            with _Shortcut(read):
                slow = reference.judge_all(ruleset.rules, read)
            for rule in ruleset.rules:
                theirs, ours = slow[rule.id], matcher.verdict(rule, read)
                held += isinstance(ours, Fired)
                finds += len(ours.finds) if isinstance(ours, Fired) else 0
                if _comparable(theirs) != _comparable(ours):
                    differ += 1
                    print(f"{name}: {identity}: {rule.id}: the fast path and the reference differ")
            holding = {rule for rule, verdict in slow.items() if isinstance(verdict, Fired)}
            for kind, each in whole.items():
                for rule_id in sorted(_otherwise(each, read, holding)):
                    differ += 1
                    print(f"{name}: {identity}: {rule_id}: the whole text, with {kind}, and the reference differ")
        count = len(texts)
        print(
            f"{name}: {count} texts x {len(ruleset.rules)} rules: {held} matches with {finds} finds, "
            f"{differ} differences, {time.monotonic() - start:.0f} s",
            flush=True,
        )
        differences += differ
    sys.exit(1 if differences else 0)


def _otherwise(matcher: Matcher, read: ReadArticle, holding: set[str]) -> set[str]:
    """The rules that hold in a whole text and not by the reference, or the other way round."""
    (matches,) = matcher.match([read])
    failed = {match.rule.id for match in matches if match.error is not None}
    return ({match.rule.id for match in matches} ^ holding) - failed


def _comparable(verdict: object) -> object:
    return set(verdict.finds) if isinstance(verdict, Fired) else verdict


def _texts(path: Path) -> Iterator[Text]:
    for number, line in enumerate(gzip.decompress(path.read_bytes()).splitlines()):
        row = orjson.loads(line)
        if row["text"].strip():
            yield str(row.get("id") or number), row.get("title") or None, row["text"]


class _Shortcut:
    """While it is entered, the reference is not asked for what needs a word that the article does not have."""

    def __init__(self, read: ReadArticle) -> None:
        self._tokens = {*read.body.tokens, *(read.title.tokens if read.title is not None else ())}
        self._may: dict[tuple[int, bool], bool] = {}
        self._ask = Question.ask

    def __enter__(self) -> None:
        asked, may_hold = self._ask, self._may_hold

        def ask(question: Question, node: Node, window: Window, *, case: bool) -> list[Find] | None:
            return asked(question, node, window, case=case) if may_hold(node, case=case) else None

        Question.ask = ask  # type: ignore[assignment, method-assign]

    def __exit__(self, *_: object) -> None:
        Question.ask = self._ask  # type: ignore[method-assign]

    def _may_hold(self, node: Node, *, case: bool) -> bool:
        known = self._may.get((id(node), case))
        if known is None:
            known = self._may[id(node), case] = self._look(node, case=case)
        return known

    def _look(self, node: Node, *, case: bool) -> bool:
        match node:
            case Word() | Phrase():
                return any(self._stands(sequence[0]) for sequence in sequences(node, case=case))
            case And(operands=operands):
                return all(self._may_hold(operand, case=case) for operand in operands)
            case Or(operands=operands):
                return any(self._may_hold(operand, case=case) for operand in operands)
            case Near(left=left, right=right, negated=negated):
                return self._may_hold(left, case=case) and (negated or self._may_hold(right, case=case))
            case Scoped(operand=operand):
                return self._may_hold(operand, case=case or node.kind == "CASE")
        return True

    def _stands(self, test: TokenTest) -> bool:
        if test.prefix:
            return any(token.startswith(test.text) for token in self._tokens)
        return test.text in self._tokens


if __name__ == "__main__":
    main()
