"""Detection alone: matches a second on one core, memory and time to restore with many keys.

    python -m bench.detect [--matches 200000] [--keys 1000] [--many 100000]

Beside it, in the same run: a dictionary of counters that is told of the same matches, which is the least that any
implementation does. Times are processor seconds of this process; ratios are what to compare. The collector of garbage
is set as in the worker. Machines are shared: the quickest tenth of the chunks says what one core does when it is alone.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.measure import resident_mb
from stream.detect import Definitions, Memory, Told, to_us
from stream.model import ArticleRef, Match, RuleRef, Severity
from stream.rulelang import SourceFile, load
from stream.rulelang.ruleset import RuleSet
from stream.wire.matchcodec import correlation_key, state_key
from stream.worker.memory import settle

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
CHUNK = 100
RULES = """\
kind: rule
id: r
severity: low
match: x
alert: {throttle: {every: 1h, per: [rule, source]}}
tests: [{name: f, article: {body: x}, expect: fire}]
---
kind: correlation
id: c
type: event_count
rules: [r]
group_by: [source]
window: {size: 1h, grace: 1m}
condition: {gte: 8}
keep_firing_for: 1h
severity: high
"""


def ruleset() -> RuleSet:
    """One throttled rule and one correlation."""
    loaded = load([SourceFile("bench.yml", RULES)])
    assert loaded.ruleset is not None
    return loaded.ruleset


def matches(count: int, keys: int, *, correlation: bool) -> list[Match]:
    """Matches a second apart, dealt out over the keys."""
    rule = RuleRef("r", 1, "r", Severity.LOW, (), (), "")
    made = []
    for number in range(count):
        name = f"source {number % keys}"
        time_ = BEGIN + timedelta(seconds=number * 3_600 * 4 / (10 * keys))
        article = ArticleRef(f"article-{number}", 1, f"https://example.org/{number}", "A title", name, time_, "0" * 64)
        group = (name,) if correlation else ()
        key = correlation_key(None, "c", group) if correlation else state_key(f"run {number % keys}", "r")
        run = None if correlation else f"run {number % keys}"
        made.append(
            Match(
                *(rule, article, run, False, time_, 0, "", (), key),
                values=(("source", name),),
                correlation="c" if correlation else None,
                group=group,
            )
        )
    return made


def cpu(work: Callable[[], object]) -> float:
    """Processor seconds."""
    settle()
    began = time.process_time()
    work()
    return time.process_time() - began


def run(rules: RuleSet, made: list[Match], *, snapshots: bool) -> tuple[Memory, list[float]]:
    """Feeds everything in chunks, a control record behind each; returns the memory and the seconds of each chunk."""
    memory, definitions, spent = Memory(), Definitions.of(rules), []
    (correlation,), rule = rules.correlations, definitions.rules["r"]
    for start in range(0, len(made), CHUNK):
        chunk = made[start : start + CHUNK]
        began = time.process_time()
        for offset, match in enumerate(chunk, start):
            if match.correlation is None:
                memory.rule(rule, match, offset)
            else:
                memory.correlation(correlation, match, offset)
        us = to_us(chunk[-1].time)
        memory.hear(Told(None, 0, 1, us, us, False), start + CHUNK - 1, definitions)
        if snapshots:
            memory.changes()
        spent.append(time.process_time() - began)
    return memory, spent


def quickest_tenth(seconds: list[float]) -> float:
    """The upper bound of the quickest tenth."""
    return sorted(seconds)[len(seconds) // 10]


def counters(made: list[Match]) -> None:
    """The least: count by key."""
    seen: dict[str, set[str]] = {}
    for match in made:
        seen.setdefault(match.key, set()).add(match.article.id)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="Detection alone.")
    parser.add_argument("--matches", type=int, default=200_000)
    parser.add_argument("--keys", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=100_000)
    asked = parser.parse_args()
    rules = ruleset()
    for kind, correlation in (("throttle", False), ("correlation", True)):
        made = matches(asked.matches, asked.keys, correlation=correlation)
        least = cpu(lambda made=made: counters(made))
        for snapshots in (False, True):
            settle()
            _, chunks = run(rules, made, snapshots=snapshots)
            spent, quickest = sum(chunks), quickest_tenth(chunks)
            print(
                f"{kind}, {asked.keys:,} keys{', snapshots each chunk' if snapshots else ''}: "
                f"{asked.matches / spent:,.0f} matches/s ({CHUNK / quickest:,.0f} in the quickest tenth), "
                f"{spent / asked.matches * 1e6:.1f} µs a match, {spent / least:.0f} x counting"
            )
        del made
    made = matches(3 * asked.many, asked.many, correlation=True)
    before = resident_mb(os.getpid())
    memory, _ = run(rules, made, snapshots=True)
    print(f"{len(memory):,} keys of 3 events: {resident_mb(os.getpid()) - before:,.0f} MB")
    table = list(memory._snapshots.items())
    size = sum(len(data) for _, data in table)
    del memory
    restoring = cpu(lambda: Memory.restore(table))
    print(f"restored {len(table):,} keys ({size / 1e6:.0f} MB of snapshots) in {restoring:.2f} s of processor time")


if __name__ == "__main__":
    main()
