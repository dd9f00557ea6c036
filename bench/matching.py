"""What does matching cost an article, beside one compiled `re` for each rule, in one run on one machine?

    python -m bench.matching [--rules DIR] [--repeat N] [FILE.ndjson …]

Reads the seeds (or the articles given), then matches them against the rules of a folder and against 10, 100 and
1,000 generated rules. Times are processor time of the best of N rounds, in µs for one article; `read` is reading
all articles from scratch, with sentences and offsets only where a rule asks for them. The `re` of a rule looks for
the same words without NEAR or sentences: it does less.
"""

from __future__ import annotations

import gc
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from stream.matching import Matcher, ReadArticle, read_article
from stream.model import Article, Reject, Severity
from stream.rulelang.nodes import And, Near, Node, Or, Phrase, Scoped, Word
from stream.rulelang.ruleset import Rule, RuleSet, Scope
from stream.sources.rulefiles import load_ruleset
from stream.wire.decode import decode_article

SEEDS = Path(__file__).parent.parent / "seeds"
TIME = datetime(2024, 9, 12, tzinfo=UTC)
RULE_COUNTS = (10, 100, 1_000)


@click.command(help=__doc__)
@click.option("--rules", type=click.Path(path_type=Path), default=Path("rules"), help="Folder of rule files.")
@click.option("--repeat", default=9, help="Rounds; the best counts.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def main(rules: Path, repeat: int, files: tuple[Path, ...]) -> None:
    """Print one line a rule set."""
    articles = _articles(files)
    code_points = sum(len(article.body) for article in articles) // len(articles)
    print(f"{len(articles)} articles of {code_points} code points on average; µs an article, best of {repeat}")
    words = sorted({token for read in _read(articles) for token in read.body.tokens if token.isalpha()})
    shipped = load_ruleset(rules)
    _line(f"{len(shipped.rules)} rules of {rules}", shipped, None, articles, repeat)
    for count in RULE_COUNTS:
        made = [_generated(number, words) for number in range(count)]
        ruleset = RuleSet(tuple(rule for rule, _ in made), 0, "")
        _line(f"{count} generated rules", ruleset, [pattern for _, pattern in made], articles, repeat)


def _line(
    name: str, ruleset: RuleSet, patterns: list[re.Pattern[str]] | None, articles: Sequence[Article], repeat: int
) -> None:
    matcher = Matcher(ruleset)
    matches = matcher.match(_read(articles))
    # What is loaded by now stays; without this the collector walks it again and again.
    gc.collect()
    gc.freeze()
    reading = _best(lambda: _read(articles), repeat) / len(articles)
    both = _best(lambda: matcher.match(_read(articles)), repeat) / len(articles)
    read = _read(articles)
    matching = _best(lambda: matcher.match(read), repeat) / len(articles)
    line = (
        f"{name:28} read {reading:7.0f}   match {matching:7.0f}   both, from scratch {both:7.0f}   "
        f"matches {sum(map(len, matches)) / len(articles):5.1f}"
    )
    if patterns is not None:
        searching = _best(lambda: _search(patterns, articles), max(1, repeat // 3)) / len(articles)
        line += f"   re {searching:8.0f} = {searching / matching:5.1f} x match"
    print(line)


def _articles(files: Sequence[Path]) -> list[Article]:
    if not files:
        return [
            Article(id=path.name, body=path.read_text(encoding="utf-8"), lang="en")
            for path in sorted(SEEDS.glob("*.txt"))
        ]
    decoded = [
        decode_article(line, message_bytes_max=10_000_000)
        for path in files
        for line in path.read_bytes().splitlines()
        if line.strip()
    ]
    return [found.article for found in decoded if not isinstance(found, Reject)]


def _read(articles: Sequence[Article]) -> list[ReadArticle]:
    return [read_article(article, TIME) for article in articles]


def _search(patterns: Sequence[re.Pattern[str]], articles: Sequence[Article]) -> None:
    for article in articles:
        for pattern in patterns:
            pattern.search(article.body)


def _generated(number: int, words: Sequence[str]) -> tuple[Rule, re.Pattern[str]]:
    """A rule over words of the articles and words that no article has, and a regex for the same words."""
    dice = random.Random(number)

    def word() -> Word:
        text = dice.choice(words)
        return Word(text if dice.random() < 0.3 else text + dice.choice(("ova", "ix", "um")), inflected=True)

    def either() -> Or:
        return Or(tuple(word() for _ in range(dice.randint(2, 8))))

    match dice.randrange(4):
        case 0:
            node: Node = Near(either(), either(), dice.randint(2, 10))
        case 1:
            node = Scoped("SENTENCE", And((either(), either())))
        case 2:
            node = Or((Phrase((word(), word())), *either().operands))
        case _:
            node = And((either(), either(), either()))
    texts = dict.fromkeys(re.findall(r"text='(\w+)'", repr(node)))
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, texts))})(?:s|es|d|ed|ing)?\b", re.IGNORECASE)
    rule = Rule(
        f"generated.{number}", 1, "", "", "experimental", Severity.NONE, (), (), Scope(), node, (), "", (), "", 1
    )
    return replace(rule, title=rule.id), pattern


def _best(work: Callable[[], object], repeat: int) -> float:
    """Processor time of the fastest round, in µs."""
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best * 1e6


if __name__ == "__main__":
    main()
