"""Where a team's state lives. Imports next to nothing: the short-lived commands pay for every import."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def home_folder(given: str | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """The data folder: what was given, else SIGNALBOX_HOME, else the platform's place for user data."""
    environ = os.environ if environ is None else environ  # noqa: TID251 - the one reader beside settings
    chosen = given or environ.get("SIGNALBOX_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "linux":  # what platformdirs answers, without the 20 ms of its import
        base = environ.get("XDG_DATA_HOME") or "~/.local/share"
        return Path(base).expanduser() / "signalbox"
    import platformdirs

    return Path(platformdirs.user_data_dir("signalbox", appauthor=False))
