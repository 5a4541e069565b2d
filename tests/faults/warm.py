"""The tests' side of the warm process: lives are asked for, and end as they should."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.faults.victim import Life

ROOT = Path(__file__).parents[2]
KILLED = -9


class Warm:
    """A launcher process; one life at a time."""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.launcher", cwd=ROOT,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()  # a life that is still awaited ends with its line missing

    async def live(self, life: Life, kill_after_s: float | None = None) -> int:
        """How a life ended: an exit code, negative for a signal."""
        job = {"life": asdict(life), "kill_after_s": kill_after_s}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        line = await self._process.stdout.readline()
        assert line, "The launcher ended; its stderr says why."
        return int(json.loads(line)["code"])
