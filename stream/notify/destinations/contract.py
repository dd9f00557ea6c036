"""The contract of destinations: what a destination gets, and what it must answer.

    Batch of the queue ──> Message ──> Destination.deliver ──> Delivered | Failed | Refused

- `deliver` sends once and says what became of it. Trying again, waiting and giving up are the queue's business.
- It returns within the time of one request (`notify_request_timeout_ms`), whatever is at the other end.
- It never raises on what it finds. `reason` is a clause for people, without secrets.
- A repeated message has the same id, and the alerts in it have theirs.
- Requests are guarded (`stream.net`): no private addresses but those that the file allows, no redirects.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from stream.notify.notice import Notice
from stream.wire.identity import NAMESPACE


@dataclass(frozen=True, slots=True)
class Message:
    """Alerts to deliver in one request. `digest`: they are several on purpose, in the order of their arrival."""

    id: str
    notices: tuple[Notice, ...]
    digest: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """The other end has taken it. `said`: what it answered, in a few words."""

    said: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Not taken, or not known whether; another try may mend it. `retry_after_seconds`: what the other end asked for."""

    reason: str
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never be taken as it is. `gone`: and nothing else either (HTTP 410)."""

    reason: str
    gone: bool = False


Outcome = Delivered | Failed | Refused


class Destination(Protocol):
    """One destination of the routes file."""

    id: str
    kind: str
    place: str
    together_max: int
    """How many alerts that are no digest may be in one message."""

    in_flight_max: int | None
    """How many messages it takes at a time; None: as many as the settings say."""

    async def deliver(self, message: Message, now: float) -> Outcome:
        """Sends the message once; `now` is the wall clock, seconds since 1970."""

    async def close(self) -> None:
        """Lets go of connections."""


def message_of(notices: Sequence[Notice], *, digest: bool = False) -> Message:
    """The message of some alerts: one has its own id, several one made of theirs."""
    if len(notices) == 1:
        return Message(notices[0].id, tuple(notices))
    name = orjson.dumps(["digest" if digest else "batch", *(notice.id for notice in notices)]).decode()
    return Message(str(uuid.uuid5(NAMESPACE, name)), tuple(notices), digest)
