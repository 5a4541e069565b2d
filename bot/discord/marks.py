"""What the commands need from outside: favourites, and a small memory that outlives the process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Marks(Protocol):
    """A small memory that outlives the process."""

    async def get(self, name: str) -> str | None:
        """The text kept under a name, or None."""
        ...

    async def set(self, name: str, text: str) -> None:
        """Keep a text under a name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Favourite:
    """A command that gets a slash command of its own: `notes.add` becomes `/notes-add`."""

    name: str
    summary: str


class ForgetfulMarks:
    """Marks for as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def get(self, name: str) -> str | None:
        return self._kept.get(name)

    async def set(self, name: str, text: str) -> None:
        self._kept[name] = text
