"""What came of the parts of a chunk, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from stream.engine import Batch, Facts


def joined(parts: Sequence[Batch]) -> Batch:
    """The batch of all records, from those of consecutive parts of them, in order. Of the first stage only.

    The order of messages within a part is the engine's; no two of an article change places.
    """
    if len(parts) == 1:
        return parts[0]
    facts = Facts()
    for part in parts:
        _add(facts, part.facts)
    return Batch(
        list(chain.from_iterable(part.outputs for part in parts)),
        facts,
        list(chain.from_iterable(part.controls for part in parts)),
        newest_live_us=_newest(part.newest_live_us for part in parts),
        newest_published_us=_newest(part.newest_published_us for part in parts),
    )


def _add(total: Facts, part: Facts) -> None:
    total.records += part.records
    total.controls += part.controls
    total.articles += part.articles
    total.article_bytes += part.article_bytes
    total.matches += part.matches
    total.topics.update(part.topics)
    total.dead.update(part.dead)
    total.dead_reasons += part.dead_reasons
    total.rule_errors += part.rule_errors


def _newest(times: Iterable[int | None]) -> int | None:
    return max((time for time in times if time is not None), default=None)
