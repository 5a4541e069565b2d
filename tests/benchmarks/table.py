"""What was measured, beside what it was measured against, as docs/benchmarks.md shows it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from core.storage import version

HEAD = """# Benchmarks

Written by `make bench`; do not edit. Each figure is the median of several rounds in which the thing measured
and its peer take turns on the same machine, so the **ratio** is what to compare; figures alone say more about
the machine. A test fails when a ratio falls below its floor. Everything durable runs with `synchronous=FULL`.

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. ratio: how many times better than the peer; for times and sizes the peer's over ours."""

    what: str
    figure: str
    peer: str
    ratio: float
    aim: str
    met: bool | None
    """None: no aim was set."""
    note: str = ""


@dataclass(slots=True)
class Table:
    """Collects rows while the benchmarks run."""

    rows: list[Row] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    """The machine's load over the last minute when each row was added."""

    def add(self, row: Row) -> None:
        """Add one row."""
        self.rows.append(row)
        self.loads.append(os.getloadavg()[0])

    def write(self, target: Path) -> None:
        """Write the page."""
        lines = [HEAD + _machine(), "", "| what | figure | against | ratio | aim | met |", "|---|---|---|---|---|---|"]
        notes: list[str] = []
        for row in self.rows:
            mark = {True: "yes", False: "no", None: "–"}[row.met]
            if row.note:
                notes.append(row.note)
                mark += f" ({len(notes)})"
            lines.append(f"| {row.what} | {row.figure} | {row.peer} | {row.ratio:.1f}× | {row.aim or '–'} | {mark} |")
        lines += ["", *(f"{number}. {note}" for number, note in enumerate(notes, start=1))]
        lines += ["", "Load when each row was done, in order: " + ", ".join(f"{one:.1f}" for one in self.loads) + "."]
        target.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _machine() -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {psutil.cpu_count()} cores {platform.machine()}, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {version()}, load at the end {load}."
    )
