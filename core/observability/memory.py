"""Keeping the resident memory small: what the C library would keep for every thread is given back."""

from __future__ import annotations

import ctypes
import gc
import sys

COLLECT_AFTER = (10_000, 20, 20)
"""Rounds of the garbage collector; with Python's (700, 10, 10) they took a third of a busy process's time."""
_M_ARENA_MAX = -8
"""mallopt(3): how many heaps threads may have of their own."""


def few_heaps(count: int = 2) -> bool:
    """Let threads share heaps. glibc gives each thread one, which after a start hold tens of MB of nothing.

    Call it before threads start. False where there is no glibc.
    """
    library = _libc()
    return library is not None and bool(library.mallopt(_M_ARENA_MAX, count))


def give_back() -> bool:
    """Give free memory back to the system, once everything is loaded: imports leave much behind.

    What is loaded now is also taken out of the garbage collector's rounds: it stays for good, and looking
    through all of it would hold up the loop for a tenth of a second. Later rounds are fewer.
    """
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    return trim()


def trim() -> bool:
    """Give free memory back to the system, after something large was dropped. False where there is no glibc."""
    library = _libc()
    return library is not None and bool(library.malloc_trim(0))


def _libc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
