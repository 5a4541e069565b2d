"""What the checks work with and what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.cli.outside import Outside
from core.cli.runfile import Running
from core.config import Settings

Level = Literal["ok", "warning", "fault", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. remedy: the command that mends it, for everything that is not well."""

    level: Level
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the checks look at. checkout: the folder with the Makefile, None for an installed program.

    fault: why the settings could not be read; `settings` holds the defaults then. environ: the process's.
    """

    settings: Settings
    outside: Outside
    running: Running | None = None
    checkout: Path | None = None
    fault: str = ""
    offline: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The data folder."""
        return self.settings.home


Check = Callable[[Situation], Iterator[Finding]]


def ok(what: str) -> Finding:
    """All is well."""
    return Finding(level="ok", what=what)


def fault(what: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(level="fault", what=what, remedy=remedy)


def warning(what: str, remedy: str) -> Finding:
    """Something will not work for long, or is not safe."""
    return Finding(level="warning", what=what, remedy=remedy)


def skipped(what: str) -> Finding:
    """It could not be looked at, and why."""
    return Finding(level="skipped", what=what)
