"""What an outlet does with many items at once; what it does with few is shown with the sources."""

from __future__ import annotations

import asyncio
from pathlib import Path

from stream.sources.contract import Accepted, Unacknowledged
from stream.sources.delivery import Delivery
from stream.sources.item import Item, Offered, Origin
from stream.sources.outlet import BATCH_ITEMS, KafkaOutlet
from stream.sources.resume import ResumeStore
from stream.telemetry.events import Telemetry
from tests.sources.kit import Bench, lost

COUNT = 3 * BATCH_ITEMS


def offered(tmp_path: Path, bench: Bench, *, stops: bool) -> list[object]:
    async def whole() -> list[object]:
        delivery = Delivery(bench.desk, articles_max=9_000, bytes_max=60_000_000)
        stopping = asyncio.Event()
        outlet = KafkaOutlet(
            "s",
            "test",
            defaults=bench.defaults,
            delivery=delivery,
            store=ResumeStore(tmp_path / "state"),
            settings=bench.settings,
            telemetry=Telemetry(bench.metrics, "redline.test.outlet"),
            stopping=stopping,
        )
        if stops:
            stopping.set()
        items: list[Item] = [Offered(Origin("test", number), {"body": f"Body {number}."}) for number in range(COUNT)]
        try:
            return list(await outlet.offer(items))
        finally:
            delivery.close()

    return asyncio.run(whole())


def test_after_a_stop_no_further_batch_waits_for_a_broker_that_is_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.desk.fails = lost
    outcomes = offered(tmp_path, bench, stops=True)
    assert len(bench.desk.sent) == BATCH_ITEMS
    assert all(isinstance(outcome, Unacknowledged) for outcome in outcomes)
    assert len(outcomes) == COUNT


def test_after_a_stop_what_was_begun_is_finished_while_the_broker_answers(tmp_path: Path) -> None:
    outcomes = offered(tmp_path, Bench(tmp_path), stops=True)
    assert len(outcomes) == COUNT
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)


def test_without_a_stop_every_batch_is_tried(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.desk.fails = lost
    assert len(offered(tmp_path, bench, stops=False)) == len(bench.desk.sent) == COUNT
