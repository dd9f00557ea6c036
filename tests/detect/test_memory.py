"""The memory of a partition: watermarks of several raw partitions, late matches, limits, snapshots."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace

import orjson
import pytest

from stream.detect import CLOCKS, Definitions, DetectLimits, Memory, SnapshotError, fingerprint
from stream.detect.snapshot import item
from stream.model import Alert
from stream.rulelang import Correlation
from stream.rulelang.ruleset import RuleSet
from tests.detect.kit import BEGIN, Feeder, as_bytes, correlation, match, ruleset, told

MINUTE = 60
RULES = ruleset(correlation(condition="{gte: 2}", window="{size: 1h, grace: 10m}", keep_firing_for="30m"))
(BURST,) = RULES.correlations
COUNT: Correlation = BURST


def at(alerts: list[Alert]) -> list[tuple[str, float]]:
    return [(alert.state, (alert.time - BEGIN).total_seconds() / MINUTE) for alert in alerts]


def test_the_watermark_is_the_minimum_over_the_raw_partitions() -> None:
    # partition 0  ───────────── 40
    # partition 1  ─────── 20 ──────── 30
    feeder = Feeder(RULES)
    two = [(n, match(f"m{n}", 10 * MINUTE * n, counted=COUNT)) for n in (0, 1)]
    assert feeder.feed([*two, (2, told(40 * MINUTE, partition=0, partitions=2))]) == []
    assert feeder.feed([(3, told(20 * MINUTE, partition=1, partitions=2))]) == []
    fired = feeder.feed([(4, told(20 * MINUTE + 0.1, partition=1, partitions=2))])
    assert at(fired) == [("fired", 10)]
    assert feeder.memory.reached(None) == BEGIN.timestamp() + 20 * MINUTE + 0.1


def test_it_never_goes_back_and_an_absurd_date_on_one_partition_holds_nothing_up() -> None:
    feeder = Feeder(RULES)
    two = [(n, match(f"m{n}", n, counted=COUNT)) for n in (0, 1)]
    alerts = feeder.feed([*two, (2, told(3_600.0)), (3, told(-1e9)), (4, told(3_601.0))])
    assert at(alerts) == [("fired", 1 / 60)]
    assert feeder.memory.reached(None) == BEGIN.timestamp() + 3_601


def test_the_end_lifts_the_grace_and_leaves_episodes_open() -> None:
    feeder = Feeder(RULES)
    two = [(n, match(f"m{n}", 60 * MINUTE * n, counted=COUNT)) for n in (0, 0.5, 1)]
    records = [(n, record) for n, (_, record) in enumerate(two)]
    first = feeder.feed([*records, (3, told(60 * MINUTE, partition=0, partitions=2, ended=True))])
    assert first == []
    end = feeder.feed([(4, told(60 * MINUTE, partition=1, partitions=2, ended=True))])
    assert at(end) == [("fired", 30)]
    assert feeder.feed([(5, told(60 * MINUTE, partition=1, partitions=2, ended=True))]) == []


def test_what_comes_below_the_watermark_is_late_once_and_then_known() -> None:
    feeder = Feeder(RULES)
    feeder.feed([(0, match("a", 0, counted=COUNT)), (1, told(30 * MINUTE))])
    on_time, late = match("b", 20 * MINUTE, counted=COUNT), match("c", 20 * MINUTE - 1, counted=COUNT)
    feeder.feed([(2, on_time), (3, late), (4, late), (5, match("a", 0, counted=COUNT))])
    assert (feeder.late, feeder.known) == (1, 2)


def test_a_worker_that_was_away_makes_nothing_late() -> None:
    # Time is in the log: matches and control records stand in it in the order in which they were written.
    feeder = Feeder(RULES)
    log = [record for n in range(100) for record in (match(f"m{n}", n * MINUTE, counted=COUNT), told(n * MINUTE))]
    feeder.feed(enumerate(log))
    assert feeder.late == 0


def test_keys_and_runs_are_bounded_and_what_goes_is_deleted_from_the_table() -> None:
    rules = ruleset(correlation(condition="{gte: 2}", group_by="[source]"))
    (counted,) = rules.correlations
    feeder = Feeder(rules, DetectLimits(keys_max=100, runs_max=3))
    for n in range(300):
        feeder.feed([(n, match(f"m{n}", n, source=f"s{n}", counted=counted))])
        feeder.save()
    assert len(feeder.memory) == len(feeder.table) <= 100
    for n in range(300, 320, 2):
        run = f"run{n}"
        feeder.feed([(n, match("m", 0, run=run, counted=counted)), (n + 1, told(1, run=run, ended=True))])
        feeder.save()
    runs = {key.split('"')[1] for key in feeder.table if key.startswith('["run')}
    assert runs == {"run314", "run316", "run318"}
    assert feeder.memory.forgotten > 200


def test_too_many_that_wait_lose_the_latest_in_whatever_order_they_come() -> None:
    kept = []
    for order in (range(300), reversed(range(300))):
        feeder = Feeder(RULES, DetectLimits(pending_max=100))
        alerts = feeder.feed(
            [(at_, match(f"m{n:03}", n, counted=COUNT)) for at_, n in enumerate(order)] + [(300, told(2_000.0))]
        )
        assert feeder.memory.forgotten == 200
        kept.append([(a.state, a.group.count, a.article.id) for a in alerts])
    assert kept[0] == kept[1]


def full(limits: DetectLimits) -> Feeder:
    """A memory whose one key holds as much of everything as it may."""
    rules = ruleset(correlation(condition="{gte: 1000}", window="{size: 30d}", count="story"))
    (counted,) = rules.correlations
    feeder = Feeder(rules, limits)
    chance = random.Random(1)
    for n in range(4_000):
        record = match(f"{chance.random()}{n:0200}", n, source=f"s{n}" * 20, counted=counted)
        text = f"{chance.random()} " * 200
        article = replace(record.article, title=text, url=f"https://example.org/{text[:200]}")
        print_ = fingerprint([f"w{chance.random()}" for _ in range(100)])
        feeder.feed([(n, replace(record, article=article, fingerprint=print_))])
        if n == 2_999:
            feeder.feed([(3_000, told(3_000.0))])
    feeder.save()
    return feeder


def test_a_large_state_is_written_in_parts_and_loses_nothing() -> None:
    feeder = full(DetectLimits())
    assert sum(len(value) for value in feeder.table.values()) > 700_000, "a large one"
    assert max(len(value) for value in feeder.table.values()) < 40_000
    assert feeder.memory.forgotten == 0
    restored = Feeder(feeder.rules)
    restored.table = dict(feeder.table)
    restored.restart()
    end = [(9_000, told(31 * 24 * 3_600.0))]
    assert as_bytes(restored.feed(end)) == as_bytes(feeder.feed(end)) != {}
    for each in (feeder, restored):
        each.save()
    assert restored.table == feeder.table


def test_one_more_match_writes_little_of_a_large_state() -> None:
    rules = ruleset(correlation(condition="{gte: 1000}", window="{size: 1d, grace: 1d}"))
    feeder = Feeder(rules)
    (counted,) = rules.correlations
    feeder.feed([(n, match(f"m{n}", 10 * n, counted=counted)) for n in range(5_000)])
    feeder.save()
    size = sum(map(len, feeder.table.values()))
    feeder.feed([(5_000, match("another", 25_001, counted=counted))])
    changes = feeder.memory.changes()
    written = sum(len(data) for step in changes for _, data in step if data is not None)
    assert written < size / 10
    assert len(changes.last) <= 4, "as many parts have no use any more"


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_crash_while_a_large_state_is_written_leaves_a_whole_one(steps: int) -> None:
    rules = ruleset(correlation(condition="{gte: 900}", window="{size: 1d, grace: 1h}"))
    (counted,) = rules.correlations
    log = [match(f"m{n}", 10 * n, counted=counted, source="x" * 200) for n in range(1_000)]
    plain, crashed = Feeder(rules), Feeder(rules)
    for feeder in (plain, crashed):
        feeder.feed(list(enumerate(log))[:700])
        feeder.save()
    more = [*list(enumerate(log))[700:], (1_000, told(5 * 3_600.0))]
    plain.feed(more)
    plain.save()
    crashed.feed(more)
    crashed.save(steps=steps)
    crashed.restart()
    crashed.feed(more)  # it comes again
    crashed.save()
    assert crashed.table == plain.table
    assert sum("#" in key for key in crashed.table) > 5


def test_a_state_without_one_of_its_parts_is_refused() -> None:
    feeder = full(DetectLimits())
    del feeder.table[next(key for key in feeder.table if "#" in key)]
    feeder.restart()
    with pytest.raises(SnapshotError, match="without 1 of its parts"):
        feeder.feed([(9_000, told(31 * 24 * 3_600.0))])


def test_a_state_above_its_limit_shrinks_and_says_so() -> None:
    feeder = full(DetectLimits(snapshot_bytes_max=100_000))
    assert sum(len(value) for key, value in feeder.table.items() if key != CLOCKS) <= 100_000
    assert feeder.memory.forgotten > 500


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x01" + bytes(30), b'{"a": 1}' * 5, bytes([2, 9]) + bytes(20)])
def test_a_snapshot_of_another_version_is_refused_and_says_what_to_do(data: bytes) -> None:
    with pytest.raises(SnapshotError, match=r"expected format 2.*consumer group"):
        Memory.restore([("k", data)])


def test_a_broken_snapshot_is_refused_when_it_is_read() -> None:
    feeder = Feeder(RULES)
    feeder.feed([(0, match("a", 0, counted=COUNT)), (1, told(5.0))])
    feeder.save()
    (key,) = [key for key in feeder.table if key != CLOCKS]
    feeder.table[key] = feeder.table[key][:-5]
    feeder.restart()
    with pytest.raises(SnapshotError, match="cannot be read"):
        feeder.feed([(2, match("b", 1, counted=COUNT))])


def test_equal_states_give_equal_bytes_and_a_snapshot_restores_to_the_same() -> None:
    feeder = Feeder(RULES)
    feeder.feed([(n, match(f"m{n}", n * MINUTE, counted=COUNT, source="x")) for n in range(5)])
    feeder.feed([(5, told(40 * MINUTE)), (6, match("m9", 55 * MINUTE, counted=COUNT))])
    feeder.save()
    before = dict(feeder.table)
    feeder.restart()
    for key, record in (("m9", match("m9", 55 * MINUTE, counted=COUNT)),):
        assert feeder.feed([(7, record)]) == [], key
    feeder.feed([(8, match("n", 56 * MINUTE, counted=COUNT))])
    feeder.save()
    assert feeder.table != before
    other = Feeder(RULES)
    other.feed([(n, match(f"m{n}", n * MINUTE, counted=COUNT, source="x")) for n in range(5)])
    other.feed([(5, told(40 * MINUTE)), (6, match("m9", 55 * MINUTE, counted=COUNT))])
    other.feed([(7, match("m9", 55 * MINUTE, counted=COUNT)), (8, match("n", 56 * MINUTE, counted=COUNT))])
    other.save()
    assert other.table == feeder.table


def test_many_keys_that_wake_at_one_moment_are_not_all_decoded_at_a_time() -> None:
    rules = ruleset(correlation(id="c", type="absence", window="{size: 1h}", group_by="[source]"))
    (counted,) = rules.correlations
    feeders = [Feeder(rules, DetectLimits(decoded_max=most)) for most in (10_000, 10)]
    for feeder in feeders:
        feeder.feed([(n, match(f"m{n}", n, source=f"s{n}", counted=counted)) for n in range(300)])
        feeder.save()
    many, few = (as_bytes(feeder.feed([(300, told(5_000.0))])) for feeder in feeders)
    assert many == few
    assert len(many) == 300
    assert len(feeders[1].memory._entries) <= 20
    for feeder in feeders:
        feeder.save()
    assert feeders[0].table == feeders[1].table


def test_what_a_snapshot_says_of_a_waiting_match_takes_no_more_memory_than_that() -> None:
    waiting = [(f"m{n}", "words of a headline " * 20) for n in range(1_000)]  # orjson writes them in a larger buffer
    tracemalloc.start()
    kept = [item(orjson.dumps(fields)) for fields in waiting]
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 2 * sum(map(len, kept))


def test_an_old_state_that_a_drill_had_marked_is_a_real_one_again_with_the_next_real_match() -> None:
    # Drills among live articles once shared the states of these.
    feeder = Feeder(RULES)
    feeder.feed([(0, replace(match("drill", 0, counted=COUNT), exercise=True))])
    feeder.save()
    feeder.restart()
    ten_hours = 600 * MINUTE
    real = [(n, match(f"m{n}", ten_hours + n, counted=COUNT)) for n in (1, 2)]
    alerts = feeder.feed([*real, (3, told(2 * ten_hours))])
    assert [(alert.state, alert.exercise) for alert in alerts] == [("fired", False), ("resolved", False)]


ABSENT = ruleset(correlation(type="absence", window="{size: 1h}"))
ABSENT_2 = ruleset(correlation(type="absence", window="{size: 2h}", version=2))


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("meanwhile", [ABSENT, ABSENT_2, ruleset()], ids=["same", "newer", "gone"])
@pytest.mark.parametrize("rules", [RULES, ABSENT], ids=["episode", "absence"])
def test_rules_that_are_back_go_on_where_they_were(rules: RuleSet, meanwhile: RuleSet, *, killed: bool) -> None:
    (counted,) = rules.correlations
    feeder = Feeder(rules)
    log = [(n, match(f"m{n}", n, counted=counted)) for n in (0, 1)]
    alerts = feeder.feed([*log, (2, told(20 * MINUTE))])
    feeder.save()
    # What becomes due while other rules are in force is told when the ones it belongs to are back.
    feeder.definitions = Definitions.of(meanwhile if meanwhile is not ABSENT else rules)
    alerts += feeder.feed([(3, told(150 * MINUTE))])
    feeder.save()
    feeder.definitions = Definitions.of(rules)
    if killed:
        feeder.restart()
    alerts += feeder.feed([(4, told(300 * MINUTE))])
    second = 1 / 60
    if rules is RULES:
        assert at(alerts) == [("fired", second), ("resolved", 90)]
    else:
        assert at(alerts) == [("fired", 60 + second)]
