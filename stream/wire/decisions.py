"""Decisions <-> messages of the compacted topic `decisions`. Never raises on bad input.

The key is the kind and the id: an acknowledgement and a verdict of the same alert, from two people at once, must not
overwrite each other (docs/adr/0005-keys-of-decisions.md).
"""

from __future__ import annotations

import orjson
from pydantic import TypeAdapter, ValidationError

from stream.model import Output, Reject
from stream.model.decision import Acknowledgement, Decision, Silence, Verdict

DECISION: TypeAdapter[Acknowledgement | Verdict | Silence] = TypeAdapter(Decision)
DECISION_BYTES_MAX = 65_536


def encode_decision(decision: Acknowledgement | Verdict | Silence, *, topic: str) -> Output:
    """The message that states a decision; it replaces an earlier one of the same key."""
    value = orjson.dumps(decision.model_dump(mode="json", exclude_none=True))
    return Output(topic, decision.key.encode(), value, (("content-type", b"application/json"),))


def decode_decision(value: bytes | None) -> Acknowledgement | Verdict | Silence | Reject:
    """The decision in a message's value, or why there is none."""
    if value is None:
        return Reject("decide", "tombstone", "found a record without a value, expected a decision")
    if len(value) > DECISION_BYTES_MAX:
        return Reject("decide", "too_large", f"found {len(value)} bytes, expected at most {DECISION_BYTES_MAX}")
    try:
        return DECISION.validate_python(orjson.loads(value))
    except orjson.JSONDecodeError as error:
        return Reject("decide", "invalid_json", f"{error}; expected a JSON object")
    except ValidationError as error:
        return Reject("decide", "invalid_decision", problems(error))


def problems(error: ValidationError) -> str:
    """What is wrong, in one line, without the foreign values themselves."""
    found = [f"{'.'.join(str(part) for part in e['loc']) or 'decision'}: {e['msg']}" for e in error.errors()[:5]]
    return "; ".join(found)
