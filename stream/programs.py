"""How this program starts others of its own."""

from __future__ import annotations

import sys
from pathlib import Path


def of_module(name: str, *arguments: str) -> list[str]:
    """The command line that runs a module with this Python, which finds modules where this process finds them.

    `python -m` would look into the working folder first, and a file there that happens to be called as one of our
    modules, or of those that we use, would run instead of it.
    """
    return [sys.executable, *([] if _looks_into_the_working_folder() else ["-P"]), "-m", name, *arguments]


def _looks_into_the_working_folder() -> bool:
    try:
        here = str(Path.cwd())
    except OSError:  # it is gone
        return False
    return "" in sys.path or here in sys.path
