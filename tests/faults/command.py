"""The real command as a process of its own: `python -m core run`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from core.cli.runfile import find

ROOT = Path(__file__).parents[2]
START_S, END_S = 60.0, 20.0


class Command:
    """One `signalbox run` on a home. Its log is `command.log` there."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self.home, self._environ = home, environ

    async def start(self) -> None:
        with (self.home / "command.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "core", "run", "--home", str(self.home), "--no-browser", "--port", "0",
                cwd=ROOT, env={**os.environ, **self._environ}, stdout=log, stderr=log,
            )  # fmt: skip

    async def address(self) -> str:
        """Where it answers, once it does."""
        until = time.monotonic() + START_S
        while True:
            found = find(self.home)
            if found is not None and found.pid == self._process.pid and found.address:
                return found.address
            assert self._process.returncode is None, self.log
            assert time.monotonic() < until, self.log
            await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """`kill -9`."""
        assert self._process.returncode is None, self.log
        self._process.kill()
        await self._process.wait()

    async def end(self) -> int:
        """Ask it to end; its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), END_S)

    async def end_by_itself(self) -> int:
        """Its exit code, when it was refused."""
        return await asyncio.wait_for(self._process.wait(), START_S)

    @property
    def log(self) -> str:
        """The end of what it said."""
        return (self.home / "command.log").read_text("utf-8")[-3_000:]
