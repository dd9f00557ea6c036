"""The log of matches, read in one go by one undisturbed reader: the same alerts must have come, and the same table.

Throttles and stories follow the order of the log, so this is what "equal to an undisturbed run" means for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from stream.broker.ends import end_offsets
from stream.detect import Memory
from stream.engine import Engine
from stream.model import Record
from stream.settings import Settings
from stream.sources.rulefiles import load_ruleset
from stream.wire.topics import ALERTS, MATCHES, RAW, SUPPRESSED, changelog_name, full_name
from tests.faults.stateful import without_clock

Table = dict[tuple[int, bytes], bytes]
"""By partition and key."""


@dataclass
class Reading:
    """What one reading of `matches` gives: ids of alerts sent and held back, and the table."""

    fired: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    table: Table = field(default_factory=dict)
    forgotten: int = 0


def read_in_one_go(settings: Settings) -> Reading:
    """Reads each partition of `matches` as far as it was worked, with a memory that nothing ever happens to.

    The last control records of a worker that stops are for the next one.
    """
    engine = Engine(load_ruleset(settings.rules_dir), settings.engine_config())
    found = Reading()
    with KafkaReader(settings, [full_name(settings.topic_prefix, MATCHES)]) as reader:
        memories = {partition: Memory(settings.detect_limits()) for partition in reader.partitions}
        worked = {partition: committed(settings, partition) for partition in reader.partitions}
        for partition, records in reader.batches():
            due = [as_record(record) for record in records if record.offset < worked[partition]]
            batch = engine.alert(due, datetime.now(UTC), memories[partition])
            found.forgotten += batch.facts.forgotten
            for output in batch.outputs:
                if output.topic.endswith("suppressed"):
                    found.held.add(without_clock(output.value)[0])
                elif ".alerts." in output.topic:
                    found.fired.add(without_clock(output.value)[0])
            for key, value in (write for step in memories[partition].changes() for write in step):
                name = partition.partition, f"{partition.partition}:{key}".encode()
                if value is None:
                    found.table.pop(name, None)
                else:
                    found.table[name] = value
    return found


def changelog(settings: Settings) -> Table:
    """The last value of each key in each partition of the table's changelog."""
    table: Table = {}
    with KafkaReader(settings, [changelog_name(settings.consumer_group)]) as reader:
        for partition, records in reader.batches():
            for record in records:
                if record.value is None:
                    table.pop((partition.partition, record.key), None)
                else:
                    table[partition.partition, record.key] = record.value
    return table


def check(settings: Settings, fired: set[str], held: set[str]) -> int:
    """Asserts that these alerts, and the table, are those of one undisturbed reading; returns the keys of the table.

    For workers that have stopped.
    """
    reading = read_in_one_go(settings)
    assert reading.forgotten == 0, f"limits were reached: {reading.forgotten} fell out of the state"
    assert fired.isdisjoint(held), "an alert is sent or held back, whatever was killed"
    assert (reading.fired ^ fired, reading.held ^ held) == (set(), set())
    table = changelog(settings)
    differing = [key for key in reading.table.keys() | table.keys() if reading.table.get(key) != table.get(key)]
    assert not differing, f"{len(differing)} of {len(table)} states differ: {sorted(differing)[:5]}"
    return len(table)


def whereabouts(settings: Settings, missing: set[str]) -> str:
    """Where alerts were lost that did not come, in one sentence: before `matches`, in the state, or on the way here."""
    reading = read_in_one_go(settings)
    due = missing & (reading.fired | reading.held)
    names = [full_name(settings.topic_prefix, topic) for topic in (*ALERTS.values(), SUPPRESSED)]
    with KafkaReader(settings, names) as reader:
        sent = {without_clock(record.value)[0] for _, records in reader.batches() for record in records}
    found = len(missing & sent)
    return f"of {len(missing)} missing, {len(due)} follow from what was worked, {found} stand on the topics"


def unworked(settings: Settings) -> str:
    """The records of each partition that are not committed as worked, in one sentence."""
    names = [full_name(settings.topic_prefix, topic) for topic in (RAW, MATCHES)]
    with KafkaReader(settings, names) as reader:
        ends = end_offsets(reader.consumer, reader.partitions, seconds_max=30.0)
    behind = {f"{p.topic}[{p.partition}]": end - committed(settings, p) for p, end in ends.items()}
    return f"not worked when the time was up: { {name: count for name, count in behind.items() if count} }"


def committed(settings: Settings, partition: TopicPartition) -> int:
    """Where the workers would go on; 0: they have not begun."""
    consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap, group_id=settings.consumer_group)
    try:
        return consumer.committed(partition) or 0
    finally:
        consumer.close()


def as_record(record: Any) -> Record:
    """A record of the client as one of ours."""
    headers = tuple(record.headers)
    return Record(record.topic, record.partition, record.offset, record.timestamp, record.key, record.value, headers)


class KafkaReader:
    """Reads topics from their beginning up to the end that they have now."""

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        self.consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest")
        self.partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(self.consumer.partitions_for_topic(topic) or ())
        ]

    def __enter__(self) -> KafkaReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.consumer.close()

    def batches(self) -> Iterator[tuple[TopicPartition, list[Any]]]:
        """Some records of one partition at a time, each partition in its order."""
        ends = end_offsets(self.consumer, self.partitions, seconds_max=30.0)
        self.consumer.assign(self.partitions)
        self.consumer.resume(*self.partitions)
        self.consumer.seek_to_beginning(*self.partitions)
        while any(self.consumer.position(partition) < end for partition, end in ends.items()):
            yield from self.consumer.poll(timeout_ms=200, max_records=5_000).items()
