"""Dead letters of records that nobody may read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from stream.engine import Batch, Facts
from stream.model import Output, Record, Reject
from stream.settings import Settings
from stream.wire.deadletter import encode_dead_letter
from stream.wire.topics import DEAD, full_name

STAGE, CODE = "worker", "killed_worker"


def put_aside(records: Sequence[Record], settings: Settings) -> Batch:
    """A dead letter for each record, instead of what the engine would make of it."""
    facts = Facts(records=len(records), dead=Counter({(STAGE, CODE): len(records)}))
    outputs = []
    for record in records:
        place = f"{record.topic}[{record.partition}]@{record.offset}"
        reason = f"{place}: workers died on its chunk, and one with this record alone; it was not read again"
        facts.dead_reasons.append(reason)
        outputs.append(_letter(Reject(STAGE, CODE, reason), record, settings))
    return Batch(outputs, facts)


def _letter(reject: Reject, record: Record, settings: Settings) -> Output:
    return encode_dead_letter(
        reject,
        record,
        topic=full_name(settings.topic_prefix, DEAD),
        original_bytes_max=settings.dead_letter_original_bytes_max,
        bytes_max=settings.message_bytes_max,
    )
