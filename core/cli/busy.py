"""What to say to a second process on the same home."""

from __future__ import annotations

from pathlib import Path

from core.cli.runfile import Running
from core.errors import Conflict


def busy(home: Path, found: Running | None) -> Conflict:
    """What to say when another process holds this home."""
    if found is None:
        return Conflict(f"Another process is using {home}.", hint="`signalbox doctor` says which.")
    if not found.address:
        return Conflict(
            f"Process {found.pid} (a `signalbox chat`, `ask` or `do`) is using {home}.",
            hint="End it, or wait until it is done.",
        )
    return Conflict(
        f"Signalbox runs on {home} already: process {found.pid} at {found.address}.",
        hint="`signalbox open` gives a sign-in link; Ctrl+C in its terminal ends it.",
    )
