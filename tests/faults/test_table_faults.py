"""State under faults: what the changelog holds is what was sent, whatever was killed, joined or stopped."""

import json
import random
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from stream.settings import Settings
from tests.faults.keeper import changelog_of, group_of
from tests.faults.kit import GAVE_UP, Feeder, supervised
from tests.worker.kit import Follower, make_topics, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

KEEPER = ("-m", "tests.faults.keeper")
SEED = 20_260_702
RATE = 150
PARTITIONS = 4


@pytest.fixture
def settings(kafka_settings: Settings) -> Settings:
    quick = {"session_timeout_ms": 2_000, "heartbeat_interval_ms": 300, "topic_partitions": PARTITIONS}
    settings = kafka_settings.model_copy(update=quick)
    make_topics(settings, PARTITIONS)
    admin = KafkaAdminClient(bootstrap_servers=settings.bootstrap)
    try:
        made = {"num_partitions": PARTITIONS, "replication_factor": 1, "configs": {"cleanup.policy": "compact"}}
        admin.create_topics({changelog_of(settings): made})
    finally:
        admin.close()
    return settings


def table_of(settings: Settings) -> dict[str, set[str]]:
    """The last value of each key in each partition of the changelog, put together."""
    consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest")
    try:
        name = changelog_of(settings)
        partitions = [TopicPartition(name, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
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


def settled(settings: Settings, feeder: Feeder) -> tuple[set[str], int]:
    """The ids in the output once all have come, and how many came more than once."""
    follower = Follower(settings, "articles.raw", "articles.tagged")
    try:
        values = follower.values

        def complete() -> bool:
            follower.poll()
            raw = {json.loads(value)["id"] for value in values["articles.raw"]}
            out = {value.decode() for value in values["articles.tagged"]}
            return len(raw) >= feeder.acknowledged and raw == out

        until(complete, "every record in the output", 60)
        out = values["articles.tagged"]
        return {value.decode() for value in out}, len(out) - len(set(out))
    finally:
        follower.close()


def check(settings: Settings, feeder: Feeder, capsys: pytest.CaptureFixture[str], what: str) -> None:
    out, repeated = settled(settings, feeder)
    expected: dict[str, set[str]] = {}
    for key in out:
        expected.setdefault(group_of(key), set()).add(key)
    table = table_of(settings)
    missing = sum(len(ids - table.get(group, set())) for group, ids in expected.items())
    with capsys.disabled():
        print(f"\n{what}: {len(out):,} records, lost 0, repeated {repeated}, missing in the table {missing}")  # noqa: T201
    assert table == expected


def started(settings: Settings) -> None:
    """Until the group has worked on something."""
    follower = Follower(settings, "articles.tagged")
    try:
        follower.wait("articles.tagged", 1)
    finally:
        follower.close()


def test_a_keeper_is_killed(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED)
    with supervised(settings, KEEPER) as keeper:
        with Feeder(settings, RATE) as feeder:
            started(settings)
            for _ in range(4):
                feeder.wait(chance.randrange(RATE, 6 * RATE))
                killed = keeper.worker
                keeper.signal(signal.SIGKILL)
                until(lambda killed=killed: keeper.worker is not killed, "started again")
        check(settings, feeder, capsys, "state, kill -9 x4")
        assert set(keeper.exits) == {-signal.SIGKILL}, keeper.worker.log
        assert keeper.stop() == 0


def test_keepers_join_die_stop_and_freeze(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED + 1)
    with supervised(settings, KEEPER) as first:
        with Feeder(settings, RATE) as feeder:
            started(settings)
            for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
                with supervised(settings, KEEPER) as second:
                    feeder.wait(6 * RATE)
                    victim = chance.choice((first, second))
                    if how is not signal.SIGTERM:
                        victim.signal(how)
                        feeder.wait(5 * RATE)
                    if how is signal.SIGSTOP:
                        victim.signal(signal.SIGCONT)
                        feeder.wait(2 * RATE)
                    assert second.stop() == 0, second.worker.log
        check(settings, feeder, capsys, "state, two keepers: SIGTERM, kill -9, SIGSTOP")
        assert first.stop() == 0


def test_a_keeper_frozen_with_state_in_hand_does_not_write_it_when_it_wakes(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While it is frozen, another one takes its partitions and works on; nobody writes after the frozen one wakes."""
    frozen = tmp_path / "frozen"
    with supervised(settings, KEEPER, KEEPER_FREEZES=str(frozen)) as first, ExitStack() as others:
        with Feeder(settings, RATE) as feeder:
            until(frozen.exists, "the first keeper freezes in the middle of a chunk")
            second = others.enter_context(supervised(settings, KEEPER))
            feeder.wait(4 * RATE)
        settled(settings, feeder)
        victim = first.worker
        first.signal(signal.SIGCONT)
        until(lambda: first.worker is not victim, "the one that woke gave up")
        check(settings, feeder, capsys, "state, frozen in the middle of a chunk")
        assert first.exits == {GAVE_UP: 1}, victim.log
        assert second.exits == {}, second.worker.log
        assert second.stop() == 0
