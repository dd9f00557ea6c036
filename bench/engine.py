"""Where does an article's time go in the engine, beside one `re` alternation of the same words, in one run?

    python -m bench.engine [--rules DIR] [--repeat N] [--field NAME] [FILE.ndjson[.gz] …]

Measures the seeds, and then each file given: one JSON object a line, the article's body in `--field`. Times are
processor time in µs for one article, taken from the fastest of N rounds; engine and peer take turns.

    read        residue, HTML, and what else is looked for beside words
    normalise   normal forms and tokens
    prefilter   which slots the tokens fill, and which rules may hold
    evaluate    of these rules, without the two that follow
    layout      offsets, sentences and paragraphs of the articles for which a rule asked
    evidence    pieces of evidence of the rules that held
    encode      the tagged article and its matches as JSON
    rest        decode the record, render summaries, hash: the whole less the stages (below 0 is noise)
    alert       matches to alerts (not in `tag`)

The peer searches the body once for any word of any rule: no fields, no NEAR, no sentences, no rule known to hold.
"""

from __future__ import annotations

import gc
import gzip
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from stream.clean.tokens import fold_words
from stream.detect import Memory
from stream.engine import Engine, EngineConfig, Timed, event_time
from stream.matching import Matcher, ReadArticle, read_article
from stream.matching.matcher import _Article
from stream.model import Evidence, Output, Record, Reject
from stream.rulelang.ruleset import RuleSet
from stream.sources.rulefiles import load_ruleset
from stream.wire.decode import decode_article
from stream.wire.matchcodec import encode_match
from stream.wire.topics import MATCHES, full_name

SEEDS = Path(__file__).parent.parent / "seeds"
TIME = datetime(2024, 9, 12, tzinfo=UTC)
TIME_MS = int(TIME.timestamp() * 1000)
MESSAGE_BYTES_MAX = EngineConfig().message_bytes_max
MATCHES_TOPIC = full_name(EngineConfig().topic_prefix, MATCHES)
STAGES = ("read", "normalise", "prefilter", "evaluate", "layout", "evidence", "encode", "rest")

Clock = Counter[str]
"""Nanoseconds by stage."""


@click.command(help=__doc__)
@click.option("--rules", type=click.Path(path_type=Path), default=Path("rules"), help="Folder of rule files.")
@click.option("--repeat", default=9, help="Rounds; the fastest counts.")
@click.option("--field", default="body", help="Name of the body in the files.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
def main(rules: Path, repeat: int, field: str, files: tuple[Path, ...]) -> None:
    """Print one block a corpus."""
    ruleset = load_ruleset(rules)
    seeds = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))]
    _block("seeds", ruleset, seeds, repeat)
    for path in files:
        _block(path.name, ruleset, _bodies(path, field), repeat)


def _block(name: str, ruleset: RuleSet, bodies: Sequence[str], repeat: int) -> None:
    records = [_record(number, body) for number, body in enumerate(bodies)]
    engine, matcher, peer = Engine(ruleset), _Watched(ruleset), _alternation(ruleset)
    matches = [_input(out) for out in engine.tag(records).outputs if out.topic == MATCHES_TOPIC]
    gc.collect()
    gc.freeze()
    whole, alert, search = [], [], []
    rounds: list[Clock] = []
    for _ in range(repeat):
        whole.append(_taken(lambda: engine.tag(records)))
        search.append(_taken(lambda: [peer.findall(body) for body in bodies]))
        alert.append(_taken(lambda: _alerted(engine, matches)))
        rounds.append(_stages(engine, matcher, records))
    stages = min(rounds, key=lambda clock: sum(clock[stage] for stage in STAGES))
    stages["rest"] = min(whole) - sum(stages[stage] for stage in STAGES)
    count = len(bodies)
    both = (min(whole) + min(alert)) / count
    print(f"{name}: {count} articles of {sum(map(len, bodies)) // count} code points, {len(ruleset.rules)} rules,")
    print(f"  {len(matches) / count:.1f} alerting matches an article, layout asked for in {stages['laid'] / count:.0%}")
    print("  " + "   ".join(f"{stage} {stages[stage] / count / 1e3:.0f}" for stage in STAGES), end="")
    print(f"   alert {min(alert) / count / 1e3:.0f}")
    print(f"  tag and alert {both / 1e3:.0f} µs an article, {1e9 / both:.0f} articles/s", end="")
    print(f"   re alternation {min(search) / count / 1e3:.0f} µs: engine = {both * count / min(search):.2f} x re")


class _Watched(Matcher):
    """A matcher that notes what evidence takes, and can stop behind the prefilter."""

    def __init__(self, ruleset: RuleSet) -> None:
        super().__init__(ruleset)
        self.clock: Clock = Counter()

    def asked(self, read: ReadArticle) -> int:
        """All that is done before a rule is asked: how many of them will be."""
        article = _Article(read, self._vocabulary)
        return sum(len(self._candidates(level, article.text)[0]) for level in self._levels)

    def _evidence(self, held: Any, article: Any) -> tuple[Evidence, ...]:
        laid = self.clock["layout"]
        start = time.process_time_ns()
        found = super()._evidence(held, article)
        self.clock["evidence"] += time.process_time_ns() - start - (self.clock["layout"] - laid)
        return found


def _alerted(engine: Engine, matches: Sequence[Record]) -> None:
    memory = Memory()
    engine.alert(matches, TIME, memory)
    memory.changes()


def _stages(engine: Engine, matcher: _Watched, records: Sequence[Record]) -> Clock:
    """One round over all records, stage by stage."""
    clock = matcher.clock = Counter()
    timed = []
    for record in records:
        decoded = decode_article(record.value, message_bytes_max=MESSAGE_BYTES_MAX)
        assert not isinstance(decoded, Reject), decoded
        timed.append(Timed(decoded, event_time(decoded.article, TIME), TIME_MS))
    read: list[ReadArticle] = []
    whole = _taken(lambda: read.extend(read_article(t.decoded.article, t.time) for t in timed))
    words = [r.words.text for a in read for r in (a.title, a.body) if r is not None and r.words is not None]
    clock["normalise"] = _taken(lambda: [fold_words(text) for text in words])
    clock["read"] = whole - clock["normalise"]
    clock["prefilter"] = _taken(lambda: [matcher.asked(article) for article in read])
    # What was found out about these is known now.
    read = [read_article(t.decoded.article, t.time) for t in timed]
    for article in read:
        _watch_layout(article, clock)
    matching = _taken(lambda: matcher.match(read))
    clock["evaluate"] = matching - clock["prefilter"] - clock["layout"] - clock["evidence"]
    judged = engine.judge(timed)

    def encode() -> None:
        for article in judged:
            engine.tagged_event(article)
            for match in article.alerting:
                encode_match(match, topic=MATCHES_TOPIC)

    clock["encode"] = _taken(encode)
    return clock


def _watch_layout(article: ReadArticle, clock: Clock) -> None:
    for reading in (article.title, article.body):
        if reading is None:
            continue
        find = reading._find_layout

        def watched(find: Callable[[], Any] = find, is_body: bool = reading is article.body) -> Any:
            start = time.process_time_ns()
            layout = find()
            clock["layout"] += time.process_time_ns() - start
            clock["laid"] += is_body
            return layout

        reading._find_layout = watched


def _alternation(ruleset: RuleSet) -> re.Pattern[str]:
    """Any word of any rule, longest first."""
    words = {word for rule in ruleset.rules for word in re.findall(r"text='([^']+)'", repr(rule.match))}
    assert words, "these rules have no words to search for"
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})\b", re.IGNORECASE)


def _record(number: int, body: str) -> Record:
    value = orjson.dumps({"id": f"article-{number}", "body": body, "lang": "en"})
    return Record("articles.raw", 0, number, TIME_MS, None, value)


def _input(output: Output) -> Record:
    return Record(output.topic, 0, 0, TIME_MS, output.key, output.value)


def _bodies(path: Path, field: str) -> list[str]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    bodies = [orjson.loads(line)[field] for line in data.splitlines() if line.strip()]
    return [body for body in bodies if body.strip()]


def _taken(work: Callable[[], object]) -> int:
    """Processor time in nanoseconds."""
    start = time.process_time_ns()
    work()
    return time.process_time_ns() - start


if __name__ == "__main__":
    main()
