"""`redline alerts tail` as a process, and the example subscriber: each alert once, only those asked for."""

from __future__ import annotations

import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import orjson
import pytest

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker
from stream.broker.publisher import Publisher
from stream.model import Output, Severity
from stream.settings import ENV_PREFIX, Settings
from stream.wire.topics import ALERTS, full_name

pytestmark = pytest.mark.embedded

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(broker_settings: Settings) -> Settings:
    """Settings of a broker with all topics."""
    with Admin(broker_settings) as admin:
        admin.create()
    return broker_settings


def test_each_alert_is_shown_once_from_its_severity_up(settings: Settings) -> None:
    _publish(
        settings, ("low", "a", "r.one"), ("high", "b", "r.one"), ("high", "b", "r.one"), ("critical", "c", "r.two")
    )
    with _tail(settings, "--severity", "medium", "--from-beginning", "--json") as out:
        assert {_id(out), _id(out)} == {"b", "c"}
        _publish(settings, ("medium", "d", "r.one"), ("high", "b", "r.one"), ("info", "e", "r.one"))
        assert _id(out) == "d"
        _publish(settings, ("critical", "c", "r.two"), ("high", "f", "r.one"))
        assert _id(out) == "f"


def test_only_new_alerts_of_the_rules_asked_for(settings: Settings) -> None:
    _publish(settings, *[("high", f"old{n}", "r.one") for n in range(20)])
    with _tail(settings, "--rule", "r.one", "--rule", "r.three") as out:
        # Nothing tells from outside when it listens: a sign is sent until one is seen.
        signs = itertools.count()
        while (first := out.line(0.2)) is None:
            _publish(settings, ("info", f"sign{next(signs)}", "r.three"))
        _publish(settings, ("high", "no", "r.two"), ("high", "yes", "r.one"))
        lines = [first]
        while "title of yes" not in lines[-1]:
            lines.append(out.line() or "")
    shown = "\n".join(lines)
    assert "title of old" not in shown
    assert "title of no" not in shown
    assert [line.strip() for line in lines[-3:]] == [
        "2024-05-01 00:00:00   HIGH      r.one  a rule",
        "a **red line** here",
        "— wire · title of yes (exercise)",
    ]


def test_a_rule_that_no_file_here_has_is_doubted_and_taken(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("id: port.closed\n---\nid: port.open\n")
    (tmp_path / "b.yaml").write_text("id: mine\n")
    told = {**_environment(settings), "REDLINE_RULES_DIR": str(tmp_path)}
    silence = ("silence", "--for", "1m", "--json", "--rule")

    def said(rule: str) -> str:
        command = [*_command()[:-1], *silence, rule]
        done = subprocess.run(command, env=told, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["rule"] == rule
        return done.stderr

    assert said("port.closed") == said("mine") == ""
    doubt = (
        f"redline: warning: there is no rule port.clsed in {tmp_path}; it is taken all the same, as the rules of the "
    )
    doubt += "workers may be others. Did you mean `port.closed`?"
    assert said("port.clsed").splitlines() == [doubt]
    told["REDLINE_RULES_DIR"] = str(tmp_path / "nowhere")
    assert said("port.clsed") == ""
    with _tail(settings, "--rule", "ua.escalation.rsik", "--rule", "ua.escalation.risk", "--from-beginning") as out:
        _publish(settings, ("high", "a", "ua.escalation.rsik"))
        assert out.line() is not None
    assert [line for line in out.errors.splitlines() if "warning" in line] == [
        "redline: warning: there is no rule ua.escalation.rsik in rules; it is taken all the same, as the rules of the "
        "workers may be others. Did you mean `ua.escalation.risk`?"
    ]


def test_what_is_no_alert_is_named_and_skipped(settings: Settings) -> None:
    topic = full_name(settings.topic_prefix, ALERTS[Severity.HIGH])
    with Publisher(settings) as publisher:
        publisher.send(Output(topic, b"k", b"not an alert"), partition=1)
        publisher.flush(60.0)
    _publish(settings, ("critical", "a", "r"))
    with _tail(settings, "--from-beginning", "--json") as out:
        assert _id(out) == "a"
    assert f"{topic}[1]@0: found something else, expected an alert; skipped" in out.errors


def test_missing_topics_and_unknown_severities_are_2(broker_settings: Settings) -> None:
    done = subprocess.run(_command(), env=_environment(broker_settings), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "`redline topics create` makes it" in done.stderr
    done = subprocess.run(
        _command("--severity", "loud"), env=_environment(broker_settings), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "'loud' is not one of 'info', 'low', 'medium', 'high', 'critical'" in done.stderr


def test_the_example_subscriber_drops_repeated_ids() -> None:
    with EmbeddedBroker() as broker:
        settings = Settings(bootstrap=broker.bootstrap)
        with Admin(settings) as admin:
            admin.create()
        _publish(settings, ("high", "a", "r"), ("high", "a", "r"), ("low", "b", "r"), ("high", "c", "r"))
        command = [sys.executable, "-W", "ignore", str(ROOT / "examples" / "subscribe.py"), broker.bootstrap]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                shown = [json.loads(process.stdout.readline()) for _ in range(2)]
                _publish(settings, ("high", "c", "r"), ("critical", "d", "r"))
                shown.append(json.loads(process.stdout.readline()))
            finally:
                process.kill()
    assert sorted(line[2] for line in shown) == ["summary of a", "summary of c", "summary of d"]
    assert shown[-1] == ["critical", "r", "summary of d"]


class Lines:
    """The lines that a running command prints; `errors` is its stderr once it has ended."""

    def __init__(self, stream: IO[str]) -> None:
        self.errors = ""
        self._queue: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: [self._queue.put(line.rstrip("\n")) for line in stream], daemon=True).start()

    def line(self, seconds_max: float = 60.0) -> str | None:
        """The next line; None if there was none in time."""
        try:
            return self._queue.get(timeout=seconds_max)
        except queue.Empty:
            return None


def _event(severity: str, identifier: str, rule: str) -> bytes:
    data = {
        "summary": f"summary of {identifier}",
        "status": "exercise",
        "state": "fired",
        "rule": {"id": rule, "title": "a rule"},
        "article": {"source": "wire", "title": f"title of {identifier}"},
        "evidence": [{"text": "red line", "sentence": "a red line here"}],
    }
    fields = {"id": identifier, "time": "2024-05-01T00:00:00Z", "severitytext": severity, "subject": rule, "data": data}
    return orjson.dumps(fields)


def _publish(settings: Settings, *alerts: tuple[str, str, str]) -> None:
    with Publisher(settings) as publisher:
        for severity, identifier, rule in alerts:
            topic = full_name(settings.topic_prefix, ALERTS[Severity(severity)])
            publisher.send(Output(topic, rule.encode(), _event(severity, identifier, rule)))
        assert publisher.flush(60.0) == 0


def _environment(settings: Settings) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    return {**own, "REDLINE_BOOTSTRAP": settings.bootstrap, "REDLINE_TOPIC_PREFIX": settings.topic_prefix}


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", "stream.cli", "alerts", "tail", *arguments]


@contextmanager
def _tail(settings: Settings, *arguments: str) -> Iterator[Lines]:
    with subprocess.Popen(
        _command(*arguments), env=_environment(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            lines = Lines(process.stdout)
            yield lines
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
            lines.errors = process.stderr.read()
        finally:
            process.kill()


def _id(out: Lines) -> str:
    line = out.line()
    assert line is not None
    identifier: str = json.loads(line)["id"]
    return identifier
