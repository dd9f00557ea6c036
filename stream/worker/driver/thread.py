"""The thread that talks to Kafka: fetches records, and puts back what nobody will take.

Two faults of Faust are mended here. It hands the fetching thread its live set of partitions; a rebalance empties that
set, and to aiokafka an empty set means "all partitions". And what a fetch brings while Faust has stopped the flow, as
it does in every rebalance, is thrown away although the position has moved past it: table recovery then waits for ever
for changelog records that were already read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, cast

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from aiokafka.errors import CommitFailedError, IllegalStateError  # type: ignore[import-untyped]
from aiokafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    Transport,
    credentials_to_aiokafka_auth,
    server_list,
)
from faust.types import TP

from stream.worker.driver.ends import true_ends
from stream.worker.driver.fence import renew_by
from stream.worker.driver.patience import Patience, learn_from
from stream.worker.driver.records import read_chunked
from stream.worker.driver.wiring import WiredTransport

RECOVERY_FETCH_SECONDS = 0.1
"""For tables; Faust gives a second, which the first articles after a recovery wait for as well."""


class ChunkThread(AIOKafkaConsumerThread):
    """Faust's consumer thread with a bounded fetch wait, urgent topics first, and fetches that are never dropped."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, thread_loop=uvloop.new_event_loop(), **kwargs)
        self._close_thread_loop_on_stop = True  # it was made for this thread
        limits = self._transport.limits
        self._patience = Patience(limits.fetch_wait_ms_max, limits.fetch_wait_ms_behind_max)

    async def on_start(self) -> None:
        """Called by Faust in its thread; the coordinator exists from here on, and nothing was sent to it yet."""
        await super().on_start()
        client = self._ensure_consumer()
        renew_by(client._coordinator, self._transport.lease)
        learn_from(client._fetcher, self._patience)
        read_chunked(client._fetcher, self._transport.chunked_topics, self._transport.holes)

    def _create_worker_consumer(self, transport: Transport) -> Any:
        client = super()._create_worker_consumer(transport)
        client._fetch_max_wait_ms = self._patience.wait_ms  # Faust: always 1,500
        return client

    async def _highwaters(self, partitions: Any) -> Any:
        """Called by Faust before it recovers tables, which it does up to here."""
        if not partitions:
            return {}
        transport = self._transport
        client = AIOKafkaConsumer(
            bootstrap_servers=server_list(transport.url, transport.default_port),
            auto_offset_reset="none",
            enable_auto_commit=False,
            fetch_max_wait_ms=transport.limits.fetch_wait_ms_max,
            **credentials_to_aiokafka_auth(self.app.conf.broker_credentials, self.app.conf.ssl_context),
        )
        await client.start()
        try:
            return await true_ends(client, partitions, self.app.conf.broker_request_timeout)
        finally:
            await client.stop()

    async def getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        """As Faust's, but not through its queue of methods, which takes a handful of tasks for each fetch."""
        client = self._ensure_consumer()
        fetch = self._fetch_records(client, active_partitions or set(), timeout, client._max_poll_records)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(fetch, self.thread_loop))

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[TP], timeout: float | None = None, max_records: int | None = None
    ) -> Any:
        wanted = set(active_partitions or ())
        if not wanted:
            return {}
        if not self._transport.chunked_topics.issuperset(partition.topic for partition in wanted):
            timeout = min(timeout or 0, RECOVERY_FETCH_SECONDS)
        fetched = await self._urgent_first(consumer, wanted, timeout, max_records)
        if fetched and not self.consumer.flow_active:
            for partition, records in fetched.items():  # no await since the fetch: no other seek can come between
                consumer.seek(partition, records[0].offset)
            return {}
        return fetched

    async def _urgent_first(
        self, consumer: Any, wanted: set[TP], timeout: float | None, max_records: int | None
    ) -> Any:
        # What is begun is finished first: under a backlog of articles, alerts would else wait for megabytes of them.
        urgent = {partition for partition in wanted if partition.topic in self._transport.urgent_topics}
        if urgent:
            fetched = await super()._fetch_records(consumer, urgent, timeout=0, max_records=max_records)
            if fetched:
                return fetched
        return await super()._fetch_records(consumer, wanted, timeout=timeout, max_records=max_records)

    async def read_notes(self, partitions: Iterable[TP]) -> dict[TP, str]:
        """What the group has committed along with the offsets of these partitions."""

        async def read() -> dict[TP, str]:
            coordinator = self._ensure_consumer()._coordinator
            found = await coordinator.fetch_committed_offsets([TopicPartition(*p) for p in partitions])
            return {TP(*partition): committed.metadata or "" for partition, committed in found.items()}

        return cast(dict[TP, str], await self.call_thread(read))

    async def write_notes(self, notes: Mapping[TP, tuple[int, str]]) -> bool:
        """Commits offsets, each with its note, at once. False: a rebalance has begun, and nothing was written."""

        async def write() -> bool:
            client = self._ensure_consumer()
            try:
                await client.commit({TopicPartition(*p): OffsetAndMetadata(*note) for p, note in notes.items()})
            except (CommitFailedError, IllegalStateError):
                return False
            return True

        return cast(bool, await self.call_thread(write))

    @property
    def _transport(self) -> WiredTransport:
        return cast(WiredTransport, self.transport)
