"""`redline doctor` on delivery: the routes file, and what a notifier at work tells of its destinations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stream.cli.checkup.delivery import LAG_RECORDS_MANY, deliveries, routes
from stream.cli.checkup.finding import Finding
from stream.settings import Settings
from stream.telemetry.metrics import Metrics
from stream.telemetry.notifying import DestinationState
from stream.telemetry.server import HealthServer
from tests.notify.kit import output
from tests.notify.receiver import status
from tests.notify.running import ThreadedReceiver, create_topics, notify_settings, notifying, publish, wait_for
from tests.ports import free_port

ENDS = "routes: [{id: all, to: [hook]}]\nfallback: none\n"
HOOK = "  - {id: hook, type: webhook, url: 'https://a.example/', secret: '${NOT_HERE}'}\n"
PLAIN = "  - {id: hook, type: webhook, url: 'https://a.example/', unsigned: true}\n"


@pytest.mark.parametrize(
    ("text", "level", "said"),
    [
        (f"schema: routes/v1\ndestinations:\n{PLAIN}{ENDS}", "ok", "routes.yml: 1 destination, 1 route"),
        (f"schema: routes/v1\ndestinations:\n{PLAIN}{ENDS.replace('[hook]', '[hok]')}", "error", "routes.yml:4 N108"),
        (f"schema: routes/v1\ndestinations:\n{HOOK}{ENDS}", "warning", "routes.yml:3 N103"),
        (f"destinations: [\n{ENDS}", "error", "routes.yml:"),
        (
            f"schema: routes/v1\ndestinations:\n{PLAIN.replace('{', '{enabled: false, ')}{ENDS}",
            "warning",
            "no destination",
        ),
    ],
    ids=["usable", "unknown destination", "no secret", "no YAML", "nothing enabled"],
)
def test_the_routes_file(tmp_path: Path, text: str, level: str, said: str) -> None:
    (tmp_path / "routes.yml").write_text(text)
    (found,) = routes(Settings(notify_file=tmp_path / "routes.yml"))
    assert (found.level, said in found.found) == (level, True), found
    assert level == "ok" or (found.expected and found.do)


def test_no_routes_file_and_one_that_is_none(tmp_path: Path) -> None:
    (found,) = routes(Settings(notify_file=tmp_path / "none.yml"))
    assert (found.level, "only `redline notify` needs one" in found.found) == ("ok", True)
    (found,) = routes(Settings(notify_file=tmp_path))
    assert (found.level, "cannot be read" in found.found) == ("error", True)


@pytest.mark.embedded
def test_a_destination_that_works_fails_or_is_gone(broker_settings: Settings) -> None:
    settings = notify_settings(broker_settings, notify_breaker_open_ms=60_000, notify_breaker_failures_max=2)
    create_topics(settings)
    closed, taken = free_port(), [output(n, prefix=settings.topic_prefix) for n in (1, 2)]
    with ThreadedReceiver() as works, ThreadedReceiver(status(410)) as gone:
        broken = works.entry("broken").replace(f":{works.port}/", f":{closed}/")
        text = f"schema: routes/v1\ndestinations:\n{works.entry('works')}{gone.entry('gone')}{broken}"
        text += "routes: [{id: all, to: [works, gone, broken]}]\nfallback: none\n"
        with notifying(text, settings) as running, _served(running.metrics) as port:
            asked = settings.model_copy(update={"notify_metrics_port": port})
            (before,) = deliveries(asked)
            assert (before.level, before.found) == ("ok", "3 destinations served, 0 records behind")
            publish(settings, taken)

            def away() -> dict[str, Finding]:
                return {one.found.split()[0]: one for one in deliveries(asked) if one.level != "ok"}

            wait_for(lambda: set(away()) == {"gone", "broken"}, "both are told")
            assert "answered 410" in away()["gone"].found
            assert away()["gone"].level == "error"
            assert "open circuit breaker" in away()["broken"].found
            assert "send-test broken" in away()["broken"].do


def test_a_notifier_far_behind_and_one_with_other_routes() -> None:
    metrics = Metrics()
    for name, lag in (("slow", LAG_RECORDS_MANY + 1), ("quick", 3)):
        DestinationState(name, {}, lag, "closed", 0, changed=False).measure(metrics)
    metrics.set("redline_notify_reload_success", 0)
    with _served(metrics) as port:
        refused, behind = deliveries(Settings(notify_metrics_port=port))
    assert (refused.check, refused.level) == ("routes in force", "warning")
    assert behind.found == f"behind the alert topics: slow by {LAG_RECORDS_MANY + 1}"


def test_without_a_notifier_there_is_nothing_to_say() -> None:
    assert list(deliveries(Settings(notify_metrics_port=free_port()))) == []
    with _served(Metrics()) as port:
        assert list(deliveries(Settings(notify_metrics_port=port))) == []


@contextmanager
def _served(metrics: Metrics) -> Iterator[int]:
    with HealthServer(metrics, host="127.0.0.1", port=0) as server:
        yield server.port
