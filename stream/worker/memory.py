"""How the worker's memory is kept small and flat.

What is loaded stays, so the collector need not walk it again and again (a tenth of the engine's time). Nor need it look
every 700 new objects: states are many objects that live long and have no cycles (a tenth of detection's time).

Fetches are buffers of up to a megabyte that come and go, four for each. One heap for all threads takes them, and keeps
a few megabytes to take the next ones. glibc's own way, a heap for each thread, keeps much more; and where every buffer
is asked of the system and given back, its pages are made anew each time (5 faults a record of 4.8 KB, a third of the
driver's own time).
"""

from __future__ import annotations

import ctypes
import gc
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_SYSTEM_BYTES_MIN = 4_194_304
"""Larger buffers are asked of the system; the threshold is fixed, else it rises with what is given back."""
_KEPT_BYTES_MAX = 4_194_304
"""At the end of the heap; more goes back to the system."""
_NEW_OBJECTS = 10_000
"""After so many more objects, the young ones are looked through for cycles."""


def one_heap() -> None:
    """One heap for all threads; to be called before there are any."""
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_ARENA_MAX, 1)


def settle() -> None:
    """To be called once rules and modules are loaded; begins to collect, if that was off.

    When rules are loaded anew, once more: what held the old ones refers to itself, and would stay for ever if it were
    not looked through again.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    gc.enable()
    one_heap()
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, _SYSTEM_BYTES_MIN)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES_MAX)
        # What loading took and left lies between what stays.
        libc.malloc_trim(0)


def give_back() -> None:
    """Gives pages back to the system that nothing uses any more; takes a few milliseconds. To be called now and then.

    Words that are remembered, and states, are forgotten many at a time, and leave holes in the heap; so do buffers
    that something small came to lie behind.
    """
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(_KEPT_BYTES_MAX)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "mallopt") else None  # musl has none
