"""Signalbox as people start it: one process on a home of its own, with its times, its memory and its API."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil  # type: ignore[import-untyped]

from core.cli.runfile import Running, find
from core.values import Json
from tests.faults.command import Command

LATEST_S = 60.0
POLL_S = 0.01
LISTENING = re.compile(r"Listening at (http://\S+)")
STARTING = "Signalbox is starting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Seconds from the call of the command, and the processor time the process took until everything was there."""

    status_s: float
    networks_s: float
    login_s: float
    cpu_s: float

    @property
    def everything_s(self) -> float:
        return max(self.networks_s, self.login_s)


@dataclass(frozen=True, slots=True)
class Whole:
    """A process that runs."""

    running: Running
    started: Started

    async def call(self, action: str, **arguments: Json) -> object:
        """What an action says to the local owner."""
        url = f"{self.running.address}/api/v1/actions/{action}"
        headers = {"Authorization": f"Bearer {self.running.token}"}
        async with aiohttp.ClientSession(headers=headers) as http, http.post(url, json=arguments) as response:
            said: object = await response.json()
            assert response.status == 200, said
            return said

    @property
    def resident_mb(self) -> float:
        """Memory in RAM now."""
        return float(psutil.Process(self.running.pid).memory_info().rss) / 2**20

    @property
    def cpu_s(self) -> float:
        """Processor time so far."""
        return cpu_of(self.running.pid)


def cpu_of(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@asynccontextmanager
async def whole(home: Path, environ: Mapping[str, str], networks: tuple[str, ...]) -> AsyncIterator[Whole]:
    """Started, with these networks connected; ended in order after the block."""
    await asyncio.to_thread(home.mkdir, exist_ok=True)
    await asyncio.to_thread((home / "command.log").unlink, missing_ok=True)
    command = Command(home, environ)
    began = time.perf_counter()
    await command.start()
    try:
        async with aiohttp.ClientSession() as http:
            times = await _times(command, http, began, networks)
        running = find(home)
        assert running is not None, command.log
        yield Whole(running, Started(**times, cpu_s=cpu_of(running.pid)))
    finally:
        await command.end()


async def _times(
    command: Command, http: aiohttp.ClientSession, began: float, networks: tuple[str, ...]
) -> dict[str, float]:
    """When each thing was there first."""
    seen: dict[str, float] = {}
    url = ""
    while len(seen) < 3 or find(command.home) is None:
        assert time.perf_counter() - began < LATEST_S, f"only {seen}: {command.log}"
        if not url:
            found = LISTENING.search(command.log)
            url = found.group(1) if found else ""
        else:
            await _look(http, url, networks, seen, began)
        await asyncio.sleep(POLL_S)
    return seen


async def _look(
    http: aiohttp.ClientSession, url: str, networks: tuple[str, ...], seen: dict[str, float], began: float
) -> None:
    async with http.get(f"{url}/status") as response:
        said = await response.json()
    seen.setdefault("status_s", time.perf_counter() - began)
    connections: dict[str, dict[str, object]] = said.get("connections", {})
    if all(connections.get(network, {}).get("state") == "ok" for network in networks):
        seen.setdefault("networks_s", time.perf_counter() - began)
    if "login_s" not in seen:
        async with http.get(f"{url}/login") as response:
            if response.status == 200 and STARTING not in await response.text():
                seen["login_s"] = time.perf_counter() - began
