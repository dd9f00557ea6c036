"""The replay loop as transcripts: a clock that only moves when it is waited for, and a publisher that writes down."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from stream.broker.publisher import Failure, Ledger
from stream.model import Output, Reject
from stream.settings import Settings
from stream.sources.item import Item, Malformed, Offered, Origin, Refused
from stream.sources.replayer import Outcome, Plan, Progress, Replayer, Trouble

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class TestClock:
    """Starts at 1,000 s; a wait takes as long as asked, and sending `send_seconds` an article."""

    __test__ = False
    seconds: float = 1_000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds - 1_000.0)

    def wait(self, seconds: float) -> None:
        assert 0 < seconds <= 0.1
        self.seconds += seconds


@dataclass
class Notebook:
    """A publisher that acknowledges at once, except what `fails` says."""

    clock: TestClock
    fails: Callable[[Output], tuple[str, Reject | None] | None] = lambda _: None
    send_seconds: float = 0.0
    sent: list[tuple[float, Output, int | None]] = field(default_factory=list)
    counts: Ledger = field(default_factory=Ledger)
    failures: list[Failure] = field(default_factory=list)

    def partitions(self, topic: str) -> int:
        return 2

    def send(self, output: Output, *, partition: int | None = None, counted: bool = True, origin: str = "") -> None:
        self.sent.append((round(self.clock.seconds - 1_000.0, 6), output, partition))
        self.clock.seconds += self.send_seconds if counted else 0.0
        failed = self.fails(output)
        if failed is not None:
            self.failures.append(Failure(output, failed[0], failed[1], origin))
        if counted:
            c = self.counts
            self.counts = Ledger(c.sent + 1, c.acknowledged + (failed is None), c.failed + (failed is not None))

    def take_failures(self) -> list[Failure]:
        taken, self.failures = self.failures, []
        return taken

    def ledger(self) -> Ledger:
        return self.counts

    def flush(self, seconds_max: float) -> int:
        return 0

    def articles(self) -> list[tuple[float, dict[str, Any]]]:
        raw = "redline.articles.raw"
        return [(at, orjson.loads(o.value)) for at, o, p in self.sent if o.topic == raw and p is None]

    def controls(self) -> list[tuple[float, str, dict[str, Any], int | None]]:
        return [
            (at, dict(o.headers)["redline-control"].decode(), orjson.loads(o.value), p)
            for at, o, p in self.sent
            if p is not None
        ]


def _offered(number: int, published: str | None = None) -> Offered:
    dated = {} if published is None else {"published": published}
    return Offered(Origin("news.ndjson", number), {"id": f"a{number}", "body": "text", **dated})


THREE = [
    _offered(1, "2024-05-01T12:00:00Z"),
    _offered(2, "2024-05-01T12:00:00.5Z"),
    _offered(3, "2024-05-01T13:00:00Z"),
]


def _replay(
    items: list[Item], plan: Plan, publisher: Notebook, stopping: Callable[[], bool] = lambda: False
) -> tuple[Outcome, list[Progress | Trouble]]:
    reports: list[Progress | Trouble] = []
    replayer = Replayer(publisher, Settings(), plan, report=reports.append, stopping=stopping, clock=publisher.clock)
    return replayer.replay(items), reports


def test_articles_go_out_at_their_recorded_gaps_marked_with_their_run() -> None:
    notebook = Notebook(TestClock())
    outcome, _ = _replay(list(THREE), Plan("r1", gap_seconds_max=2.0), notebook)
    assert [(at, a["id"]) for at, a in notebook.articles()] == [(0.0, "a1"), (0.5, "a2"), (2.5, "a3")]
    assert all(a["exercise"] is True and a["run"] == "r1" for _, a in notebook.articles())
    assert outcome.complete
    assert (outcome.runs, outcome.ledger, outcome.stopped) == (1, Ledger(3, 3, 0), False)


def test_slow_sends_do_not_add_up() -> None:
    notebook = Notebook(TestClock(), send_seconds=0.3)
    _, reports = _replay([_offered(n) for n in range(10)], Plan("r", rate_per_second=2.0), notebook)
    assert [at for at, _ in notebook.articles()] == pytest.approx([n * 0.5 for n in range(10)])
    notebook = Notebook(TestClock(), send_seconds=0.7)
    _, reports = _replay([_offered(n) for n in range(10)], Plan("r", rate_per_second=2.0), notebook)
    assert [at for at, _ in notebook.articles()] == pytest.approx([n * 0.7 for n in range(10)])
    assert [r.behind_seconds for r in reports if isinstance(r, Progress)][-1] == pytest.approx(9 * 0.2)


def test_repeats_are_runs_of_their_own_and_keep_the_rate() -> None:
    notebook = Notebook(TestClock())
    outcome, _ = _replay([_offered(1), _offered(2)], Plan("r", rate_per_second=4.0, repeat=3), notebook)
    assert outcome.runs == 3
    assert [(at, a["run"]) for at, a in notebook.articles()] == [
        (0.0, "r"), (0.25, "r"), (0.5, "r-2"), (0.75, "r-2"), (1.0, "r-3"), (1.25, "r-3"),
    ]  # fmt: skip
    ends = [value["run"] for _, kind, value, partition in notebook.controls() if kind == "end" and partition == 0]
    assert ends == ["r", "r-2", "r-3"]


def test_shuffling_depends_on_the_seed_and_the_repetition() -> None:
    def order(seed: int) -> list[str]:
        notebook = Notebook(TestClock())
        items: list[Item] = [_offered(n) for n in range(8)]
        _replay(items, Plan("r", rate_per_second=100.0, repeat=2, shuffle_seed=seed), notebook)
        return [a["id"] for _, a in notebook.articles()]

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert sorted(order(1)[:8]) == sorted(order(1)[8:])
    assert order(1)[:8] != order(1)[8:]


def test_every_partition_is_told_each_second_what_is_still_to_come_and_the_end() -> None:
    notebook = Notebook(TestClock())
    _replay(list(THREE), Plan("r", gap_seconds_max=2.0), notebook)
    progress = [(at, value["time"], p) for at, kind, value, p in notebook.controls() if kind == "progress"]
    assert progress == [
        (0.0, "2024-05-01T12:00:00Z", 0),
        (0.0, "2024-05-01T12:00:00Z", 1),
        (1.0, "2024-05-01T13:00:00Z", 0),
        (1.0, "2024-05-01T13:00:00Z", 1),
        (2.0, "2024-05-01T13:00:00Z", 0),
        (2.0, "2024-05-01T13:00:00Z", 1),
    ]
    ends = [(value, p) for _, kind, value, p in notebook.controls() if kind == "end"]
    assert ends == [({"run": "r", "partition": p, "time": "2024-05-01T13:00:00Z"}, p) for p in (0, 1)]
    assert notebook.sent[-1][2] is not None, "the end is last"


def test_what_cannot_be_read_is_reported_and_the_rest_goes_on() -> None:
    notebook = Notebook(TestClock())
    refused = Refused(Origin("bad.txt"), Reject("read", "invalid_utf8", "found byte 0xff"))
    outcome, reports = _replay([refused, _offered(1), Malformed(Origin("x", 7), b"{no")], Plan("r"), notebook)
    assert [r for r in reports if isinstance(r, Trouble)] == [
        Trouble("bad.txt", "found byte 0xff", "read", "invalid_utf8", False)
    ]
    assert (outcome.refused, outcome.ledger.sent, outcome.complete) == (1, 2, False)
    assert [o.value for _, o, p in notebook.sent if p is None][-1] == b"{no"


def test_a_refused_article_becomes_a_dead_letter_cut_to_size() -> None:
    def fails(output: Output) -> tuple[str, Reject | None] | None:
        too_large = output.topic.endswith("raw") and len(output.value) > 500_000
        return ("too big", Reject("publish", "too_large", "too big")) if too_large else None

    notebook = Notebook(TestClock(), fails)
    large = Offered(Origin("news.ndjson", 4), {"id": "k" * 5_000, "body": "x" * 1_000_000})
    outcome, reports = _replay([large, _offered(1)], Plan("r"), notebook)
    assert outcome.dead_letters == 1
    assert not outcome.complete
    (letter,) = (o for _, o, _ in notebook.sent if o.topic == "redline.articles.dead")
    assert letter.size_bytes < 70_000
    assert len(letter.key) == 64
    content = orjson.loads(letter.value)
    assert (content["stage"], content["code"], content["truncated"]) == ("publish", "too_large", True)
    assert content["size_bytes"] > 1_000_000
    assert [r for r in reports if isinstance(r, Trouble)] == [
        Trouble("news.ndjson:4", "too big", "publish", "too_large", True)
    ]


def test_an_unanswered_article_is_no_dead_letter_and_a_failing_dead_letter_no_loop() -> None:
    notebook = Notebook(TestClock(), lambda o: ("timed out", None) if o.topic.endswith("raw") else None)
    outcome, reports = _replay([_offered(1)], Plan("r"), notebook)
    assert (outcome.dead_letters, outcome.ledger.failed, outcome.controls_failed) == (0, 1, 4)
    assert {r.origin for r in reports if isinstance(r, Trouble)} == {"news.ndjson:1", "control record"}

    refusal = Reject("publish", "refused_by_broker", "no")
    notebook = Notebook(TestClock(), lambda o: ("no", refusal) if not o.headers or o.topic.endswith("dead") else None)
    outcome, reports = _replay([_offered(1)], Plan("r"), notebook)
    assert outcome.dead_letters == 0, "it was written nowhere"
    assert [r.origin for r in reports if isinstance(r, Trouble)] == ["news.ndjson:1", "dead letter of news.ndjson:1"]


def test_a_stop_ends_the_run_in_order() -> None:
    notebook = Notebook(TestClock())
    asked = itertools.count()
    items: list[Item] = [_offered(n) for n in range(100)]
    plan = Plan("r", rate_per_second=10.0, repeat=0)
    outcome, _ = _replay(items, plan, notebook, stopping=lambda: next(asked) > 12)
    assert outcome.stopped
    assert 0 < outcome.ledger.sent == len(notebook.articles()) < 13
    assert [kind for _, kind, _, _ in notebook.controls()][-2:] == ["end", "end"]


def test_nothing_to_send_ends_even_an_endless_replay() -> None:
    notebook = Notebook(TestClock())
    outcome, reports = _replay([], Plan("r", repeat=0), notebook)
    assert (outcome.runs, outcome.ledger.sent, outcome.complete) == (1, 0, True)
    assert isinstance(reports[-1], Progress)
