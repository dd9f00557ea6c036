"""What is told of a broker that goes away and comes back."""

from __future__ import annotations

import pytest

from stream.broker.embedded import EmbeddedBroker
from stream.broker.watching import AWAY_AFTER_SECONDS, BrokerWatch
from stream.settings import Settings


class World:
    """A broker that is there or not, a clock, and what was told."""

    def __init__(self) -> None:
        self.now, self.there = 100.0, True
        self.told: list[tuple[bool, float]] = []
        self.watch = BrokerWatch(Settings(), self._note, asked=lambda: self.there, clock=lambda: self.now)

    def _note(self, *, answers: bool, silence_seconds: float) -> None:
        self.told.append((answers, silence_seconds))

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            self.watch.look()


def test_a_broker_that_is_there_is_no_news() -> None:
    world = World()
    world.wait(200)
    assert world.told == []
    assert world.watch.trouble() is None


def test_one_unanswered_question_is_no_news() -> None:
    world = World()
    world.there = False
    world.wait(round(AWAY_AFTER_SECONDS) - 1)
    world.there = True
    world.wait(100)
    assert world.told == []


def test_it_is_told_once_then_every_minute_then_that_it_is_back() -> None:
    world = World()
    world.there = False
    world.wait(130)
    assert world.told == [(False, 5.0), (False, 65.0), (False, 125.0)]
    assert world.watch.trouble() == "the broker has not answered for 130 s"
    world.there = True
    world.wait(10)
    assert world.told[3:] == [(True, 130.0)]
    assert world.watch.trouble() is None
    world.there = False
    world.wait(6)
    assert world.told[4:] == [(False, 5.0)]


@pytest.mark.embedded
def test_it_asks_the_broker_itself() -> None:
    with EmbeddedBroker() as broker:
        told: list[bool] = []
        clock = iter(range(0, 1_000, 10))
        watch = BrokerWatch(
            Settings(bootstrap=broker.bootstrap),
            lambda *, answers, silence_seconds: told.append(answers),
            clock=lambda: float(next(clock)),
        )
        watch.look()
        assert told == []
        broker.stop()
        watch.look()
        assert told == [False]
