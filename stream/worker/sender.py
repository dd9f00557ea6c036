"""Messages out, on the Kafka client beneath Faust: Faust's own `topic.send` costs 300 µs a message.

Delivery guarantees: `send` only hands over; a message is on the broker when its future is done, with `acks=all`.
Limits: what the client buffers is bounded by its batches; a full partition holds `send` up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import faust
from aiokafka.partitioner import murmur2  # type: ignore[import-untyped]
from faust.transport.drivers.aiokafka import Producer

from stream.model import Output
from stream.wire.control import Control, control_output

KEYS_REMEMBERED_MAX = 8_192
"""Most keys are those of a rule or a group; to hash one in Python takes longer than all else about a message."""
KEY_BYTES_REMEMBERED_MAX = 256
"""Keys of dead letters are whatever a producer has sent."""


class Sender:
    """Sends with the producer of a running Faust application; a message's key decides its partition."""

    def __init__(self, app: faust.App) -> None:
        self._app = app

    async def send(self, outputs: Sequence[Output]) -> list[asyncio.Future[object]]:
        """Hands all messages over, in order; each future ends with the broker's acknowledgement or its error."""
        client = self._client()
        partitions: dict[str, list[int]] = {}
        sent: list[asyncio.Future[object]] = []
        for output in outputs:
            topic, key = output.topic, output.key
            if topic not in partitions:
                partitions[topic] = sorted(await client.partitions_for(topic))
            partition = partition_of(key, partitions[topic])
            sent.append(
                await client.send(topic, output.value, key=key, partition=partition, headers=list(output.headers))
            )
        return sent

    async def tell(self, controls: Sequence[Control], *, raw: str, matches: str) -> list[asyncio.Future[object]]:
        """Hands control records over, each to every partition of `matches`, behind all that was sent before."""
        if not controls:
            return []
        client = self._client()
        sources, partitions = len(await client.partitions_for(raw)), sorted(await client.partitions_for(matches))
        sent: list[asyncio.Future[object]] = []
        for control in controls:
            output = control_output(replace(control, partitions=sources), topic=matches)
            headers = list(output.headers)
            sent += [
                await client.send(matches, output.value, key=output.key, partition=partition, headers=headers)
                for partition in partitions
            ]
        return sent

    def _client(self) -> Any:
        producer = self._app.producer
        assert isinstance(producer, Producer)
        return producer._ensure_producer()


def partition_of(key: bytes, partitions: Sequence[int]) -> int:
    """The one that Kafka's own clients choose for a key, of all of a topic's in ascending order."""
    hashed = _hashed if len(key) <= KEY_BYTES_REMEMBERED_MAX else murmur2
    return partitions[(hashed(key) & 0x7FFFFFFF) % len(partitions)]


@lru_cache(KEYS_REMEMBERED_MAX)
def _hashed(key: bytes) -> int:
    return int(murmur2(key))
