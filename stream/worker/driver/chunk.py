"""What an agent gets: consecutive raw records of one partition, to be confirmed as a whole.

    @app.agent(transport.topic("articles.raw"))
    async def agent(stream):
        async for chunk in chunks(stream):
            outputs = work(chunk.records)
            sends = [await producer.send(output) for output in outputs]
            table["key"] = ...                       # writes to a ChunkTable are waited for as well
            await chunk.confirm(*sends)

Delivery guarantees: at least once. An offset is committed only when every record below it was in a chunk whose
`confirm` returned True, and that it does only after the broker has acknowledged the sends and the table writes. A chunk
that is not confirmed, for whatever reason, is delivered again.

Waiting for acknowledgements is most of a small chunk's time. With `each_chunk` (see `lanes`), an agent may let the next
chunk of the partition begin before that; they are still confirmed one after another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, NoReturn, Protocol

import faust
from aiokafka.errors import KafkaError, KafkaTimeoutError  # type: ignore[import-untyped]
from faust.streams import Stream
from faust.types import StreamT

from stream.model import Record
from stream.worker.driver.ledger import Span

Fail = Callable[[str, BaseException | None], NoReturn]
"""Ends the process without a commit; gets the reason in one sentence, and the error behind it."""


class Change(NamedTuple):
    """A table write, on its way to the table's changelog."""

    topic: str
    partition: int
    key: bytes
    value: bytes | None


class Keeper(Protocol):
    """Who keeps the books of chunks: the consumer."""

    send_seconds_max: float

    def fail(self, why: str, error: BaseException | None = None) -> NoReturn:
        """Ends the process without a commit."""

    async def begin(self, chunk: Chunk) -> bool:
        """An agent takes the chunk. False: it is void, or something before it is missing."""

    async def acquit(self, span: Span) -> None:
        """The process is about to end, and not because of these records: the broker was away."""

    async def write(self, change: Change) -> Awaitable[object]:
        """Hands a table write to the producer; what it returns ends with the broker's acknowledgement."""

    def end(self, chunk: Chunk) -> None:
        """The agent lets go of the chunk, confirmed or not."""

    def confirm(self, span: Span) -> bool:
        """Everything that came of the chunk is acknowledged. False: it will be delivered again."""

    def is_next(self, span: Span) -> bool:
        """Whether it is the next one to be confirmed."""


class Chunk:
    """Records of one partition, in order; no record of the log between the first and the last is missing.

    `condemned`: a worker died with this one record in its hands; put it aside, unread.
    """

    __slots__ = ("_changes", "_keeper", "_writes", "before", "condemned", "finished", "followed", "records", "span")

    def __init__(self, keeper: Keeper, span: Span, records: Sequence[Record], *, condemned: bool = False) -> None:
        self._keeper, self.span, self.records, self.condemned = keeper, span, records, condemned
        self._writes: list[Awaitable[Any]] = []
        self._changes: list[Change] = []
        self.before: asyncio.Event | None = None
        """For `each_chunk`: when the chunk before it on the partition is finished."""
        self.followed, self.finished = asyncio.Event(), asyncio.Event()

    def let_next_begin(self) -> None:
        """Everything that must stand before what comes of the next chunk has been sent, if not acknowledged."""
        self.followed.set()

    async def turn(self) -> bool:
        """Waits until the chunks before it on the partition are finished. False: it cannot be confirmed any more."""
        if self.before is not None:
            await self.before.wait()
        return self._keeper.is_next(self.span)

    async def confirm(self, *sends: Awaitable[object]) -> bool:
        """Waits for the acknowledgements of the sends and of its table writes, and for the chunks before it; then
        settles the chunk.

        False: meanwhile the partition went to another worker, or is read again; count nothing of it. A send that is
        refused, or not acknowledged in time, ends the process.
        """
        await self.acknowledged(*sends)
        return await self.turn() and self._keeper.confirm(self.span)

    async def acknowledged(self, *sends: Awaitable[object]) -> None:
        """Waits for the sends and all table writes so far, for those who write one thing only after another."""
        writes, self._writes = self._writes, []
        changes, self._changes = self._changes, []
        if not sends and not writes and not changes:
            return
        try:
            async with asyncio.timeout(self._keeper.send_seconds_max):
                writes += [await self._keeper.write(change) for change in changes]
                await asyncio.gather(*sends, *writes)
        except TimeoutError as error:
            await self._keeper.acquit(self.span)
            self._keeper.fail(f"the broker did not acknowledge within {self._keeper.send_seconds_max:g} s", error)
        except Exception as error:  # noqa: BLE001 - whatever it is, this chunk cannot be finished
            await self.acquit_of(error)
            self._keeper.fail("the broker refused a message", error)

    async def acquit_of(self, error: Exception) -> None:
        """Of an error that is about to end the process: a broker that is away is not the fault of these records."""
        if isinstance(error, KafkaError) and (error.retriable or isinstance(error, KafkaTimeoutError)):
            await self._keeper.acquit(self.span)

    async def begin(self) -> bool:
        """For `chunks`."""
        return await self._keeper.begin(self)

    def end(self) -> None:
        """For `chunks`."""
        self._keeper.end(self)

    def wait_for(self, write: Awaitable[Any]) -> None:
        """Makes `confirm` wait for this as well."""
        self._writes.append(write)

    def add(self, change: Change) -> None:
        """A table write that leaves with the next `acknowledged` or `confirm`, which waits for it."""
        self._changes.append(change)


_in_work: ContextVar[Chunk | None] = ContextVar("chunk_in_work", default=None)


def chunk_in_work() -> Chunk | None:
    """The chunk that the running agent has in work."""
    return _in_work.get()


@contextmanager
def at_work(chunk: Chunk) -> Iterator[None]:
    """Around the work on a chunk that has begun."""
    _in_work.set(chunk)
    try:
        yield
    finally:
        _in_work.set(None)
        chunk.end()


async def chunks(stream: StreamT[Any]) -> AsyncGenerator[Chunk, None]:
    """The chunks of an agent's stream, one at a time, begun; void ones are passed over."""
    async for chunk in arriving(stream):
        if await chunk.begin():
            with at_work(chunk):
                yield chunk


async def arriving(stream: StreamT[Any]) -> AsyncGenerator[Chunk, None]:
    """The chunks of an agent's stream as they come, not begun, void ones among them.

    Faust's acknowledgements are switched off: Faust acknowledges whatever an agent has held, even if it failed.
    """
    assert isinstance(stream, Stream)
    async for chunk in stream.noack():
        if not isinstance(chunk, Chunk):
            raise TypeError(
                f"found a {type(chunk).__name__} in the stream of an agent, expected a chunk: chunked topics cannot go "
                "through group_by, take, joins or processors, and need a topic from ChunkTransport.topic()"
            )
        yield chunk


class ChunkSchema(faust.Schema[Any, Any]):
    """Decodes nothing: the value of a message of a chunked topic is the chunk."""

    def compile(self, app: Any, **_: Any) -> Any:
        """Called by Faust once for each topic."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return app.create_event(None, message.value, None, message)

        return decode
