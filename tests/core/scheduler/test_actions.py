from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from core.errors import AppError, Conflict, Denied, InvalidInput, NotFound, UnknownAction
from core.scheduler import ScheduleView, SlotView, store
from core.values import Actor, Caller, CallerKind, Reply, Table
from tests.core.scheduler.parts import ANN, BEGIN, DIRECT, MIA, OPS, House, made, opened
from tests.fakes.waiting import until

WEEKDAYS = {"when": "weekdays 09:00"}


async def add(house: House, name: object = "bell", **arguments: object) -> ScheduleView:
    given = {"name": name, "action": "bell.ring", **arguments}
    if not {"when", "cron", "every_s", "at"} & set(given):
        given.update(WEEKDAYS)
    return cast("ScheduleView", await house.do("schedules.add", **given))


async def test_adding_says_the_next_three_times_in_the_persons_own_zone(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        view = await add(house, action="bell ring", arguments={"tone": "high"}, to="#ops")
        assert view.next_times == (
            "Mon 23 Nov 2026 09:00 Europe/Berlin (in 3 days)",
            "Tue 24 Nov 2026 09:00 Europe/Berlin (in 4 days)",
            "Wed 25 Nov 2026 09:00 Europe/Berlin (in 5 days)",
        )
        assert (view.when, view.action, view.to, view.state) == ("weekdays 09:00", "bell.ring", "slack:#ops", "on")
        assert (view.missed, view.overlap, view.owner) == ("default", "skip", "p-ann")


async def test_an_added_schedule_runs_when_it_is_due(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.start()
        await house.scheduler.ready.wait()
        await add(house, every_s=60)
        house.clock.forward(seconds=61)
        await house.scheduler.catch_up()
        await house.scheduler.idle()
        assert await house.states() == ["ran"]
        assert [message.address.place for message in await house.posted()] == [OPS]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"action": "bell.rnig"}, UnknownAction, "No command is called `bell rnig`. Nothing was run."),
        ({"arguments": {"tune": "x"}}, InvalidInput, "`bell ring`: tune: Extra inputs are not permitted."),
        (
            {"when": "", "cron": ""},
            InvalidInput,
            "A schedule needs one of when, cron, every_s and at; no time was given.",
        ),
        ({"when": "now", "cron": "* * * * *"}, InvalidInput, "several times (cron, when) was given."),
        ({"when": "soonish"}, InvalidInput, "The time 'soonish' is not understood."),
        ({"at": "2020-01-01 09:00"}, InvalidInput, "'2020-01-01 09:00' is over."),
        ({"tz": "Mars/Olympus"}, InvalidInput, "There is no time zone 'Mars/Olympus'."),
        ({"to": "#nowhere"}, InvalidInput, "No channel is called '#nowhere'."),
        (
            {"action": "schedules.remove", "arguments": {"name": "x"}},
            InvalidInput,
            "A schedule cannot change schedules.",
        ),
        ({"name": "two words"}, InvalidInput, "`schedules add`: name: String should match pattern"),
        ({"every_s": 10**9}, InvalidInput, "Every 1000000000 s is not possible."),
    ],
)
async def test_what_does_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, object], error: type[AppError], message: str
) -> None:
    async with opened(tmp_path) as house:
        with pytest.raises(error) as caught:
            await add(house, **arguments)
        assert message in str(caught.value)
        assert await house.do("schedules.list") == ()


async def test_a_name_is_taken_once_and_free_again_after_removal(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await add(house)
        with pytest.raises(Conflict, match="A schedule is called 'bell' already"):
            await add(house)
        await house.do("schedules.remove", name="bell")
        await add(house)


async def test_nobody_schedules_what_they_may_not_run(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        house.identifier.people["p-gus"] = guest = made_guest()
        with pytest.raises(Denied, match="Gus may not run `bell ring`"):
            await house.do("schedules.add", guest, name="x", action="bell.ring", every_s=60)


def made_guest() -> Actor:
    return replace(MIA, person_id="p-gus", name="Gus", roles=frozenset({"guest"}))


async def test_posting_elsewhere_needs_the_right_to_post(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        given = {"name": "x", "action": "bell.ring", "every_s": 60, "to": "slack:#ops"}
        with pytest.raises(Denied, match=r"You may not post to slack:#ops from here. Leave `to` out"):
            await house.do("schedules.add", MIA, DIRECT, **given)
        await house.do("schedules.add", ANN, DIRECT, **given)
        await house.do("schedules.add", MIA, OPS, **{**given, "name": "here"})
        one = await house.storage.read(store.by_name, "x")
        assert one is not None
        assert one.elsewhere


async def test_the_right_to_post_is_asked_of_the_action_when_there_is_one(tmp_path: Path) -> None:
    from core.actions import action
    from core.actions.definition import define
    from core.values import Effect

    @action("chat.post", permission="chat.post", effect=Effect.OUTWARD)
    async def post(channel: str, text: str) -> str:
        """Post."""
        return ""

    async with opened(tmp_path) as house:
        house.door.registry.add(define(post, frozenset()))
        with pytest.raises(Denied, match="You may not post"):
            await house.do("schedules.add", MIA, DIRECT, name="x", action="bell.ring", every_s=60, to="#ops")
        await house.do("schedules.add", ANN, DIRECT, name="x", action="bell.ring", every_s=60, to="#ops")


async def test_a_command_that_asks_first_is_noted(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        view = await add(house, action="bell.melt")
        assert view.note.startswith("`bell melt` cannot be undone: run it once by hand with these arguments")


async def test_a_secret_is_not_kept_in_a_schedule(tmp_path: Path) -> None:
    from core.actions import SecretText, action
    from core.actions.definition import define
    from core.values import Effect

    @action("vault.put", permission="", effect=Effect.WRITE)
    async def put(value: SecretText) -> str:
        """Keep a secret."""
        return value

    put.__annotations__["value"] = SecretText
    async with opened(tmp_path) as house:
        house.door.registry.add(define(put, frozenset()))
        with pytest.raises(InvalidInput, match=r"`vault put` takes a secret \(value\)"):
            await add(house, action="vault.put", arguments={"value": "s3cret"})


async def test_a_schedule_may_go_nowhere(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        assert (await add(house, to="nobody")).to == "nobody"
        nowhere = await house.do("schedules.add", ANN, None, name="y", action="bell.ring", every_s=60)
        assert cast("ScheduleView", nowhere).to == "nobody"
        assert (await add(house, "z")).to == "slack:ops"


async def test_a_model_is_asked_before_it_schedules(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        caller = Caller(network="slack", external_id="p-ann", kind=CallerKind.MODEL, through="local")
        ctx = replace(house.ctx(), caller=caller)
        with pytest.raises(Conflict) as caught:
            await house.door.dispatch(ctx, "schedules.add", {"name": "x", "action": "bell.ring", "every_s": 60})
        assert caught.value.title == "Please confirm"


async def test_listing_and_showing_change_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        for number in range(3):
            await add(house, f"bell{number}", when="in 2 hours")
        house.clock.forward(hours=5)
        before = [await house.storage.read(store.by_name, f"bell{n}") for n in range(3)]
        committed = house.storage.writer.committed
        listed = cast("tuple[ScheduleView, ...]", await house.do("schedules.list"))
        assert [view.name for view in listed] == ["bell0", "bell1", "bell2"]
        await house.do("schedules.show", name="bell1")
        assert await house.do("schedules.history", name="bell1") == ()
        assert [await house.storage.read(store.by_name, f"bell{n}") for n in range(3)] == before
        assert house.storage.writer.committed == committed


async def test_a_once_schedule_is_done_afterwards(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await add(house, at="2026-11-20 09:30")
        house.clock.forward(minutes=30)
        await house.run_due()
        view = cast("ScheduleView", await house.do("schedules.show", name="bell"))
        assert (view.state, view.last_state, view.next_times, view.when) == ("done", "ran", (), "on 2026-11-20 09:30")


async def test_pausing_stops_it_and_what_came_due_meanwhile_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await add(house, every_s=600)
        view = cast("ScheduleView", await house.do("schedules.pause", name="bell", reason="holidays"))
        assert (view.state, view.paused_reason, view.next_times) == ("paused", "holidays", ())
        with pytest.raises(Conflict, match="The schedule 'bell' is paused already: holidays"):
            await house.do("schedules.pause", name="bell")
        house.clock.forward(minutes=25)
        await house.run_due()
        resumed = cast("ScheduleView", await house.do("schedules.resume", name="bell"))
        assert resumed.next_due == BEGIN + timedelta(minutes=30)
        slots = cast("tuple[SlotView, ...]", await house.do("schedules.history", name="bell"))
        assert [(slot.state, slot.reason) for slot in slots] == [("skipped", "The schedule was paused: holidays")] * 2
        with pytest.raises(Conflict, match=r"The schedule 'bell' is not paused."):
            await house.do("schedules.resume", name="bell")
        assert cast("ScheduleView", await house.do("schedules.pause", name="bell")).paused_reason == "by Ann"


async def test_each_change_is_taken_back_by_undo(tmp_path: Path) -> None:
    from core.actions import actions as own

    async with opened(tmp_path) as house:
        house.door.provide(house.storage)
        from core.actions import Answers

        house.door.provide(Answers(house.door, house.storage))
        house.door.registry.add_module(own)
        await add(house)
        await house.do("schedules.remove", name="bell")
        assert await house.do("schedules.list") == ()
        await house.do("undo")
        [view] = cast("tuple[ScheduleView, ...]", await house.do("schedules.list"))
        assert (view.name, view.when) == ("bell", "weekdays 09:00")
        await house.do("schedules.pause", name="bell")
        await house.do("undo")
        [view] = cast("tuple[ScheduleView, ...]", await house.do("schedules.list"))
        assert view.state == "on"


async def test_a_removed_schedule_comes_back_only_while_its_name_is_free(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await add(house)
        one = await house.storage.read(store.by_name, "bell")
        assert one is not None
        await house.do("schedules.remove", name="bell")
        with pytest.raises(Conflict, match="removed before"):
            await house.storage.write(store.remove, one.id, "")
        with pytest.raises(NotFound, match="No removed schedule of yours"):
            await house.do("schedules.restore", MIA, schedule_id=one.id)
        await add(house)
        with pytest.raises(Conflict, match="A schedule is called 'bell' already"):
            await house.do("schedules.restore", schedule_id=one.id)
        await house.do("schedules.remove", name="bell")
        await house.do("schedules.restore", schedule_id=one.id)
        with pytest.raises(Conflict, match="is back already"):
            await house.storage.write(store.restore, one, None)


async def test_run_adds_a_slot_of_its_own_marked_manual(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.start()
        await house.scheduler.ready.wait()
        await add(house, every_s=3600)
        await house.do("schedules.pause", name="bell")
        reply = cast("Reply", await house.do("schedules.run", name="bell"))
        assert reply.text == "**bell** runs now. `schedules history bell` shows how it went."
        await house.scheduler.catch_up()
        await house.scheduler.idle()
        [slot] = await house.history()
        assert (slot.state, slot.manual, len(await house.posted())) == ("ran", True, 1)


async def test_a_change_wakes_the_scheduler(tmp_path: Path) -> None:

    async with opened(tmp_path) as house:
        await house.start()
        await house.scheduler.ready.wait()
        await add(house, every_s=3600)
        await house.do("schedules.run", name="bell")
        await until(lambda: bool(house.bell.rung))
        await house.scheduler.idle()


async def test_somebody_elses_schedule_is_not_changed_and_a_private_one_not_shown(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await add(house)
        await house.do("schedules.add", ANN, DIRECT, name="private", action="bell.ring", every_s=60)
        seen = cast("tuple[ScheduleView, ...]", await house.do("schedules.list", MIA))
        assert [view.name for view in seen] == ["bell"]
        with pytest.raises(Denied, match=r"The schedule 'bell' is somebody else's."):
            await house.do("schedules.pause", MIA, name="bell")
        with pytest.raises(NotFound, match=r"There is no schedule 'private'. `schedules list` shows what there is."):
            await house.do("schedules.show", MIA, None, name="private")
        with pytest.raises(NotFound, match=r"There is no schedule 'bel'. Nearest: bell."):
            await house.do("schedules.show", MIA, name="bel")
        listed = cast("tuple[ScheduleView, ...]", await house.do("schedules.list", ANN, None))
        assert len(listed) == 2


async def test_a_preview_of_a_new_schedule_shows_times_message_and_buttons(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        house.bell.reply = Reply(text="ding", table=Table(headings=("a",), rows=(("b",),)))
        reply = cast(
            "Reply",
            await house.do(
                "schedules.preview", name="new", action="bell ring", arguments={"tone": 'a "b"'}, to="#ops", **WEEKDAYS
            ),
        )
        assert reply.text.splitlines()[0] == "**new**: weekdays 09:00, `bell ring` to slack:#ops"
        assert "Next: Mon 23 Nov 2026 09:00 Europe/Berlin (in 3 days); Tue 24" in reply.text
        assert reply.text.endswith("\n\nding")
        assert (reply.table is not None, reply.private) == (True, True)
        assert reply.buttons[0].label == "Turn on"
        assert reply.buttons[0].value == (
            'schedules add new bell.ring --when "weekdays 09:00" '
            '--arguments "{\\"tone\\":\\"a \\\\\\"b\\\\\\"\\"}" --to "#ops"'
        )
        assert reply.buttons[1].label == "Post once now"
        assert ' --when "now" ' in reply.buttons[1].value
        assert await house.posted() == []
        assert await house.do("schedules.list") == ()


async def test_a_preview_of_one_there_is_offers_to_resume_and_to_post_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await add(house)
        house.bell.reply = Reply(text="", found=False)
        reply = cast("Reply", await house.do("schedules.preview", name="bell"))
        assert reply.text.endswith("_Nothing to say now: it would not post._")
        assert [button.value for button in reply.buttons] == ["schedules run bell"]
        await house.do("schedules.pause", name="bell", reason="why not")
        reply = cast("Reply", await house.do("schedules.preview", name="bell"))
        assert "(paused: why not)" in reply.text
        assert [button.value for button in reply.buttons] == ["schedules resume bell", "schedules run bell"]


async def test_a_preview_of_what_changes_something_only_says_what_it_would_do(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        reply = cast("Reply", await house.do("schedules.preview", name="new", action="bell.melt", every_s=60))
        assert reply.text.endswith("It would run `bell melt`: Melt the bell.")
        assert "run it once by hand" in reply.text
        assert house.bell.rung == []


async def test_the_default_zone_is_the_settings_then_utc(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        assert (
            cast(
                "ScheduleView", await house.do("schedules.add", MIA, name="a", action="bell.ring", every_s=60)
            ).timezone
            == "UTC"
        )
        house.scheduler.book._timezone = "Asia/Tokyo"
        assert (
            cast(
                "ScheduleView", await house.do("schedules.add", MIA, name="b", action="bell.ring", every_s=60)
            ).timezone
            == "Asia/Tokyo"
        )
        assert made().timezone == "UTC"


async def test_the_buttons_of_a_preview_are_commands_that_set_up_the_same(tmp_path: Path) -> None:
    from core.conversation.grammar import bind, parse

    async with opened(tmp_path) as house:
        given = {"arguments": {"tone": 'a "b" \\ c'}, "to": "#ops", "missed": "all", "overlap": "queue"}
        reply = cast("Reply", await house.do("schedules.preview", name="new", action="bell.ring", **given, **WEEKDAYS))
        for button, when in zip(reply.buttons, ("weekdays 09:00", "now"), strict=True):
            command = parse(button.value, house.door.registry.names())
            assert command is not None
            bound = bind(command, house.door.registry.get("schedules.add"))
            expected = {**given, "action": "bell.ring", "when": when}
            assert {name: value for name, value in bound.items() if name != "name"} == expected
            await house.do("schedules.add", **bound)
        assert len(cast("tuple[ScheduleView, ...]", await house.do("schedules.list"))) == 2
