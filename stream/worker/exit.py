"""The hard way out: say why, commit nothing, let the supervisor start the worker again."""

from __future__ import annotations

import os
from typing import NoReturn

from stream.errors import GiveUp
from stream.telemetry.events import GaveUp, Telemetry
from stream.telemetry.logs import flush_logs


def give_up(telemetry: Telemetry, why: str, error: BaseException | None = None) -> NoReturn:
    """Ends the process at once with code 75. Not by an exception: a soft stop of Faust would commit."""
    telemetry.emit(GaveUp(why, "" if error is None else f"{type(error).__name__}: {error}{_where(error)}"))
    flush_logs()
    os._exit(GiveUp.exit_code)


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f" (at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
