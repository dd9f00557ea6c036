"""The small HTTP server every service has: /metrics, /livez, /readyz.

It runs in threads of its own, so that it answers when the service's event loop is stuck: that is what /livez is for.
Limits: GET and HEAD only, a request line of 64 KiB at most (http.server's), 5 s for a client to have spoken, however
small its pieces, and 5 s to listen; 64 clients at a time (more are hung up on), 32 answers at a time (more clients are
turned away at once with 503).
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from types import TracebackType
from typing import TYPE_CHECKING, Any

from stream.errors import ServiceError
from stream.net.listening import cannot_listen
from stream.telemetry.metrics import CONTENT_TYPE, Metrics

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CLIENT_TIMEOUT_SECONDS = 5.0
CLIENTS_MAX = 64
"""Each is a thread: containers and systemd give a service 128 of them."""

ANSWERS_MAX = 32

Check = Callable[[], str | None]
"""A health check: None if all is well, else one sentence that says what is wrong. Called from another thread."""


def healthy() -> str | None:
    """The check of a service that is well as long as it answers."""
    return None


class HealthServer:
    """Serves from `start` to `stop`; also a context manager. `port` is the real one, also when 0 was asked for."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        host: str,
        port: int,
        live: Check = healthy,
        ready: Check = healthy,
        setting: str = "metrics_port",
    ) -> None:
        """Takes the port at once. Raises `ServiceError`, naming `setting` or `metrics_host`, if that cannot be."""
        self._server = _listen(host, port, setting, _Answers(metrics, live, ready))
        self.host = host
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="health", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, without a path: `http://127.0.0.1:9464`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> HealthServer:
        """Begins to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stops answering and frees the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> HealthServer:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class _Answers:
    def __init__(self, metrics: Metrics, live: Check, ready: Check) -> None:
        self._metrics, self._live, self._ready = metrics, live, ready

    def to(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        match path:
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE, self._metrics.exposition()
            case "/livez":
                return _health(self._live)
            case "/readyz":
                return _health(self._ready)
            case _:
                return _text(HTTPStatus.NOT_FOUND, "found no such page, expected /metrics, /livez or /readyz")


def _health(check: Check) -> tuple[HTTPStatus, str, bytes]:
    trouble = check()
    return _text(HTTPStatus.OK, "ok") if trouble is None else _text(HTTPStatus.SERVICE_UNAVAILABLE, trouble)


def _text(status: HTTPStatus, text: str) -> tuple[HTTPStatus, str, bytes]:
    return status, "text/plain; charset=utf-8", f"{text}\n".encode()


def _listen(host: str, port: int, setting: str, answers: _Answers) -> _Server:
    try:
        return _Server(host, port, answers)
    except OSError as error:
        said = cannot_listen(host, port, error, host_setting="metrics_host", port_setting=setting)
        raise ServiceError(said) from error
    except OverflowError as error:
        raise ServiceError(f"{setting}: found {port}, expected 0 to 65535") from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = CLIENTS_MAX  # of more than that many at one moment, the system lets some wait for seconds

    def __init__(self, host: str, port: int, answers: _Answers) -> None:
        self.address_family = AF_INET6 if ":" in host else AF_INET
        self.answers = answers
        self.slots = threading.BoundedSemaphore(ANSWERS_MAX)
        self._clients = threading.BoundedSemaphore(CLIENTS_MAX)
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # http.server would look up the host's name here, which can hang for seconds without a resolver.
        self.socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "redline", self.socket.getsockname()[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._clients.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._clients.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._clients.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle of an answer is no news."""


class _Spoken(io.RawIOBase):
    """What a client says until it must have spoken. A time limit of the socket would begin anew with each byte."""

    def __init__(self, client: socket, seconds: float) -> None:
        self._client, self._deadline = client, time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._client.settimeout(left)
        return self._client.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = CLIENT_TIMEOUT_SECONDS
    server_version = "redline"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_Spoken(self.connection, self.timeout))

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
        """Scrapes are not logged."""

    def _answer(self, *, with_body: bool) -> None:
        if not self.server.slots.acquire(blocking=False):
            self._write(*_text(HTTPStatus.SERVICE_UNAVAILABLE, f"busy with {ANSWERS_MAX} answers"), with_body)
            return
        try:
            self._write(*self.server.answers.to(self.path.partition("?")[0]), with_body)
        finally:
            self.server.slots.release()

    def _write(self, status: HTTPStatus, content_type: str, body: bytes, with_body: bool) -> None:
        self.connection.settimeout(self.timeout)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if with_body:
            self.wfile.write(body)
