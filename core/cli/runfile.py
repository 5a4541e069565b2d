"""`run.json`: how the short-lived commands find the process that runs, and the lock that keeps it alone.

Imports next to nothing: `ask` and `do` pay for every import.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "run.json"
LOCK = "run.lock"
POLL_S = 0.05
LOCK_WAIT_S = 10.0
"""How long a second process waits for the first to end, or to say where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process of a home. address is empty for a private one, which answers nobody else.

    token: the local owner's, new at each start. started_at: seconds since the epoch.
    """

    pid: int
    address: str = ""
    token: str = ""
    version: str = ""
    started_at: float = 0.0

    def __repr__(self) -> str:
        """Without the token, which would end up in a log."""
        return f"Running(pid={self.pid}, address={self.address!r}, version={self.version!r})"


def find(home: Path) -> Running | None:
    """The process that runs on this home; None when there is none, or only what a dead one left."""
    found = read(home)
    return found if found is not None and alive(found.pid) else None


def read(home: Path) -> Running | None:
    """What `run.json` says, true or not; None when it is absent or no such file."""
    try:
        said = json.loads((home / NAME).read_text("utf-8"))
        return Running(
            pid=int(said["pid"]),
            address=str(said["address"]),
            token=str(said["token"]),
            version=str(said.get("version", "")),
            started_at=float(said.get("started_at", 0)),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def alive(pid: int) -> bool:
    """Whether a process with that id is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


class HomeLock:
    """The lock that one process holds on a home; the operating system lets it go when the process dies."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._file: int | None = None

    def take(self) -> bool:
        """Take the lock; False when another process has it."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def wait(self, timeout_s: float) -> bool:
        """Take the lock within that time; False as soon as a process with an address holds it."""
        until = time.monotonic() + timeout_s
        while not self.take():
            found = find(self.home)
            if (found is not None and found.address) or time.monotonic() > until:
                return False
            time.sleep(POLL_S)
        return True

    def announce(self, running: Running) -> None:
        """Write `run.json`, 0600, in one rename. Only the holder of the lock may."""
        if self._file is None:
            raise RuntimeError("Only the process that holds the lock says that it runs.")
        fresh = self.home / f"{NAME}.{os.getpid()}"
        fresh.unlink(missing_ok=True)
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as out:
            json.dump(asdict(running), out)
        fresh.replace(self.home / NAME)

    def release(self) -> None:
        """Remove `run.json` and let the lock go."""
        if self._file is None:
            return
        found = read(self.home)
        if found is not None and found.pid == os.getpid():
            (self.home / NAME).unlink(missing_ok=True)
        os.close(self._file)
        self._file = None

    def __enter__(self) -> HomeLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def held_by_another(home: Path) -> bool:
    """Whether a process holds the lock of this home now."""
    lock = HomeLock(home)
    if not home.exists() or lock.take():
        lock.release()
        return False
    return True
