"""The watchdog's judgement, look by look."""

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


def test_a_process_that_was_stopped_gets_its_time_again() -> None:
    vitals, clock, watchdog = started(broker=True)
    vitals.lag(5)
    for _ in range(10):
        clock.now += 100
        watchdog.look(overslept=True)
    assert vitals.live() is None
