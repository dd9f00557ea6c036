"""How the worker's memory is kept small and flat.

What is loaded stays, so the collector need not walk it again and again (a tenth of the engine's time). Nor need it look
every 700 new objects: states are many objects that live long and have no cycles (a tenth of detection's time).

Fetches are buffers of up to a megabyte that come and go: glibc would raise its threshold to their size and keep them in
heaps, one for each thread; with a fixed threshold they go back to the system (8 of 125 MB, measured at full load).
"""

from __future__ import annotations

import ctypes
import gc
import sys

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_THRESHOLD_BYTES = 131_072
_NEW_OBJECTS = 10_000
"""After so many more objects, the young ones are looked through for cycles."""


def settle() -> None:
    """To be called once rules and modules are loaded, before there are threads; begins to collect, if that was off."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    gc.enable()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):  # musl has none
            libc.mallopt(_M_ARENA_MAX, 1)
            libc.mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
