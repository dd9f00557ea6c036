"""Where the lease meets the wire: the coordinator's answers renew it, and no write leaves without it.

Both ends are put around single objects that aiokafka has made: the coordinator of the group, and the client of the
producer. Between the look at the lease and the write to the socket nothing is awaited.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiokafka.errors import (  # type: ignore[import-untyped]
    IllegalGenerationError,
    NoError,
    RebalanceInProgressError,
    UnknownMemberIdError,
    for_code,
)
from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest  # type: ignore[import-untyped]
from faust.transport.drivers.aiokafka import Producer

from stream.worker.driver.chunk import Fail
from stream.worker.driver.lease import Lease

LOOK_SECONDS = 0.02

AS_TO_A_MEMBER = {HeartbeatRequest: (NoError, RebalanceInProgressError), SyncGroupRequest: (NoError,)}
AS_TO_A_STRANGER = (UnknownMemberIdError, IllegalGenerationError)


def renew_by(coordinator: Any, lease: Lease) -> None:
    """Renews the lease by what the coordinator answers to heartbeats and to the end of a join."""
    send = coordinator._send_req

    async def watched(request: Any) -> Any:
        sent_at = time.monotonic()
        answer = await send(request)
        if type(request) in AS_TO_A_MEMBER:
            said = for_code(answer.error_code)
            if said in AS_TO_A_MEMBER[type(request)]:
                lease.renewed(sent_at)
            elif said in AS_TO_A_STRANGER:
                lease.refused()
        return answer

    coordinator._send_req = watched


def guard(client: Any, lease: Lease, fail: Fail) -> None:
    """Holds requests of a producer's client back while the lease does not hold; ends the process when it is lost.

    A lease that has only run out may be renewed in a moment, on a busy machine; whoever waits for the write has a
    limit of his own.
    """
    ready = client.ready

    async def when_allowed(*args: Any, **kwargs: Any) -> Any:
        while True:
            connected = await ready(*args, **kwargs)
            if lease.holds():
                return connected
            if lease.lost:
                fail("the group gave this worker's partitions away while it was writing", None)
            await asyncio.sleep(LOOK_SECONDS)

    client.ready = when_allowed


class FencedProducer(Producer):
    """Made by Faust from `ChunkTransport.Producer`: writes only while the group counts this worker as a member."""

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        client = super()._new_producer(transactional_id)
        transport: Any = self.transport
        guard(client.client, transport.lease, transport.fail)
        return client
