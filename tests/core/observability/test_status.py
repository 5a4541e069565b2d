from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import psutil  # type: ignore[import-untyped]

from core.observability import Probes, status
from core.observability.machine import memory_bytes
from core.ports import Health
from core.values import now


def probes(**changes: object) -> Probes:
    well = Probes(
        version="1.2.3",
        database_open=lambda: True,
        oldest_waiting=lambda: timedelta(0),
        loop_lag_ms=lambda: 1.234,
        connections=dict,
    )
    return replace(well, **changes)  # type: ignore[arg-type]


def test_status_has_the_fields_other_programs_rely_on() -> None:
    said = status(probes())
    assert list(said) == [
        "status",
        "version",
        "uptimeS",
        "queueLag",
        "dbConn",
        "pluginSandboxAlive",
        "heapUsedMB",
        "eventLoopLagMs",
        "connections",
    ]
    assert (said["status"], said["version"], said["dbConn"]) == ("ok", "1.2.3", True)
    assert (said["pluginSandboxAlive"], said["eventLoopLagMs"]) == (None, 1.23)


def test_a_connection_shows_the_age_of_what_it_really_received() -> None:
    heard = Health(state="ok", last_received_at=now() - timedelta(seconds=30))
    said = status(probes(connections=lambda: {"slack": heard, "discord": Health(state="starting")}))
    connections = said["connections"]
    assert isinstance(connections, dict)
    slack = connections["slack"]
    assert isinstance(slack, dict)
    age_s = slack["lastReceivedAgeS"]
    assert isinstance(age_s, float)
    assert 30 <= age_s < 35
    assert connections["discord"] == {"state": "starting", "lastReceivedAgeS": None}


def test_what_needs_a_look_makes_it_degraded() -> None:
    broken = [
        probes(connections=lambda: {"slack": Health(state="failed")}),
        probes(oldest_waiting=lambda: timedelta(minutes=5)),
        probes(loop_lag_ms=lambda: 900.0),
        probes(failing=lambda: ("clock",)),
    ]
    assert [status(one)["status"] for one in broken] == ["degraded"] * 4


def test_a_closed_database_is_down() -> None:
    said = status(probes(database_open=lambda: False))
    assert (said["status"], said["dbConn"]) == ("down", False)


def test_status_answers_in_well_under_5_ms() -> None:
    took = []
    for _ in range(50):
        started = time.perf_counter()
        status(probes())
        took.append(time.perf_counter() - started)
    assert sorted(took)[len(took) // 2] < 0.005


def test_memory_is_what_the_system_says() -> None:
    assert 0.5 < memory_bytes() / psutil.Process().memory_info().rss < 2
