"""`bench`: the benchmarks of a checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from core.cli.outside import Outside
from core.cli.spec import Given
from core.cli.terminal import Terminal
from core.errors import NotFound


def bench(given: Given, outside: Outside, terminal: Terminal) -> int:
    """Run tests/benchmarks; pytest's exit code, at most 1."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "tests" / "benchmarks").is_dir():
        raise NotFound("The benchmarks are not here: they come with a checkout.", hint="Run it inside a clone.")
    words = ["-m", "pytest", "tests/benchmarks", "-m", "bench", *given.words("words")]
    return min(1, subprocess.run([sys.executable, *words], cwd=root, check=False).returncode)
