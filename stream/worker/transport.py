"""Faust's Kafka transport with four faults mended (faust-streaming 0.15.3; look again at every upgrade).

back-pressure   Faust pauses partitions whose buffer is full and, once all are paused, sleeps for a whole second:
                500 records/s at best. Here a full buffer simply holds the reading loop up.
lost fetches    What a fetch brings while Faust has stopped the flow (at every rebalance) is thrown away although
                the position has moved past it; on a group without committed offsets nothing seeks back. Here
                such records are put back. The set of partitions to fetch is also copied: emptied meanwhile by a
                rebalance it would mean "all partitions".
failing agents  An agent's error makes Faust commit what failed. Here it ends the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP
from faust.types.transports import ConsumerT

FETCH_WAIT_MS_MAX = 25
"""How long a broker may hold a fetch that finds nothing. The embedded broker, unlike Kafka, looks for new records only
when that time is over, so it is part of the latency there; shorter would cost an idle worker more than it gains."""


class MendedThread(AIOKafkaConsumerThread):
    """Fetches, and puts back what nobody will take."""

    def _create_worker_consumer(self, transport: Transport) -> Any:
        client = super()._create_worker_consumer(transport)
        client._fetch_max_wait_ms = FETCH_WAIT_MS_MAX
        return client

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[TP], timeout: float | None = None, max_records: int | None = None
    ) -> Any:
        wanted = set(active_partitions or ())
        if not wanted:
            return {}
        fetched = await self._late_topic_first(consumer, wanted, timeout, max_records)
        if fetched and not self.consumer.flow_active:
            for partition, records in fetched.items():
                consumer.seek(partition, records[0].offset)
            return {}
        return fetched

    async def _late_topic_first(
        self, consumer: Any, wanted: set[TP], timeout: float | None, max_records: int | None
    ) -> Any:
        # What is begun is finished first: under a backlog of articles, alerts would else wait for megabytes of them.
        assert isinstance(self.transport, MendedTransport)
        late = {partition for partition in wanted if partition.topic == self.transport.late_topic}
        if late:
            fetched = await super()._fetch_records(consumer, late, timeout=0, max_records=max_records)
            if fetched:
                return fetched
        return await super()._fetch_records(consumer, wanted, timeout=timeout, max_records=max_records)


class MendedConsumer(Consumer):
    """Leaves back-pressure to the bounded queues; hands an agent's error to `MendedTransport.failed`."""

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return MendedThread(self, loop=self.loop, beacon=self.beacon)

    def on_buffer_full(self, tp: TP) -> None:
        """A full queue holds the reading loop up by itself."""

    async def on_task_error(self, exc: BaseException) -> None:
        """Ends the process: Faust would commit here."""
        assert isinstance(self.transport, MendedTransport)
        self.transport.failed(exc)


class MendedTransport(Transport):
    """Set as `app.transport` before anything uses it.

    `failed` is called with the error of an agent; `late_topic` is the topic that is read before any other.
    """

    Consumer: ClassVar[type[ConsumerT]] = MendedConsumer

    failed: Callable[[BaseException], None]
    late_topic: str
