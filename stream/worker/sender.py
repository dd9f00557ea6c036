"""Messages out, on the Kafka client beneath Faust: Faust's own `topic.send` costs 300 µs a message.

Delivery guarantees: `send` only hands over; a message is on the broker when its future is done, with `acks=all`.
Limits: what the client buffers is bounded by its batches; a full partition holds `send` up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import faust
from faust.transport.drivers.aiokafka import Producer

from stream.model import Output
from stream.wire.control import Control, control_output


class Sender:
    """Sends with the producer of a running Faust application; a message's key decides its partition."""

    def __init__(self, app: faust.App) -> None:
        self._app = app

    async def send(self, outputs: Sequence[Output]) -> list[asyncio.Future[object]]:
        """Hands all messages over, in order; each future ends with the broker's acknowledgement or its error."""
        producer = self._app.producer
        assert isinstance(producer, Producer)
        client = producer._ensure_producer()
        return [
            await client.send(output.topic, output.value, key=output.key, headers=list(output.headers))
            for output in outputs
        ]

    async def tell(self, controls: Sequence[Control], *, raw: str, matches: str) -> list[asyncio.Future[object]]:
        """Hands control records over, each to every partition of `matches`, behind all that was sent before."""
        if not controls:
            return []
        producer = self._app.producer
        assert isinstance(producer, Producer)
        client = producer._ensure_producer()
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
