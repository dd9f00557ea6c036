"""How many texts a second does one core match, beside other ways to look for the same phrases, in one run?

    python -m bench.throughput [--texts N] [--repeat N] [--python] [FILE.jsonl.gz …]

Texts are pieces of 1,600 code points of the seeds and of the files (body in `text`). `--texts` of them, at most half,
are matched; the others give the words of the rules. Times are processor time of the fastest of N rounds, in µs a text;
ours and peers get as many rounds.

    ours     from the text as received to the rules that hold; the last column adds their evidence
    peers    get the text read already: tokens between blanks, in which a phrase is a plain substring

`hits` are pairs of text and rule. Those of the peers are compared with ours on texts that are one sentence each, for no
peer knows sentences; differences have to be 0, but for peers that leave out overlapping phrases (`-n`: not found).
Lucene Monitor is Java: with its best presearcher, warm, without its compiler's and collector's time (`lucene_peer`).
"""

from __future__ import annotations

import gc
import gzip
import random
import re
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import click
import orjson

from bench import lucene_peer
from stream.clean import native
from stream.matching import Limits, Matcher, ReadArticle, read_article
from stream.matching.regex import find_all
from stream.model import Article, Severity
from stream.rulelang.nodes import And, Near, Node, Not, Or, Phrase, Scoped, Word
from stream.rulelang.ruleset import Rule, RuleSet, Scope

SEEDS = Path(__file__).parent.parent / "seeds"
TIME = datetime(2024, 9, 12, tzinfo=UTC)
TEXT_CODE_POINTS = 1_600
PHRASE_RULES = (1_000, 10_000, 100_000)
Band = tuple[float, float]
"""From which to which of the words, the most frequent first, in parts of them all."""

RARE = "rare rules"
BOOLEAN_RULES: tuple[tuple[int, str, Band, Band], ...] = (
    # Rules, name, and the words of their first and their second list: so frequent that with the texts named below 4 to
    # 50 rules hold for each of them, or, for rules as rare as alerts are, hardly any.
    (1_000, "Boolean rules", (1 / 14, 1 / 2), (1 / 150, 1 / 8)),
    (10_000, "Boolean rules", (1 / 5, 3 / 4), (1 / 12, 1 / 3)),
    (10_000, RARE, (1 / 2, 1), (1 / 2, 1)),
)
REGEX_CODE_POINTS = 1_000_000
RE_RULES_MAX = 1_000
"""More patterns take `re` minutes."""

Finder = Callable[[str], Iterable[int]]
"""From a text that is read already to the numbers of the rules found."""


@click.command(help=__doc__)
@click.option("--texts", "count", default=200, help="How many texts are matched, at most half of all.")
@click.option("--repeat", default=5, help="Rounds; the fastest counts.")
@click.option("--python", "only_python", is_flag=True, help="Without machine code, should it be installed.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
def main(count: int, repeat: int, only_python: bool, files: tuple[Path, ...]) -> None:
    """Print one block a rule set."""
    with native.switched_off() if only_python else nullcontext():
        print(f"reading in {'Python' if native.package() is None else 'machine code (redline_native)'}")
        _measure(count, repeat, files)


def _measure(count: int, repeat: int, files: tuple[Path, ...]) -> None:
    pieces = pieces_of(files)
    random.Random(0).shuffle(pieces)
    count = min(count, len(pieces) // 2)  # rules made of the texts themselves would hold more often
    texts, others = pieces[:count], pieces[count:]
    read = [read_text(text) for text in texts]
    plain = [" ".join(article.body.tokens) for article in read]
    gc.collect()
    gc.freeze()
    reading = _best(lambda: [read_text(text) for text in texts], repeat) / len(texts)
    scanning = _best(lambda: [text.find("\x00") for text in texts], repeat) / len(texts)
    print(f"{len(texts)} texts of {sum(map(len, texts)) // len(texts)} code points; µs a text")
    print(f"read {reading:.0f}   (a bare scan of the same text for one character: {scanning:.1f})")
    tokens = [read_text(text).body.tokens for text in others]
    for number in PHRASE_RULES:
        phrases = _phrases(tokens, number)
        matcher = _block(f"{len(phrases)} phrases", [_phrase(p) for p in phrases], texts, repeat)
        ours = [{int(match.rule.id) for match in found} for found in matcher.match([read_text(text) for text in plain])]
        for name, make in PEERS.items():
            if name.startswith("re") and number > RE_RULES_MAX:
                continue
            _peer(name, make(phrases), plain, ours, repeat)
    words = frequent_words(tokens)
    for number, name, first, second in BOOLEAN_RULES:
        nodes = [(rare_rule if name == RARE else boolean_rule)(n, words, first, second) for n in range(number)]
        _lucene(nodes, _block(f"{number} {name}", nodes, texts, repeat), plain, repeat)
    _regex(repeat)


def _regex(repeat: int) -> None:
    """A pattern that takes a backtracking matcher for ever, on a text where it nearly matches."""
    text = "a" * REGEX_CODE_POINTS + "!"
    whole = [(0, len(text))]
    simple = re.compile("a+")
    took = _best(lambda: find_all("(a+)+$", text, whole), repeat) / 1e3
    peer = _best(lambda: simple.findall(text), repeat) / 1e3
    print(f"\nregex (a+)+$ on {REGEX_CODE_POINTS:,} code points: {took:.1f} ms", end="")
    print(f"   (re for a+, which is simpler: {peer:.1f} ms)")


def _block(name: str, nodes: Sequence[Node], texts: Sequence[str], repeat: int) -> Matcher:
    """Measure one rule set; answers with its matcher, which collects no evidence."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    rules = RuleSet(tuple(_rule(number, node) for number, node in enumerate(nodes)), 0, "")
    deciding = Matcher(rules, Limits(evidence_per_match_max=0))
    deciding.match([read_text(texts[0])])
    compiled = time.process_time() - start
    grown = max(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    explaining = Matcher(rules)
    gc.collect()
    gc.freeze()
    decide = _best(lambda: deciding.match([read_text(text) for text in texts]), repeat) / len(texts)
    explain = _best(lambda: explaining.match([read_text(text) for text in texts]), max(1, repeat // 2)) / len(texts)
    found = deciding.match([read_text(text) for text in texts])
    hits = sorted(map(len, found))
    print(f"\n{name}: {sum(hits) / len(texts):.2f} hits a text ({hits[0]} to {hits[-1]}); ", end="")
    print(f"compiled in {compiled:.1f} s, at most {grown:.0f} MB more")
    print(f"  {'ours':16} {decide:9.0f} µs   {1e6 / decide:8,.0f} texts/s   with evidence {explain:.0f} µs")
    return deciding


def _peer(name: str, find: Finder, texts: Sequence[str], ours: Sequence[set[int]], repeat: int) -> None:
    took = _best(lambda: [set(find(text)) for text in texts], repeat) / len(texts)
    theirs = [set(find(text)) for text in texts]
    missed = sum(len(our - their) for our, their in zip(ours, theirs, strict=True))
    more = sum(len(their - our) for our, their in zip(ours, theirs, strict=True))
    hits = sum(map(len, theirs))
    print(f"  {name:16} {took:9.0f} µs   {1e6 / took:8,.0f} texts/s   {hits} hits, -{missed} +{more}")


def _lucene(nodes: Sequence[Node], matcher: Matcher, texts: Sequence[str], repeat: int) -> None:
    if not lucene_peer.is_there():
        print("  Lucene Monitor   not measured: it needs java (17 or newer) and mvn")
        return
    ours = [{int(match.rule.id) for match in found} for found in matcher.match([read_text(text) for text in texts])]
    found = lucene_peer.lucene_monitor(nodes, texts, repeat)
    missed = sum(len(our - their) for our, their in zip(ours, found.hits, strict=True))
    more = sum(len(their - our) for our, their in zip(ours, found.hits, strict=True))
    name, took, hits = "Lucene Monitor", found.text_us, sum(map(len, found.hits))
    print(f"  {name:16} {took:9.0f} µs   {1e6 / took:8,.0f} texts/s   {hits} hits, -{missed} +{more}", end="")
    print(f"   ({found.way}; compiled in {found.compile_seconds:.1f} s)")


def _re_each(phrases: Sequence[str]) -> Finder:
    compiled = [re.compile(rf"\b{re.escape(phrase)}\b") for phrase in phrases]
    return lambda text: [number for number, pattern in enumerate(compiled) if _whole(pattern.search(text), text)]


def _whole(found: re.Match[str] | None, text: str) -> bool:
    """Whether a match stands between blanks: `\\b` is also beside an apostrophe or a point inside a token."""
    if found is None:
        return False
    padded = f" {text} "
    return f" {found[0]} " in padded


def _re_alternation(phrases: Sequence[str]) -> Finder:
    numbers = {phrase: number for number, phrase in enumerate(phrases)}
    pattern = re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, sorted(phrases, key=len, reverse=True)))})(?!\S)")
    return lambda text: [numbers[found] for found in pattern.findall(text)]


def _pyahocorasick(phrases: Sequence[str]) -> Finder:
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for number, phrase in enumerate(phrases):
        automaton.add_word(f" {phrase} ", number)
    automaton.make_automaton()
    return lambda text: [number for _, number in automaton.iter(f" {text} ")]


def _flashtext2(phrases: Sequence[str]) -> Finder:
    from flashtext2 import KeywordProcessor

    processor = KeywordProcessor(case_sensitive=True)
    for number, phrase in enumerate(phrases):
        processor.add_keyword(phrase, str(number))
    return lambda text: map(int, processor.extract_keywords(text))


def _re2_set(phrases: Sequence[str]) -> Finder:
    import re2

    options = re2.Options()
    options.max_mem = 1 << 30
    options.log_errors = False
    found = re2.Set.SearchSet(options)
    for phrase in phrases:
        found.Add(f" {re2.escape(phrase)} ")
    found.Compile()
    return lambda text: found.Match(f" {text} ") or ()


PEERS: dict[str, Callable[[Sequence[str]], Finder]] = {
    "re, one a rule": _re_each,
    "re alternation": _re_alternation,
    "pyahocorasick": _pyahocorasick,
    "flashtext2": _flashtext2,
    "RE2 Set": _re2_set,
}


def _phrases(tokens: Sequence[Sequence[str]], count: int) -> list[str]:
    """Two to four words that follow each other in other texts, one of them of six letters or more."""
    dice = random.Random(1)
    found: dict[str, None] = {}
    for _ in range(count * 20):
        words = dice.choice(tokens)
        start = dice.randrange(max(1, len(words) - 4))
        phrase = words[start : start + dice.randint(2, 4)]
        if len(phrase) > 1 and all(w.isascii() for w in phrase) and any(len(w) > 5 and w.isalpha() for w in phrase):
            found[" ".join(phrase)] = None
            if len(found) == count:
                break
    return list(found)


def _phrase(text: str) -> Phrase:
    return Phrase(tuple(map(Word, text.split())))


def frequent_words(tokens: Sequence[Sequence[str]]) -> list[str]:
    """Words of four letters or more, the most frequent first; the order is the same in every run."""
    counts = Counter(word for words in tokens for word in set(words) if len(word) > 3 and word.isascii())
    return sorted(filter(str.isalpha, counts), key=lambda word: (-counts[word], word))


def boolean_rule(number: int, words: Sequence[str], first: Band, second: Band) -> Node:
    """A rule of two or three lists of words, those of the first one inflected."""
    dice = random.Random(number)

    def either() -> Or:
        return _any_of(dice, words, first, inflected=True)

    def usual() -> Or:
        return _any_of(dice, words, second)

    match dice.randrange(4):
        case 0:
            return Near(either(), usual(), dice.randint(3, 12))
        case 1:
            return Scoped("SENTENCE", And((either(), usual())))
        case 2:
            return And((either(), usual(), Not(either())))
        case _:
            return And((either(), usual()))


def rare_rule(number: int, words: Sequence[str], first: Band, second: Band) -> Node:
    """The same with one list more, as rules for alerts have it: somebody, something done, and what it is about."""
    return And((boolean_rule(number, words, first, second), _any_of(random.Random(-1 - number), words, first)))


def _any_of(dice: random.Random, words: Sequence[str], band: Band, *, inflected: bool = False) -> Or:
    low, high = (int(len(words) * part) for part in band)
    return Or(tuple(Word(words[dice.randrange(low, high)], inflected=inflected) for _ in range(dice.randint(3, 8))))


def _rule(number: int, node: Node) -> Rule:
    return Rule(str(number), 1, "", "", "experimental", Severity.NONE, (), (), Scope(), node, (), "", (), "", 1)


def read_text(text: str) -> ReadArticle:
    return read_article(_article(text), TIME)


@cache
def _article(text: str) -> Article:
    # Made once: decoding is not measured here.
    return Article(id="a", body=text)


def pieces_of(files: Sequence[Path]) -> list[str]:
    bodies = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))]
    for path in files:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        bodies += [orjson.loads(line)["text"] for line in data.splitlines() if line.strip()]
    pieces = []
    for body in bodies:
        start = 0
        while len(body) - start >= TEXT_CODE_POINTS:
            pieces.append(body[start : start + TEXT_CODE_POINTS])
            start += TEXT_CODE_POINTS
    return pieces


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
