"""Safe mode: a database step failed, or the database is newer than the program; nothing is written then.

The failure is written down beside the database, so that the same version does not try the step again at
every start. A newer version, a restore, or `run --retry-upgrade` does.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from core import __version__
from core.config import Settings
from core.errors import StorageFailed
from core.values import now, stamp

NAME = "safe-mode.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeMode:
    """Why a home is in safe mode. version: of the program that failed."""

    version: str
    reason: str
    remedy: str
    at: str


def noted(home: Path) -> SafeMode | None:
    """The failure this very version wrote down; None when there is none."""
    try:
        said = json.loads((home / NAME).read_text("utf-8"))
        found = SafeMode(**{key: str(said[key]) for key in ("version", "reason", "remedy", "at")})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.version == __version__ else None


def note(home: Path, error: StorageFailed) -> SafeMode:
    """Write a failure down."""
    mode = SafeMode(version=__version__, reason=error.message, remedy=error.hint, at=stamp(now()))
    path = home / NAME
    path.write_text(json.dumps(asdict(mode), indent=1), "utf-8")
    path.chmod(0o600)
    return mode


def forget(home: Path) -> None:
    """Let the next start try again."""
    (home / NAME).unlink(missing_ok=True)


def refuse_in_safe_mode(settings: Settings) -> None:
    """Raises StorageFailed when this version failed on this home before."""
    mode = noted(settings.home)
    if mode is not None:
        raise StorageFailed(mode.reason, hint=f"{mode.remedy} `signalbox run --retry-upgrade` tries it once more.")
