"""What `stream.sources.contract` asks of every source, asked of every source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stream.settings import Settings
from stream.sources.configs import Defaults
from stream.sources.contract import STOP_SECONDS_MAX
from tests.sources.kit import Bench, Run, lost, refused
from tests.sources.worlds import CANARY, WORLDS, World

SETTINGS = Settings(
    topic_prefix="t.", ingest_waiting_articles_max=5, kafka_request_timeout_ms=1_000, feed_host_pause_ms=0
)

Scenario = Callable[[Bench, World], Awaitable[None]]


@pytest.fixture(params=sorted(WORLDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def world_of(kind: str, folder: Path, settings: Settings = SETTINGS) -> AsyncIterator[tuple[Bench, World]]:
    bench = Bench(folder, settings, Defaults(source="The World", lang="en"))
    world = WORLDS[kind](folder, settings)
    try:
        yield bench, world
    finally:
        await world.close()


def scenario(play: Callable[[Bench, World], Awaitable[None]]) -> Callable[[str, Path], None]:
    """A test of one source in its world."""

    def test(kind: str, tmp_path: Path) -> None:
        async def main() -> None:
            async with world_of(kind, tmp_path) as (bench, world):
                await play(bench, world)

        asyncio.run(main())

    test.__doc__ = play.__doc__
    return test


async def _all_arrive(run: Run, bench: Bench, bodies: list[str]) -> None:
    await run.until(lambda: set(bodies) <= set(bench.desk.bodies()), f"{len(bodies)} articles arrive")


async def _delivers(bench: Bench, world: World) -> None:
    """Every article is on the broker with its marks, once, and is counted."""
    async with bench.running(world.source()) as run:
        bodies = await world.give(4)
        await _all_arrive(run, bench, bodies)
    assert sorted(bench.desk.bodies()) == sorted(bodies)
    for article in bench.desk.articles():
        assert article["source_id"] == "world"
        assert article["source"] == "The World"
        assert article["lang"] == "en"
        assert (article["agency"], article["dateline"]) == ("Reuters", "KYIV (Reuters)")
        assert article["found_fields"] == ["agency", "dateline"]
        assert article["fetched"].endswith("Z")
        assert article["id"]
        assert "exercise" not in article
    assert {output.key.decode() for output in bench.desk.sent} == {a["id"] for a in bench.desk.articles()}
    assert all(("redline-source", b"world") in output.headers for output in bench.desk.sent)
    assert bench.value("redline_source_articles_total", source="world") == 4
    assert bench.value("redline_source_up", source="world") == 1
    assert bench.value("redline_source_last_article_timestamp_seconds", source="world") > 1e9


async def _stops_at_rest(bench: Bench, world: World) -> None:
    """A stop when nothing is going on is quick."""
    async with bench.running(world.source()) as run:
        bodies = await world.give(1)
        await _all_arrive(run, bench, bodies)
        async with asyncio.timeout(STOP_SECONDS_MAX):
            assert await run.stop() is False


async def _stops_before_it_began(bench: Bench, world: World) -> None:
    """A stop right at the start is heard."""
    async with bench.running(world.source()) as run:
        async with asyncio.timeout(STOP_SECONDS_MAX):
            assert await run.stop() is False


async def _stops_in_work(bench: Bench, world: World) -> None:
    """A stop waits for what was offered, and what was acknowledged does not come again."""
    bench.desk.held = True
    async with bench.running(world.source()) as run:
        bodies = await world.give(3)
        await run.until(lambda: bool(bench.desk.sent), "something is under way")
        run.stopping.set()
        await asyncio.sleep(0.1)
        assert not run.task.done(), "it waits for the broker"
        bench.desk.release()
        await run.stop()
    if world.resumes:
        async with bench.running(world.source()) as run:
            await _all_arrive(run, bench, bodies)
            await _all_arrive(run, bench, await world.give(1))
        assert len(bench.desk.bodies()) == 4


async def _holds_back(bench: Bench, world: World) -> None:
    """While the broker does not answer, no more than the limit is under way; then everything arrives."""
    bench.desk.held = True
    async with bench.running(world.source()) as run:
        bodies = [body for _ in range(10) for body in await world.give(2)]
        await run.until(lambda: bool(bench.desk.sent), "something is under way")
        await asyncio.sleep(0.3)
        # A batch larger than the limit goes alone.
        assert run.delivery.waiting == len(bench.desk.sent) <= 20
        assert run.delivery.waiting <= 5 or len(bench.desk.sent) == run.delivery.waiting
        if world.tells:
            assert run.delivery.waiting <= 5
        bench.desk.release()
        await _all_arrive(run, bench, bodies)
    assert sorted(bench.desk.bodies()) == sorted(bodies)


async def _offers_again(bench: Bench, world: World) -> None:
    """What the broker did not acknowledge is offered again until it does."""
    failed: set[bytes] = set()

    def fail_once(output: object) -> object:
        key = output.key  # type: ignore[attr-defined]
        if key in failed:
            return None
        failed.add(key)
        return lost(output)  # type: ignore[arg-type]

    bench.desk.fails = fail_once  # type: ignore[assignment]
    async with bench.running(world.source()) as run:
        bodies = await world.give(3)
        await _all_arrive(run, bench, bodies)
    assert len(failed) == 3
    assert bench.value("redline_ingest_articles_total", type=run.source.type, outcome="failed") >= 3


async def _buries_what_the_broker_refuses(bench: Bench, world: World) -> None:
    """A record that the broker refuses for good is a dead letter, or told; its neighbours arrive."""
    bench.desk.fails = lambda output: (
        refused(output) if b"number 1." in output.value and b"raw" in output.topic.encode() else None
    )
    async with bench.running(world.source()) as run:
        bodies = await world.give(3)
        await _all_arrive(run, bench, [body for body in bodies if "number 1." not in body])
        outcome = {"type": run.source.type, "outcome": "refused"}
        await run.until(lambda: bench.value("redline_ingest_articles_total", **outcome) == 1, "one is refused")
    assert len(bench.desk.dead()) == (0 if world.tells else 1)


async def _buries_what_is_no_article(bench: Bench, world: World) -> None:
    """Something bad is one dead letter with its place (or told), and holds nothing up."""
    async with bench.running(world.source()) as run:
        before = await world.give(1)
        await world.give_bad()
        await _all_arrive(run, bench, before + await world.give(1))
        outcome = {"type": run.source.type, "outcome": "refused"}
        await run.until(lambda: bench.value("redline_ingest_articles_total", **outcome) >= 1, "one is refused")
    assert bench.value("redline_ingest_articles_total", **outcome) == 1
    if world.tells:
        assert not bench.desk.dead()
    else:
        (letter,) = bench.desk.dead()
        assert letter["reason"].startswith("world, ")
        assert letter["code"]
        assert bench.value("redline_dead_letters_total", stage=letter["stage"], code=letter["code"]) == 1


async def _resumes(bench: Bench, world: World) -> None:
    """After a restart only what is new comes."""
    async with bench.running(world.source()) as run:
        first = await world.give(3)
        await _all_arrive(run, bench, first)
    async with bench.running(world.source()) as run:
        second = await world.give(2)
        await _all_arrive(run, bench, second)
    expected = first + second
    assert sorted(bench.desk.bodies()) == sorted(expected)


async def _goes_on_without_its_state(bench: Bench, world: World) -> None:
    """A state file that cannot be used is told, and everything comes again: the same articles, by their ids."""
    async with bench.running(world.source()) as run:
        bodies = await world.give(2)
        await _all_arrive(run, bench, bodies)
    if not world.resumes:
        return
    (state,) = (bench.folder / "state").iterdir()
    state.write_bytes(b'{"schema": "sour')
    async with bench.running(world.source()) as run:
        await run.until(lambda: len(bench.desk.bodies()) == 4, "all come again")
    assert len({article["id"] for article in bench.desk.articles()}) == 2
    assert "begins anew" in bench.log.getvalue()


async def _survives_trouble(bench: Bench, world: World) -> None:
    """Trouble outside is told and counted, and over when it is over."""
    if not world.breaks:
        return
    async with bench.running(world.source()) as run:
        await _all_arrive(run, bench, await world.give(1))
        await run.until(lambda: bench.value("redline_source_up", source="world") == 1, "it is up")
        world.break_()
        await run.until(lambda: bench.value("redline_source_up", source="world") == 0, "it is down")
        world.mend()
        await _all_arrive(run, bench, await world.give(1))
        await run.until(lambda: bench.value("redline_source_up", source="world") == 1, "it is up again")
    assert "source fails" in bench.log.getvalue()
    assert "source works again" in bench.log.getvalue()


async def _keeps_secrets(bench: Bench, world: World) -> None:
    """Nothing that is written anywhere holds a secret of the source's configuration."""
    source = world.source()
    async with bench.running(source) as run:
        await _all_arrive(run, bench, await world.give(1))
        await world.give_bad()
        if world.breaks:
            world.break_()
            await run.until(lambda: bench.value("redline_source_up", source="world") == 0, "it is down")
            world.mend()
    state = b"".join(path.read_bytes() for path in (bench.folder / "state").glob("*"))
    records = b"".join(output.value for output in bench.desk.sent)
    written = source.place + bench.log.getvalue() + (bench.metrics.exposition() + state + records).decode()
    assert CANARY not in written
    assert CANARY not in repr(source)


test_delivers = scenario(_delivers)
test_stops_at_rest = scenario(_stops_at_rest)
test_stops_before_it_began = scenario(_stops_before_it_began)
test_stops_in_work = scenario(_stops_in_work)
test_holds_back = scenario(_holds_back)
test_offers_again = scenario(_offers_again)
test_buries_what_the_broker_refuses = scenario(_buries_what_the_broker_refuses)
test_buries_what_is_no_article = scenario(_buries_what_is_no_article)
test_resumes = scenario(_resumes)
test_goes_on_without_its_state = scenario(_goes_on_without_its_state)
test_survives_trouble = scenario(_survives_trouble)
test_keeps_secrets = scenario(_keeps_secrets)
