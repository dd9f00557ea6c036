"""Are near-duplicates found, and nothing else? And what does it cost? Beside exact sets of shingles, in one run.

    python -m bench.stories [--seed N] [--articles N] [--stories N] [DATA.jsonl[.gz] …]

DATA has one JSON object a line: `text` and perhaps `title`; without any, the speeches of the tests. Three questions:

    pairs     each article and one copy of each kind, two by two: joined or not, beside the exact Jaccard index
    one key   all articles and three copies of each, shuffled, in one state: every pair in one story or not
    cost      processor time of fingerprints, beside reading; of `assign` in a state of many stories, beside
              comparing with every text

Truth is the exact Jaccard index of word-4-shingles: of the words as the cleaner reads them, and in brackets of the
words that a simple pattern finds in the plain text, residue and all.
"""

from __future__ import annotations

import gzip
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import combinations
from pathlib import Path
from random import Random

import click
import orjson

from bench.copies import KINDS, Report, copies, jaccard, report, shingles, words_of
from stream.clean import read
from stream.detect import Stories, StoryLimits, fingerprint
from stream.detect.fingerprint import likeness, unpack
from stream.matching import read_article
from stream.model import Article

TIME = datetime(2024, 9, 12, tzinfo=UTC)
SPEECHES = Path(__file__).parent.parent / "tests" / "detect" / "speeches.jsonl"
ALIKE = 0.7
UNLIKE = 0.3
WIDE = StoryLimits(stories_max=100_000, exemplars_max=200_000, articles_max=400_000)

Shingles = frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Text:
    """A report read: its tokens, its exact shingles by both readings, its fingerprint."""

    tokens: Sequence[str]
    exact: Shingles
    simple: Shingles
    fingerprint: bytes


@dataclass(slots=True)
class Score:
    """Pairs by what they are and what became of them."""

    found: int = 0
    missed: int = 0
    extra: int = 0
    wrong: int = 0
    pairs: int = 0
    lowest: float = ALIKE
    highest: float = ALIKE

    def add(self, index: float, joined: bool) -> None:
        """One pair; `extra` are joined below ALIKE, of these `wrong` below UNLIKE.

        `lowest` and `highest` are the indices between which pairs were decided wrongly.
        """
        self.pairs += 1
        if joined != (index >= ALIKE):
            self.lowest, self.highest = min(self.lowest, index), max(self.highest, index)
        if index >= ALIKE:
            self.found += joined
            self.missed += not joined
        elif joined:
            self.extra += 1
            self.wrong += index < UNLIKE

    @property
    def precision(self) -> float:
        """Share of the joined pairs that are alike."""
        return self.found / max(1, self.found + self.extra)

    @property
    def recall(self) -> float:
        """Share of the alike pairs that are joined."""
        return self.found / max(1, self.found + self.missed)

    def line(self) -> str:
        """For people."""
        counts = f"{self.pairs:9,} pairs, {self.found + self.missed:6,} alike"
        if not self.found + self.missed + self.extra:
            return f"{counts}, none joined"
        line = (
            f"{counts}: precision {self.precision:.4f}  recall {self.recall:.4f}  joined below {UNLIKE}: {self.wrong}"
        )
        span = f"  (wrong between {self.lowest:.2f} and {self.highest:.2f})"
        return line + (span if self.missed + self.extra else "")


def text_of(one: Report) -> Text:
    """Read as agent 1 does."""
    article = Article.model_validate(
        {"id": "a", "title": one.title, "body": one.body, "content_type": one.content_type}
    )
    reading = read_article(article, TIME)
    tokens = list(reading.body.tokens)
    title = () if reading.title is None else reading.title.tokens
    return Text(tokens, shingles(tokens), shingles(words_of(one.plain)), fingerprint(tokens, title))


def joined(one: Text, other: Text) -> bool:
    """Whether two texts are one story."""
    stories = Stories()
    first = stories.assign("a", None, one.fingerprint, 0, WIDE)
    return stories.assign("b", None, other.fingerprint, 1, WIDE).story == first.story


def score_pairs(reports: Iterable[Report], seed: int) -> tuple[dict[str, Score], Score]:
    """Scores by kind of copy by the cleaner's words, and one over all by the simple reading."""
    chance = Random(seed)
    scores: dict[str, Score] = defaultdict(Score)
    simple = Score()
    for one in reports:
        original = text_of(one)
        for kind, copy in copies(one, chance):
            text = text_of(copy)
            together = joined(original, text)
            scores[kind].add(jaccard(original.exact, text.exact), together)
            simple.add(jaccard(original.simple, text.simple), together)
    return scores, simple


def score_key(texts: Sequence[Text]) -> tuple[Score, int, float]:
    """All pairs of a log of texts in one key; the number of stories; the least Jaccard index within one."""
    stories = Stories()
    by_story: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        by_story[stories.assign(str(number), None, text.fingerprint, number, WIDE).story].append(number)
    together = {pair for members in by_story.values() for pair in combinations(members, 2)}
    score = Score(pairs=len(texts) * (len(texts) - 1) // 2)
    least = 1.0
    indices = alike_pairs(texts)
    for pair in together | indices.keys():
        index = indices.get(pair)
        if index is None:
            index = jaccard(texts[pair[0]].exact, texts[pair[1]].exact)
        score.add(index, pair in together)
        score.pairs -= 1
        if pair in together:
            least = min(least, index)
    return score, len(by_story), least


def alike_pairs(texts: Sequence[Text]) -> dict[tuple[int, int], float]:
    """All pairs at least UNLIKE alike, by counting what they share: exact."""
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    found: dict[tuple[int, int], float] = {}
    for number, text in enumerate(texts):
        shared: Counter[int] = Counter()
        for shingle in text.exact:
            shared.update(holders[shingle])
            holders[shingle].append(number)
        for other, count in shared.items():
            index = count / (len(text.exact) + len(texts[other].exact) - count)
            if index >= UNLIKE:
                found[other, number] = index
    return found


def load(path: Path) -> list[Report]:
    """The texts of a file that have at least twenty words."""
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
    rows = map(orjson.loads, lines)
    return [report(row.get("title"), row["text"]) for row in rows if len(row["text"].split()) >= 20]


def measured(work: Callable[[], object], count: int) -> float:
    """Processor time of one of `count`, in µs."""
    start = time.process_time()
    work()
    return (time.process_time() - start) / count * 1e6


def cost_of_reading(reports: Sequence[Report]) -> None:
    """Print what fingerprints cost."""
    bodies = [one.body for one in reports]
    tokens = [list(read(body).tokens) for body in bodies]
    reading = min(measured(lambda: [read(body).tokens for body in bodies], len(bodies)) for _ in range(5))
    printing = min(measured(lambda: [fingerprint(each) for each in tokens], len(bodies)) for _ in range(5))
    words = sum(map(len, tokens)) / len(tokens)
    print(f"  reading a text of {words:.0f} words, warm: {reading:.0f} µs; its fingerprint: {printing:.0f} µs")


def cost_of_stories(stories_max: int, seed: int) -> None:
    """Print what `assign` costs in a state of many stories."""
    chance = Random(seed)
    vocabulary = [f"w{n}" for n in range(20_000)]
    made = [chance.choices(vocabulary, k=300) for _ in range(stories_max)]
    limits = StoryLimits(stories_max, 2 * stories_max, articles_max=stories_max + 10_000)
    prints = [fingerprint(words) for words in made]
    news = [fingerprint(chance.choices(vocabulary, k=300)) for _ in range(2_000)]
    again = [fingerprint([w if chance.random() > 0.01 else "x" for w in chance.choice(made)]) for _ in range(2_000)]
    stories = Stories()
    for number, text in enumerate(prints):
        stories.assign(f"a{number}", None, text, number, limits)

    def assign(name: str, texts: Sequence[bytes]) -> float:
        work = partial(_assign_all, stories, name, texts, limits)
        return measured(work, len(texts))

    copy, repeat, new = assign("copy", again), assign("copy", again), assign("new", news)
    unpacked = [text for text in map(unpack, prints) if text is not None]
    scan = measured(lambda: [max(likeness(one, each) for each in unpacked) for one in unpacked[:20]], 20)
    snapshot = stories.encode()
    encode, decode = measured(stories.encode, 1), measured(lambda: Stories.decode(snapshot), 1)
    print(f"  assign beside {len(stories):,} stories: copy {copy:.0f} µs, repeat {repeat:.0f} µs, new one {new:.0f} µs")
    print(f"  comparing with each of them: {scan:.0f} µs, {scan / max(copy, new):.0f} times as long")
    print(f"  snapshot: {len(snapshot) / len(stories):.0f} bytes a story, written in {encode / 1e3:.0f} ms,")
    print(f"  read in {decode / 1e3:.0f} ms")


def _assign_all(stories: Stories, name: str, texts: Sequence[bytes], limits: StoryLimits) -> None:
    for number, text in enumerate(texts):
        stories.assign(f"{name}{number}", None, text, number, limits)


@click.command(help=__doc__)
@click.option("--seed", default=7, help="Of all that is made up.")
@click.option("--articles", default=400, help="Articles of a file that copies are made of; the others stand beside.")
@click.option("--stories", default=10_000, help="Stories in the state whose cost is measured.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
def main(seed: int, articles: int, stories: int, files: tuple[Path, ...]) -> None:
    """Print scores and costs."""
    total: dict[str, Score] = defaultdict(Score)
    for path in files or (SPEECHES,):
        reports = load(path)
        print(f"{path.name}: {len(reports):,} texts")
        score, count, least = score_key([text_of(one) for one in reports])
        print(f"  as they are, one key:  {score.line()}; {count:,} stories, least alike {least:.2f}")
        Random(seed).shuffle(reports)
        chosen = reports[:articles]
        scores, simple = score_pairs(chosen, seed)
        for kind, each in scores.items():
            _add(total[kind], each)
        print(f"  pairs:                 {_sum(scores.values()).line()}")
        print(f"    by a simple reading: {simple.line()}")
        chance = Random(seed)
        kinds = list(KINDS)
        log = [text_of(one) for one in reports]
        for one in chosen:
            log.extend(text_of(KINDS[kind](one, chance)) for kind in chance.sample(kinds, 3))
        chance.shuffle(log)
        score, count, least = score_key(log)
        print(f"  with copies, one key:  {score.line()}; {count:,} stories, least alike {least:.2f}")
    print("pairs by kind of copy, all files:")
    for kind, each in total.items():
        print(f"  {kind:10} {each.line()}")
    print(f"  {'all':10} {_sum(total.values()).line()}")
    print("cost:")
    cost_of_reading(load(files[0] if files else SPEECHES))
    cost_of_stories(stories, seed)


def _add(one: Score, other: Score) -> None:
    for name in ("found", "missed", "extra", "wrong", "pairs"):
        setattr(one, name, getattr(one, name) + getattr(other, name))
    one.lowest, one.highest = min(one.lowest, other.lowest), max(one.highest, other.highest)


def _sum(scores: Iterable[Score]) -> Score:
    total = Score()
    for each in scores:
        _add(total, each)
    return total


if __name__ == "__main__":
    main()
