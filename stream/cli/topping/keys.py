"""Single keys from the terminal, without Return. Where there is no terminal, none ever comes."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from contextlib import suppress
from types import TracebackType
from typing import Any


class Keys:
    """Reads keys while it is open; a context manager that leaves the terminal as it was."""

    def __init__(self) -> None:
        self._file: int | None = None
        self._before: list[Any] = []

    def __enter__(self) -> Keys:
        try:
            number = sys.stdin.fileno()
            if os.isatty(number):
                self._before = termios.tcgetattr(number)
                tty.setcbreak(number)
                self._file = number
        except (OSError, ValueError, termios.error):
            self._file = None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

    def next(self, seconds_max: float) -> str:
        """The next key; empty if none came in time. Keys that send a sequence (arrows) are one text."""
        if self._file is None:
            select.select([], [], [], seconds_max)
            return ""
        if not select.select([self._file], [], [], seconds_max)[0]:
            return ""
        try:
            data = os.read(self._file, 64)
        except OSError:
            data = b""
        if not data:  # the terminal is gone
            return "q"
        return data.decode("utf-8", "replace")
