"""A beat says what was really received, not what a flag claims."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from core.ports import Health
from core.values import now
from gui.heartbeat import BEATS, Heartbeats, beat

State = Literal["off", "starting", "ok", "degraded", "failed"]


@pytest.mark.parametrize(
    ("state", "age_s", "worth"),
    [
        ("ok", 0, "k"),
        ("ok", 300, "w"),
        ("ok", None, "w"),
        ("degraded", 0, "w"),
        ("failed", 0, "b"),
        ("starting", None, "n"),
        ("off", None, "n"),
    ],
)
def test_a_beat_is_worth_what_was_received(state: State, age_s: int | None, worth: str) -> None:
    received_at = None if age_s is None else now() - timedelta(seconds=age_s)
    assert beat(Health(state=state, last_received_at=received_at)) == worth


def test_only_the_last_beats_are_kept() -> None:
    states = {"slack": Health(state="failed")}
    beats = Heartbeats(lambda: states)
    for _ in range(BEATS + 5):
        beats.look()
    states["slack"] = Health(state="ok", last_received_at=now())
    beats.look()
    assert beats.of("slack") == "b" * (BEATS - 1) + "k"
    assert beats.of("discord") == ""
