"""Tables under faults: their topics, what their changelog holds, and whether that is what was sent."""

from __future__ import annotations

import json
from collections import Counter

from kafka import KafkaConsumer, TopicPartition

from stream.broker.admin import Admin
from stream.broker.ends import end_offsets
from stream.settings import Settings
from stream.wire.topics import Topic
from tests.faults.keeper import changelog_of, group_of
from tests.worker.kit import Follower, make_topics, until

KEEPER = ("-m", "tests.faults.keeper")
PARTITIONS = 4


def with_table(given: Settings) -> Settings:
    """Settings for keepers, with all topics made, their changelog too."""
    settings = given.model_copy(update={"topic_partitions": PARTITIONS})
    make_topics(settings, PARTITIONS)
    with Admin(settings.model_copy(update={"topic_prefix": ""})) as admin:
        admin.create([Topic(changelog_of(settings), "group", "ids", "compact", None)])
    return settings


def table_of(settings: Settings) -> dict[str, set[str]]:
    """The last value of each key in each partition of the changelog, put together."""
    consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest")
    try:
        partitions = [TopicPartition(changelog_of(settings), number) for number in range(PARTITIONS)]
        ends = end_offsets(consumer, partitions, seconds_max=30.0)
        consumer.resume(*partitions)
        consumer.seek_to_beginning(*partitions)
        last: dict[tuple[int, str], set[str]] = {}
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for partition, records in consumer.poll(timeout_ms=200).items():
                for record in records:
                    last[partition.partition, json.loads(record.key)] = set(json.loads(record.value))
    finally:
        consumer.close()
    table: dict[str, set[str]] = {}
    for (_, key), ids in last.items():
        table.setdefault(key.partition(":")[2], set()).update(ids)
    return table


def settled(settings: Settings, acknowledged: int) -> Counter[str]:
    """How often each id is in the output, once all that were acknowledged have come."""
    follower = Follower(settings, "articles.raw", "articles.tagged")
    try:
        values = follower.values

        def complete() -> bool:
            follower.poll()
            raw = {json.loads(value)["id"] for value in values["articles.raw"]}
            return len(raw) >= acknowledged and raw == {value.decode() for value in values["articles.tagged"]}

        until(complete, "every record in the output", 60)
        return Counter(value.decode() for value in values["articles.tagged"])
    finally:
        follower.close()


def missing(settings: Settings, out: Counter[str]) -> int:
    """How many ids of the output the table has not. Asserts that it has no others."""
    expected: dict[str, set[str]] = {}
    for key in out:
        expected.setdefault(group_of(key), set()).add(key)
    table = table_of(settings)
    assert all(ids <= expected.get(group, set()) for group, ids in table.items()), "the table has ids of its own"
    return sum(len(ids - table.get(group, set())) for group, ids in expected.items())
