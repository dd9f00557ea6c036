"""The hard way out: say why, commit nothing, let the supervisor start the worker again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

from stream.errors import GiveUp
from stream.telemetry.events import GaveUp, Telemetry
from stream.telemetry.logs import flush_logs
from stream.worker.where import where


class HardExit:
    """Ends the process at once. Not by an exception: a soft stop of Faust would commit."""

    def __init__(self, telemetry: Telemetry, temporary: Path | None) -> None:
        """`temporary` is a folder to remove on the way out."""
        self._telemetry, self._temporary = telemetry, temporary

    def give_up(self, why: str, error: BaseException | None = None) -> NoReturn:
        """Ends with code 75."""
        said = "" if error is None else f"{type(error).__name__}: {error}{where(error)}"
        self._telemetry.emit(GaveUp(why, said))
        self.leave(GiveUp.exit_code)

    def leave(self, code: int) -> NoReturn:
        """Ends with this code."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
        flush_logs()
        os._exit(code)
