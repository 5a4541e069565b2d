"""What `/status` says: read from what is in memory, so that it answers in well under 5 ms."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from core.observability.machine import memory_bytes
from core.values import Json, now

if TYPE_CHECKING:  # `/status` is up before the rest of the house is imported
    from core.ports import Health

QUEUE_LAG_S = 60.0
"""Something that waits longer than this makes the whole degraded."""
LOOP_LAG_MS = 250.0

_STARTED = time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """How the figures are read; each answers at once and never raises.

    failing: the names of parts that ended with an error. sandbox_alive: None while the pack is off.
    """

    version: str
    database_open: Callable[[], bool]
    oldest_waiting: Callable[[], timedelta]
    loop_lag_ms: Callable[[], float]
    connections: Callable[[], Mapping[str, Health]]
    failing: Callable[[], Sequence[str]] = tuple
    sandbox_alive: Callable[[], bool | None] = lambda: None


def status(probes: Probes) -> dict[str, Json]:
    """The fields of `/status`. down: the database is closed; degraded: something needs a look."""
    open_ = probes.database_open()
    lag_s = max(0.0, probes.oldest_waiting().total_seconds())
    loop_ms = probes.loop_lag_ms()
    connections = dict(probes.connections())
    worried = (
        any(health.state in ("degraded", "failed") for health in connections.values())
        or lag_s > QUEUE_LAG_S
        or loop_ms > LOOP_LAG_MS
        or bool(probes.failing())
    )
    state: Literal["ok", "degraded", "down"] = "down" if not open_ else "degraded" if worried else "ok"
    return {
        "status": state,
        "version": probes.version,
        "uptimeS": round(time.monotonic() - _STARTED, 1),
        "queueLag": round(lag_s, 1),
        "dbConn": open_,
        "pluginSandboxAlive": probes.sandbox_alive(),
        "heapUsedMB": round(memory_bytes() / 2**20, 1),
        "eventLoopLagMs": round(loop_ms, 2),
        "connections": {network: _connection(health) for network, health in connections.items()},
    }


def _connection(health: Health) -> dict[str, Json]:
    last = health.last_received_at
    age_s = None if last is None else round((now() - last).total_seconds(), 1)
    return {"state": health.state, "lastReceivedAgeS": age_s}
