"""How far live articles are: the newest while there is work, the clock while there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stream.detect import to_us
from stream.wire.control import Control
from stream.worker.progress import BEHIND, Progress

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def at(seconds: float) -> int:
    return to_us(NOON + timedelta(seconds=seconds))


def told(partition: int, seconds: float, published: float) -> Control:
    """The newest event time, and the newest date."""
    moments = NOON + timedelta(seconds=seconds), NOON + timedelta(seconds=published)
    return Control("progress", None, partition, *moments)


def test_a_busy_partition_tells_its_newest_article_once_a_second() -> None:
    progress = Progress()
    assert progress.handled(0, at(5), at(-60), now=0.0) == [told(0, 5, -60)]
    assert progress.handled(0, at(9), at(-90), now=0.5) == []
    assert progress.handled(1, at(1), None, now=0.5) == [told(1, 1, 1)]
    assert progress.handled(0, at(2), at(-70), now=1.0) == [told(0, 9, -60)]


def test_a_chunk_without_live_articles_tells_nothing() -> None:
    assert Progress().handled(0, None, None, now=0.0) == []


def test_an_idle_partition_goes_with_what_the_broker_has_said() -> None:
    """After a stop of the process, or while the broker is away, articles may have come since."""
    assert Progress().idle({0: 0.0, 1: 60.0}, NOON, now=0.0) == [
        Control("progress", None, 0, NOON - BEHIND),
        Control("progress", None, 1, NOON - BEHIND - timedelta(seconds=60)),
    ]
