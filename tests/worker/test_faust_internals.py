"""What the chunk driver relies on inside faust-streaming and aiokafka, one test for each.

Both are pinned to one exact version. After raising a pin, a test that fails here says which promise the driver has
lost; stream/worker/driver must be read again at that place before anything else.
"""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer import group_coordinator
from aiokafka.consumer.consumer import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.producer import sender as producer_sender
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import OffsetAndMetadata
from faust.stores.memory import Store as MemoryStore
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    Producer,
    credentials_to_aiokafka_auth,
    server_list,
)
from faust.types import TP
from mode.threads import ServiceThread
from mode.utils.collections import ManagedUserDict
from yarl import URL

from stream.worker.driver import ChunkTransport
from stream.worker.driver.stream import ChunkStream
from tests.worker.driver.kit import CHANGELOG, RAW, Bench

Body = Callable[[Bench], Awaitable[None]]


@pytest.fixture
def on_bench(tmp_path: Path) -> Callable[[Body], None]:
    def run(body: Body) -> None:
        async def whole() -> None:
            await asyncio.wait_for(body(Bench(tmp_path)), 60)

        asyncio.run(whole())

    return run


def test_a_thread_closes_its_loop_if_it_is_told_that_it_is_its_own() -> None:
    made = inspect.signature(ServiceThread.__init__).parameters
    assert "thread_loop" in made
    assert "if self._close_thread_loop_on_stop:\n                self.thread_loop.close()" in inspect.getsource(
        ServiceThread._start_thread
    )


def test_the_versions_that_were_read() -> None:
    assert (version("faust-streaming"), version("aiokafka")) == ("0.15.3", "0.14.0")


def test_a_scheme_is_an_alias_in_the_registry_of_transports() -> None:
    assert TRANSPORTS.by_url("chunk://127.0.0.1:1") is ChunkTransport


def test_partitions_of_faust_and_aiokafka_are_equal_to_plain_tuples() -> None:
    assert TP("a", 1) == TopicPartition("a", 1) == ("a", 1)
    assert hash(TP("a", 1)) == hash(TopicPartition("a", 1)) == hash(("a", 1))


def test_getmany_makes_a_message_of_whatever_getmany_inside_brought(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        asked: list[dict[str, Any]] = []

        async def inside(**given: Any) -> Any:
            asked.append(given)
            return {RAW: ["anything"]}

        bench.consumer._getmany = inside  # type: ignore[method-assign]
        bench.consumer._to_message = lambda tp, record: (tp, record)  # type: ignore[method-assign, assignment, return-value]
        bench.thread.fill(RAW, [0])
        assert [m async for m in bench.consumer.getmany(timeout=0.5)] == [(RAW, (RAW, "anything"))]
        assert asked == [{"active_partitions": {RAW}, "timeout": 0.5}]
        assert asked[0]["active_partitions"] is bench.consumer._active_partitions, "the live set"

    on_bench(body)


def test_getmany_seeks_to_committed_when_the_flow_was_stopped_during_a_fetch(
    on_bench: Callable[[Body], None],
) -> None:
    async def body(bench: Bench) -> None:
        sought = asyncio.Event()

        async def seek() -> dict[TP, int]:
            sought.set()
            return {}

        async def inside(**_: Any) -> Any:
            bench.consumer.stop_flow()
            return {RAW: ["dropped"]}

        bench.consumer._getmany = inside  # type: ignore[method-assign]
        bench.consumer.seek_to_committed = seek  # type: ignore[method-assign, assignment]
        assert [m async for m in bench.consumer.getmany(timeout=0)] == []
        assert sought.is_set()

    on_bench(body)


def test_a_recovery_goes_on_in_the_next_rebalance_and_gets_no_records_in_it() -> None:
    """It is told when the rebalance is over; until then it seeks, opens accounts and lets records flow that are not
    ours any more. None come, because aiokafka holds them back."""
    assert "signal_recovery_start" not in inspect.getsource(Recovery.on_partitions_revoked)
    assert "signal_recovery_start.set()" in inspect.getsource(Recovery.on_rebalance)
    fetched = inspect.getsource(Fetcher.fetched_records)
    assert re.search(r"if self\._subscriptions\.reassignment_in_progress:\s+await .*\.wait_for_assignment\(\)", fetched)


def test_a_rebalance_during_a_stop_closes_the_connection_and_waits_for_nothing() -> None:
    source = inspect.getsource(faust.App._on_partitions_revoked)
    assert source.index("return self._on_rebalance_when_stopped()") < source.index("self._consumer_wait_empty")
    assert "self.consumer.close()" in inspect.getsource(faust.App._on_rebalance_when_stopped)


def test_a_chunk_outside_the_ledger_s_order_is_not_dropped_by_the_reading_loop() -> None:
    source = inspect.getsource(Consumer._drain_messages)
    assert "if r_offset is None or offset >= r_offset:" in source
    assert "if gap > 1 and r_offset:" in source


def test_an_empty_set_of_partitions_means_all_to_aiokafka() -> None:
    class Raised(Exception):  # noqa: N818
        pass

    class Failure:
        def check_raise(self) -> None:
            raise Raised

    fetcher = SimpleNamespace(
        _subscriptions=SimpleNamespace(reassignment_in_progress=False),
        _records={RAW: Failure()},
        _notify=lambda _: None,
        _wait_consume_future=None,
    )
    with pytest.raises(Raised):
        asyncio.run(Fetcher.fetched_records(fetcher, set(), timeout=0))
    fetcher._records = {RAW: Failure()}
    fetcher._subscriptions.is_assigned = lambda _: True
    assert asyncio.run(Fetcher.fetched_records(fetcher, {TP("other", 0)}, timeout=0)) == {}


def test_faust_sleeps_for_a_second_while_no_partition_may_be_read_and_the_driver_does_not(
    on_bench: Callable[[Body], None],
) -> None:
    assert "await self.sleep(1)" in inspect.getsource(Consumer._wait_next_records)

    async def body(bench: Bench) -> None:
        async def sleep(seconds: float) -> None:
            raise AssertionError(f"Faust sleeps for {seconds} s")

        bench.consumer.sleep = sleep  # type: ignore[method-assign, assignment]
        bench.thread.fill(RAW, [0])
        await bench.consumer.on_partitions_assigned({RAW}, 0)
        await bench.consumer.seek_to_committed()
        bench.consumer._set_active_tps(set())
        reading = asyncio.ensure_future(bench.fetch())
        await asyncio.sleep(0.05)
        assert not reading.done()
        bench.consumer._set_active_tps({RAW})
        assert len(await reading) == 1

    on_bench(body)


def test_a_seek_throws_away_what_was_fetched_before() -> None:
    sought: list[tuple[Any, int]] = []
    fetcher = SimpleNamespace(
        _subscriptions=SimpleNamespace(seek=lambda tp, offset: sought.append((tp, offset))),
        _records={RAW: "fetched"},
        _notify=lambda _: None,
        _wait_consume_future=None,
    )
    Fetcher.seek_to(fetcher, RAW, 7)
    assert sought == [(RAW, 7)]
    assert fetcher._records == {}


def test_the_client_reads_its_fetch_wait_when_it_starts() -> None:
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in inspect.getsource(AIOKafkaConsumer.start)
    assert "fetch_max_wait_ms=1500" in inspect.getsource(AIOKafkaConsumerThread._create_worker_consumer)


def test_the_client_asks_each_fetch_with_the_wait_of_its_fetcher_and_knows_how_far_partitions_are() -> None:
    assert "self._fetch_max_wait_ms," in inspect.getsource(Fetcher._get_actions_per_node)

    async def body() -> None:
        partition = TopicPartition("t", 0)
        subscriptions = SubscriptionState()
        subscriptions.assign_from_user([partition])
        state = subscriptions.subscription.assignment.state_value(partition)
        assert not state.has_valid_position
        assert state.highwater is None
        state.seek(3)
        assert (state.has_valid_position, state.position) == (True, 3)
        assert subscriptions.subscription.assignment.state_value(TopicPartition("t", 1)) is None

    asyncio.run(body())


def test_a_fetch_of_faust_is_one_call_in_the_thread() -> None:
    source = inspect.getsource(AIOKafkaConsumerThread.getmany)
    assert "self.call_thread(\n            self._fetch_records," in source
    assert "max_records=_consumer._max_poll_records" in source


def test_seek_to_committed_of_aiokafka_passes_over_offset_zero() -> None:
    assert "if offset and offset > 0:" in inspect.getsource(AIOKafkaConsumer.seek_to_committed)


@pytest.mark.parametrize("name", ["_getmany", "_commit", "seek_to_committed", "seek_wait", "earliest_offsets"])
def test_these_are_coroutines_that_ask_the_thread(name: str) -> None:
    method = getattr(ThreadDelegateConsumer, name)
    assert inspect.iscoroutinefunction(method)
    assert "self._thread." in inspect.getsource(method)


def test_what_the_filter_returns_is_what_a_commit_commits(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.consumer._filter_committable_offsets = lambda tps: {RAW: 5}  # type: ignore[method-assign]
        assert await bench.consumer.commit()
        assert bench.thread.group == {RAW: 5}

    on_bench(body)


def test_a_commit_during_a_commit_commits_nothing(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        go_on = asyncio.Event()
        bench.thread.before_commit = go_on.wait  # type: ignore[assignment]
        bench.consumer._filter_committable_offsets = lambda tps: {RAW: 5}  # type: ignore[method-assign]
        first = asyncio.ensure_future(bench.consumer.commit())
        await asyncio.sleep(0)
        second = asyncio.ensure_future(bench.consumer.commit())
        await asyncio.sleep(0)
        go_on.set()
        assert [await first, await second] == [True, False]

    on_bench(body)


def test_a_commit_of_an_old_generation_is_false_and_no_crash() -> None:
    source = inspect.getsource(AIOKafkaConsumerThread._commit)
    assert 'if "already rebalanced" in str(exc):\n                return False' in source
    from aiokafka.errors import CommitFailedError

    said = inspect.getsource(group_coordinator.GroupCoordinator.commit_offsets)
    assert '"Commit cannot be completed since the group has already "' in said
    text = "Commit cannot be completed since the group has already rebalanced and may have assigned the partitions"
    assert "already rebalanced" in str(CommitFailedError(text))


def test_revocation_and_stop_wait_until_nothing_is_in_work(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        waited: list[str] = []

        async def wait_empty() -> None:
            waited.append("empty")

        bench.consumer.wait_empty = wait_empty  # type: ignore[method-assign]
        await bench.app._consumer_wait_empty(bench.consumer, bench.app.log)
        assert waited == ["empty"]
        for caller in (bench.app._on_partitions_revoked, bench.app._stop_consumer):
            assert "_consumer_wait_empty" in inspect.getsource(caller)

    on_bench(body)


def test_revoked_and_assigned_come_through_the_consumer(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        for name in ("threadsafe_partitions_revoked", "threadsafe_partitions_assigned"):
            assert f"self.on_{name.removeprefix('threadsafe_')}" in inspect.getsource(getattr(bench.consumer, name))

    on_bench(body)


def test_an_agent_s_error_reaches_the_consumer(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        errors: list[BaseException] = []

        async def on_task_error(error: BaseException) -> None:
            errors.append(error)

        bench.consumer.on_task_error = on_task_error  # type: ignore[method-assign]
        error = ZeroDivisionError()
        await bench.app._on_agent_error(None, error)  # type: ignore[arg-type]
        assert errors == [error]

    on_bench(body)


def test_an_agent_takes_no_error_handler_of_its_own(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        with pytest.raises(TypeError):
            bench.app.agent(bench.topic, on_error=print)(lambda stream: None)  # type: ignore[arg-type]

    on_bench(body)


def test_a_topic_decodes_with_what_its_schema_compiles(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        message = SimpleNamespace(value="a chunk", headers=None, topic="raw")
        event = await bench.topic.decode(message, propagate=True)
        assert event.value == "a chunk"
        assert event.message is message
        agent_channel = bench.app.stream(bench.topic).channel
        assert agent_channel.queue.maxsize == bench.transport.limits.queued_chunks_max  # type: ignore[attr-defined]

    on_bench(body)


def test_events_of_an_older_generation_are_passed_over_and_streams_can_be_told_not_to_acknowledge() -> None:
    source = Path(inspect.getfile(Consumer)).parent.parent / "_cython" / "streams.pyx"
    text = source.read_text(encoding="utf-8")
    assert "message.generation_id != self.app.consumer_generation_id" in text
    assert "not self.app.flow_control.is_active()" in text
    assert "if do_ack and event is not None:" in text


def test_tables_write_their_changelog_through_one_method(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        table = bench.app.Table("seen", partitions=1)
        assert "self.send_changelog(" in inspect.getsource(table._send_changelog)
        sent = table.send_changelog(0, "key", 1)
        assert isinstance(sent, asyncio.Future)

    on_bench(body)


def test_tables_tell_of_each_write_through_two_methods() -> None:
    calls: list[tuple[Any, ...]] = []

    class Told(ManagedUserDict[bytes, bytes]):
        def __init__(self) -> None:
            self.data = {}

        def on_key_set(self, key: bytes, value: bytes) -> None:
            calls.append((key, value))

        def on_key_del(self, key: bytes) -> None:
            calls.append((key,))

    told = Told()
    told[b"a"] = b"1"
    del told[b"a"]
    assert calls == [(b"a", b"1"), (b"a",)]
    assert issubclass(faust.Table, ManagedUserDict)
    # What else they do is for tables whose keys expire, and for Faust's own monitor.
    for name in ("on_key_set", "on_key_del"):
        assert len(re.findall(r"self\.\w+\(", inspect.getsource(getattr(faust.Table, name)))) == 4


def test_the_producer_beneath_faust_sends_and_answers_with_a_future(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        assert "_ensure_producer" in dir(bench.app.producer)
        assert "AIOKafkaProducer" in inspect.getsource(Producer._producer_type.fget)
        assert "self._producer = self._new_producer()" in inspect.getsource(Producer.on_start)

    on_bench(body)


def test_aiokafka_writes_right_after_its_client_is_ready() -> None:
    source = inspect.getsource(AIOKafkaClient.send)
    before_the_write = source[: source.index("].send(")]
    assert before_the_write.count("await") == 1
    assert "await self.ready(node_id, group=group)" in before_the_write
    assert "await self._client.send(" in inspect.getsource(producer_sender)


def test_aiokafka_talks_to_the_coordinator_through_one_method() -> None:
    heartbeat = inspect.getsource(group_coordinator.GroupCoordinator._do_heartbeat)
    assert "request = HeartbeatRequest(" in heartbeat
    assert "await self._send_req(request)" in heartbeat
    rebalance = inspect.getsource(group_coordinator.CoordinatorGroupRebalance)
    assert rebalance.count("SyncGroupRequest(") == 2
    assert "await self._coordinator._send_req(request)" in rebalance
    joining = inspect.getsource(group_coordinator.GroupCoordinator.ensure_active_group)
    assert joining.index("self._on_join_prepare(") < joining.index("self._do_rejoin_group(")


def test_aiokafka_keeps_a_note_with_a_committed_offset() -> None:
    assert OffsetAndMetadata._fields == ("offset", "metadata")
    source = inspect.getsource(group_coordinator.GroupCoordinator._do_fetch_commit_offsets)
    assert "OffsetAndMetadata(offset, metadata)" in source


def test_recovery_reads_up_to_what_the_thread_calls_highwaters() -> None:
    assert "self.call_thread(self._highwaters, partitions)" in inspect.getsource(AIOKafkaConsumerThread.highwaters)
    source = inspect.getsource(Recovery._build_highwaters)
    assert "await consumer.highwaters(*tps)" in source
    assert "value - 1" in source
    assert "self._thread.highwaters" in inspect.getsource(ThreadDelegateConsumer.highwaters)


def test_a_rebalance_ends_after_tables_are_recovered() -> None:
    """What /readyz goes by."""
    source = inspect.getsource(Recovery._restart_recovery.fun)
    assert source.index("self._set_recovery_started()") < source.index("self.on_recovery_completed")
    assert "app.on_rebalance_end()" in inspect.getsource(Recovery.on_recovery_completed)
    assert "app.on_rebalance_end()" in inspect.getsource(Recovery._resume_streams)
    assert "self.app.in_recovery = True" in inspect.getsource(Recovery._set_recovery_started)
    assert "self.app.in_recovery = False" in inspect.getsource(Recovery._set_recovery_ended)


def test_what_recovery_has_yet_to_read_is_a_number(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        tables: Any = bench.app.tables
        assert tables.recovery.active_remaining_total() == 0
        tables.recovery.active_highwaters[CHANGELOG] = 9
        tables.recovery.active_offsets[CHANGELOG] = 4
        assert tables.recovery.active_remaining_total() == 5

    on_bench(body)


def test_a_sensor_is_told_of_both_ends_of_a_rebalance(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        told: list[str] = []

        class Listener(faust.Sensor):
            def on_rebalance_start(self, app: Any) -> dict[str, Any]:
                told.append("start")
                return {"something": True}

            def on_rebalance_end(self, app: Any, state: dict[str, Any]) -> None:
                told.append("end")

        bench.app.sensors.add(Listener())
        bench.app.on_rebalance_start()
        bench.app.on_rebalance_end()
        assert told == ["start", "end"]

    on_bench(body)


def test_streams_are_made_of_the_class_in_the_settings(on_bench: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        assert type(bench.app.stream(bench.topic)) is ChunkStream
        assert "self.conf.Stream(" in inspect.getsource(type(bench.app).stream)

    on_bench(body)


def test_logins_and_addresses_of_faust_are_aiokafka_s() -> None:
    assert credentials_to_aiokafka_auth(None, None) == {"security_protocol": "PLAINTEXT"}
    assert server_list([URL("chunk://a:1"), URL("chunk://b")], 9092) == ["a:1", "b:9092"]


def test_aiokafka_keeps_the_high_watermark_and_the_time_of_the_last_fetch() -> None:
    for name in ("highwater", "last_poll_timestamp"):
        assert name in vars(AIOKafkaConsumer)
    source = inspect.getsource(Fetcher._proc_fetch_request)
    assert "tp_state.highwater = highwater" in source
    assert "tp_state.timestamp = now_ms" in source
    assert "fetch_committed_offsets" in vars(group_coordinator.GroupCoordinator)


def test_a_fetch_knows_what_it_asks_for_and_how_long_it_may_be_held() -> None:
    assert list(inspect.signature(Fetcher._proc_fetch_request).parameters) == [
        "self",
        "assignment",
        "node_id",
        "request",
    ]
    assert "for partition, offset, _ in partitions:" in inspect.getsource(Fetcher._proc_fetch_request)
    asking = inspect.getsource(Fetcher._get_actions_per_node)
    assert "FetchRequest(\n                self._fetch_max_wait_ms," in asking
    assert MemoryRecords(b"").size_in_bytes() == 0


def test_recovery_knows_tables_and_offsets_by_partition_and_a_store_whose_key_belongs_where() -> None:
    source = inspect.getsource(Recovery)
    assert "table = tp_to_table[tp]" in source
    assert "if seen_offset is None or offset > seen_offset:" in source
    assert "table.apply_changelog_batch(buf)" in source
    store = inspect.getsource(MemoryStore)
    assert "self._key_partition[key] = event.message.partition" in store
    assert "for k, p in self._key_partition.items():" in store
