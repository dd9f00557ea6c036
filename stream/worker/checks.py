"""Before the worker joins its group: does the broker let us in, do the topics fit, and is it the log read before?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from stream.broker.connection import wait_until_reachable
from stream.errors import ServiceError
from stream.settings import Settings
from stream.wire.topics import MATCHES, RAW, WORKER_TOPICS, changelog_name, full_name
from stream.worker.inchild import in_child

SHOWN_MAX = 5


async def check_broker(settings: Settings, *, accept_offset_reset: bool = False) -> str | None:
    """Waits up to `kafka_connect_timeout_ms` for the broker, then looks at its topics and the group's offsets.

    `accept_offset_reset`: where the log ends before what the group has read, read it from its beginning; the return
    value says what was set back, if anything. Raises `ServiceError` in one sentence. Can be cancelled at any moment.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str | None] = loop.create_future()

    def tell(set_back: str | None, error: BaseException | None) -> None:
        if not done.done():
            done.set_result(set_back) if error is None else done.set_exception(error)

    def check() -> None:
        set_back, found = None, None
        try:
            wait_until_reachable(settings)
            # The clients that look at topics and offsets are used this once, and 15 MB with what they leave.
            set_back = in_child("looking at topics and offsets", look, settings, accept_offset_reset)
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            found = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, set_back, found)

    # Not the loop's own threads: the end of the process would wait for them.
    threading.Thread(target=check, name="check-broker", daemon=True).start()
    return await done


def look(settings: Settings, accept_offset_reset: bool) -> str | None:
    """What `check_broker` does once a broker answers, in a process of its own."""
    from stream.broker.admin import Admin, require_topics
    from stream.broker.group import lost_logs, read_from_beginning
    from stream.telemetry.logs import configure_logging

    configure_logging(settings.log_level, settings.log_format)
    require_topics(settings, WORKER_TOPICS, "worker")
    with Admin(settings) as admin:
        faults = admin.grave_faults(WORKER_TOPICS)
    if faults:
        raise ServiceError("the topics do not fit the settings: " + _joined(faults))
    if others := others_in_group(settings):
        group, changelog = settings.consumer_group, changelog_name(settings.consumer_group)
        raise ServiceError(
            f"the consumer group {group} reads {_joined(others)}, too: two pipelines would mix their states in "
            f"{changelog}. Give this one a group of its own with REDLINE_CONSUMER_GROUP (--consumer-group); or, if "
            "nobody uses that prefix any more, delete the group and its changelog: kafka-consumer-groups.sh --delete "
            f"--group {group}, kafka-topics.sh --delete --topic {changelog}"
        )
    names = [full_name(settings.topic_prefix, topic) for topic in (RAW, MATCHES)]
    lost = lost_logs(settings, [(name, n) for name in names for n in range(settings.topic_partitions)])
    if not lost:
        return None
    found = _joined([str(log) for log in lost])
    if accept_offset_reset:
        read_from_beginning(settings, lost)
        return f"reading from the beginning, as accepted: {found}"
    raise ServiceError(
        f"the broker has lost records: {found}. If nothing can bring them back, start one worker once with "
        "--accept-offset-reset: it reads these partitions from their beginning; alerts keep their ids"
    )


def others_in_group(settings: Settings) -> list[str]:
    """Topics of pipelines with another prefix in our consumer group: the name of its changelog has no prefix.

    Those that it has read, or reads now. Two that start for the first time at one moment are not seen; nor is, where
    there are rights, what we may not know of.
    """
    from stream.broker.groups import GroupWatch

    ours = {full_name(settings.topic_prefix, topic) for topic in (RAW, MATCHES)}
    try:
        with GroupWatch(settings, settings.consumer_group, ()) as watch:
            found = watch.topics() - ours
    except ServiceError:
        return []  # a group that cannot be asked about just now is no reason not to work
    return sorted(name for name in found if name.endswith((RAW.name, MATCHES.name)))


def _joined(sentences: Sequence[str]) -> str:
    more = f"; and {len(sentences) - SHOWN_MAX} more" if len(sentences) > SHOWN_MAX else ""
    return "; ".join(sentences[:SHOWN_MAX]) + more
