"""`redline top`: what samples come to, screens of every size, and the whole of it in a real terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from rich.console import Console

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker
from stream.cli.top import top
from stream.cli.topping.keys import Keys
from stream.cli.topping.sample import Group, Member, Process, Sample, parse_exposition
from stream.cli.topping.screen import screen
from stream.cli.topping.view import History, View
from stream.settings import Settings
from stream.telemetry.metrics import Metrics
from stream.telemetry.server import HealthServer
from tests.cli.terminal import Terminal
from tests.ports import free_port

ROOT = Path(__file__).parents[2]


def _worker(
    at: str = "a:1", *, received: float = 0, trouble: str | None = None, usable: float = 1, **alerts: float
) -> Process:
    metrics = Metrics()
    metrics.add("redline_articles_total", received, stage="received")
    metrics.set("redline_rules_loaded", 3, kind="alert")
    metrics.set("redline_rules_reload_success", usable)
    for rule, count in alerts.items():
        metrics.add(
            "redline_alerts_total", count, rule=rule, severity="high" if rule != "calm" else "low", state="fired"
        )
    for _ in range(int(received)):
        metrics.observe("redline_end_to_end_seconds", 0.2)
    return Process("worker", at, trouble, parse_exposition(metrics.exposition().decode()))


def _view(*samples: Sample) -> View:
    history = History("k:9092", "redline.")
    for sample in samples:
        history.add(sample)
    view = history.view()
    assert view is not None
    return view


GROUP = Group("Stable", (Member("w-1", "10.0.0.1", 4, 7),), {"articles.raw": 7, "matches": 0})


def test_rates_totals_and_latency_of_two_workers() -> None:
    view = _view(
        Sample(100.0, (_worker("a", received=10, storm=2), _worker("b", received=5)), GROUP),
        Sample(110.0, (_worker("a", received=40, storm=4), _worker("b", received=25, calm=1)), GROUP),
    )
    assert view.rates["received"] == pytest.approx(5.0)
    assert view.totals["received"] == 65
    assert [(r.rule, r.severity, r.total, round(r.per_minute)) for r in view.rules] == [
        ("storm", "high", 4, 12), ("calm", "low", 1, 6),
    ]  # fmt: skip
    assert view.severities["high"] == (4, pytest.approx(12.0))
    assert view.latency is not None
    assert 0.1 <= view.latency[0] <= 0.25
    assert view.lag == {"articles.raw": 7, "matches": 0}
    assert view.well
    assert json.loads(orjson.dumps(view.fields()))["totals"]["received"] == 65


def test_a_worker_that_starts_again_or_comes_later_makes_no_rate_negative_or_huge() -> None:
    view = _view(
        Sample(0.0, (_worker("a", received=1_000),), GROUP),
        Sample(10.0, (_worker("a", received=20), _worker("new", received=9_000)), GROUP),
    )
    assert view.rates["received"] == pytest.approx(2.0)


def test_counting_from_now_and_a_window_that_moves() -> None:
    history = History("k:9092", "redline.")
    for second in range(0, 100, 2):
        history.add(Sample(float(second), (_worker(received=float(second)),), GROUP))
    view = history.view()
    assert view is not None
    assert 30.0 <= view.window_seconds <= 34.0
    assert view.rates["received"] == pytest.approx(1.0)
    history.count_from_now()
    history.add(Sample(100.0, (_worker(received=103),), GROUP))
    view = history.view()
    assert view is not None
    assert view.totals["received"] == 5


def test_a_worker_that_has_counted_further_since_its_start_than_before_is_counted_from_zero() -> None:
    series = 'process_start_time_seconds {}\nredline_articles_total{{stage="received"}} {}\n'
    before, after = (Process("worker", "a", None, parse_exposition(series.format(*of))) for of in ((1, 10), (2, 30)))
    assert _view(Sample(0.0, (before,), GROUP), Sample(10.0, (after,), GROUP)).rates["received"] == 3.0


def test_a_worker_that_is_away_while_totals_begin_at_zero_counts_when_it_is_back() -> None:
    history = History("k:9092", "redline.")
    history.add(Sample(0.0, (_worker("a", received=10), Process("worker", "b", "no answer")), GROUP))
    history.count_from_now()
    for second, received in ((2.0, 50), (4.0, 57)):
        history.add(Sample(second, (_worker("a", received=10), _worker("b", received=received)), GROUP))
    view = history.view()
    assert view is not None
    assert view.totals["received"] == 7


def test_a_worker_with_more_rules_than_series_is_drawn() -> None:
    metrics = Metrics()
    for number in range(1_001):
        metrics.add("redline_alerts_total", 1, rule=f"r{number}", severity="low", state="fired")
    process = Process("worker", "a", None, parse_exposition(metrics.exposition().decode()))
    view = _view(Sample(0.0, (process,), GROUP))
    console = Console(width=120)
    with console.capture() as captured:
        console.print(screen(view, width=120, height=40, title="k:9092"))
    assert re.search(r"other +1 ", captured.get())


def test_rules_that_are_gone_are_not_called_in_force() -> None:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(screen(_view(Sample(0.0, (_worker(gone=0, kept=0),), GROUP)), width=120, height=40, title=""))
    assert "3 rules are in force, none has fired" in captured.get()


def test_a_terminal_that_has_gone_quits_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "rb", buffering=0) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with Keys() as keys:
            os.write(ours, b"x")
            assert keys.next(60.0) == "x"
            os.close(ours)
            assert keys.next(60.0) == "q"


AWAY = Process("worker", "127.0.0.1:9464", "no answer (connection refused)")


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (Sample(0, (AWAY,), None, "cannot reach Kafka"), ["Nothing is running: no broker at k:9092"]),
        (Sample(0, (_worker(),), None, "cannot reach Kafka"), ["The broker is away: cannot reach Kafka"]),
        (Sample(0, (AWAY,), Group("Empty", (), {"articles.raw": 5})), ["No worker is running: 5 records wait"]),
        (Sample(0, (AWAY,), GROUP), ["none tells its metrics at 127.0.0.1:9464. Name it with --metrics URL"]),
        (Sample(0, (_worker(trouble="waiting for the broker"),), GROUP), ["is not ready: waiting for the broker"]),
        (Sample(0, (_worker(usable=0),), GROUP), ["`redline rules check` says why"]),
        (Sample(0, (), GROUP, None, "no answer from Prometheus"), ["No answer from Prometheus"]),
        (Sample(0, (_worker(),), Group("Stable", GROUP.members, {"articles.raw": 5_000})), ["5000 records wait"]),
        (Sample(0, (_worker(), AWAY), GROUP), ["The worker at 127.0.0.1:9464 tells nothing: no answer"]),
        (
            Sample(0, (_worker(), Process("notify", "b:2", "waiting for Kafka", _worker().series)), GROUP),
            ["The notify at b:2 is not ready: waiting for Kafka"],
        ),
        (Sample(0, (_worker(),), GROUP), []),
        (Sample(0, (_worker(),), None), []),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(sample: Sample, said: list[str]) -> None:
    found = _view(sample).troubles
    assert len(found) == len(said)
    assert all(part in sentence for part, sentence in zip(said, found, strict=True))


@pytest.mark.parametrize(("width", "height"), [(120, 36), (200, 60), (80, 32), (100, 24), (60, 40), (30, 50)])
def test_every_screen_fits_its_size(width: int, height: int) -> None:
    members = tuple(Member(f"m{n}", "h" * n, 1, n) for n in range(12))
    group = Group("Stable", members, {"articles.raw": 400})
    alerts = {f"rule.{n}.with_a_long_name_\x1b[31m": 1.0 for n in range(60)}
    process = _worker("x" * 50, received=50, **alerts)
    view = _view(Sample(0.0, (process,), group), Sample(2.0, (process,), group))
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    for what in (view, None):
        with console.capture() as captured:
            console.print(screen(what, width=width, height=height, title="k:9092 group"))
        lines = captured.get().rstrip("\n").split("\n")
        assert max(len(line) for line in lines) <= width
        assert "\x1b[31m" not in captured.get()
        assert len(lines) <= height, captured.get()


def test_many_troubles_leave_room_for_the_rest() -> None:
    processes = tuple(_worker(f"w{number}", trouble="waiting for the broker " * 5) for number in range(20))
    console = Console(width=100, height=36, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(screen(_view(Sample(0.0, processes, GROUP)), width=100, height=36, title=""))
    lines = captured.get().rstrip("\n").split("\n")
    assert len(lines) <= 36
    assert "! … and 16 more" in captured.get()
    assert "Alerts by rule" in captured.get()


@pytest.mark.embedded
def test_once_without_anything_is_1_and_says_what_to_do() -> None:
    port = free_port()
    done = CliRunner().invoke(
        top, ["--once", "--interval", "0.2", "--bootstrap", f"127.0.0.1:{port}", "--metrics-port", str(free_port())]
    )
    assert done.exit_code == 1
    assert "Nothing is running" in done.stdout
    assert "redline demo" in done.stdout


@pytest.mark.embedded
def test_json_once_and_one_line_a_sample(topics: Settings) -> None:
    with _serving(_metrics()) as url:
        command = ["--json", "--interval", "0.3", "--metrics", url, "--bootstrap", topics.bootstrap]
        command += ["--topic-prefix", topics.topic_prefix, "--consumer-group", topics.consumer_group]
        done = CliRunner().invoke(top, [*command, "--once"])
        assert done.exit_code == 0, done.stdout
        told = json.loads(done.stdout)
        assert told["totals"]["received"] == 12
        assert told["broker"]["lag"] == {"articles.raw": 0, "matches": 0}
        assert told["processes"][0]["kind"] == "worker"
        with subprocess.Popen(
            [sys.executable, "-m", "stream.cli", "top", *command], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                lines = [json.loads(process.stdout.readline()) for _ in range(2)]
                process.send_signal(2)
                assert process.wait(60) == 130
            finally:
                process.kill()
        assert [line["totals"]["received"] for line in lines] == [12, 12]


def test_lines_end_when_nobody_reads_them_any_more() -> None:
    command = [sys.executable, "-m", "stream.cli", "top", "--json", "--interval", "0.2"]
    command += ["--metrics", f"http://127.0.0.1:{free_port()}", "--bootstrap", f"127.0.0.1:{free_port()}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"{")
            process.stdout.close()
            assert process.wait(60) == 0
            assert process.stderr is not None
            assert process.stderr.read() == b""
        finally:
            process.kill()


@pytest.mark.embedded
@pytest.mark.terminal
def test_in_a_terminal_it_draws_resizes_pauses_and_quits(topics: Settings) -> None:
    metrics = _metrics()
    with _serving(metrics) as url:
        command = [sys.executable, "-m", "stream.cli", "top", "--interval", "0.3", "--metrics", url]
        command += ["--bootstrap", topics.bootstrap, "--topic-prefix", topics.topic_prefix]
        with Terminal([*command, "--consumer-group", topics.consumer_group], width=120, height=36) as terminal:
            seen = terminal.wait_for(lambda text: "12 in all" in text and "storm.coming" in text)
            assert re.search(r"high +3 ", seen)
            assert "q quits" in seen
            metrics.add("redline_articles_total", 30, stage="received")
            terminal.wait_for("42 in all")
            terminal.resize(70, 30)
            seen = terminal.wait_for(lambda text: "q quits" not in text and "Alerts by severity" in text)
            assert max(len(line) for line in seen.splitlines()) <= 70
            terminal.resize(120, 36)
            terminal.wait_for("q quits")
            terminal.keys("?")
            terminal.wait_for("totals begin again at zero")
            terminal.keys("?")
            terminal.wait_for("Alerts by severity")
            terminal.keys("p")
            terminal.wait_for("PAUSED")
            terminal.keys("p")
            terminal.wait_for(lambda text: "PAUSED" not in text)
            terminal.keys("r")
            terminal.wait_for(lambda text: re.search(r"articles in +[\d.]+/s +0 in all", text) is not None)
            terminal.keys("q")
            left = terminal.wait_for("ended with 0")
            assert "Alerts by severity" not in left, "the screen before is back"


@pytest.mark.embedded
@pytest.mark.terminal
def test_in_a_terminal_a_broker_that_goes_away_is_said() -> None:
    with EmbeddedBroker() as broker, _serving(_metrics()) as url:
        with Admin(Settings(bootstrap=broker.bootstrap)) as admin:
            admin.create()
        command = [sys.executable, "-m", "stream.cli", "top", "--interval", "0.3", "--metrics", url]
        with Terminal([*command, "--bootstrap", broker.bootstrap]) as terminal:
            terminal.wait_for("12 in all")
            broker.stop()
            terminal.wait_for("The broker is away")
            terminal.keys("C-c")
            terminal.wait_for("ended with 130")


@pytest.fixture
def topics(broker_settings: Settings) -> Settings:
    """Settings of a broker with all topics."""
    with Admin(broker_settings) as admin:
        admin.create()
    return broker_settings


def _metrics() -> Metrics:
    metrics = Metrics()
    metrics.add("redline_articles_total", 12, stage="received")
    metrics.add("redline_alerts_total", 3, rule="storm.coming", severity="high", state="fired")
    metrics.set("redline_rules_loaded", 3, kind="alert")
    metrics.set("redline_rules_reload_success", 1)
    return metrics


@contextmanager
def _serving(metrics: Metrics) -> Iterator[str]:
    with HealthServer(metrics, host="127.0.0.1", port=0) as server:
        yield server.url
