"""Where `redline top` has its samples from: processes, a Prometheus and the broker, well, away or full of rubbish."""

from __future__ import annotations

import http.server
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import orjson
import pytest
from rich.console import Console

from stream.broker.groups import GroupState
from stream.cli.topping.gather import Endpoints, Gatherer, Prometheus
from stream.cli.topping.sample import Process, Sample
from stream.cli.topping.screen import screen
from stream.cli.topping.view import History
from stream.settings import Settings
from stream.telemetry.metrics import Metrics
from stream.telemetry.server import HealthServer
from tests.ports import free_port


def test_prometheus_gives_the_same_series() -> None:
    worker, ingest = ({"job": f"redline-{name}", "instance": f"{name[0]}:1"} for name in ("worker", "ingest"))
    result = [
        {"metric": {"__name__": "up", **worker}, "value": [1, "1"]},
        {"metric": {"__name__": "redline_articles_total", "stage": "received", **worker}, "value": [1, "7"]},
        {"metric": {"__name__": "up", **ingest}, "value": [1, "0"]},
    ]
    answer = orjson.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})
    with _answering(lambda _: answer) as url:
        processes, trouble = Prometheus(url)()
    assert trouble is None
    sources, works = processes
    assert (works.kind, works.at, works.trouble) == ("worker", "w:1", None)
    assert works.value("redline_articles_total", stage="received") == 7.0
    assert (sources.kind, sources.trouble) == ("ingest", "Prometheus cannot scrape it")
    with _answering(lambda _: b"<html>") as url:
        assert "is no Prometheus" in (Prometheus(url)()[1] or "")
    assert "no answer from Prometheus" in (Prometheus(f"http://127.0.0.1:{free_port()}")()[1] or "")


def test_what_listens_there_may_be_something_else() -> None:
    with _answering(lambda _: b"hello 1\n") as url:
        ((process,), _) = Endpoints(Settings(), [url])()
    assert process.trouble == "what answers there is not Redline"


RUBBISH = (
    b"",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
    b'HTTP/1.0 200 OK\r\n\r\nredline_x{le="0.5", ="c"} 1" 123\n',
    b'HTTP/1.0 200 OK\r\n\r\nredline_articles_total{stage="received"} NaN\nredline_x +Inf\n',
    b'HTTP/1.0 200 OK\r\n\r\nredline_end_to_end_seconds_bucket{le="much"} 5\n'
    b'redline_alerts_total{rule="\x1b[31m",severity="\x1b[31m"} 5\n',
)


@pytest.mark.parametrize("sent", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_instead_of_metrics_is_shown_as_what_it_is(sent: bytes) -> None:
    with _sending(sent) as url:
        processes, trouble = Endpoints(Settings(), [url])()
        assert (len(processes), trouble) == (1, None)
        assert Prometheus(url)()[1]
    console = Console(width=100, force_terminal=True, color_system=None)
    history = History("k:9092", "redline.")
    history.add(Sample(0.0, processes))
    with console.capture() as captured:
        console.print(screen(history.view(), width=100, height=40, title="k:9092"))
    assert "\x1b[31m" not in captured.get()


@pytest.mark.parametrize("url", ["http://", "http://127.0.0.1:port", "http://[::1", "http://a b:1"])
def test_an_address_that_is_none_is_a_sentence(url: str) -> None:
    ((process,), _) = Endpoints(Settings(), [url])()
    assert (process.trouble or "").startswith("no answer (")


def test_an_answer_without_an_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.cli.topping.gather.ANSWER_SECONDS_MAX", 0.3)
    with _sending(b"HTTP/1.0 200 OK\r\n\r\n", forever=b"redline_x 1\n") as url:
        ((process,), _) = Endpoints(Settings(), [url])()
    assert process.trouble == "no answer (timed out)"


def test_the_processes_of_this_machine_are_not_behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    with HealthServer(Metrics(), host="127.0.0.1", port=0) as server:
        ((process,), _) = Endpoints(Settings(), [server.url])()
    assert (process.there, process.trouble) == (True, None)


def test_labels_that_a_prometheus_adds_do_not_make_a_process_well() -> None:
    added = {"job": "redline-worker", "instance": "w:1", "namespace": "news"}
    result = [
        {"metric": {"__name__": "up", **added}, "value": [1, "0"]},
        {"metric": {"__name__": "process_resident_memory_bytes", **added}, "value": [1, "7"]},
    ]
    with _answering(lambda _: orjson.dumps({"data": {"result": result}})) as url:
        ((process,), _) = Prometheus(url)()
    assert process.trouble == "Prometheus cannot scrape it"
    assert process.value("process_resident_memory_bytes") == 7.0


def test_what_ends_a_thread_ends_the_command() -> None:
    def source() -> tuple[tuple[Process, ...], str | None]:
        raise RuntimeError("a bug")

    with (
        Gatherer(
            Settings(bootstrap=f"127.0.0.1:{free_port()}"), source, interval_seconds=1.0, took=lambda _: None
        ) as gatherer,
        pytest.raises(RuntimeError, match="a bug"),
    ):
        _check_until_it_raises(gatherer)


def test_what_a_broker_said_is_not_shown_for_ever_while_it_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    thaw = threading.Event()

    class Watch:
        def __init__(self, *_: object) -> None:
            self.asked = 0

        def state(self) -> GroupState:
            self.asked += 1
            if self.asked > 1:
                thaw.wait(60)
            return GroupState("Stable", (), {("articles.raw", 0): 7})

        def close(self) -> None:
            """Nothing."""

    monkeypatch.setattr("stream.cli.topping.gather.GroupWatch", Watch)
    monkeypatch.setattr("stream.cli.topping.gather.BROKER_SECONDS", 0.01)
    monkeypatch.setattr("stream.cli.topping.gather.BROKER_SILENT_SECONDS", 0.3)
    with Gatherer(Settings(), lambda: ((), None), interval_seconds=60.0, took=lambda _: None, alone=False) as gatherer:
        gatherer.wait_for_broker(60)
        deadline = time.monotonic() + 60
        while (sample := gatherer.now()).group is not None:
            assert time.monotonic() < deadline
        assert (sample.broker_trouble or "").startswith("it has not answered for ")
        thaw.set()
        while gatherer.now().group is None:
            assert time.monotonic() < deadline


def _check_until_it_raises(gatherer: Gatherer) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        gatherer.check()


@contextmanager
def _answering(answer: Callable[[str], bytes]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer(self.path))

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _sending(what: bytes, *, forever: bytes = b"") -> Iterator[str]:
    """Listens, and sends these bytes to everybody who comes."""
    stop = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.recv(65_536)
                self.request.sendall(what)
                while forever and not stop.wait(0.01):
                    self.request.sendall(forever)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            stop.set()
            server.shutdown()
            thread.join()
