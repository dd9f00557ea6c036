"""The driver as Faust sees it: a transport under the URL scheme `chunk://`, and what it cannot be used with.

app = faust.App("id", broker="chunk://127.0.0.1:9092", Table=ChunkTable, …)
transport = use_chunks(app, Limits(), fail, notice)
topic = transport.topic("articles.raw")          # this topic is read in chunks; others the stock way
…agents…
transport.check()
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

import faust
from faust.sensors import Sensor
from faust.transport import drivers
from faust.types.transports import ConsumerT, ProducerT

from stream.errors import SettingsError
from stream.worker.driver.chunk import ChunkSchema, Fail
from stream.worker.driver.consumer import ChunkConsumer
from stream.worker.driver.fence import FencedProducer
from stream.worker.driver.lease import Lease
from stream.worker.driver.limits import Limits
from stream.worker.driver.stream import ChunkStream
from stream.worker.driver.table import ChunkTable
from stream.worker.driver.wiring import Notice, WiredTransport

SCHEME = "chunk"


class ChunkTransport(WiredTransport):
    """Made by Faust for the scheme."""

    Consumer: ClassVar[type[ConsumerT]] = ChunkConsumer
    Producer: ClassVar[type[ProducerT]] = FencedProducer

    def topic(self, name: str, *, urgent: bool = False, chunk_records_max: int | None = None) -> Any:
        """A topic that is read in chunks; urgent ones are read before any other.

        `chunk_records_max`: for this topic, in place of the limit of that name.
        """
        self.chunked_topics.add(name)
        if chunk_records_max is not None:
            self.topic_records_max[name] = chunk_records_max
        if urgent:
            self.urgent_topics.add(name)
        topic = self.app.topic(name, schema=ChunkSchema())
        topic.maxsize = self.limits.queued_chunks_max  # App.topic takes it and forgets it
        return topic

    def check(self) -> None:
        """Refuses agents that the ledger cannot hold for. Raises `SettingsError`. Call it when all are defined."""
        read_by: dict[str, str] = {}
        for agent in self.app.agents.values():
            for name in self.chunked_topics.intersection(agent.channel.topics):
                if agent.concurrency > 1:
                    raise SettingsError(
                        f"agent {agent.name} reads {name} with concurrency {agent.concurrency}, expected 1: chunks of "
                        "a partition are confirmed in order; add partitions and workers instead"
                    )
                if agent.isolated_partitions:
                    raise SettingsError(f"agent {agent.name} reads {name} with isolated_partitions; leave that out")
                if name in read_by:
                    raise SettingsError(
                        f"agents {read_by[name]} and {agent.name} both read {name}, expected one: a confirmation "
                        "counts for the whole chunk; call both from one agent, or give one a consumer group of its own"
                    )
                read_by[name] = agent.name
        for table in self.app.tables.values():
            if table.is_global:
                raise SettingsError(f"table {table.name} is global; the chunk driver keeps tables by partition only")


def use_chunks(app: faust.App, limits: Limits, fail: Fail, notice: Notice) -> ChunkTransport:
    """The driver of an application that was made with a `chunk://` broker. Raises `SettingsError`.

    `fail` must end the process without a commit, from whatever thread it is called.
    """
    conf = app.conf
    for found, name, expected, why in (
        (
            conf.processing_guarantee.value,
            "processing_guarantee",
            "at_least_once",
            "offsets are committed by the ledger",
        ),
        (conf.consumer_auto_offset_reset, "consumer_auto_offset_reset", "earliest", "latest would skip records"),
        (conf.consumer_group_instance_id, "consumer_group_instance_id", None, "static membership is not tested"),
        (conf.table_standby_replicas, "table_standby_replicas", 0, "standby replicas are not tested"),
        (conf.stream_wait_empty, "stream_wait_empty", True, "a chunk in work is finished before its partition goes"),
        (
            issubclass(cast(type, conf.Table), ChunkTable),
            "Table",
            True,
            "confirm waits for table writes: use ChunkTable",
        ),
    ):
        if found != expected:
            raise SettingsError(f"{name}: found {found!r}, the chunk driver needs {expected!r} ({why})")
    transport = app.transport
    if not isinstance(transport, ChunkTransport):
        raise SettingsError(f"broker: found {conf.broker[0]}, expected a URL that begins with {SCHEME}://")
    conf.Stream = cast(Any, ChunkStream)
    transport.limits, transport.fail, transport.notice = limits, fail, notice
    transport.lease = Lease(conf.broker_session_timeout)
    app.sensors.add(_RefusedSends(fail))
    return transport


class _RefusedSends(Sensor):
    """Ends the process on any message that the broker refused, changelogs included: Faust only warns."""

    def __init__(self, fail: Fail) -> None:
        super().__init__()
        self._fail = fail

    def on_send_error(self, producer: Any, exc: BaseException, state: Any) -> None:
        self._fail("the broker refused a message", exc)


drivers.TRANSPORTS.aliases[SCHEME] = f"{__name__}:{ChunkTransport.__name__}"
