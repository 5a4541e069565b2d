"""Importing libraries without the optional half that nobody here uses."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType


@contextmanager
def without(*libraries: str) -> Iterator[None]:
    """Imports of this thread find none of these libraries in the block, unless they were imported before.

    Only for a library that says itself how it does without: `except ImportError`. Other threads find all.
    """
    absent = _Absent(libraries)
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)


class _Absent:
    """A finder that refuses some names to one thread."""

    def __init__(self, libraries: Sequence[str]) -> None:
        self._libraries, self._thread = frozenset(libraries), threading.get_ident()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None, which leaves the search to the others. Raises ModuleNotFoundError for a refused name."""
        if name in self._libraries and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is left out of this process until it is needed.", name=name)
        return None
