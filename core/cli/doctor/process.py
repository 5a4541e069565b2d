"""Checks of the process: does it run, does it answer, is its loop free, who else has its port."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from core.cli.client import Client, NotAnswering
from core.cli.doctor.model import Finding, Situation, fault, ok, skipped, warning
from core.cli.runfile import held_by_another, read
from core.observability.machine import listener_of

SLOW_LAG_MS = 250.0
WAITS_S = 60.0
ANSWER_S = 3.0


def running(situation: Situation) -> Iterator[Finding]:
    """Whether a process runs on this home, and answers."""
    found = situation.running
    if found is None:
        left = read(situation.home)
        if left is not None:
            yield ok(f"Nothing runs here; run.json was left by process {left.pid}, which is gone (it does no harm)")
        elif held_by_another(situation.home):
            yield fault(
                f"A process holds {situation.home / 'run.lock'} but says nothing of itself.",
                f"It may be starting. If it stays so, find it: lsof {situation.home / 'run.lock'}",
            )
        else:
            yield ok("Nothing runs on this data folder now")
        return
    if not found.address:
        yield ok(f"Process {found.pid} uses this data folder for a single command")
        return
    yield from _answering(situation, f"Process {found.pid} at {found.address}")


def _answering(situation: Situation, who: str) -> Iterator[Finding]:
    assert situation.running is not None
    pid = situation.running.pid
    try:
        status = Client(situation.running, timeout_s=ANSWER_S).status()
    except NotAnswering as error:
        yield fault(f"{who} runs but does not answer: {error}.", f"kill {pid}; signalbox run")
        return
    lag, waits = status.get("eventLoopLagMs"), status.get("queueLag")
    yield from _state(str(status.get("status")), who, situation)
    if isinstance(lag, (int, float)) and lag > SLOW_LAG_MS:
        yield warning(f"It is slow to react ({lag:.0f} ms).", "Look at the log for what kept it busy; then: uptime")
    if isinstance(waits, (int, float)) and waits > WAITS_S:
        yield warning(f"The oldest message waits for {waits:.0f} s.", "signalbox deliveries status")
    if status.get("version") != situation.running.version:
        yield warning(f"It is version {status.get('version')}, not the one that wrote run.json.", "signalbox run")
    connections = status.get("connections")
    for name, state in connections.items() if isinstance(connections, dict) else ():
        if isinstance(state, dict) and state.get("state") in ("failed", "degraded"):
            yield warning(f"The connection to {str(name).capitalize()} is {state['state']}.", f"signalbox init {name}")


def _state(state: str, who: str, situation: Situation) -> Iterator[Finding]:
    assert situation.running is not None
    for_s = max(0.0, time.time() - situation.running.started_at)
    if state == "down":
        yield fault(f"{who} is in safe mode.", "What is below Database says why.")
    else:
        yield ok(f"{who} answers ({state}; up {for_s / 60:.0f} min)")


def port(situation: Situation) -> Iterator[Finding]:
    """The port is free, or our own process has it."""
    host, number = situation.settings.host, situation.settings.port
    if situation.running is not None and situation.running.address:
        yield skipped("The port is the running process's own")
        return
    if number == 0 or not taken(host, number):
        yield ok(f"Port {number} is free" if number else "A free port is taken at the start")
        return
    who = listener_of(number)
    yield fault(
        f"Port {number} is in use{f' by {who}' if who else ''}.",
        f"Stop that, or choose another: signalbox run --port {number + 1 if number < 65_535 else 8321}",
    )


def taken(host: str, number: int) -> bool:
    """Whether something listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError:
            return True
    return False
