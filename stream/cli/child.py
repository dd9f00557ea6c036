"""`redline worker` or `redline web` as a child process: started again when it dies, gone when its parent is gone."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from pydantic import SecretStr

from stream.broker.guard import guarded
from stream.errors import RedlineError, ServiceError
from stream.programs import of_module
from stream.settings import ENV_PREFIX, Settings

READY_SECONDS_MAX = 120.0
"""A service that ends is noticed at once; this is for one that hangs, not for a machine that is busy."""

STOP_SECONDS_MAX = 12.0
RESTARTS_MAX = 5

_POLL_SECONDS = 0.05
_LOG_TAIL_BYTES = 4_096


class ServiceProcess:
    """A running service with the given settings; its log goes to `log`. A context manager.

    `command` is the one of `redline` that starts it, `health_port` where it serves /readyz and /metrics.
    """

    def __init__(self, settings: Settings, log: Path, *, command: str, health_port: int) -> None:
        self._settings = settings
        self._log = log
        self._command = command
        self._health_port = health_port
        self._stopping = threading.Event()
        self._failure: str | None = None
        self.restarts = 0
        self._process = self._start()
        self._watch = threading.Thread(target=self._restart_when_it_dies, daemon=True)
        self._watch.start()

    @property
    def base_url(self) -> str:
        """Where its /metrics, /livez and /readyz are."""
        return f"http://127.0.0.1:{self._health_port}"

    def check(self) -> None:
        """Raises `ServiceError` with the worker's own last words if it has ended for good."""
        if self._failure is not None:
            raise ServiceError(self._failure)

    def wait_ready(self) -> None:
        """Returns when it works. Raises `ServiceError` if it ends or takes too long."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self._answers_ready():
            self.check()
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"the {self._command} was not ready within {READY_SECONDS_MAX:.0f} s: {self._last_words()}"
                )
            time.sleep(_POLL_SECONDS)

    def metrics(self) -> str:
        """The text of its /metrics; nothing if it does not answer, as while it is started again."""
        try:
            with urllib.request.urlopen(f"{self.base_url}/metrics", timeout=5) as answer:
                text: str = answer.read().decode("utf-8")
                return text
        except OSError:
            return ""

    def stop(self) -> None:
        """TERM, and KILL if it does not end in time."""
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._watch.join()

    def __enter__(self) -> ServiceProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                guarded(of_module("stream.cli", self._command)),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **_environment(self._settings)},
                start_new_session=True,  # Ctrl-C is for the parent, which stops it in order
            )

    def _restart_when_it_dies(self) -> None:
        while True:
            code = self._process.wait()
            if self._stopping.is_set():
                return
            if code == RedlineError.exit_code:  # it could not start, and says why
                self._failure = self._last_words() or f"the {self._command} ended with code {code}"
                return
            if self.restarts >= RESTARTS_MAX:
                self._failure = (
                    f"the {self._command} ended {self.restarts + 1} times, last with code {code}: {self._last_words()}"
                )
                return
            self.restarts += 1
            self._process = self._start()

    def _answers_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def _last_words(self) -> str:
        data = self._log.read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace")
        lines = [line for line in data.splitlines() if line.strip()]
        return lines[-1].removeprefix("redline: ") if lines else ""


def _environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, so that the child's own `.env` cannot change them."""
    values = settings.model_dump()
    return {ENV_PREFIX + name.upper(): _text(value) for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return json.dumps(value)
        case _:
            return str(value)
