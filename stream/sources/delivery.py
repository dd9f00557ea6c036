"""From asyncio to the publisher and back: what many sources send, bounded, each batch with its answers.

    source A ── publish(batch) ─┐                        ┌─ sender's thread ─> Publisher.send
    source B ── publish(batch) ─┴─ room? ─ one thread ──┘        client's thread ─> told ─┐
         ^                                                                               │
         └────────────── the last answer of a batch wakes its coroutine ─────────────────┘

Delivery guarantees: those of `stream.broker.publisher`; a batch has as many answers as records.
Limits: `ingest_waiting_articles_max` records and `ingest_waiting_bytes_max` bytes wait at a time, a larger batch alone.
The publisher's own bounds are wider, so that its `send` does not wait while the broker answers.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from stream.broker.publisher import Failure, Told
from stream.model import Output

RETRY_AFTER_SECONDS = 1.0
RETRY_AFTER_TROUBLE_SECONDS = 5.0


class Publishing(Protocol):
    """What is needed of a `Publisher`."""

    def send(self, output: Output, *, origin: str = "", told: Told | None = None) -> None: ...


class Delivery:
    """The way to the broker of all sources of a process."""

    def __init__(self, publisher: Publishing, *, articles_max: int, bytes_max: int) -> None:
        self._publisher = publisher
        self._articles_max, self._bytes_max = articles_max, bytes_max
        self._articles = self._bytes = 0
        self._room = asyncio.Condition()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="send")
        self._trouble: str | None = None

    @property
    def waiting(self) -> int:
        """Records that wait for the broker's answer."""
        return self._articles

    @property
    def trouble(self) -> str | None:
        """Why the broker did not acknowledge the last batch; None if it did."""
        return self._trouble

    def pressure(self, articles: int, size_bytes: int) -> float | None:
        """None if so much has room now, else after how many seconds to try again."""
        if self._trouble is not None and self._articles:
            # One batch at a time finds out whether the broker is back.
            return RETRY_AFTER_TROUBLE_SECONDS
        return None if self._fits(articles, size_bytes) else RETRY_AFTER_SECONDS

    async def publish(self, outputs: Sequence[Output]) -> list[Failure | None]:
        """Sends a batch, and returns what became of each record: None is acknowledged. Waits for room."""
        if not outputs:
            return []
        size_bytes = sum(output.size_bytes for output in outputs)
        async with self._room:
            while not self._fits(len(outputs), size_bytes):
                await self._room.wait()
            self._articles += len(outputs)
            self._bytes += size_bytes
        try:
            answers = await self._send(outputs)
        finally:
            self._articles -= len(outputs)
            self._bytes -= size_bytes
            async with self._room:
                self._room.notify_all()
        lost = [answer for answer in answers if answer is not None and answer.reject is None]
        self._trouble = lost[0].reason if lost else None
        return answers

    def close(self) -> None:
        """Ends the sender's thread, after what it has in hand."""
        self._thread.shutdown(wait=True)

    def _fits(self, articles: int, size_bytes: int) -> bool:
        if not self._articles:
            return True
        return self._articles + articles <= self._articles_max and self._bytes + size_bytes <= self._bytes_max

    async def _send(self, outputs: Sequence[Output]) -> list[Failure | None]:
        loop = asyncio.get_running_loop()
        answers = _Answers(loop, len(outputs))
        sending = loop.run_in_executor(self._thread, self._hand_over, outputs, answers)
        # Also when this task is cancelled, the records are under way and their room is taken until they are answered.
        await asyncio.shield(sending)
        return await asyncio.shield(answers.complete)

    def _hand_over(self, outputs: Sequence[Output], answers: _Answers) -> None:
        for index, output in enumerate(outputs):
            self._publisher.send(output, told=answers.of(index))


class _Answers:
    def __init__(self, loop: asyncio.AbstractEventLoop, count: int) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._left = count
        self._found: list[Failure | None] = [None] * count
        self.complete: asyncio.Future[list[Failure | None]] = loop.create_future()

    def of(self, index: int) -> Told:
        def told(failure: Failure | None) -> None:
            if failure is not None:
                self._found[index] = failure
            with self._lock:
                self._left -= 1
                last = not self._left
            if last and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._finish)

        return told

    def _finish(self) -> None:
        if not self.complete.done():
            self.complete.set_result(self._found)
