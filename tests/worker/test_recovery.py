"""Recovery of tables on the embedded broker, whose ListOffsets is wrong after a batch."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.settings import Settings
from stream.wire.topics import RAW, full_name
from stream.worker.driver.ends import true_ends
from tests.e2e.scenarios import articles
from tests.faults.tables import KEEPER, missing, settled, with_table
from tests.worker.kit import make_topics, publish, running, until

pytestmark = pytest.mark.embedded


def asked(settings: Settings, question: Callable[[Any], Any]) -> Any:
    async def ask() -> Any:
        client = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="none", fetch_max_wait_ms=5)
        await client.start()
        try:
            return await question(client)
        finally:
            await client.stop()

    return asyncio.run(ask())


def test_the_true_end_is_what_a_fetch_says(broker_settings: Settings) -> None:
    make_topics(broker_settings, partitions=1)
    partition = TopicPartition(full_name(broker_settings.topic_prefix, RAW), 0)
    assert asked(broker_settings, lambda client: true_ends(client, [partition], 30.0)) == {partition: 0}
    assert asyncio.run(true_ends(None, [], 30.0)) == {}
    publish(broker_settings, "articles.raw", articles(0, 500))  # in a few batches
    assert asked(broker_settings, lambda client: true_ends(client, [partition], 30.0)) == {partition: 500}


def test_a_table_is_recovered_completely(broker_settings: Settings) -> None:
    """Each round works on what the table held before; what recovery missed would be overwritten and gone."""
    settings = with_table(broker_settings)
    for start, how in ((0, signal.SIGTERM), (300, signal.SIGKILL), (600, signal.SIGTERM)):
        publish(settings, "articles.raw", articles(start, 300))
        with running(settings, KEEPER) as keeper:
            out = settled(settings, start + 300)
            keeper.process.send_signal(how)
            assert keeper.wait_exit() in (0, -signal.SIGKILL), keeper.log
    assert len(out) == 900
    assert missing(settings, out) == 0


def test_a_state_that_no_broker_takes_ends_the_process_without_a_commit(broker_settings: Settings) -> None:
    """Faust finds out in a task of its own, which would end the process with 1, or go on with a warning."""
    settings = with_table(broker_settings)
    publish(settings, "articles.raw", articles(0, 20))
    with running(settings, KEEPER, KEEPER_HUGE="yes") as keeper:
        assert keeper.wait_exit() == 75, keeper.log
        assert "giving up" in keeper.log
    with running(settings, KEEPER) as keeper:
        out = settled(settings, 20)
        assert keeper.stop() == 0, keeper.log
    assert missing(settings, out) == 0


def test_the_group_is_known_to_have_read_what_it_has(broker_settings: Settings) -> None:
    """What the broker says of a partition's end may be less than what was committed; that is no lost log."""
    make_topics(broker_settings)
    for start in (0, 200):
        publish(broker_settings, "articles.raw", articles(start, 200))
        with running(broker_settings) as worker:
            worker.ready()
            until(lambda worker=worker: worker.metric('redline_articles_total{stage="tagged"}') == 200, "all")
            assert worker.stop() == 0, worker.log
