"""Named points in the paths that must survive a kill.

In production `reach` costs one comparison. The fault tests set a hook and die at a chosen point.
"""

from __future__ import annotations

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def reach(name: str) -> None:
    """Say that this point of a durable path was reached."""
    if _hook is not None:
        _hook(name)


def watch(hook: Callable[[str], None] | None) -> None:
    """Call `hook` with the name of each point from now on; None stops it."""
    global _hook
    _hook = hook
