"""The watchdog's judgement, look by look."""

import threading
from typing import NoReturn

import pytest

from stream.worker.health import Vitals
from stream.worker.watchdog import ASK_AFTER_SECONDS, LOOKS_UNTIL_END, Watchdog
from tests.worker.test_health import Clock


class GaveUpError(Exception):
    pass


def give_up(why: str) -> NoReturn:
    raise GaveUpError(why)


def started(*, broker: bool) -> tuple[Vitals, Clock, Watchdog]:
    clock = Clock()
    vitals = Vitals(60.0, clock)
    vitals.assigned()
    return vitals, clock, Watchdog(vitals, give_up, lambda: broker)


def test_lag_without_progress_is_the_end_after_some_looks() -> None:
    vitals, clock, watchdog = started(broker=True)
    vitals.lag(5)
    for _ in range(LOOKS_UNTIL_END - 1):
        clock.now += 61
        vitals.beat()
        watchdog.look()
    vitals.confirmed()
    watchdog.look()
    for _ in range(LOOKS_UNTIL_END - 1):
        clock.now += 61
        vitals.beat()
        watchdog.look()
    with pytest.raises(GaveUpError, match="no sign of life: 5 records are waiting, none was finished for 122 s"):
        watchdog.look()


def test_a_broker_that_answers_nobody_is_waited_for() -> None:
    vitals, clock, watchdog = started(broker=False)
    vitals.lag(5)
    for _ in range(100):
        clock.now += ASK_AFTER_SECONDS + 1
        vitals.beat()
        watchdog.look()
        assert vitals.live() is None
    assert vitals.ready() == "the broker has not answered for 400 s"


def test_a_broker_that_answers_but_gives_no_records_is_the_end() -> None:
    vitals, clock, watchdog = started(broker=True)

    def wait(seconds: int) -> None:
        for _ in range(seconds):
            clock.now += 1
            vitals.beat()
            vitals.lag(0)
            watchdog.look()

    wait(60 + LOOKS_UNTIL_END - 1)
    with pytest.raises(GaveUpError, match="no fetch was answered for 63 s"):
        wait(1)


def test_a_watchdog_that_fails_ends_the_worker() -> None:
    told: list[str] = []
    over = threading.Event()

    def end(why: str) -> NoReturn:
        told.append(why)
        over.set()
        raise SystemExit  # as the process would end

    def fails() -> str | None:
        raise ZeroDivisionError("a bug")

    with Watchdog(Vitals(60.0), end, lambda: True, fails):
        assert over.wait(60)
    assert told == ["the watchdog failed: ZeroDivisionError: a bug"]


def test_a_process_that_was_stopped_gets_its_time_again() -> None:
    vitals, clock, watchdog = started(broker=True)
    vitals.lag(5)
    for _ in range(10):
        clock.now += 100
        watchdog.look(overslept=True)
    assert vitals.live() is None


def test_a_broker_that_goes_away_and_comes_back_is_told_of() -> None:
    clock, there, told = Clock(), [True], []
    vitals = Vitals(60.0, clock)
    vitals.joining()
    vitals.assigned()

    def news(*, answers: bool, silence_seconds: float) -> None:
        told.append((answers, silence_seconds))

    watchdog = Watchdog(vitals, give_up, lambda: there[0], news=news)

    def wait(seconds: int) -> None:
        for _ in range(seconds):
            clock.now += 1
            vitals.beat()
            watchdog.look()

    wait(10)
    assert told == []  # it answers whoever asks
    vitals.heard()
    there[0] = False
    wait(130)
    assert told == [(False, 4.0), (False, 64.0), (False, 124.0)]
    there[0] = True
    wait(1)
    vitals.fetched()
    wait(5)
    assert told[3:] == [(True, 130.0)]
    vitals.heard()
    there[0] = False
    wait(5)
    assert told[4:] == [(False, 4.0)]


def test_a_broker_that_is_not_there_yet_is_the_starts_news() -> None:
    clock, told = Clock(), []
    vitals = Vitals(60.0, clock)
    watchdog = Watchdog(vitals, give_up, lambda: False, news=lambda **found: told.append(found))
    for _ in range(20):
        clock.now += 1
        vitals.beat()
        watchdog.look()
    assert told == []
    vitals.joining()
    for _ in range(5):
        clock.now += 1
        vitals.beat()
        watchdog.look()
    assert len(told) == 1
