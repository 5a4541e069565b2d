"""A beat says what was really received, not what a flag claims."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.ports import Health
from core.values import now
from gui.heartbeat import BEATS, Heartbeats, beat


@pytest.mark.parametrize(
    ("health", "worth"),
    [
        (Health(state="ok", last_received_at=now()), "k"),
        (Health(state="ok", last_received_at=now() - timedelta(minutes=5)), "w"),
        (Health(state="ok"), "w"),
        (Health(state="degraded", last_received_at=now()), "w"),
        (Health(state="failed", last_received_at=now()), "b"),
        (Health(state="starting"), "n"),
        (Health(state="off"), "n"),
    ],
)
def test_a_beat_is_worth_what_was_received(health: Health, worth: str) -> None:
    assert beat(health) == worth


def test_only_the_last_beats_are_kept() -> None:
    states = {"slack": Health(state="failed")}
    beats = Heartbeats(lambda: states)
    for _ in range(BEATS + 5):
        beats.look()
    states["slack"] = Health(state="ok", last_received_at=now())
    beats.look()
    assert beats.of("slack") == "b" * (BEATS - 1) + "k"
    assert beats.of("discord") == ""
