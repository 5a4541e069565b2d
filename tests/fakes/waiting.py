"""Waiting for what happens by itself, without guessing how long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], *, timeout_s: float = 10.0, what: str = "it") -> None:
    """Return once `condition()` is true. Fails after `timeout_s` and names what did not happen."""
    try:
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"{what} did not happen within {timeout_s:g} s") from None
