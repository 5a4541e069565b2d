"""Set Signalbox up in `.venv`: `python3 -m tools.setup [--dev]`.

Needs Python and its standard library alone, and says so when that Python is too old. Each stage is named
with the time it took. A second run with nothing changed only compares a digest. The stamp is removed
before work begins and written after all of it succeeded, so that a set-up is never half done in silence.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

from tools.pip_failures import explain

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}


class SetupFailed(Exception):
    """What happened, then what to do."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


class Setup:
    """The stages of one set-up of `root`; `level` is `run` or `dev` (which holds all of `run`)."""

    def __init__(self, root: Path, level: str) -> None:
        self.root, self.level = root, level
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self.stamp = self.folder / "signalbox-setup"
        self.log = self.folder / "setup.log"

    def run(self) -> bool:
        """Bring `.venv` up to date; False when nothing had to be done. Raises `SetupFailed`."""
        if self._up_to_date():
            return False
        if self.stamp.exists():
            self.stamp.unlink()
        count = self._locked()
        self._stage(1, "Making .venv", self._make)
        self._stage(2, f"Installing {count} packages", self._install_packages)
        self._stage(3, "Installing Signalbox itself", self._install_signalbox)
        partial = self.stamp.with_suffix(".new")
        partial.write_text(f"{self.level} {self._digest()}\n", encoding="utf-8")
        partial.replace(self.stamp)
        return True

    def _up_to_date(self) -> bool:
        if not (self.stamp.exists() and self.python.exists()):
            return False
        done, _, digest = self.stamp.read_text(encoding="utf-8").strip().partition(" ")
        return digest == self._digest() and done in (self.level, "dev")

    def _digest(self) -> str:
        """Changes with the locks, pyproject.toml, this script, the checkout's place and the Python inside."""
        total = hashlib.sha256(str(self.root).encode())
        total.update("{}.{}".format(*self._version_inside()).encode())
        for name in (*LOCKS.values(), "pyproject.toml", "tools/setup.py"):
            path = self.root / name
            total.update(path.read_bytes() if path.exists() else b"-")
        return total.hexdigest()

    def _version_inside(self) -> "tuple[int, int]":
        config = self.folder / "pyvenv.cfg"
        text = config.read_text(encoding="utf-8") if config.exists() else ""
        found = re.search(r"^version\w*\s*=\s*(\d+)\.(\d+)", text, re.MULTILINE)
        return (int(found.group(1)), int(found.group(2))) if found else (0, 0)

    def _locked(self) -> int:
        lock = self.root / LOCKS[self.level]
        if not lock.exists():
            raise SetupFailed(f"{lock.name} is missing.", "Get a whole copy of Signalbox; the lock is part of it.")
        return len(re.findall(r"^\S+==", lock.read_text(encoding="utf-8"), re.MULTILINE))

    def _stage(self, number: int, title: str, work: "Callable[[], None]") -> None:
        print(f"{number}/3 {title} …", end=" ", flush=True)
        began = time.monotonic()
        try:
            work()
        except SetupFailed:
            print(f"failed after {time.monotonic() - began:.1f} s", flush=True)
            raise
        print(f"{time.monotonic() - began:.1f} s", flush=True)

    def _make(self) -> None:
        """Keep a `.venv` that works; make it anew when its Python is gone, too old or has no pip."""
        if self.python.exists() and self._version_inside() >= OLDEST and self._works():
            return
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / "pyvenv.cfg").exists():
            raise SetupFailed(f"{self.folder} is there but is no virtual environment.", "Move it away and try again.")
        try:
            venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(self.folder)
        except (OSError, subprocess.CalledProcessError, SystemExit) as error:
            raise SetupFailed(
                f"{self.folder} could not be made: {error}.",
                "On Debian and Ubuntu: `sudo apt install python3-venv`. Else check that the disk has room and "
                "that this folder is yours.",
            ) from error

    def _works(self) -> bool:
        try:
            done = subprocess.run(
                [str(self.python), "-m", "pip", "--version"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except OSError:
            return False
        return done.returncode == 0

    def _install_packages(self) -> None:
        self._pip("install", "--require-hashes", "-r", LOCKS[self.level])

    def _install_signalbox(self) -> None:
        # The lock holds the build backend, so nothing is fetched without a hash.
        self._pip("install", "--no-deps", "--no-build-isolation", "--no-index", "-e", ".")

    def _pip(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
        environment = dict(os.environ, PIP_PROGRESS_BAR="off", PYTHONUTF8="1", LC_ALL="C.UTF-8")
        done = subprocess.run(
            command,
            cwd=str(self.root),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write("$ pip {}\n{}\n".format(" ".join(arguments), done.stdout))
        if done.returncode:
            what, hint = explain(done.stdout, named="Signalbox itself" if "-e" in arguments else "")
            raise SetupFailed(what, f"{hint}\n  All that pip wrote: {self.log}")


def main(arguments: "list[str]") -> int:
    """Return the exit code: 0 when `.venv` is up to date, 1 when it is not."""
    if sys.version_info < OLDEST:
        found = "{}.{}".format(*sys.version_info[:2])
        print(f"Signalbox needs Python 3.11 or newer; {sys.executable} is {found}.", file=sys.stderr)
        print("  Install a newer one and say which: `make PYTHON=python3.12 run`.", file=sys.stderr)
        return 1
    parser = argparse.ArgumentParser(prog="tools.setup", description="Set Signalbox up in .venv.")
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        changed = Setup(chosen.root.resolve(), "dev" if chosen.dev else "run").run()
    except SetupFailed as failure:
        print(f"Set-up failed. {failure}", file=sys.stderr)
        print(f"  {failure.hint}", file=sys.stderr)
        return 1
    if changed:
        print(f"Set up in {time.monotonic() - began:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
