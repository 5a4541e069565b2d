"""Schedules: one's own says so, another's names its owner to those who may know people."""

from __future__ import annotations

from core.actions import Context
from core.values import Caller, Json
from tests.gui.visiting import Building, sees, texts


async def add_as(building: Building, person_id: str) -> None:
    ctx = Context(caller=Caller(network="terminal", external_id=person_id))
    given: dict[str, Json] = {
        "name": "plants",
        "action": "echo",
        "when": "weekdays 09:00",
        "arguments": {"text": "water"},
    }
    await building.house.app.door.dispatch(ctx, "schedules.add", given | {"arguments": {"text": "water"}})


async def test_a_schedule_names_whom_it_runs_as(building: Building) -> None:
    bob = await building.house.app.identity.person("Bob")
    await add_as(building, bob.id)
    for person_id, words in (("", "Bob"), (bob.id, "you")):
        visitor = await building.visitor(person_id)
        await visitor.open("/schedules/plants")
        await sees(visitor, "Runs as")
        await sees(visitor, words)
        assert bob.id not in " ".join(texts(visitor))


async def test_a_schedule_of_somebody_removed_is_still_shown(building: Building) -> None:
    bob = await building.house.app.identity.person("Bob")
    await add_as(building, bob.id)
    await building.house.app.storage.write(
        lambda connection: connection.execute("UPDATE schedule SET owner = 'gone' WHERE name = 'plants'")
    )
    visitor = await building.visitor()
    await visitor.open("/schedules/plants")
    await sees(visitor, "somebody who is no longer here")
