"""A memory of what happened lately, bounded; a restart forgets it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")
KEPT = 5_000


class Recent(Generic[T]):
    """The newest 5,000 values by key."""

    def __init__(self, kept: int = KEPT) -> None:
        self._values: OrderedDict[str, T] = OrderedDict()
        self._kept = kept

    def put(self, key: str, value: T) -> None:
        """Remember a value; the oldest one goes when there are too many."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._kept:
            self._values.popitem(last=False)

    def get(self, key: str) -> T | None:
        """The value, or None."""
        return self._values.get(key)

    def pop(self, key: str) -> T | None:
        """The value, forgotten from now on, or None."""
        return self._values.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self._values
