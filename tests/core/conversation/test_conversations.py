"""From an arrival to its one reply: order, manners, edits, lateness, and what a restart leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.actions import Context, action
from core.actions.definition import define
from core.errors import Limited, Rejected, Unavailable
from core.values import Caller, Effect, IncomingKind, Place, Reply
from tests.fakes.chat import OPS, SECRET, FakeChat, incoming
from tests.fakes.house import House, open_house, until

DIRECT = Place(network="fake", workspace_id="T1", channel_id="D-ann", kind="direct")


class Slow:
    """Lets a test decide when a slow action goes on."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.started: list[str] = []


def teach_slow(house: House) -> Slow:
    """Give the App an action that waits."""
    slow = Slow()
    house.app.door.provide(slow)

    @action("test.slow", permission="conversation.ask", effect=Effect.READ)
    async def run(slow: Slow, ctx: Context, name: str) -> Reply:
        """Answer when the test says so."""
        slow.started.append(name)
        ctx.sink.text(f"working on {name}")
        await slow.gate.wait()
        return Reply(text=f"done {name}")

    run.__annotations__ = {"slow": Slow, "ctx": Context, "name": str, "return": Reply}
    house.app.door.registry.add(define(run, frozenset({Slow})))
    return slow


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as one:
        yield one


async def test_a_command_is_answered_in_its_thread(house: House) -> None:
    answer = await house.ask("echo hello")
    assert answer.reply.text == "hello"
    assert (answer.place.key, answer.place.thread_id != "") == (OPS.key, True)
    assert answer.only_for == ""


async def test_a_question_is_answered_from_a_note_with_its_source(house: House) -> None:
    await house.run("notes.add", text="The wifi password is on the fridge.")
    answer = await house.ask("Where is the wifi password?")
    assert "on the fridge" in answer.reply.text
    assert answer.reply.produced_by is not None
    assert answer.reply.produced_by.label == "quotes only, no model"
    assert len(answer.reply.sources) == 1


async def test_a_question_nothing_answers_gets_the_honest_word(house: House) -> None:
    await house.run("notes.add", text="The wifi password is on the fridge.")
    answer = await house.ask("Who painted the ceiling of the chapel?")
    assert answer.reply.text.startswith("I found nothing that answers this.")
    listed = await house.run("conversation.unanswered")
    assert isinstance(listed, tuple)
    assert [one.question for one in listed] == ["Who painted the ceiling of the chapel?"]


async def test_a_second_copy_of_a_message_is_not_answered(house: House) -> None:
    first = incoming("echo once")
    assert await house.app.conversations.accept(first)
    again = replace(first, id="another", event_id="another-delivery")
    assert not await house.app.conversations.accept(again)
    await house.answer_to(first)
    assert house.chat.texts() == ["once"]


async def test_a_redelivered_press_is_not_answered_twice(house: House) -> None:
    press = incoming("", kind=IncomingKind.PRESS, value="run:echo pressed")
    assert await house.app.conversations.accept(press)
    assert not await house.app.conversations.accept(replace(press, id="another"))


async def test_messages_of_a_conversation_are_answered_in_order(house: House) -> None:
    arrivals = [await house.hear(incoming(f"echo {n}", thread="t1")) for n in range(20)]
    for arrival in arrivals:
        await house.answer_to(arrival)
    assert house.chat.texts() == [str(n) for n in range(20)]


async def test_a_slow_conversation_holds_up_no_other(house: House) -> None:
    slow = teach_slow(house)
    held = await house.hear(incoming("test slow one", thread="t1"))
    behind = await house.hear(incoming("echo behind", thread="t1"))
    await until(lambda: slow.started)
    assert (await house.ask("echo free", who="U-bob")).reply.text == "free"
    assert await house.outcome(behind) == ""
    slow.gate.set()
    assert (await house.answer_to(held)).reply.text == "done one"
    assert (await house.answer_to(behind)).reply.text == "behind"


async def test_one_persons_flood_delays_nobody_else(house: House) -> None:
    slow = teach_slow(house)
    for n in range(50):
        await house.hear(incoming(f"test slow {n}", thread=f"t{n}"))
    await until(lambda: slow.started)
    assert (await house.ask("echo me too", who="U-bob")).reply.text == "me too"
    assert len(slow.started) <= 2
    slow.gate.set()


async def test_help_errors_and_refusals_are_for_their_person_only(house: House) -> None:
    for text in ("help", "notes ad x", "people add Eve", "why people add"):
        assert (await house.ask(text)).only_for == "U-ann", text


async def test_a_refusal_names_the_rule(house: House) -> None:
    answer = await house.ask("people add Eve")
    assert "Ann may not run `people add`" in answer.reply.text
    assert "`why people add` explains" in answer.reply.text


async def test_an_unknown_command_names_the_nearest_and_runs_nothing(house: House) -> None:
    answer = await house.ask("notes ad milk")
    assert "No command is called `notes ad`. Nothing was run." in answer.reply.text
    assert "`notes add`" in answer.reply.text


async def test_what_is_not_addressed_to_the_bot_is_left_alone(house: House) -> None:
    arrival = await house.hear(incoming("just talking", addressed=False))
    assert await house.settled(arrival) == "ignored: not addressed to the bot"
    assert house.chat.texts() == []


async def test_other_bots_are_ignored(house: House) -> None:
    arrival = await house.hear(incoming("echo hi", who="U-ann", sender="bot"))
    assert await house.settled(arrival) == "ignored: written by a bot"


async def test_a_loop_of_two_bots_ends_after_three_answers(tmp_path: Path) -> None:
    environ = {"SIGNALBOX_CONVERSATION__BOTS_ALLOWED": OPS.key}
    async with open_house(tmp_path, environ=environ) as house:
        await house.let_in("U-robo", "Robo", "guest")
        arrivals = [await house.hear(incoming("echo hi", who="U-robo", sender="bot", thread="t")) for _ in range(5)]
        outcomes = [await house.settled(one) for one in arrivals]
        assert outcomes[:3] == ["answered"] * 3
        assert outcomes[3:] == ["ignored: the other bot had 3 answers in a row"] * 2
        await house.ask("echo a person speaks", thread="t")
        assert (
            await house.settled(await house.hear(incoming("echo hi", who="U-robo", sender="bot", thread="t")))
            == "answered"
        )


async def test_somebody_unknown_gets_a_code_once_and_alone(house: House) -> None:
    answer = await house.ask("echo let me in", who="U-eve")
    assert answer.only_for == "U-eve"
    assert "let me in" not in answer.reply.text
    again = await house.hear(incoming("echo again", who="U-eve"))
    assert (await house.settled(again)).startswith("ignored: nobody knows the sender")


async def test_an_admin_is_told_and_lets_a_stranger_in(house: House) -> None:
    await house.let_in("U-ada", "Ada", "admin")
    await house.ask("echo let me in", who="U-eve")
    await until(lambda: any(one.place.channel_id == "D-U-ada" for one in house.chat.shown.values()))
    notice = next(one for one in house.chat.shown.values() if one.place.channel_id == "D-U-ada")
    assert notice.reply.text.startswith("**eve** (fake) wrote to me")
    assert [button.label for button in notice.reply.buttons] == ["Approve as member", "Approve as guest", "Refuse"]
    direct = Place(network="fake", workspace_id="T1", channel_id="D-U-ada", kind="direct")
    await house.press(notice.reply.buttons[0].value, who="U-ada", place=direct)
    assert (await house.ask("echo hello", who="U-eve")).reply.text == "hello"


async def test_an_edited_question_updates_its_answer(house: House) -> None:
    first = await house.ask("echo teh answer", message_id="q1")  # codespell:ignore teh
    edit = incoming("echo the answer", kind=IncomingKind.EDIT, message_id="q1")
    await house.settled(await house.hear(edit))
    await until(lambda: first.edits == 1)
    assert house.chat.texts() == ["the answer"]


async def test_an_edited_command_with_an_effect_is_not_run_again(house: House) -> None:
    await house.ask("notes add 'one'", message_id="q1")
    edit = await house.hear(incoming("notes add 'two'", kind=IncomingKind.EDIT, message_id="q1"))
    assert await house.settled(edit) == "ignored: an edited command is not run again"
    notes = await house.run("notes.list")
    assert isinstance(notes, tuple)
    assert [note.text for note in notes] == ["one"]


async def test_a_deleted_question_withdraws_its_answer(house: House) -> None:
    await house.ask("echo soon gone", message_id="q1")
    await house.settled(await house.hear(incoming("", kind=IncomingKind.DELETE, message_id="q1")))
    await until(lambda: house.chat.deleted)
    assert house.chat.texts() == []


async def test_deleting_a_question_that_is_being_answered_ends_it(house: House) -> None:
    slow = teach_slow(house)
    held = await house.hear(incoming("test slow one", message_id="q1", thread="q1"))
    await until(lambda: slow.started)
    await house.hear(incoming("", kind=IncomingKind.DELETE, message_id="q1", thread="q1"))
    assert await house.settled(held) == "ignored: withdrawn"
    assert house.chat.texts() == []


async def test_stop_ends_the_running_answer_of_its_asker(house: House) -> None:
    slow = teach_slow(house)
    held = await house.hear(incoming("test slow one", thread="t"))
    await until(lambda: slow.started)
    await house.hear(incoming("stop", who="U-bob", thread="t"))
    assert await house.outcome(held) == ""
    stop = await house.hear(incoming("stop", thread="t"))
    assert (await house.answer_to(held)).reply.text == "Stopped."
    assert (await house.answer_to(stop)).only_for == "U-ann"


async def test_a_long_answer_grows_in_one_message_that_becomes_the_answer(house: House) -> None:
    slow = teach_slow(house)
    held = await house.hear(incoming("test slow one"))
    await until(lambda: house.chat.opened, what="the placeholder")
    assert house.chat.texts() == ["working on one"]
    slow.gate.set()
    answer = await house.answer_to(held)
    assert (answer.reply.text, len(house.chat.shown), answer.edits) == ("done one", 1, 1)


async def test_the_stop_button_ends_an_answer(house: House) -> None:
    slow = teach_slow(house)
    held = await house.hear(incoming("test slow one", thread="t"))
    await until(lambda: slow.started)
    await house.hear(incoming("", kind=IncomingKind.PRESS, value=f"stop:{held.id}", thread="t"))
    assert (await house.answer_to(held)).reply.text == "Stopped."


async def test_after_a_kill_the_placeholder_that_was_posted_becomes_the_answer(tmp_path: Path) -> None:
    chat = FakeChat()
    async with open_house(tmp_path, chat) as house:
        slow = teach_slow(house)
        held = await house.hear(incoming("test slow one", age=timedelta(seconds=10)))
        await until(lambda: chat.opened)
        assert slow.started
    async with open_house(tmp_path, chat) as house:
        teach_slow(house).gate.set()
        answer = await house.answer_to(held)
        assert (answer.reply.text, len(chat.shown)) == ("done one", 1)


async def test_what_waited_when_the_process_ended_is_answered_after_the_restart(tmp_path: Path) -> None:
    chat = FakeChat()
    async with open_house(tmp_path, chat, start=False) as house:
        arrivals = [await house.hear(incoming(f"echo {n}", thread="t")) for n in range(5)]
    assert chat.texts() == []
    async with open_house(tmp_path, chat) as house:
        for arrival in arrivals:
            await house.answer_to(arrival)
        assert chat.texts() == [str(n) for n in range(5)]


async def test_a_late_message_is_answered_with_an_apology(house: House) -> None:
    answer = await house.ask("echo hello", age=timedelta(hours=2))
    assert answer.reply.text == "*Asked 2 h ago; I was offline.*\n\nhello"


async def test_a_command_with_an_effect_that_is_late_asks_first(house: House) -> None:
    answer = await house.ask("notes add 'late'", age=timedelta(minutes=12))
    assert "was asked 12 min ago" in answer.reply.text
    assert await house.run("notes.list") == ()
    yes = answer.reply.buttons[0].value
    await house.press(yes)
    notes = await house.run("notes.list")
    assert isinstance(notes, tuple)
    assert len(notes) == 1


async def test_old_messages_are_listed_once_and_answered_when_somebody_says_so(house: House) -> None:
    arrivals = [await house.hear(incoming(f"echo old {n}", age=timedelta(hours=6 + n))) for n in range(3)]
    for arrival in arrivals:
        assert await house.settled(arrival) in ("asked", "listed")
    await until(lambda: house.chat.shown)
    (notice,) = house.chat.shown.values()
    assert notice.reply.text.splitlines()[0] == "While I was offline 3 messages for me were written here:"
    assert [button.label for button in notice.reply.buttons] == [
        "Answer all",
        "Answer 1",
        "Answer 2",
        "Answer 3",
        "Drop",
    ]
    await house.press(notice.reply.buttons[0].value)
    await until(lambda: len(house.chat.shown) == 5)
    assert {"old 0", "old 1", "old 2"} <= set(house.chat.texts())


async def test_old_messages_can_be_dropped(house: House) -> None:
    await house.hear(incoming("echo old", age=timedelta(hours=6)))
    await until(lambda: house.chat.shown)
    (notice,) = house.chat.shown.values()
    drop = next(button.value for button in notice.reply.buttons if button.label == "Drop")
    assert (await house.press(drop)).reply.text == "1 is dropped."
    again = await house.press(drop)
    assert "Nothing of that list is left." in again.reply.text


async def test_an_answer_whose_receipt_was_lost_is_not_sent_twice(house: House) -> None:
    house.chat.fail(Unavailable("The socket died.", sent=None), after=True)
    assert (await house.ask("echo once")).reply.text == "once"
    assert house.chat.texts() == ["once"]
    assert house.chat.sends == 1


async def test_an_answer_that_did_not_arrive_is_sent_again(house: House) -> None:
    house.chat.fail(Unavailable("No network."), times=2)
    assert (await house.ask("echo once")).reply.text == "once"
    assert house.chat.sends == 3


async def test_the_networks_wish_to_wait_is_respected_in_order(house: House) -> None:
    house.chat.fail(Limited("Too fast.", retry_after_s=0.05), times=3)
    arrivals = [await house.hear(incoming(f"echo {n}", thread="t")) for n in range(3)]
    for arrival in arrivals:
        await house.answer_to(arrival)
    assert house.chat.texts() == ["0", "1", "2"]


async def test_a_refused_answer_is_shown_as_failed_and_can_be_sent_again(house: House) -> None:
    house.chat.fail(Rejected("The channel is archived.", hint="Ask an admin."))
    arrival = await house.hear(incoming("echo once"))
    await house.settled(arrival)
    deliveries: object = ()
    async with asyncio.timeout(5):
        while not deliveries:
            deliveries = await house.run("deliveries.status", state="failed")
    assert isinstance(deliveries, tuple)
    assert deliveries[0].error == "The channel is archived. Ask an admin."
    await house.run("deliveries.retry", delivery_id=deliveries[0].id)
    assert (await house.answer_to(arrival)).reply.text == "once"


async def test_a_flood_is_told_so_once(tmp_path: Path) -> None:
    async with open_house(tmp_path):
        pass  # people are let in without the limit
    async with open_house(tmp_path, environ={"SIGNALBOX_LIMITS__PER_PERSON_PER_MIN": "3"}) as house:
        arrivals = [await house.hear(incoming(f"echo {n}", thread="t")) for n in range(6)]
        outcomes = [await house.settled(one) for one in arrivals]
        assert outcomes == ["answered"] * 3 + ["refused"] + ["ignored: too many in a short time"] * 2


async def test_what_only_the_asker_may_see_comes_privately_and_can_be_shared(house: House) -> None:
    await house.ask("echo I read this", place=SECRET)
    await house.run("notes.add", text="The vault code is 4711 for the basement.", visible=[SECRET.key])
    answer = await house.ask("What is the vault code for the basement?")
    assert answer.only_for == "U-ann"
    assert "4711" in answer.reply.text
    assert "Only you see this" in answer.reply.text
    share = answer.reply.buttons[0]
    assert share.label == "Share here"
    stranger = await house.press(share.value, who="U-bob")
    assert "4711" not in stranger.reply.text
    await house.press(share.value)
    await until(lambda: any("Shared by Ann" in text for text in house.chat.texts()))
    shared = next(one for one in house.chat.shown.values() if "Shared by Ann" in one.reply.text)
    assert (shared.only_for, "4711" in shared.reply.text, len(shared.reply.sources)) == ("", True, 1)


async def test_somebody_without_the_right_gets_nothing_of_a_private_place(house: House) -> None:
    await house.run("notes.add", text="The vault code is 4711 for the basement.", visible=[SECRET.key])
    answer = await house.ask(
        "What is the vault code for the basement?", who="U-bob", place=replace(DIRECT, channel_id="D-bob")
    )
    assert "4711" not in answer.reply.text


async def test_thumbs_are_kept_one_a_person(house: House) -> None:
    await house.run("notes.add", text="The wifi password is on the fridge.")
    answer = await house.ask("Where is the wifi password?")
    await house.press(f"good:{answer.reply.answer_id}")
    await house.press(f"bad:{answer.reply.answer_id}")
    assert await house.rows("SELECT good FROM rating") == [(0,)]


async def test_a_direct_conversation_is_shown_to_its_participant_only(house: House) -> None:
    await house.ask("echo between us", place=DIRECT)
    owner = await house.run("conversation.list")
    assert isinstance(owner, tuple)
    assert [thread.last_text for thread in owner] == []


async def test_a_text_said_in_the_room_comes_back_with_its_reply(house: House) -> None:
    owner = await house.app.identity.ensure_owner()
    me = Caller(network="room", external_id=owner.id)
    said = await house.app.conversations.say(me, "echo hello", network="room", key="k")
    again = await house.app.conversations.say(me, "echo hello", network="room", key="k", conversation=said.conversation)
    assert (said.reply.text, again.reply.text) == ("hello", "hello")
    threads = await house.run("conversation.list")
    assert isinstance(threads, tuple)
    assert [(thread.network, thread.exchanges) for thread in threads] == [("room", 1)]


async def test_everyone_is_rung_only_after_a_yes(house: House) -> None:
    answer = await house.ask("chat post fake:#ops 'hello @here'", who="U-bob")
    assert "would ring everyone in the channel" in answer.reply.text
    assert "hello @here" not in house.chat.texts()
    await house.press(answer.reply.buttons[0].value, who="U-bob")
    await until(lambda: "hello @here" in house.chat.texts())


async def test_a_button_pressed_again_says_that_it_was_answered(house: House) -> None:
    answer = await house.ask("chat post fake:#ops 'hello @here'", who="U-bob")
    yes = answer.reply.buttons[0].value
    await house.press(yes, who="U-bob")
    assert "This was answered before. Nothing was run." in (await house.press(yes, who="U-bob")).reply.text


@pytest.mark.parametrize(
    "value", ["confirm:nonsense", "confirm:", "good:nonsense", "catch-up:all:", "catch-up:::", "decline:x"]
)
async def test_a_button_nobody_made_gets_a_clear_error(house: House, value: str) -> None:
    answer = await house.press(value)
    assert answer.only_for == "U-ann"
    assert answer.reply.text.startswith("**")


async def test_aliases_stand_for_commands(house: House) -> None:
    await house.run("alias.add", name="hi", command="echo hello {1}")
    assert (await house.ask("hi Ann")).reply.text == "hello Ann"
    await house.run("undo")
    assert (await house.ask("hi Ann")).reply.text != "hello Ann"


async def test_a_full_disk_loses_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.conversation import lanes

    monkeypatch.setattr(lanes, "RETRY_S", 0.05)
    slow = teach_slow(house)
    held = await house.hear(incoming("test slow one"))
    await until(lambda: slow.started)
    await house.app.storage.write(lambda c: c.execute("PRAGMA max_page_count = 1") and None)
    await house.app.storage.write(lambda c: c.execute("PRAGMA cache_spill = OFF") and None)
    slow.gate.set()
    await asyncio.sleep(0.2)
    await house.app.storage.write(lambda c: c.execute("PRAGMA max_page_count = 1000000") and None)
    assert (await house.answer_to(held)).reply.text == "done one"


async def test_a_secret_typed_in_chat_is_kept_nowhere_but_sealed(house: House) -> None:
    await house.let_in("U-ada", "Ada", "owner")
    place = replace(DIRECT, channel_id="D-ada")
    answer = await house.ask("vault save GITHUB_TOKEN made-up-value-4711", who="U-ada", place=place)
    assert "4711" not in answer.reply.text
    late = await house.ask("vault save GITHUB_TOKEN made-up-4711", who="U-ada", place=place, age=timedelta(minutes=9))
    assert "cannot wait for a yes" in late.reply.text
    await house.ask("vault save GITHUB_TOKEN made-up-4711 --tag x", who="U-ada", place=place, message_id="slip")
    edit = incoming("vault save made-up-4711", kind=IncomingKind.EDIT, message_id="slip", who="U-ada", place=place)
    await house.settled(await house.hear(edit))
    tables = [str(row[0]) for row in await house.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        if not table.startswith(("chunk_", "vec")):
            assert "4711" not in repr(await house.rows(f"SELECT * FROM {table}")), table


async def test_an_arrival_during_the_start_is_answered_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, start=False) as house:
        arrivals = [await house.hear(incoming(f"echo {n}", thread="t")) for n in range(30)]
        house.app.start()
        arrivals += [await house.hear(incoming(f"echo {n}", thread="t")) for n in range(30, 60)]
        for arrival in arrivals:
            await house.answer_to(arrival)
        assert house.chat.texts() == [str(n) for n in range(60)]
        assert house.app.supervisor.parts["conversations"].restarts == 0


async def test_a_private_answer_never_replaces_a_public_one(house: House) -> None:
    await house.ask("echo I read this", place=SECRET)
    await house.run("notes.add", text="The vault code is 4711 for the basement.", visible=[SECRET.key])
    await house.ask("echo public", message_id="q1")
    question = "What is the vault code for the basement?"
    await house.settled(await house.hear(incoming(question, kind=IncomingKind.EDIT, message_id="q1")))
    await until(lambda: house.chat.deleted and any("4711" in text for text in house.chat.texts()))
    assert all(one.only_for == "U-ann" for one in house.chat.shown.values() if "4711" in one.reply.text)
    assert "public" not in house.chat.texts()


async def test_a_private_answer_is_read_by_its_asker_alone_in_the_conversations(house: House) -> None:
    await house.ask("echo hello", who="U-bob", place=SECRET)
    await house.ask("notes ad x", place=SECRET)
    bob = Context(caller=Caller(network="fake", external_id="U-bob"))
    threads = (await house.app.door.dispatch(bob, "conversation.list", {})).value
    assert isinstance(threads, tuple)
    assert [thread.last_text for thread in threads] == ["echo hello"]


async def test_an_edit_shows_in_the_conversation(house: House) -> None:
    await house.ask("echo teh", message_id="q1")  # codespell:ignore teh
    await house.settled(await house.hear(incoming("echo the", kind=IncomingKind.EDIT, message_id="q1")))
    assert await house.rows("SELECT question FROM exchange") == [("echo the",)]


async def test_people_of_other_organisations_get_nothing_the_team_knows(house: House) -> None:
    await house.run("notes.add", text="The wifi password is on the fridge.")
    answer = await house.ask("Where is the wifi password?", place=replace(OPS, channel_id="C-connect", shared=True))
    assert (answer.only_for, "fridge" in answer.reply.text) == ("U-ann", True)


async def test_a_forms_fields_are_read_like_options(house: House) -> None:
    fields = {"text": "from a form", "tags": "a, b", "share": ""}
    form = incoming("", kind=IncomingKind.FORM, value="form:notes.add", change=lambda one: replace(one, fields=fields))
    await house.answer_to(await house.hear(form))
    notes = await house.run("notes.list")
    assert isinstance(notes, tuple)
    assert [(note.text, note.tags) for note in notes] == [("from a form", ("a", "b"))]


async def test_a_command_that_is_not_answered_says_so_to_its_person(house: House) -> None:
    await house.ask("", kind=IncomingKind.COMMAND, who="U-eve")
    again = await house.ask("", kind=IncomingKind.COMMAND, who="U-eve")
    assert again.only_for == "U-eve"
    assert again.reply.text.startswith("Not answered: nobody knows the sender")
