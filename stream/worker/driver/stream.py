"""The stream that an agent of a chunked topic gets: `chunks(stream)` reads it, and nothing else may.

Faust's operations on streams take one record at a time, forward it, or acknowledge what they hold. On chunks each of
them would break a promise of the ledger without a word; so each is refused when an agent uses it, which is at start.
"""

from __future__ import annotations

from typing import Any, NoReturn, cast

import faust

from stream.errors import SettingsError

REFUSED = (
    "add_processor",
    "combine",
    "echo",
    "enumerate",
    "events",
    "filter",
    "group_by",
    "inner_join",
    "items",
    "join",
    "left_join",
    "noack_take",
    "outer_join",
    "take",
    "take_events",
    "take_with_timestamp",
    "through",
)


class ChunkStream(faust.Stream[Any]):
    """A stream of a chunked topic or, unchanged, of any other channel. Set by `use_chunks` as Faust's Stream."""

    def _is_chunked(self) -> bool:
        transport = cast(Any, self.app).transport
        return bool(transport.chunked_topics.intersection(getattr(self.channel, "topics", ()) or ()))


def _refusing(name: str) -> Any:
    stock = getattr(faust.Stream, name)

    def refuse_or_do(self: ChunkStream, *args: Any, **kwargs: Any) -> Any:
        if self._is_chunked():
            _refuse(name, self)
        return stock(self, *args, **kwargs)

    refuse_or_do.__name__, refuse_or_do.__doc__ = name, stock.__doc__
    return refuse_or_do


def _refuse(name: str, stream: ChunkStream) -> NoReturn:
    topics = ", ".join(cast(Any, stream.channel).topics)
    raise SettingsError(
        f"stream.{name} on {topics}, which is read in chunks: expected chunks(stream) alone. Do it in the agent, or "
        "read the topic without chunks, in an application of its own"
    )


for _name in REFUSED:
    setattr(ChunkStream, _name, _refusing(_name))
