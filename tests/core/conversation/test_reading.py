"""What people read of conversations afterwards, and what they do with an answer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.actions import Context
from core.conversation.model import Exchange, Figures, Thread, Unanswered
from core.errors import Denied, InvalidInput, NotFound
from core.values import Caller, IncomingKind, Json, Place, Reply, now
from tests.fakes.chat import OPS, SECRET, incoming
from tests.fakes.house import House, open_house

OPEN = "What is the password of the zeppelin hangar?"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "home") as one:
        yield one


async def run(house: House, who: str, name: str, place: Place | None = None, **arguments: Json) -> object:
    ctx = Context(caller=Caller(network="fake", external_id=who), place=place)
    return (await house.app.door.dispatch(ctx, name, arguments)).value


async def threads(house: House, who: str, **arguments: Json) -> list[Thread]:
    found = await run(house, who, "conversation.list", None, **arguments)
    assert isinstance(found, tuple)
    return [one for one in found if isinstance(one, Thread)]


async def test_a_conversation_is_listed_once_with_its_last_question(house: House) -> None:
    await house.ask("echo one", thread="t")
    await house.ask(OPEN, thread="t", who="U-bob")
    (thread,) = await threads(house, "U-ann")
    assert (thread.network, thread.place_kind, thread.place_name) == ("fake", "public", "#ops")
    assert (thread.last_text, thread.exchanges, thread.unanswered) == (OPEN, 2, 1)


async def test_conversations_are_narrowed_to_a_network_and_to_open_questions(house: House) -> None:
    await house.ask("echo one", thread="t")
    await house.ask(OPEN, thread="u")
    assert [one.last_text for one in await threads(house, "U-ann")] == [OPEN, "echo one"]
    assert [one.last_text for one in await threads(house, "U-ann", unanswered=True)] == [OPEN]
    assert [one.last_text for one in await threads(house, "U-ann", limit=1)] == [OPEN]
    assert await threads(house, "U-ann", network="slack") == []


async def test_a_list_never_shows_a_question_whose_answer_was_for_somebody_else(house: House) -> None:
    await house.ask("echo hello", who="U-bob", place=SECRET, thread="t")
    await house.ask("notes ad my-salary", place=SECRET, thread="t")
    assert [one.last_text for one in await threads(house, "U-bob")] == ["echo hello"]
    assert "notes ad my-salary" in [one.last_text for one in await threads(house, "U-ann")]


async def test_a_conversation_is_shown_with_who_asked_and_what_was_said(house: House) -> None:
    await house.ask("echo one", thread="t")
    await house.ask("echo two", thread="t", who="U-bob")
    (thread,) = await threads(house, "U-ann")
    shown = await run(house, "U-ann", "conversation.show", conversation=thread.conversation)
    assert isinstance(shown, tuple)
    said = [(one.person, one.question, one.reply.text, one.delivery) for one in shown if isinstance(one, Exchange)]
    assert said == [("Ann", "echo one", "one", "sent"), ("Bob", "echo two", "two", "sent")]
    last = await run(house, "U-ann", "conversation.show", conversation=thread.conversation, limit=1)
    assert isinstance(last, tuple)
    assert [one.question for one in last] == ["echo two"]


@pytest.mark.parametrize("conversation", ["fake:T1/C-nowhere/1", ""])
async def test_a_conversation_there_is_not_is_said_so(house: House, conversation: str) -> None:
    with pytest.raises(NotFound, match="no such conversation, or it is not for you"):
        await run(house, "U-ann", "conversation.show", conversation=conversation)


async def test_open_questions_are_listed_with_who_asked_where(house: House) -> None:
    await house.ask(OPEN)
    found = await run(house, "U-bob", "conversation.unanswered")
    assert isinstance(found, tuple)
    assert [(one.question, one.person, one.place_name) for one in found if isinstance(one, Unanswered)] == [
        (OPEN, "Ann", "#ops")
    ]


async def test_figures_count_what_was_answered_since_a_moment(house: House) -> None:
    await house.run("notes.add", text="The wifi password is on the fridge.")
    await house.ask("Where is the wifi password?")
    await house.ask(OPEN)
    figures = await run(house, "U-ann", "conversation.figures")
    assert isinstance(figures, Figures)
    assert (figures.answered, figures.with_sources, figures.unanswered, figures.failed) == (1, 1, 1, 0)
    assert 0 <= figures.median_ms < 60_000
    later = (now() + timedelta(minutes=1)).isoformat()
    assert await run(house, "U-ann", "conversation.figures", since=later) == Figures(
        answered=0, with_sources=0, unanswered=0, failed=0, median_ms=0
    )


async def rated(house: House) -> list[tuple[object, ...]]:
    return await house.rows("SELECT good FROM rating")


async def test_a_thumb_is_taken_back_and_comes_back_by_undo(house: House) -> None:
    await house.run("notes.add", text="The wifi password is on the fridge.")
    answer_id = (await house.ask("Where is the wifi password?")).reply.answer_id
    await run(house, "U-ann", "conversation.rate", OPS, answer_id=answer_id, good=True)
    await run(house, "U-ann", "conversation.rate", OPS, answer_id=answer_id, good=False)
    await run(house, "U-ann", "undo", OPS)
    assert await rated(house) == [(1,)]
    taken = await run(house, "U-ann", "conversation.unrate", OPS, answer_id=answer_id)
    assert isinstance(taken, Reply)
    assert taken.text == "Taken back."
    assert await rated(house) == []
    await run(house, "U-ann", "undo", OPS)
    assert await rated(house) == [(1,)]


async def test_an_answer_nobody_gave_takes_no_thumb(house: House) -> None:
    with pytest.raises(NotFound, match="no such answer, or it is not for you"):
        await run(house, "U-ann", "conversation.rate", answer_id="nothing", good=True)
    with pytest.raises(NotFound, match="You gave that answer no thumb"):
        await run(house, "U-ann", "conversation.unrate", answer_id="nothing")


async def test_a_private_answer_is_shared_by_its_asker_where_there_are_others(house: House) -> None:
    await house.ask("echo I read this", place=SECRET)
    await house.run("notes.add", text="The vault code is 4711 for the basement.", visible=[SECRET.key])
    answer = await house.ask("What is the vault code for the basement?")
    answer_id = answer.reply.buttons[0].value.partition(":")[2]
    with pytest.raises(Denied, match="Only whoever asked may share"):
        await run(house, "U-bob", "conversation.share", OPS, answer_id=answer_id)
    with pytest.raises(InvalidInput, match="There is nobody here to share it with"):
        await run(house, "U-ann", "conversation.share", answer_id=answer_id)


async def test_stopping_what_is_done_says_so(house: House) -> None:
    stopped = await run(house, "U-ann", "conversation.stop", incoming_id="long-gone")
    assert isinstance(stopped, Reply)
    assert stopped.text == "It was done before."


async def test_a_choice_that_is_none_is_refused(house: House) -> None:
    with pytest.raises(InvalidInput, match=r"'some' is no choice\. Choose all, one or drop\."):
        await run(house, "U-ann", "conversation.catch_up", choice="some", where=OPS.key)


async def test_aliases_are_listed_replaced_and_forgotten(house: House) -> None:
    async def listed() -> str:
        reply = await house.run("alias.list")
        assert isinstance(reply, Reply)
        return reply.text

    assert await listed() == "There are no aliases yet."
    await house.run("alias.add", name="hi", command="echo hello")
    await house.run("alias.add", name="hi", command="echo good day")
    assert await listed() == "- `hi`: `echo good day`"
    await house.run("undo")
    assert await listed() == "- `hi`: `echo hello`"
    await house.run("alias.remove", name="hi")
    assert await listed() == "There are no aliases yet."
    await house.run("undo")
    assert await listed() == "- `hi`: `echo hello`"


async def test_an_alias_hides_no_command_and_one_there_is_not_cannot_go(house: House) -> None:
    with pytest.raises(InvalidInput, match="`echo` is a command already"):
        await house.run("alias.add", name="echo", command="notes list")
    with pytest.raises(NotFound, match="No alias is called 'hi'"):
        await house.run("alias.remove", name="hi")


async def test_an_edit_or_deletion_of_what_was_not_answered_is_left_alone(house: House) -> None:
    edit = await house.hear(incoming("echo x", kind=IncomingKind.EDIT, message_id="unknown"))
    assert await house.settled(edit) == "ignored: an edit of something that was not answered"
    gone = await house.hear(incoming("", kind=IncomingKind.DELETE, message_id="unknown"))
    assert await house.settled(gone) == "ignored: the deletion of something that was not answered"


async def test_an_edit_that_changes_nothing_sends_nothing(house: House) -> None:
    first = await house.ask("echo same", message_id="q1")
    edit = await house.hear(incoming(" echo same ", kind=IncomingKind.EDIT, message_id="q1"))
    assert await house.settled(edit) == "ignored: an edit that changed nothing"
    assert first.edits == 0
