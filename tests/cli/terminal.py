"""A real terminal for tests: tmux on a socket of its own, what it shows, keys, and its size."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence

SECONDS_MAX = 60.0


class Terminal:
    """One program in a terminal; a context manager. When it ends, the screen says `ended with CODE`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        width: int = 120,
        height: int = 40,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._socket = f"redline-test-{uuid.uuid4().hex[:12]}"
        line = f"trap : INT; {shlex.join(command)}; echo ended with $?; exec cat"
        size = ("-x", str(width), "-y", str(height))
        own = {name: value for name, value in os.environ.items() if not name.startswith(("REDLINE_", "TMUX"))}
        self._environment = {**own, **(environment or {}), "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", *size, "sh", "-c", line)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server")

    def keys(self, *names: str) -> None:
        """Presses keys, by tmux' names (`q`, `Enter`, `C-c`, `Tab`)."""
        self._tmux("send-keys", "-t", "t", *names)

    def text(self, text: str) -> None:
        """Types a text as it is."""
        self._tmux("send-keys", "-t", "t", "-l", text)

    def resize(self, width: int, height: int) -> None:
        """Gives it another size."""
        self._tmux("resize-window", "-t", "t", "-x", str(width), "-y", str(height))

    def screen(self, *, colours: bool = False) -> str:
        """What is seen now."""
        return self._tmux("capture-pane", "-p", "-t", "t", *(("-e",) if colours else ()))

    def wait_for(self, condition: str | Callable[[str], bool]) -> str:
        """The screen as soon as it shows a text, or as a condition holds for it; fails with the screen otherwise."""
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            seen = self.screen()
            if condition in seen if isinstance(condition, str) else condition(seen):
                return seen
            assert time.monotonic() < deadline, f"not in time: {condition}\n{seen}"
            time.sleep(0.05)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *arguments], env=self._environment, capture_output=True, text=True, check=True
        )
        return done.stdout
