"""Where an error was raised."""

from __future__ import annotations


def where(error: BaseException) -> str:
    """` (at FILE:LINE)` of the innermost frame; nothing if the error was not raised."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f" (at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
