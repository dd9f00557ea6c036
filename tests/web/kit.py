"""The page under test: a real `redline web`, and a pipeline that fills the topics as a worker would."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from stream.broker.publisher import Publisher
from stream.detect import Memory
from stream.engine import Engine
from stream.model import Output, Record
from stream.settings import ENV_PREFIX, Settings
from stream.sources.rulefiles import load_ruleset
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 60.0
_numbers = itertools.count(1)

RULES = """\
schema: rules/v1
kind: rule
id: ports.closed
version: 1
title: A port is closed or blocked
status: stable
severity: high
topics: [shipping]
match: SENTENCE(~port AND (~close OR ~block))
exclude:
  - {name: usb, reason: Computers have ports too., mask: phrase, match: '~"usb port"'}
tests:
  - {name: blockade, article: {body: "The navy blocked the port of Mirova."}, expect: fire, spans: [blocked, port]}
  - {name: computer, article: {body: "A USB port blocked the update."}, expect: quiet, because: exclude:usb}
---
schema: rules/v1
kind: rule
id: ports.talk
version: 1
title: Somebody mentions a harbour
status: experimental
severity: low
topics: [shipping, harbours]
match: ~harbour OR ~port
tests:
  - {name: harbour, article: {body: "The harbour is quiet."}, expect: fire}
  - {name: nothing, article: {body: "The market is quiet."}, expect: quiet}
---
schema: rules/v1
kind: rule
id: topic.weather
version: 1
title: Weather
status: stable
severity: none
topics: [weather]
match: ~storm OR ~rain
tests:
  - {name: storm, article: {body: "A storm came."}, expect: fire}
  - {name: sun, article: {body: "The sun came."}, expect: quiet}
"""


class Pipeline:
    """Articles in, tagged articles and alerts on the topics: the engine as it is, without a worker around it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.engine = Engine(load_ruleset(folder), settings.engine_config())
        self.publisher = Publisher(settings, client_id="test")
        self.settings = settings
        self._offset = 0

    def feed(self, *articles: dict[str, Any]) -> list[str]:
        """Publishes what the engine makes of the articles; returns the ids of the alerts, in order."""
        records = [self._record(article) for article in articles]
        tagged = self.engine.tag(records)
        matches = [o for o in tagged.outputs if o.topic.endswith("matches")]
        alerts = self.engine.alert(
            [Record("m", 0, n, _now_ms(), o.key, o.value) for n, o in enumerate(matches)], _now(), Memory()
        )
        others = [o for o in tagged.outputs if not o.topic.endswith("matches")]
        self.send(*others, *alerts.outputs)
        return [orjson.loads(output.value)["id"] for output in alerts.outputs]

    def send(self, *outputs: Output) -> None:
        """Publishes these messages, in order, and waits until they are acknowledged."""
        for output in outputs:
            self.publisher.send(output, partition=0)
        assert self.publisher.flush(SECONDS_MAX) == 0
        assert self.publisher.take_failures() == []

    def alert_outputs(self, article: dict[str, Any]) -> list[Output]:
        """The alerts that an article would raise, not sent."""
        return self._alerts(self.engine.tag([self._record(article)]).outputs)

    def close(self) -> None:
        self.publisher.close()

    def _alerts(self, outputs: list[Output]) -> list[Output]:
        matches = [o for o in outputs if o.topic.endswith("matches")]
        records = [Record("m", 0, n, _now_ms(), o.key, o.value) for n, o in enumerate(matches)]
        return self.engine.alert(records, _now(), Memory()).outputs

    def _record(self, article: dict[str, Any]) -> Record:
        self._offset += 1
        return Record("raw", 0, self._offset, _now_ms(), b"k", orjson.dumps(article))


class WebServer:
    """A running `redline web`; a context manager. `options` are settings by name."""

    def __init__(self, settings: Settings, log: Path, **options: Any) -> None:
        self.log = log
        self.port = options.pop("web_port", 0) or free_port()
        values = {**settings.model_dump(), "web_port": self.port, "web_metrics_port": free_port(), **options}
        environment = {ENV_PREFIX + k.upper(): _text(v) for k, v in values.items() if v is not None}
        self.metrics_port = values["web_metrics_port"]
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stream.cli", "web"],
                cwd=ROOT,
                env={**{k: v for k, v in os.environ.items() if not k.startswith(ENV_PREFIX)}, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self.url = f"http://127.0.0.1:{self.port}"

    def wait_ready(self) -> WebServer:
        """Returns once it serves and has read what was there."""

        def ready() -> bool:
            assert self.process.poll() is None, self.said()
            try:
                return self.get("/readyz")[0] == 200
            except OSError:
                return False

        eventually(ready, lambda: f"not ready: {self.said()}")
        return self

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of a GET."""
        return fetch(self.url + path, headers=headers)

    def json(self, path: str) -> Any:
        """The JSON of a GET that must be answered with 200."""
        status, body = self.get(path)
        assert status == 200, body
        return json.loads(body)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and JSON of a POST of JSON."""
        given = {"Content-Type": "application/json", **(headers or {})}
        status, answer = fetch(self.url + path, headers=given, data=json.dumps(body).encode())
        return status, json.loads(answer) if answer.startswith(b"{") else answer

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends it; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3_000:]

    def __enter__(self) -> WebServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def fetch(url: str, *, headers: dict[str, str] | None = None, data: bytes | None = None) -> tuple[int, bytes]:
    """Status and body, redirects not followed."""
    opener = urllib.request.build_opener(_NoRedirect)
    request = urllib.request.Request(url, headers=headers or {}, data=data)
    try:
        with opener.open(request, timeout=SECONDS_MAX) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def eventually(condition: Callable[[], bool], said: Callable[[], str] = lambda: "not in time") -> None:
    """Returns once the condition holds; fails at the deadline with what `said` says."""
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, said()
        time.sleep(0.05)


def article(number: int, text: str = "The navy blocked the port of Mirova.", **fields: Any) -> dict[str, Any]:
    """An article of its own; its id begins with `a<number>-`."""
    return {
        "id": f"a{number}-{next(_numbers)}",
        "title": f"Headline {number}",
        "source": "Example Wire",
        "body": text,
        **fields,
    }


def _text(value: Any) -> str:
    return str(value.get_secret_value()) if hasattr(value, "get_secret_value") else str(value)


def _now() -> datetime:
    return datetime.now(UTC)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
