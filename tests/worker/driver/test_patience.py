"""How long the broker may hold a fetch: by the fetches themselves, not by what waits in this process."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from stream.worker.driver.patience import LITTLE_BYTES, Patience, learn_from

RAW, MATCHES = TopicPartition("raw", 0), TopicPartition("matches", 0)


def test_the_time_grows_while_fetches_use_it_up_for_little_of_what_is_there() -> None:
    """The embedded broker would else stand still once its log is long."""
    patience = Patience(5, 30)
    waits = [patience.learn(behind=behind, took_ms=31, brought_bytes=0) for behind in (0, 7, 7, 7, 7, 0, 7)]
    assert waits == [5, 10, 20, 30, 30, 5, 10]
    assert patience.learn(behind=7, took_ms=31, brought_bytes=LITTLE_BYTES) == 10, "it brought much"
    assert patience.learn(behind=7, took_ms=9, brought_bytes=0) == 10, "it was answered before"


class FakeFetcher:
    """aiokafka's fetcher, as far as `learn_from` touches it. A fetch takes `seconds` and brings `found`."""

    def __init__(self) -> None:
        self._records: dict[TopicPartition, Any] = {}
        self._fetch_max_wait_ms = 5
        self.states = {
            partition: SimpleNamespace(highwater=100, position=0, timestamp=None) for partition in (RAW, MATCHES)
        }
        self.answers = True

    def state_value(self, partition: TopicPartition) -> Any:
        return self.states.get(partition)

    async def _proc_fetch_request(self, assignment: Any, node: Any, request: Any) -> bool:
        await asyncio.sleep(request.seconds)
        for topic, partitions in request.topics:
            for number, _, _ in partitions if self.answers else ():
                state = self.states[TopicPartition(topic, number)]
                state.timestamp = (state.timestamp or 0) + 1
        self._records.update(request.found)
        return True


def fetch(
    fetcher: FakeFetcher, partition: TopicPartition, offset: int, seconds: float = 0.006, size: int | None = None
) -> int:
    found = {}
    if size is not None:
        records = SimpleNamespace(size_in_bytes=lambda: size)
        found[partition] = SimpleNamespace(_partition_records=SimpleNamespace(_records=records))
    topics = [(partition.topic, [(partition.partition, offset, 1_000_000)])]
    request = SimpleNamespace(topics=topics, seconds=seconds, found=found)
    assert asyncio.run(fetcher._proc_fetch_request(fetcher, 1, request)) is True
    return fetcher._fetch_max_wait_ms


@pytest.fixture
def fetcher() -> FakeFetcher:
    made = FakeFetcher()
    learn_from(made, Patience(5, 40))
    return made


def test_what_a_fetch_did_not_ask_for_does_not_count(fetcher: FakeFetcher) -> None:
    """Records of RAW wait in this process; a fetch for MATCHES, which has nothing, is not to be held any longer."""
    assert fetch(fetcher, MATCHES, offset=100) == 5
    assert fetch(fetcher, MATCHES, offset=100) == 5


def test_what_it_asked_for_in_vain_counts(fetcher: FakeFetcher) -> None:
    assert fetch(fetcher, RAW, offset=40) == 10
    assert fetch(fetcher, RAW, offset=40, seconds=0.011) == 20
    assert fetch(fetcher, RAW, offset=40, seconds=0.0) == 20
    assert fetch(fetcher, RAW, offset=40, seconds=0.021, size=LITTLE_BYTES) == 20
    assert fetch(fetcher, RAW, offset=40, seconds=0.021, size=LITTLE_BYTES - 1) == 40
    assert fetch(fetcher, RAW, offset=100) == 5


def test_a_fetch_that_nobody_answered_does_not_count(fetcher: FakeFetcher) -> None:
    fetcher.answers = False
    assert fetch(fetcher, RAW, offset=40) == 5


def test_a_partition_that_went_away_meanwhile_or_was_never_fetched_does_not_count(fetcher: FakeFetcher) -> None:
    fetcher.states[RAW].highwater = None
    assert fetch(fetcher, RAW, offset=40) == 5
    del fetcher.states[MATCHES]
    fetcher.answers = False
    assert fetch(fetcher, MATCHES, offset=40) == 5
