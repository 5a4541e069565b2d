from __future__ import annotations

from pathlib import Path

import pytest

from core.config import Settings
from core.errors import Limited
from core.identity import SYSTEM, PersonLimits
from core.values import Actor

ANN = Actor(person_id="p1", name="Ann")
BOB = Actor(person_id="p2", name="Bob")


def limits(count: int) -> PersonLimits:
    return PersonLimits(Settings.model_validate({"home": Path("/x"), "limits": {"per_person_per_min": count}}))


def test_one_persons_flood_is_stopped_and_stops_nobody_else() -> None:
    counted = limits(3)
    for _ in range(3):
        counted.hit(ANN, "echo")
    with pytest.raises(
        Limited, match=r"^Ann asked for more than 3 things in a minute\. Try again in \d+ s\.$"
    ) as limited:
        counted.hit(ANN, "echo")
    assert 0 < limited.value.retry_after_s <= 60
    counted.hit(BOB, "echo")


def test_signalboxs_own_work_is_not_counted() -> None:
    counted = limits(1)
    for _ in range(5):
        counted.hit(SYSTEM, "echo")
