"""Home: what needs a person stands first, with its remedy; nothing there is said plainly."""

from __future__ import annotations

import asyncio

from core.errors import Rejected
from tests.fakes.chat import incoming
from tests.fakes.house import until
from tests.gui.visiting import Building, press, sees, texts


async def test_a_quiet_home_says_that_nothing_needs_you(building: Building) -> None:
    owner = await building.visitor()
    await owner.open("/")
    await sees(owner, "Nothing needs you now.")
    await sees(owner, "parts are running")
    await sees(owner, "Nobody has asked anything yet.")


async def test_a_failed_delivery_is_sent_again_from_home(building: Building) -> None:
    house = building.house
    house.chat.fail(Rejected("The channel is archived.", hint="Pick another."))
    arrival = await house.hear(incoming("echo hello"))
    await house.settled(arrival)
    await until(lambda: house.chat.sends == 1)
    owner = await building.visitor()
    await owner.open("/")
    await sees(owner, "1 delivery failed")
    await sees(owner, "The channel is archived.")
    await press(owner, "retry-failed")
    await until(lambda: "hello" in house.chat.texts())
    await sees(owner, "Nothing needs you now.")


async def test_a_question_nobody_could_answer_is_listed(building: Building) -> None:
    await building.house.ask("Who waters the office plants on Sundays?")
    owner = await building.visitor()
    await owner.open("/")
    await sees(owner, "1 question nobody could answer")
    await press(owner, "answer-it")
    await sees(owner, "notes add")


async def test_what_waits_for_a_yes_is_run_from_home(building: Building) -> None:
    house = building.house
    bob = await house.app.identity.person("Bob")
    await house.run("people.role", person="Bob", role="admin")
    arrival = await house.hear(incoming("people remove Ann", who="U-bob"))
    await house.settled(arrival)
    visitor = await building.visitor(bob.id)
    await visitor.open("/")
    await sees(visitor, "people remove?")
    await press(visitor, "say-yes")
    await sees(visitor, "Ann is removed.")


async def test_pages_read_without_setting_off_one_another(building: Building) -> None:
    owner = await building.visitor()
    await owner.open("/")
    await sees(owner, "Nothing needs you now.")
    heard: list[str] = []
    listener = building.house.app.bus.subscribe("test")
    building.room.live.flush()
    await until(lambda: building.room.live.watchers > 0)

    async def collect() -> None:
        while True:
            heard.extend(event.name for event in await listener.take())

    task = asyncio.get_running_loop().create_task(collect())
    await asyncio.sleep(2.5)  # the time in which a page that set itself off would have read again twice
    task.cancel()
    assert heard.count("action.done") == 0


async def test_a_member_sees_a_home_of_their_own(building: Building) -> None:
    ann = await building.visitor((await building.house.app.identity.person("Ann")).id)
    await ann.open("/")
    await sees(ann, "Nothing needs you now.")
    assert not [text for text in texts(ann) if "may not run" in text]
