import http.client
import re
import socket
import threading
import time
from contextlib import ExitStack, suppress

import pytest

from stream.errors import ServiceError
from stream.telemetry.metrics import Metrics
from stream.telemetry.server import CLIENTS_MAX, HealthServer


def get(server: HealthServer, path: str, method: str = "GET") -> tuple[int, str, str]:
    client = http.client.HTTPConnection(server.host, server.port, timeout=60)
    try:
        client.request(method, path)
        answer = client.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read().decode()
    finally:
        client.close()


def test_metrics_and_health() -> None:
    metrics = Metrics()
    metrics.add("redline_article_bytes_total", 42)
    trouble: list[str | None] = [None]
    with HealthServer(metrics, host="127.0.0.1", port=0, ready=lambda: trouble[0]) as server:
        status, kind, text = get(server, "/metrics")
        assert (status, kind.split(";")[0]) == (200, "text/plain")
        assert "redline_article_bytes_total 42.0\n" in text
        assert get(server, "/livez")[::2] == (200, "ok\n")
        assert get(server, "/readyz?x=1")[::2] == (200, "ok\n")
        trouble[0] = "no partitions yet"
        assert get(server, "/readyz")[::2] == (503, "no partitions yet\n")
        assert get(server, "/livez")[0] == 200
        assert get(server, "/metrics", "HEAD")[::2] == (200, "")
        assert get(server, "/../etc/passwd")[0] == 404
        assert get(server, "/metrics", "POST")[0] == 501


def test_port_zero_is_a_free_one_and_freed_again() -> None:
    with HealthServer(Metrics(), host="127.0.0.1", port=0) as server:
        assert server.port > 0
        assert server.url == f"http://127.0.0.1:{server.port}"
    with pytest.raises(ConnectionRefusedError):
        get(server, "/livez")
    with HealthServer(Metrics(), host="127.0.0.1", port=server.port) as again:
        assert get(again, "/livez")[0] == 200


def test_a_taken_port_is_one_clear_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ServiceError, match=f"127.0.0.1:{port}: another program has this port; choose .*--replay-metrics-port"
        ):
            HealthServer(Metrics(), host="127.0.0.1", port=port, setting="replay_metrics_port")


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("192.0.2.1", "cannot listen on 192.0.2.1:0: this machine does not have the address 192.0.2.1; name one of"),
        ("2001:db8::1", "cannot listen on [2001:db8::1]:0: this machine does not have the address 2001:db8::1; name"),
        ("no.such.invalid", "cannot listen on no.such.invalid:0: no.such.invalid is neither an address nor a known"),
    ],
)
def test_an_address_that_is_not_ours_is_not_called_a_taken_port(host: str, said: str) -> None:
    with pytest.raises(ServiceError, match=re.escape(said) + ".* with --metrics-host") as caught:
        HealthServer(Metrics(), host=host, port=0)
    assert "another port" not in str(caught.value)


def test_a_client_that_says_nothing_holds_up_nobody() -> None:
    with HealthServer(Metrics(), host="127.0.0.1", port=0) as server:
        silent = [socket.create_connection((server.host, server.port)) for _ in range(40)]
        try:
            assert get(server, "/livez")[0] == 200
        finally:
            for client in silent:
                client.close()


def test_a_client_that_speaks_byte_by_byte_gets_no_more_time_than_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.telemetry.server._Handler.timeout", 0.3)
    with (
        HealthServer(Metrics(), host="127.0.0.1", port=0) as server,
        socket.create_connection((server.host, server.port)) as client,
    ):
        client.settimeout(0.02)
        deadline = time.monotonic() + 30
        ended = False
        while not ended and time.monotonic() < deadline:
            try:
                client.sendall(b"G")
                ended = client.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
        assert ended


def test_clients_that_say_nothing_are_so_many_threads_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.telemetry.server._Handler.timeout", 20.0)
    with HealthServer(Metrics(), host="127.0.0.1", port=0) as server, ExitStack() as opened:
        address = (server.host, server.port)
        for _ in range(CLIENTS_MAX):
            opened.enter_context(socket.create_connection(address))
        for _ in range(20):
            assert opened.enter_context(socket.create_connection(address)).recv(1) == b""
        answering = [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]
        assert len(answering) == CLIENTS_MAX
        opened.close()
        _until_it_answers(server)


def _until_it_answers(server: HealthServer) -> None:
    deadline = time.monotonic() + 60
    status = 0
    while status != 200:
        assert time.monotonic() < deadline
        with suppress(OSError, http.client.HTTPException):
            status = get(server, "/livez")[0]


def test_stop_before_start_frees_the_port() -> None:
    server = HealthServer(Metrics(), host="127.0.0.1", port=0)
    server.stop()
    HealthServer(Metrics(), host="127.0.0.1", port=server.port).stop()
