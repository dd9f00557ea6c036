"""Kafka: is it there, does it let us in, do the topics fit, does somebody work, and do the clocks agree?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from stream.broker.admin import Admin
from stream.broker.cluster import RoundTrip, cluster, round_trip
from stream.broker.connection import trouble_at, whoever
from stream.broker.group import lost_logs
from stream.broker.groups import GroupWatch
from stream.broker.rights import Role, rights
from stream.broker.subscriber import Subscriber
from stream.cli.checkup.finding import Finding, error, ok, warning
from stream.errors import RedlineError
from stream.settings import Settings
from stream.wire.topics import ALL_TOPICS, MATCHES, RAW, full_name, name_on_broker

ANSWER_SECONDS_MAX = 3.0
VERSION_MIN = (3, 0)
VERSION_TESTED = "4.1"
LAG_RECORDS_MANY = 1_000
CLOCK_MS_MAX = 1_000.0
FUTURE_MS_MAX = 2_000
NEWEST_RECORDS = 20
NAMED_MAX = 4
MISSING = "missing topics"

_START = "start it, or name another one with --bootstrap or REDLINE_BOOTSTRAP"


def brokers(settings: Settings) -> tuple[bool, list[Finding]]:
    """Whether one of the brokers lets us in; and what each one does."""
    found, reached = [], False
    addresses = settings.bootstrap.split(",")
    troubles = {address: trouble_at(settings, address, ANSWER_SECONDS_MAX) for address in addresses}
    reached = any(trouble is None for trouble in troubles.values())
    for address, trouble in troubles.items():
        if trouble is None:
            login = f", login {settings.kafka_username!r} accepted" if settings.uses_login else ""
            found.append(ok("broker", f"{address} answers ({settings.kafka_security}{login})"))
        elif reached:
            do = "start it, or take it out of REDLINE_BOOTSTRAP"
            found.append(warning("broker", f"{address}: {trouble}", "every broker named answers", do))
        else:
            found.append(error("broker", f"{address}: {trouble}", "a Kafka broker that lets us in", _START))
    return reached, found


def version(settings: Settings) -> Iterator[Finding]:
    """The protocol's version, and whether all replicas are in sync."""
    names = [_name(topic, settings) for topic in ALL_TOPICS]
    found = cluster(settings, names)
    text = ".".join(map(str, found.version))
    count = len(found.brokers)
    said = f"Kafka {text} or newer by its protocol, {count} broker{'' if count == 1 else 's'}"
    if found.version < VERSION_MIN:
        expected = f"{'.'.join(map(str, VERSION_MIN))} or newer; tested with {VERSION_TESTED}"
        yield warning("version", said, expected, "update Kafka, or try Redline on a cluster of its own first")
    else:
        yield ok("version", said)
    away = [f"{one.topic}[{n}]" for one in found.replicas for n in one.leaderless]
    behind = [f"{one.topic}[{n}]" for one in found.replicas for n in one.behind]
    if away:
        do = "start the brokers that hold these partitions again; until then nothing is read or written there"
        yield error("replicas", f"no leader for {_some(away)}", "a leader for every partition", do)
    if behind:
        do = "look at the brokers' logs; a broker is down, or too slow to copy"
        yield warning("replicas", f"replicas not in sync: {_some(behind)}", "all replicas in sync", do)
    if not away and not behind and found.replicas:
        yield ok("replicas", "all in sync")


def topics(settings: Settings) -> Iterator[Finding]:
    """Are all topics there, and do they fit the settings?"""
    with Admin(settings) as admin:
        missing = admin.missing()
        faults = admin.grave_faults()
        mismatches = [fault for fault in admin.mismatches() if fault not in faults]
    faults = [fault for fault in faults if fault.split(":")[0] not in missing]
    mismatches = [fault for fault in mismatches if fault.split(":")[0] not in missing]
    if missing:
        do = "`redline topics create` makes them"
        yield error(MISSING, f"missing: {_some(missing)}", f"all {len(ALL_TOPICS)} topics", do)
    for parts in _by_fault(faults):
        yield error("topics", *parts)
    for parts in _by_fault(mismatches):
        yield warning("topics", *parts)
    if not missing and not faults and not mismatches:
        replicas = f"{settings.topic_replication} replica{'' if settings.topic_replication == 1 else 's'}"
        yield ok("topics", f"all {len(ALL_TOPICS)}, {settings.topic_partitions} partitions and {replicas} each")


def permissions(settings: Settings, role: Role) -> Iterator[Finding]:
    """On a cluster with logins: may we do what the role needs?"""
    if settings.kafka_security == "PLAINTEXT":
        return
    with Admin(settings) as admin:
        lacking = admin.lacking(rights(role, settings))
    if lacking:
        do = f"`redline topics acls {role} User:NAME` prints what to allow"
        yield error("rights", f"{whoever(settings)} may not {_some(lacking)}", f"the rights of the role {role}", do)
    else:
        yield ok("rights", f"{whoever(settings)} has all rights that the role {role} needs, as far as Kafka tells")


def group(settings: Settings) -> Iterator[Finding]:
    """Does somebody work, and how far behind is it?"""
    names = [full_name(settings.topic_prefix, topic) for topic in (RAW, MATCHES)]
    with GroupWatch(settings, settings.consumer_group, names) as watch:
        state = watch.state()
    lag = sum(state.lag.values())
    said = f"{len(state.members)} in the group {settings.consumer_group} ({state.state or 'no group yet'})"
    if not state.members:
        waiting = f", {lag} records wait" if lag else ""
        yield warning("workers", said + waiting, "a worker that reads articles", "start one: redline worker")
    elif lag > LAG_RECORDS_MANY:
        do = "`redline top` shows whether it grows; more partitions or workers, or fewer rules, make it smaller"
        yield warning("workers", f"{said}, {lag} records behind", f"less than {LAG_RECORDS_MANY} records behind", do)
    else:
        yield ok("workers", f"{said}, {lag} records behind")
    lost = lost_logs(settings, [(name, n) for name in names for n in range(settings.topic_partitions)])
    if lost:
        do = "`redline worker --accept-offset-reset` reads these partitions from their beginning, once"
        yield error("offsets", _some([str(log) for log in lost]), "logs that reach to what was read", do)


def clock(settings: Settings) -> Iterator[Finding]:
    """By what is there already: is a record from our future? That much our clock is behind the writers'."""
    names = [full_name(settings.topic_prefix, topic) for topic in (RAW, MATCHES)]
    newest: int | None = None
    with Subscriber(settings, names, start="earliest", newest=dict.fromkeys(names, NEWEST_RECORDS)) as subscriber:
        for record in subscriber.read_to_end(seconds_max=settings.kafka_request_timeout_ms / 1_000):
            newest = max(newest or 0, record.timestamp_ms)
    if newest is None:
        yield ok("clock", "no records to compare with; --write asks the broker")
        return
    ahead = newest - time.time_ns() // 1_000_000
    if ahead > FUTURE_MS_MAX:
        found = f"the newest record is {ahead / 1_000:.1f} s in the future of this machine"
        yield warning(
            "clock", found, "clocks that agree", "synchronise the clocks (NTP) of this machine and the writers"
        )
    else:
        yield ok(
            "clock",
            f"no record is from the future (the newest is {max(0, -ahead) / 1_000:.0f} s old); --write measures",
        )


def written(settings: Settings) -> Iterator[Finding]:
    """A record to a topic of its own and back: the write path, its time, and the broker's clock."""
    trip: RoundTrip = round_trip(settings)
    yield ok("write", f"a record was acknowledged in {trip.milliseconds:.0f} ms")
    if trip.ahead_ms is None:
        yield ok("clock", "this broker does not stamp records: its clock cannot be asked")
        return
    within = trip.milliseconds / 2
    found = f"the broker's clock is {abs(trip.ahead_ms):.0f} ms {'ahead' if trip.ahead_ms > 0 else 'behind'}"
    found += f" (measured within {within:.0f} ms)"
    if abs(trip.ahead_ms) > CLOCK_MS_MAX + within:
        yield warning("clock", found, f"at most {CLOCK_MS_MAX:.0f} ms", "synchronise the clocks (NTP) of both machines")
    else:
        yield ok("clock", found)


def as_error(check: str, problem: RedlineError) -> Finding:
    """A check that could not be made."""
    return error(check, str(problem), "an answer of the broker", "see above; if Kafka is well, try again")


def _name(topic: object, settings: Settings) -> str:
    return name_on_broker(topic, prefix=settings.topic_prefix, consumer_group=settings.consumer_group)  # type: ignore[arg-type]


def _by_fault(faults: list[str]) -> Iterator[tuple[str, str, str]]:
    """`name: found X, expected Y; what to do` -> found, expected, do; topics with the same fault together."""
    names: dict[str, list[str]] = {}
    for fault in faults:
        name, _, what = fault.partition(": ")
        names.setdefault(what, []).append(name)
    for what, named in names.items():
        found, _, rest = what.partition(", expected ")
        expected, _, do = rest.partition("; ")
        yield f"{found}: {_some(named)}", expected or "topics that fit", do or "kafka-configs.sh --alter changes it"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
