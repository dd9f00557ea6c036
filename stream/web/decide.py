"""Decisions on their way to Kafka: one thread sends, and waits for the broker's acknowledgement of each."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from stream.broker.publisher import Publisher
from stream.errors import ServiceError
from stream.model.decision import Acknowledgement, Silence, Verdict
from stream.settings import Settings
from stream.wire.decisions import encode_decision
from stream.wire.topics import DECISIONS, full_name


class Decider:
    """Publishes decisions; connects when the first one is made."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="page-decides")
        self._publisher: Publisher | None = None

    async def decide(self, decision: Acknowledgement | Verdict | Silence) -> None:
        """Returns when the broker has it. Raises `ServiceError` if it does not get it in time."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._send, decision)

    def close(self) -> None:
        """Disconnects."""
        self._thread.submit(self._close)
        self._thread.shutdown()

    def _send(self, decision: Acknowledgement | Verdict | Silence) -> None:
        if self._publisher is None:
            self._publisher = Publisher(self._settings, client_id="redline-web")
        send_decision(self._publisher, self._settings, decision)

    def _close(self) -> None:
        if self._publisher is not None:
            self._publisher.close()


def send_decision(publisher: Publisher, settings: Settings, decision: Acknowledgement | Verdict | Silence) -> None:
    """Publishes one decision. Raises `ServiceError` unless the broker acknowledges it in time."""
    publisher.send(encode_decision(decision, topic=full_name(settings.topic_prefix, DECISIONS)))
    waiting = publisher.flush(settings.kafka_request_timeout_ms / 1_000)
    failures = publisher.take_failures()
    if failures:
        raise ServiceError(f"the decision was not kept: {failures[0].reason}")
    if waiting:
        raise ServiceError("the broker did not acknowledge the decision in time; look before you try again")
