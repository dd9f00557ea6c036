"""`docker compose` and what else the compose test needs: waiting, ports, commands."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
STEP_SECONDS_MAX = 120
PULL_SECONDS_MAX = 300
POLL_SECONDS = 1.0


class StepError(Exception):
    """A step did not end as it should; the text says what was found."""


class Compose:
    """`docker compose` for one project, with settings of its own instead of the user's .env."""

    def __init__(self, project: str, settings: dict[str, str], *, files: tuple[str, ...] = ()) -> None:
        named = [argument for file in (str(ROOT / "docker-compose.yml"), *files) for argument in ("-f", file)]
        self._base = ["docker", "compose", "-p", project, "--project-directory", str(ROOT), *named]
        self._base += ["--env-file", os.devnull, "--progress", "plain"]
        self._environment = {**os.environ, **settings}

    def run(self, *arguments: str, seconds_max: float = STEP_SECONDS_MAX) -> str:
        """What it prints; raises `StepError` with it if it fails."""
        code, said = self.attempt(*arguments, seconds_max=seconds_max)
        if code != 0:
            raise StepError(f"docker compose {' '.join(arguments)} ended with {code}:\n{said[-3000:]}")
        return said

    def attempt(self, *arguments: str, seconds_max: float = STEP_SECONDS_MAX) -> tuple[int, str]:
        """Exit code and all that it prints."""
        try:
            done = subprocess.run(
                [*self._base, *arguments],
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds_max,
                env=self._environment,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return -1, f"not finished after {seconds_max:.0f} s"
        return done.returncode, done.stdout + done.stderr

    def setting(self, name: str, value: str) -> None:
        """Changes a variable for the calls that follow."""
        self._environment[name] = value

    def containers(self, service: str) -> list[dict[str, Any]]:
        """`docker inspect` of each container of a service."""
        names = self.run("ps", "-a", "-q", service).split()
        return json.loads(output("docker", "inspect", *names)) if names else []


@contextlib.contextmanager
def timed(name: str, times: list[tuple[str, float]]) -> Iterator[None]:
    """Says what begins, and keeps how long it took."""
    print(f"{name} …", flush=True)
    begun = time.monotonic()
    try:
        yield
    finally:
        times.append((name, time.monotonic() - begun))
        print(f"  {times[-1][1]:.1f} s", flush=True)


def wait_for(check: Callable[[], str | None], seconds_max: float) -> None:
    """Until the check finds nothing wrong; raises `StepError` with what it found last."""
    deadline = time.monotonic() + seconds_max
    while True:
        try:
            wrong = check()
        except (OSError, StepError, ValueError) as error:
            wrong = str(error)
        if wrong is None:
            return
        if time.monotonic() > deadline:
            raise StepError(f"after {seconds_max:.0f} s: {wrong}")
        time.sleep(POLL_SECONDS)


def free_ports(count: int) -> list[int]:
    """Ports that nobody has right now, all different."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in found]


def get_json(url: str) -> Any:
    """The JSON at this address."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def health(container: dict[str, Any]) -> str:
    """`healthy`, `unhealthy` …, or the state of one that does not run."""
    state = container["State"]
    return str(state.get("Health", {}).get("Status")) if state["Status"] == "running" else str(state["Status"])


def can_be_had(image: str) -> bool:
    """Whether an image is here or can be pulled."""
    return succeeds("docker", "image", "inspect", image) or succeeds("docker", "pull", "-q", image)


def succeeds(*command: str) -> bool:
    """Whether a command ends with 0."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, check=False, timeout=PULL_SECONDS_MAX).returncode == 0
    return False


def output(*command: str) -> str:
    """What a command prints; raises `StepError` if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=STEP_SECONDS_MAX)
    if done.returncode != 0:
        raise StepError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
