"""The URL scheme, and what is refused at start; the thread that fetches."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.types import TP

from stream.errors import SettingsError
from stream.worker.driver import ChunkConsumer, ChunkTransport, Limits, use_chunks
from stream.worker.driver.stream import REFUSED
from stream.worker.driver.thread import ChunkThread
from tests.worker.driver.kit import RAW, Bench, GaveUpError, give_up, new_app, record


def in_loop(body: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await asyncio.wait_for(body(), 60)

    asyncio.run(whole())


def test_the_scheme_brings_the_driver(tmp_path: Path) -> None:
    async def body() -> None:
        app = new_app(tmp_path)
        assert isinstance(app.transport, ChunkTransport)
        use_chunks(app, Limits(), give_up, print)
        assert isinstance(app.consumer, ChunkConsumer)
        app.consumer._thread.thread_loop.close()

    in_loop(body)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("processing_guarantee", "exactly_once", "found 'exactly_once', the chunk driver needs 'at_least_once'"),
        ("consumer_auto_offset_reset", "latest", "latest would skip records"),
        ("consumer_group_instance_id", "one", "static membership is not tested"),
        ("table_standby_replicas", 1, "standby replicas are not tested"),
        ("stream_wait_empty", False, "a chunk in work is finished before its partition goes"),
        ("Table", faust.Table, "confirm waits for table writes: use ChunkTable"),
        ("broker", "kafka://127.0.0.1:1", "expected a URL that begins with chunk://"),
    ],
)
def test_settings_it_cannot_hold_for_are_refused(tmp_path: Path, setting: str, value: Any, said: str) -> None:
    async def body() -> None:
        with pytest.raises(SettingsError) as refused:
            use_chunks(new_app(tmp_path, **{setting: value}), Limits(), give_up, print)
        assert setting in str(refused.value)
        assert said in str(refused.value)

    in_loop(body)


def test_agents_it_cannot_hold_for_are_refused(tmp_path: Path) -> None:
    def bench_with(folder: str, *agents: dict[str, Any]) -> Bench:
        bench = Bench(tmp_path / folder)
        for number, options in enumerate(agents):

            async def agent(stream: Any) -> None:
                return

            bench.app.agent(bench.topic, name=f"agent{number}", **options)(agent)
        return bench

    async def body() -> None:
        bench_with("fine", {}).transport.check()
        with pytest.raises(SettingsError, match="agent agent0 reads raw with concurrency 2, expected 1"):
            bench_with("concurrent", {"concurrency": 2}).transport.check()
        with pytest.raises(SettingsError, match="agent0 reads raw with isolated_partitions"):
            bench_with("isolated", {"isolated_partitions": True}).transport.check()
        with pytest.raises(SettingsError, match="agents agent0 and agent1 both read raw, expected one"):
            bench_with("two", {}, {}).transport.check()

    in_loop(body)


OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "add_processor": lambda stream: stream.add_processor(str),
    "combine": lambda stream: stream & stream.clone(),
    "echo": lambda stream: stream.echo("other"),
    "enumerate": lambda stream: stream.enumerate(),
    "events": lambda stream: stream.events(),
    "filter": lambda stream: stream.filter(bool),
    "group_by": lambda stream: stream.group_by(len, name="x"),
    "inner_join": lambda stream: stream.inner_join(),
    "items": lambda stream: stream.items(),
    "join": lambda stream: stream.join(),
    "left_join": lambda stream: stream.left_join(),
    "noack_take": lambda stream: stream.noack_take(3, within=1),
    "outer_join": lambda stream: stream.outer_join(),
    "take": lambda stream: stream.take(3, within=1),
    "take_events": lambda stream: stream.take_events(3, within=1),
    "take_with_timestamp": lambda stream: stream.take_with_timestamp(3, within=1, timestamp_field_name="t"),
    "through": lambda stream: stream.through("other"),
}


def test_operations_on_chunked_streams_are_refused_and_others_are_not(tmp_path: Path) -> None:
    async def body() -> None:
        bench = Bench(tmp_path)
        chunked, other = bench.app.stream(bench.topic), bench.app.stream(bench.app.topic("other"))
        assert set(OPERATIONS) == set(REFUSED)
        for name, operation in OPERATIONS.items():
            with pytest.raises(SettingsError, match=rf"stream\.{name} on raw, which is read in chunks"):
                operation(chunked)
        assert chunked.noack() is not None
        other.add_processor(str)
        assert other.take(3, within=1) is not None

    in_loop(body)


def test_every_operation_that_faust_has_is_known() -> None:
    """A new version may bring new ones."""
    ours = {"noack", "ack", "clone", "info", "label", "shortlabel", "throw", "contribute_to_stream", "derive_topic",
            "remove_from_stream", "on_merge", "get_active_stream", "get_root_stream", "logger", "stop", "on_start",
            "on_stop", "get_topic_name"}  # fmt: skip
    public = {name for name in vars(faust.Stream) if not name.startswith("_")}
    methods = {name for name in public if callable(getattr(faust.Stream, name))}
    assert methods - ours == set(REFUSED)


def test_global_tables_are_refused(tmp_path: Path) -> None:
    async def body() -> None:
        bench = Bench(tmp_path)
        bench.app.GlobalTable("everywhere", partitions=1)
        with pytest.raises(SettingsError, match="table everywhere is global"):
            bench.transport.check()

    in_loop(body)


def test_a_refused_changelog_write_ends_the_process(tmp_path: Path) -> None:
    async def body() -> None:
        bench = Bench(tmp_path)
        sensors = bench.app.sensors
        state = sensors.on_send_initiated(bench.app.producer, "changelog", {}, 1, 1)  # type: ignore[arg-type]
        with pytest.raises(GaveUpError, match="the broker refused a message"):
            sensors.on_send_error(bench.app.producer, ConnectionError("gone"), state)

    in_loop(body)


class FakeClient:
    """aiokafka's consumer, as far as the fetching thread touches it."""

    _closed = False

    def __init__(self, records: dict[TP, list[Any]], on_fetch: Callable[[], None] = lambda: None) -> None:
        self._fetcher = self
        self._subscriptions = self
        self.records, self.on_fetch = records, on_fetch
        self.asked: list[tuple[set[TP], float | None]] = []
        self.sought: dict[TP, int] = {}

    def fetch_context(self) -> Any:
        return nullcontext()

    async def fetched_records(self, partitions: set[TP], timeout: float | None, max_records: int | None) -> Any:
        self.asked.append((partitions, timeout))
        self.on_fetch()
        return {partition: records for partition, records in self.records.items() if partition in partitions}

    def seek(self, partition: TP, offset: int) -> None:
        self.sought[partition] = offset


def thread_of(folder: Path, **limits: Any) -> tuple[Bench, ChunkThread]:
    bench = Bench(folder, **limits)
    thread = bench.consumer._new_consumer_thread()
    assert isinstance(thread, ChunkThread)
    thread.thread_loop.close()
    return bench, thread


def test_the_set_of_partitions_is_not_the_live_one_and_empty_means_none(tmp_path: Path) -> None:
    """Emptied by a rebalance meanwhile, it would mean "all partitions" to aiokafka."""

    async def body() -> None:
        _, thread = thread_of(tmp_path)
        live = {RAW}
        client = FakeClient({RAW: [record(RAW, 3)]}, on_fetch=live.clear)
        assert list(await thread._fetch_records(client, live, timeout=1.0)) == [RAW]
        assert client.asked == [({RAW}, 1.0)]
        assert await thread._fetch_records(client, live, timeout=1.0) == {}
        assert len(client.asked) == 1

    in_loop(body)


def test_a_fetch_is_made_in_the_thread_s_own_loop_and_ends_with_who_asked(tmp_path: Path) -> None:
    async def body() -> None:
        bench = Bench(tmp_path)
        thread = bench.consumer._new_consumer_thread()
        assert isinstance(thread, ChunkThread)
        made: list[Any] = []
        ended = threading.Event()

        async def fetch(*given: Any) -> Any:
            made.append((asyncio.get_running_loop(), given))
            if len(made) == 1:
                return {RAW: [record(RAW, 3)]}
            try:
                return await asyncio.Event().wait()
            finally:
                ended.set()

        client = SimpleNamespace(_max_poll_records=7)
        thread._consumer = client
        thread._fetch_records = fetch  # type: ignore[method-assign]
        running = threading.Thread(target=thread.thread_loop.run_forever)
        running.start()
        try:
            assert list(await thread.getmany({RAW}, 1.0)) == [RAW]
            assert made == [(thread.thread_loop, (client, {RAW}, 1.0, 7))]
            waiting = asyncio.ensure_future(thread.getmany({RAW}, 1.0))
            while len(made) < 2:
                await asyncio.sleep(0.001)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert await asyncio.to_thread(ended.wait, 60.0)
        finally:
            thread.thread_loop.call_soon_threadsafe(thread.thread_loop.stop)
            running.join()
            thread.thread_loop.close()

    in_loop(body)


def test_what_comes_while_the_flow_is_stopped_is_put_back(tmp_path: Path) -> None:
    """Changelogs too: else their recovery waits for ever for records that were already read."""

    async def body() -> None:
        bench, thread = thread_of(tmp_path)
        changelog = TP("changelog", 1)
        client = FakeClient(
            {RAW: [record(RAW, 3), record(RAW, 4)], changelog: [record(changelog, 9)]},
            on_fetch=bench.consumer.stop_flow,
        )
        assert await thread._fetch_records(client, {RAW, changelog}, timeout=1.0) == {}
        assert client.sought == {RAW: 3, changelog: 9}

    in_loop(body)


def test_urgent_topics_are_read_before_any_other(tmp_path: Path) -> None:
    async def body() -> None:
        bench, thread = thread_of(tmp_path)
        urgent = TP("matches", 0)
        bench.transport.topic("matches", urgent=True)
        client = FakeClient({RAW: [record(RAW, 3)], urgent: [record(urgent, 4)]})
        assert list(await thread._fetch_records(client, {RAW, urgent}, timeout=1.0)) == [urgent]
        assert client.asked == [({urgent}, 0)]
        del client.records[urgent]
        assert list(await thread._fetch_records(client, {RAW, urgent}, timeout=1.0)) == [RAW]
        assert client.asked[1:] == [({urgent}, 0), ({RAW, urgent}, 1.0)]

    in_loop(body)


def test_the_fetch_wait_is_a_limit(tmp_path: Path) -> None:
    async def body() -> None:
        _, thread = thread_of(tmp_path, fetch_wait_ms_max=7)
        client = thread._create_worker_consumer(thread.transport)  # type: ignore[arg-type]
        client._closed = True
        assert client._fetch_max_wait_ms == 7

    in_loop(body)
