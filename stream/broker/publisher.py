"""Publishing with a ledger: every record is acknowledged by all replicas, or its failure is known with the reason.

Delivery guarantees: at least once (`acks=all`; the client sends again what was not answered), in order inside a
partition. A record that the broker refuses fails alone. After any other failure the broker may or may not have it.
The client's idempotent mode is off: in kafka-python 3.0.12 one refused record is fatal to it and fails all that wait.

Limits: at most IN_FLIGHT_RECORDS_MAX records and IN_FLIGHT_BYTES_MAX bytes wait for their acknowledgement, `send`
waits for room; a value larger than `message_bytes_max`, or a key and headers larger than BESIDE_BYTES_MAX, are never
sent.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from kafka import KafkaProducer  # type: ignore[import-untyped]
from kafka.errors import (  # type: ignore[import-untyped]
    AuthorizationError,
    CorruptRecordError,
    InvalidRecordError,
    InvalidTimestampError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
)

from stream.broker.connection import (
    OVERHEAD_BYTES,
    clear_errors,
    client_options,
    describe,
    forbidden,
    never_create_topics,
    wait_until_reachable,
)
from stream.errors import ServiceError
from stream.model import Output, Reject
from stream.settings import Settings

IN_FLIGHT_RECORDS_MAX = 10_000
IN_FLIGHT_BYTES_MAX = 64_000_000

LINGER_MS = 5
"""How long a record waits for company: below what anybody notices, and batches fill up under load."""

BATCH_BYTES = 131_072

BESIDE_BYTES_MAX = OVERHEAD_BYTES - 1_024
"""Key and headers of one record; the rest of the overhead is the protocol's framing."""

_REFUSALS = (
    CorruptRecordError,
    InvalidRecordError,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
)
"""Answers that are about the record itself: to send it again would not help."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A record that is not on the broker. `reject` (stage `publish`) is None if it is not known why, or whether.
    `origin` is what `send` was told about where it comes from."""

    output: Output
    reason: str
    reject: Reject | None
    origin: str = ""


Told = Callable[[Failure | None], None]
"""Gets the fate of a record: None once it is acknowledged, else the failure. Called from any thread; must not wait."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What became of the records so far; `sent` = acknowledged + failed + still waiting. Bytes are of key, value,
    headers of the acknowledged ones."""

    sent: int = 0
    acknowledged: int = 0
    failed: int = 0
    acknowledged_bytes: int = 0

    @property
    def waiting(self) -> int:
        """Records whose fate is not known yet."""
        return self.sent - self.acknowledged - self.failed


class Publisher:
    """A connection for publishing. Use it as a context manager. One thread sends."""

    def __init__(self, settings: Settings, *, client_id: str = "redline-publisher") -> None:
        """Connects. Raises `ServiceError` if no broker can be reached within `kafka_connect_timeout_ms`."""
        self._settings = settings
        self._room = threading.Condition()
        self._in_flight = 0
        self._in_flight_bytes = 0
        self._sent = self._acknowledged = self._failed = self._acknowledged_bytes = 0
        self._failures: deque[Failure] = deque()
        wait_until_reachable(settings)
        with clear_errors(settings):
            self._producer = KafkaProducer(**client_options(settings, client_id=client_id), **_options(settings))
        never_create_topics(self._producer._metadata)

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has. Raises `ServiceError` if it does not exist, or is not ours to write."""
        try:
            return len(self._producer.partitions_for(topic))
        except KafkaTimeoutError as error:
            raise ServiceError(f"there is no topic {topic}; `redline topics create` makes it") from error
        except AuthorizationError as error:
            raise ServiceError(forbidden(self._settings, error)) from error
        except KafkaError as error:
            raise ServiceError(f"the broker does not tell the partitions of {topic}: {describe(error)}") from error

    def send(
        self,
        output: Output,
        *,
        partition: int | None = None,
        counted: bool = True,
        origin: str = "",
        told: Told | None = None,
    ) -> None:
        """Hands over one message; waits while too much is under way.

        Without `partition`, the key decides (murmur2, as in Kafka's own clients). What becomes of it shows up in
        `ledger` and `take_failures`; with `counted` False (control records) in `take_failures` only. With `told`, a
        failure goes there and not to `take_failures`.
        """
        if counted:
            with self._room:
                self._sent += 1
        too_large = _too_large(output, self._settings.message_bytes_max)
        if too_large is not None:
            self._fail(Failure(output, too_large.reason, too_large, origin), counted, told)
            return
        size = output.size_bytes
        with self._room:
            # Every record under way ends, at the latest by its delivery timeout, so this wait ends too.
            while self._in_flight >= IN_FLIGHT_RECORDS_MAX or self._in_flight_bytes + size > _bytes_max(size):
                self._room.wait(1.0)
            self._in_flight += 1
            self._in_flight_bytes += size
        try:
            future = self._producer.send(
                output.topic, output.value, key=output.key, headers=list(output.headers), partition=partition
            )
        except KafkaError as error:
            self._settle(output, counted, origin, error, told)
            return
        future.add_callback(lambda _: self._settle(output, counted, origin, None, told))
        future.add_errback(lambda error: self._settle(output, counted, origin, error, told))

    def take_failures(self) -> list[Failure]:
        """The failures since the last call, oldest first. Call it as often as `send`: they are held until then."""
        with self._room:
            taken = list(self._failures)
            self._failures.clear()
        return taken

    def ledger(self) -> Ledger:
        """The counts so far."""
        with self._room:
            return Ledger(self._sent, self._acknowledged, self._failed, self._acknowledged_bytes)

    def flush(self, seconds_max: float) -> int:
        """Waits until every record has its answer; returns how many have none after `seconds_max`."""
        # Not the client's own flush: it raises when a batch was split, and LINGER_MS has everything on its way.
        deadline = time.monotonic() + seconds_max
        with self._room:
            while self._in_flight and (left := deadline - time.monotonic()) > 0:
                self._room.wait(min(left, 0.1))
            return self._in_flight

    def close(self, *, seconds_max: float = 5.0) -> None:
        """Waits for answers, at most for `seconds_max`, and disconnects; what has no answer then has failed."""
        if self.flush(seconds_max):
            self._producer._sender.force_close()
        with contextlib.suppress(KafkaError):
            self._producer.close(timeout=1.0)

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _settle(
        self, output: Output, counted: bool, origin: str, error: BaseException | None, told: Told | None
    ) -> None:
        # Called by the client's own thread (and by `send`): it must neither send nor wait.
        if error is not None:
            self._fail(_failure(output, origin, error), counted, told)
        elif told is not None:
            told(None)
        with self._room:
            self._in_flight -= 1
            self._in_flight_bytes -= output.size_bytes
            if error is None and counted:
                self._acknowledged += 1
                self._acknowledged_bytes += output.size_bytes
            self._room.notify_all()

    def _fail(self, failure: Failure, counted: bool, told: Told | None) -> None:
        with self._room:
            if told is None:
                self._failures.append(failure)
            if counted:
                self._failed += 1
        if told is not None:
            told(failure)


def _options(settings: Settings) -> dict[str, Any]:
    timeout_ms = settings.kafka_request_timeout_ms
    return {
        "acks": "all",
        "enable_idempotence": False,
        "max_in_flight_requests_per_connection": 1,  # keeps the order when something is sent again
        "linger_ms": LINGER_MS,
        "batch_size": BATCH_BYTES,
        "max_request_size": max(1_048_576, settings.message_bytes_max + OVERHEAD_BYTES),
        "delivery_timeout_ms": timeout_ms + LINGER_MS,
        "request_timeout_ms": timeout_ms,
        "max_block_ms": timeout_ms,
        "metrics_enabled": False,
    }


def _too_large(output: Output, bytes_max: int) -> Reject | None:
    if len(output.value) > bytes_max:
        return Reject("publish", "too_large", f"found {len(output.value)} bytes, expected at most {bytes_max}")
    beside = output.size_bytes - len(output.value)
    if beside > BESIDE_BYTES_MAX:
        reason = f"found {beside} bytes of key and headers, expected at most {BESIDE_BYTES_MAX}"
        return Reject("publish", "too_large", reason)
    return None


def _failure(output: Output, origin: str, error: BaseException) -> Failure:
    reason = describe(error)
    if isinstance(error, _REFUSALS):
        return Failure(
            output, reason, Reject("publish", "refused_by_broker", f"the broker refused it: {reason}"), origin
        )
    return Failure(output, f"not acknowledged: {reason}", None, origin)


def _bytes_max(size: int) -> int:
    # A single message larger than the bound must still get through, alone.
    return max(IN_FLIGHT_BYTES_MAX, size)
