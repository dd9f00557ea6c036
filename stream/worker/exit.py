"""The hard way out: say why, commit nothing, let the supervisor start the worker again."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from stream.errors import GiveUp
from stream.telemetry.events import GaveUp, Telemetry
from stream.telemetry.logs import flush_logs
from stream.worker.where import where

LAST_WORDS_SECONDS_MAX = 0.9
"""Who reads the log may have stopped reading (a terminal after Ctrl-S, a pipe that is full): then nothing is said."""


class HardExit:
    """Ends the process at once. Not by an exception: a soft stop of Faust would commit."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self.temporary: Path | None = None
        """A folder to remove on the way out."""

    def give_up(self, why: str, error: BaseException | None = None) -> NoReturn:
        """Ends with code 75."""
        self._end_soon(GiveUp.exit_code)
        try:
            said = "" if error is None else f"{type(error).__name__}: {error}{where(error)}"
            self._telemetry.emit(GaveUp(why, said))
        finally:
            self.leave(GiveUp.exit_code)

    def leave(self, code: int) -> NoReturn:
        """Ends with this code."""
        self._end_soon(code)
        try:
            flush_logs()
        finally:
            self._end(code)

    def _end_soon(self, code: int) -> None:
        timer = threading.Timer(LAST_WORDS_SECONDS_MAX, self._end, (code,))
        timer.daemon = True
        with suppress(RuntimeError):  # no thread is left to be had
            timer.start()

    def _end(self, code: int) -> NoReturn:
        if self.temporary is not None:
            shutil.rmtree(self.temporary, ignore_errors=True)
        os._exit(code)
