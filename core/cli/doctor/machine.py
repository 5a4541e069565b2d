"""Checks of the machine: Python, packages, the database engine, room on the disk, a `core` that is not ours."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from core.cli.doctor.model import Finding, Situation, fault, ok, warning
from core.storage import DatabaseError, lacking, version

OLDEST = (3, 11)
FULL, NEARLY_FULL = 0.95, 0.85
LEAST_BYTES = 200_000_000
NAMES = ("core", "bot", "gui", "integrations", "data")
REINSTALL = "pip install --force-reinstall sqlean.py sqlite-vec"


def python(situation: Situation) -> Iterator[Finding]:
    """The interpreter."""
    yield of_python(sys.version_info[:3])


def of_python(found: tuple[int, ...]) -> Finding:
    """Whether a version of Python is new enough."""
    said = ".".join(map(str, found))
    if found[:2] < OLDEST:
        return fault(f"Python {said} is too old; 3.11 is the oldest that works.", "make PYTHON=/path/to/python3.12 run")
    return ok(f"Python {said}")


def packages(situation: Situation) -> Iterator[Finding]:
    """Whether what the program needs is installed."""
    try:
        needed = importlib.metadata.requires("signalbox") or []
    except importlib.metadata.PackageNotFoundError:
        yield warning("Signalbox is not installed as a package; it runs from its source.", "make install")
        return
    gone = missing_of(needed)
    if gone:
        yield fault(f"Packages are missing: {', '.join(gone)}.", "make install (or: pip install --upgrade signalbox)")
    else:
        yield ok(f"{sum('extra ==' not in one for one in needed)} packages are installed")


def missing_of(needed: list[str]) -> list[str]:
    """Names of the required distributions that are not installed; extras are left out."""
    gone = []
    for line in needed:
        name = re.split(r"[\[<>=!~; ]", line)[0]
        if "extra ==" not in line:
            try:
                importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                gone.append(name)
    return gone


def engine(situation: Situation) -> Iterator[Finding]:
    """SQLite with full-text search and vectors."""
    try:
        found, missing = version(), lacking()
    except (DatabaseError, OSError, ImportError) as error:
        yield fault(f"The database engine cannot be loaded: {error}.", REINSTALL)
        return
    if missing:
        yield fault(f"{found} lacks {missing}.", REINSTALL)
    else:
        yield ok(f"{found}, full-text search (FTS5)")


def disk(situation: Situation) -> Iterator[Finding]:
    """Room where the data folder is."""
    place = next((one for one in (situation.home, *situation.home.parents) if one.exists()), Path("/"))
    usage = shutil.disk_usage(place)
    yield of_disk(usage.total, usage.free, situation.home)


def of_disk(total: int, free: int, home: Path) -> Finding:
    """What so much room means. Bytes."""
    used = 1 - free / total if total else 1.0
    said = f"The disk of {home} is {used:.0%} full ({free / 1e9:.1f} GB free)"
    remedy = f"Free some room, or move the data folder: du -sh {home}/* ; signalbox run --home /a/larger/disk"
    if used >= FULL or free < LEAST_BYTES:
        return fault(f"{said}; soon nothing can be stored.", remedy)
    if used >= NEARLY_FULL:
        return warning(f"{said}.", remedy)
    return ok(said)


def shadowed(situation: Situation) -> Iterator[Finding]:
    """Another package called core (or bot, gui, data …) that Python would find before ours."""
    ours = Path(__file__).resolve().parents[3]
    yield from of_path(sys.path, ours)


def of_path(path: list[str], ours: Path) -> Iterator[Finding]:
    """What stands on a module path before our folder, or beside it, under our names."""
    found: list[Path] = []
    for entry in path:
        folder = Path(entry or ".").resolve()
        if folder == ours:
            continue
        found += [folder / name for name in NAMES if _is_package(folder, name)]
    for one in found:
        yield fault(
            f"Another Python package called {one.name!r} is at {one}; it may be imported instead of Signalbox's.",
            f"Remove it, or take {one.parent} out of PYTHONPATH: env -u PYTHONPATH signalbox doctor",
        )
    if not found:
        yield ok("No other package hides a part of Signalbox")


def _is_package(folder: Path, name: str) -> bool:
    return (folder / name / "__init__.py").is_file() or (folder / f"{name}.py").is_file()
