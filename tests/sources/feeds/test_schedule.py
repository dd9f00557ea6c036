"""When a feed is asked again, and whose turn it is."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.sources.feeds.schedule import BACKOFF_SECONDS_MAX, Turns, next_try


def test_without_failures_a_tenth_around_the_interval() -> None:
    assert next_try(100, 0, 0.0) == 90
    assert next_try(100, 0, 1.0) == pytest.approx(110)


def test_failures_double_the_pause() -> None:
    assert [next_try(100, failures, 1.0) for failures in (1, 2, 3)] == [200, 400, 800]
    assert next_try(100, 3, 0.0) == 400
    assert next_try(100, 50, 1.0) == BACKOFF_SECONDS_MAX
    assert next_try(90_000, 50, 1.0) == 90_000


def test_the_server_is_believed() -> None:
    assert next_try(100, 1, 0.5, retry_after_seconds=3_000) == 3_000
    assert next_try(100, 1, 1.0, retry_after_seconds=1) == 200
    assert next_try(100, 1, 0.5, gone=True) == 86_400


@given(st.floats(1, 1e6), st.integers(0, 10_000), st.floats(0, 1), st.none() | st.floats(0, 86_400))
def test_never_sooner_than_half_the_interval(every: float, failures: int, chance: float, after: float | None) -> None:
    assert every / 2 <= next_try(every, failures, chance, retry_after_seconds=after) <= max(every * 1.1, 86_400)


def test_one_at_a_time_with_a_pause() -> None:
    spans: list[tuple[str, float, float]] = []

    async def main() -> None:
        turns = Turns(pause_seconds=0.05, requests_max=10)

        async def ask(host: str) -> None:
            async with turns.turn(host):
                begun = time.monotonic()
                await asyncio.sleep(0.01)
                spans.append((host, begun, time.monotonic()))

        await asyncio.gather(*(ask(host) for host in ("a", "b", "a", "b", "a")))

    asyncio.run(main())
    for host in ("a", "b"):
        mine = sorted(span[1:] for span in spans if span[0] == host)
        assert all(later[0] - earlier[1] >= 0.049 for earlier, later in itertools.pairwise(mine))


def test_hosts_are_forgotten() -> None:
    async def main() -> int:
        turns = Turns(pause_seconds=0.0, requests_max=10)
        for number in range(12_000):
            async with turns.turn(str(number)):
                pass
        return len(turns._hosts)

    assert asyncio.run(main()) <= 10_000
