"""The pipeline at work with a Prometheus that watches it, on this machine alone, for tests and pictures.

    seeds ──replayer──> embedded broker ──> worker ──/metrics──> Prometheus (the shipped rules, scraped every second)
                              └── now and then a live article and a refused one, so that every metric moves

All ports are free ones; everything ends with `with`.
"""

from __future__ import annotations

import http
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.broker.guard import guarded
from stream.broker.publisher import Publisher
from stream.cli.child import ServiceProcess
from stream.model import Output
from stream.settings import Settings
from stream.wire.topics import RAW, full_name
from tests.ports import free_ports

ROOT = Path(__file__).parents[1]
PROMETHEUS = ROOT / "ops" / "prometheus"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
REFUSED_EVERY = 10
"""Seconds from one record that is refused to the next."""

_POLL_SECONDS = 0.2


class LivePipeline:
    """Broker, worker, replayer and Prometheus, from `with` to its end. Raises `RuntimeError` if one cannot start."""

    def __init__(self, *, articles_per_second: float = 20.0) -> None:
        self._rate = articles_per_second
        worker_port, replay_port, ingest_port, notify_port, prometheus_port, web_port, page_port = free_ports(7)
        self._page_port = page_port
        self.url = f"http://127.0.0.1:{prometheus_port}"
        self._ports = {
            "redline-worker": worker_port,
            "redline-replayer": replay_port,
            "redline-ingest": ingest_port,
            "redline-web": web_port,
            "redline-notify": notify_port,
            "prometheus": prometheus_port,
        }

    def __enter__(self) -> LivePipeline:
        with ExitStack() as opened:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="redline-live-")))
            broker = opened.enter_context(EmbeddedBroker())
            settings = Settings(
                **setting_overrides(broker),
                rules_dir=ROOT / "rules",
                seeds_dir=ROOT / "seeds",
                metrics_port=self._ports["redline-worker"],
                replay_metrics_port=self._ports["redline-replayer"],
            )
            with Admin(settings) as admin:
                admin.create()
            worker = opened.enter_context(
                ServiceProcess(settings, folder / "worker.log", command="worker", health_port=settings.metrics_port)
            )
            worker.wait_ready()
            opened.enter_context(
                ServiceProcess(
                    settings.model_copy(
                        update={"web_port": self._page_port, "web_metrics_port": self._ports["redline-web"]}
                    ),
                    folder / "web.log",
                    command="web",
                    health_port=self._ports["redline-web"],
                )
            )
            opened.enter_context(_Program("prometheus", self._prometheus(folder), folder / "prometheus.log"))
            self.wait_for(lambda: bool(self.query("up == 1")), "Prometheus scrapes the worker")
            replay = [sys.executable, "-m", "stream.cli", "replay", "--repeat", "0", "--rate", f"{self._rate}"]
            opened.enter_context(
                _Program(
                    "the replayer",
                    [*replay, "--no-progress", "--bootstrap", broker.bootstrap, str(settings.seeds_dir)],
                    folder / "replayer.log",
                    REDLINE_REPLAY_METRICS_PORT=str(settings.replay_metrics_port),
                )
            )
            outside = opened.enter_context(_Outside(folder))
            opened.enter_context(
                _Program(
                    "ingest",
                    [sys.executable, "-m", "stream.cli", "ingest", "--bootstrap", broker.bootstrap],
                    folder / "ingest.log",
                    REDLINE_SOURCES_FILE=str(outside.sources_file),
                    REDLINE_INGEST_METRICS_PORT=str(self._ports["redline-ingest"]),
                )
            )
            opened.enter_context(
                _Program(
                    "notify",
                    [sys.executable, "-m", "stream.cli", "notify", "--bootstrap", broker.bootstrap],
                    folder / "notify.log",
                    REDLINE_NOTIFY_FILE=str(outside.routes_file),
                    REDLINE_NOTIFY_METRICS_PORT=str(self._ports["redline-notify"]),
                    REDLINE_SESSION_TIMEOUT_MS=str(settings.session_timeout_ms),
                    REDLINE_HEARTBEAT_INTERVAL_MS=str(settings.heartbeat_interval_ms),
                )
            )
            opened.enter_context(_Others(settings))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query, each with `metric` (labels) and `value` ([time, text])."""
        return self._result("vector", "query", query=expression)

    def query_range(self, expression: str, *, seconds: float, step_seconds: float) -> list[dict[str, Any]]:
        """The series of the last `seconds`, each with `metric` (labels) and `values` ([[time, text], …])."""
        now = time.time()
        return self._result("matrix", "query_range", query=expression, start=now - seconds, end=now, step=step_seconds)

    def api(self, path: str, **parameters: object) -> Any:
        """`data` of an answer of Prometheus' API; raises `ValueError` with its message if it refuses."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.SERVICE_UNAVAILABLE:
                raise  # it is still starting: an OSError, and whoever waits goes on waiting
            raise ValueError(f"{path} {parameters}: {error.read(2_000).decode('utf-8', 'replace')}") from error

    def wait_for(self, condition: Callable[[], bool], what: str, seconds_max: float = START_SECONDS_MAX) -> None:
        """Until the condition holds; raises `RuntimeError` that names it if it takes too long."""
        deadline = time.monotonic() + seconds_max
        while True:
            try:
                if condition():
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {seconds_max:.0f} s: {what}")
            time.sleep(_POLL_SECONDS)

    def _result(self, kind: str, path: str, **parameters: object) -> list[dict[str, Any]]:
        data = self.api(path, **parameters)
        if data["resultType"] != kind:
            raise ValueError(f"{parameters['query']} gives a {data['resultType']}, expected a {kind}")
        result: list[dict[str, Any]] = data["result"]
        return result

    def _prometheus(self, folder: Path) -> list[str]:
        """The command; its configuration is the shipped one with other addresses and shorter times."""
        program = shutil.which("prometheus")
        if program is None:
            raise RuntimeError("prometheus is missing; on Debian: apt-get install prometheus")
        yaml = YAML(typ="safe")
        config = yaml.load(PROMETHEUS / "prometheus.yml")
        config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        config["scrape_configs"] = [
            {
                **{key: value for key, value in job.items() if key != "dns_sd_configs"},
                "static_configs": [{"targets": [f"127.0.0.1:{self._ports[job['job_name']]}"]}],
            }
            for job in config["scrape_configs"]
            if job["job_name"] in self._ports
        ]
        del config["alerting"]
        yaml.dump(config, folder / "prometheus.yml")
        (folder / "rules").mkdir()
        for path in (PROMETHEUS / "rules").glob("*.yml"):
            rules = yaml.load(path)
            for group in rules["groups"]:
                group["interval"] = "1s"
            yaml.dump(rules, folder / "rules" / path.name)
        return [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._ports['prometheus']}",
        ]


def as_grafana_sends(expression: str, *, range_seconds: int = 60) -> str:
    """The query with Grafana's variables filled in for a scrape each second; the dashboards' own match everything."""
    for name, value in (("$__rate_interval", "15s"), ("$__range", f"{range_seconds}s"), ("$__interval", "5s")):
        expression = expression.replace(name, value)
    return re.sub(r"\$\w+", ".*", expression)


class _Program:
    """A child process that must run as long as we do, and not longer."""

    def __init__(self, name: str, command: list[str], log: Path, **environment: str) -> None:
        self._name, self._command, self._log, self._environment = name, command, log, environment

    def __enter__(self) -> _Program:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                guarded(self._command),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        ended = self._process.poll()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if ended is not None:
            said = self._log.read_bytes()[-2_000:].decode("utf-8", "replace")
            raise RuntimeError(f"{self._name} ended by itself with code {ended}:\n{said}")


class _Outside:
    """What is outside: a feed, a sender that posts an article each second, and a receiver of alerts."""

    _ITEM = b"<item><guid>1</guid><title>A title</title></item>"
    _FEED = b'<rss version="2.0"><channel><title>Feed</title>' + _ITEM + b"</channel></rss>"

    def __init__(self, folder: Path) -> None:
        self.sources_file = folder / "sources.yml"
        self.routes_file = folder / "routes.yml"
        self._stop = threading.Event()

    def __enter__(self) -> _Outside:
        feed = self._FEED

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(feed)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
                """Nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        (self._port,) = free_ports(1)
        self.sources_file.write_text(
            "schema: sources/v1\nsources:\n"
            f"  - {{id: api, type: http, listen: '127.0.0.1:{self._port}'}}\n"
            f"  - {{id: feed, type: feed, every: 10s, allow_networks: [127.0.0.1/32], "
            f"url: 'http://127.0.0.1:{self._server.server_port}/'}}\n",
            encoding="utf-8",
        )
        self.routes_file.write_text(
            "schema: routes/v1\ndestinations:\n"
            "  - {id: hook, type: webhook, unsigned: true, allow_private: true, "
            f"url: 'http://127.0.0.1:{self._server.server_port}/'}}\n"
            "routes: []\nfallback: {to: [hook]}\n",
            encoding="utf-8",
        )
        self._threads = [
            threading.Thread(target=target, daemon=True) for target in (self._server.serve_forever, self._post)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    def _post(self) -> None:
        number = 0
        while not self._stop.wait(1.0):
            number += 1
            request = urllib.request.Request(
                f"http://127.0.0.1:{self._port}/articles",
                json.dumps({"id": f"posted-{number}", "body": "An article that was posted."}).encode(),
                {"Content-Type": "application/json"},
            )
            try:
                urllib.request.urlopen(request, timeout=10).close()
            except OSError:
                continue


class _Others:
    """What a replay does not send: each second a live article that raises alerts, now and then a record to refuse."""

    _BODY = (
        "The Kremlin warned that permission for Ukraine to strike deep inside Russia with long-range missiles would "
        "cross a red line and draw NATO into the war, an escalation that Moscow would answer."
    )

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> _Others:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        topic = full_name(self._settings.topic_prefix, RAW)
        with Publisher(self._settings) as publisher:
            number = 0
            while not self._stop.wait(1.0):
                number += 1
                published = datetime.now(UTC).isoformat()
                article = {"id": f"live-{number}", "title": "Warning", "body": self._BODY, "published": published}
                publisher.send(Output(topic, f"live-{number}".encode(), json.dumps(article).encode()))
                if number % REFUSED_EVERY == 1:
                    publisher.send(Output(topic, b"bad", b'{"body": 1}'))
