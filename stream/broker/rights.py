"""What each program needs to be allowed on Kafka (ACLs), and no more; nobody needs rights on the cluster.

READ and WRITE carry DESCRIBE with them.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from stream.settings import Settings
from stream.wire.topics import (
    ALERTS,
    DEAD,
    DECISIONS,
    LATE,
    MATCHES,
    RAW,
    SUPPRESSED,
    TAGGED,
    TOPICS,
    UNDELIVERED,
    Topic,
    changelog_name,
    full_name,
)

Role = Literal["worker", "replay", "ingest", "alerts", "decide", "web", "notify", "resend", "topics"]

ROLES: dict[Role, str] = {
    "worker": "`redline worker`",
    "replay": "`redline replay`",
    "ingest": "`redline ingest`",
    "alerts": "`redline alerts tail` and other subscribers",
    "decide": "`redline alerts ack`, `verdict`, `silence`, `silences` and `unsilence`",
    "web": "`redline web`",
    "notify": "`redline notify`",
    "resend": "`redline notify resend`",
    "topics": "`redline topics create` and `list`",
}
"""Who wants something from Kafka."""


@dataclass(frozen=True, slots=True)
class Right:
    """Operations on one topic or consumer group."""

    kind: Literal["topic", "group"]
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False
    """All whose name begins so."""


def rights(role: Role, settings: Settings) -> list[Right]:
    """All that a role needs with these settings."""

    def topic(which: Topic, *operations: str) -> Right:
        return Right("topic", full_name(settings.topic_prefix, which), operations)

    changelog = changelog_name(settings.consumer_group)
    match role:
        case "worker":
            return [
                topic(RAW, "Read"),
                topic(MATCHES, "Read", "Write"),
                *(topic(which, "Write") for which in (TAGGED, DEAD, LATE, SUPPRESSED, *ALERTS.values())),
                Right("topic", changelog, ("Read", "Write")),
                Right("group", settings.consumer_group, ("Read",)),
            ]
        case "replay" | "ingest":
            return [topic(RAW, "Write"), topic(DEAD, "Write")]
        case "alerts":
            return [topic(which, "Read") for which in ALERTS.values()]
        case "decide":
            # The alert that a decision is about is looked for, and the silence that is to end.
            return [*(topic(which, "Read") for which in ALERTS.values()), topic(DECISIONS, "Read", "Write")]
        case "web":
            # It shows how far the group of workers is behind the ends of what they read.
            read = (RAW, MATCHES, TAGGED, DEAD, SUPPRESSED, *ALERTS.values())
            return [
                *(topic(which, "Read") for which in read),
                topic(DECISIONS, "Read", "Write"),
                Right("group", settings.consumer_group, ("Describe",)),
            ]
        case "notify":
            # A group for each destination.
            return [
                *(topic(which, "Read") for which in (*ALERTS.values(), DECISIONS)),
                topic(UNDELIVERED, "Write"),
                Right("group", f"{settings.notify_group}-", ("Read",), prefixed=True),
            ]
        case "resend":
            return [topic(UNDELIVERED, "Read", "Write")]
        case "topics":
            # `list` reads the last records: not every broker tells where a topic ends.
            operations = ("Create", "Describe", "DescribeConfigs", "Read")
            return [*(topic(which, *operations) for which in TOPICS), Right("topic", changelog, operations)]


def commands(needed: Iterable[Right], principal: str, bootstrap: str) -> list[str]:
    """A line of Kafka's own tool for each right."""
    whose = f"--bootstrap-server {shlex.quote(bootstrap)} --add --allow-principal {shlex.quote(principal)}"
    return [
        " ".join(
            [
                f"kafka-acls.sh {whose}",
                *(f"--operation {operation}" for operation in right.operations),
                *(["--resource-pattern-type prefixed"] if right.prefixed else []),
                f"--{right.kind} {right.name}",
            ]
        )
        for right in needed
    ]
