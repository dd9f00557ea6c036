"""When keys are looked at again, and what is kept for it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from stream.detect import DetectLimits, to_us
from stream.detect.alarms import SWEPT_LEAST, Alarms
from stream.detect.moments import NEVER_US
from tests.detect.kit import BEGIN, Feeder, correlation, match, ruleset, told


def test_a_key_is_due_once_and_only_by_the_alarm_that_was_set_last() -> None:
    alarms = Alarms()
    for key, needed_us in (("a", 5), ("b", 7), ("a", 9), ("c", 3), ("c", NEVER_US), ("d", 20)):
        alarms.set(None, key, needed_us)
    alarms.set("x", "e", 1)
    assert alarms.due(None, 7, 7) == []
    assert alarms.due(None, 10, 10) == ["a", "b"]
    assert alarms.due(None, 10, 10) == []
    assert alarms.take("b") == 7
    assert alarms.of("b") == NEVER_US


def test_they_are_due_as_by_a_look_at_all_of_them_and_bounded_by_their_keys() -> None:
    chance, alarms, plain, largest = random.Random(1), Alarms(), dict[str, int](), 0
    for reached_us in range(0, 40_000, 10):
        for _ in range(5):
            key, needed_us = f"k{chance.randrange(200)}", reached_us + chance.choice((5, 50, 5_000, 10**9))
            alarms.set(None, key, needed_us)
            plain[key] = needed_us
        due = sorted(key for key, needed_us in plain.items() if needed_us < reached_us)
        assert alarms.due(None, reached_us, reached_us) == due
        for key in due:
            assert alarms.take(key) == plain.pop(key)
        largest = max(largest, len(alarms))
    assert largest <= 2 * 200 + 1


def test_a_key_that_sleeps_is_due_again_when_it_is_woken_and_when_it_is_touched() -> None:
    alarms = Alarms()
    for key in ("a", "b", "c", "d"):
        alarms.set("x", key, 5)
    for key in alarms.due("x", 9, 9):
        alarms.sleep("x", key, alarms.take(key))
    assert (alarms.due("x", 9, 9), alarms.of("a")) == ([], 5), "a snapshot says when it would have been due"
    alarms.set("x", "a", 5)
    alarms.set("x", "b", NEVER_US)
    alarms.drop("c")
    assert alarms.due("x", 9, 9) == ["a"]
    alarms.take("a")
    alarms.wake()
    assert alarms.due("x", 9, 9) == ["d"]


def test_a_key_goes_by_the_clock_of_its_window_where_that_is_known() -> None:
    alarms = Alarms()
    for key, by_published in (("date", True), ("event", False), ("either", None)):
        alarms.set(None, key, 5, by_published)
    assert alarms.due(None, 5, 5) == []
    assert alarms.due(None, 9, 3) == ["either", "event"]
    assert alarms.due(None, 9, 6) == ["date"]
    for key in ("date", "event", "either"):
        alarms.take(key)
        alarms.set(None, key, 5, key != "event")
    alarms.wake()  # what they go by may have changed
    assert alarms.due(None, 9, 3) == ["date", "either", "event"]


def test_keys_that_go_by_dates_are_not_looked_at_while_these_stand_still() -> None:
    rules = ruleset(correlation(condition="{gte: 9}", window="{size: 1d, time: published}", group_by="[source]"))
    (counted,) = rules.correlations
    feeder = Feeder(rules, DetectLimits(decoded_max=0))
    here = told(0)
    feeder.feed([(n, match(f"m{n}", n, source=f"s{n}", counted=counted)) for n in range(9)])
    for n in (10, 11):
        later = replace(here, time_us=to_us(BEGIN + n * timedelta(hours=1)), published_us=here.published_us)
        feeder.feed([(n, later)])
        looked_at = len(feeder.memory._entries)
        feeder.save()
    assert looked_at == 0
    assert len(feeder.memory) == 9


@pytest.mark.parametrize("window", ["{size: 30d, grace: 1s}", "{type: session, gap: 20d, size: 30d, grace: 1s}"])
def test_a_long_window_keeps_no_alarm_for_each_control_record(window: str) -> None:
    rules = ruleset(correlation(condition="{gte: 1}", window=window))
    (counted,) = rules.correlations
    feeder = Feeder(rules)
    for n in range(1_000):
        feeder.feed([(2 * n, match(f"m{n}", n, counted=counted)), (2 * n + 1, told(n + 2))])
    assert feeder.late == 0
    assert len(feeder.memory._alarms) <= SWEPT_LEAST
