"""What renews the lease, and what it holds back."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.protocol.group import HeartbeatRequest, LeaveGroupRequest, SyncGroupRequest

from stream.worker.driver.fence import guard, renew_by
from stream.worker.driver.lease import Lease
from tests.worker.driver.kit import RAW, Bench, GaveUpError, give_up

NO_ERROR, ILLEGAL_GENERATION, UNKNOWN_MEMBER, REBALANCE, NOT_COORDINATOR = 0, 22, 25, 27, 16


def in_loop(body: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await asyncio.wait_for(body(), 60)

    asyncio.run(whole())


def needed() -> Lease:
    lease = Lease(10)
    lease.begin()
    return lease


HEARTBEAT = HeartbeatRequest("group", 1, "member")
SYNC = SyncGroupRequest("group", 1, "member", None, [])
LEAVE = LeaveGroupRequest("group", "member")


@pytest.mark.parametrize(
    ("request_", "code", "holds", "lost"),
    [
        (HEARTBEAT, NO_ERROR, True, False),
        (HEARTBEAT, REBALANCE, True, False),
        (HEARTBEAT, NOT_COORDINATOR, False, False),
        (HEARTBEAT, UNKNOWN_MEMBER, False, True),
        (HEARTBEAT, ILLEGAL_GENERATION, False, True),
        (SYNC, NO_ERROR, True, False),
        (SYNC, REBALANCE, False, False),
        (SYNC, UNKNOWN_MEMBER, False, True),
        (LEAVE, NO_ERROR, False, False),
    ],
)
def test_the_coordinators_answers(request_: Any, code: int, holds: bool, lost: bool) -> None:
    async def body() -> None:
        async def answer(_: Any) -> Any:
            return SimpleNamespace(error_code=code)

        lease = needed()
        coordinator = SimpleNamespace(_send_req=answer)
        renew_by(coordinator, lease)
        assert (await coordinator._send_req(request_)).error_code == code
        assert (lease.holds(), lease.lost) == (holds, lost)

    in_loop(body)


def guarded(lease: Lease) -> Any:
    async def ready(node: int) -> bool:
        return node == 1

    client = SimpleNamespace(ready=ready)
    guard(client, lease, give_up)
    return client


def test_a_write_waits_for_a_lease_that_has_run_out() -> None:
    async def body() -> None:
        lease = needed()
        writing = asyncio.ensure_future(guarded(lease).ready(1))
        await asyncio.wait((writing,), timeout=0.05)
        assert not writing.done()
        lease.renewed(float("inf"))
        assert await writing

    in_loop(body)


def test_a_write_after_the_lease_is_lost_ends_the_process() -> None:
    async def body() -> None:
        lease = needed()
        lease.refused()
        with pytest.raises(GaveUpError, match="gave this worker's partitions away"):
            await guarded(lease).ready(1)

    in_loop(body)


def test_a_client_that_is_not_ready_says_so() -> None:
    async def body() -> None:
        assert not await guarded(Lease(10)).ready(2)

    in_loop(body)


def test_a_chunk_is_not_begun_without_the_lease(tmp_path: Path) -> None:
    async def body() -> None:
        bench = Bench(tmp_path)
        await bench.consumer.on_partitions_assigned({RAW})
        await bench.consumer.seek_to_committed()
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        lease = bench.transport.lease
        lease.refused()
        assert not await chunk.begin()

    in_loop(body)


def test_a_chunk_in_work_when_the_lease_is_lost_ends_the_process(tmp_path: Path) -> None:
    async def body() -> None:
        bench = Bench(tmp_path)
        await bench.consumer.on_partitions_assigned({RAW})
        await bench.consumer.seek_to_committed()
        bench.thread.fill(RAW, range(3))
        (chunk,) = await bench.chunks()
        assert await chunk.begin()
        bench.transport.lease.refused()
        with pytest.raises(GaveUpError, match="gave this worker's partitions away while a chunk was in work"):
            await bench.consumer.on_partitions_revoked({RAW})

    in_loop(body)
