"""A form opened by a press, made from an action's schema, comes back as a form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from core.actions import Definition, action
from core.actions.definition import define
from core.errors import UnknownAction
from core.values import Button, Effect, IncomingKind, Reply
from tests.bot.slack.conftest import answer, running
from tests.fakes.slack import FakeSlack


@action("notes.add", permission="knowledge.write", effect=Effect.WRITE)
async def add_note(
    text: Annotated[str, Field(max_length=2_000)],
    *,
    tags: tuple[str, ...] = (),
    kind: Literal["idea", "fact"] = "fact",
    pinned: bool = False,
    weight: int | None = None,
) -> str:
    """Remember a note.

    text: Markdown.
    tags: lower-case words to find it by.
    """
    return text


def find(name: str) -> Definition:
    if name != "notes.add":
        raise UnknownAction(name, ["notes.add"])
    return define(add_note, frozenset())


async def test_a_press_opens_the_form_and_its_fields_come_back(slack: FakeSlack, tmp_path: Path) -> None:
    async with running(slack, tmp_path, forms=find) as bot:
        await slack.say("ann", "#general", f"{slack.mention} note")
        (question,) = await bot.taking(1)
        reply = Reply(text="A form:", buttons=(Button(label="New note", value="form:notes.add"),))
        await bot.chat.send(answer(question, reply))
        await slack.press("ann", slack.bot_messages("#general")[0], "button:0")
        await slack.wait_for(lambda: slack.views)
        (view,) = slack.views.values()
        blocks = {b["block_id"]: b for b in view.content["blocks"]}  # type: ignore[attr-defined]
        assert view.content["title"] == {"type": "plain_text", "text": "Notes add"}
        text, tags = blocks["field:text"], blocks["field:tags"]
        assert (text["optional"], text["element"]["multiline"], text["element"]["max_length"]) == (False, True, 2_000)
        assert tags["hint"]["text"] == "lower-case words to find it by. Several with commas between."
        assert blocks["field:weight"]["element"]["type"] == "number_input"
        assert blocks["field:pinned"]["element"]["initial_option"]["value"] == "false"
        envelope = await slack.submit_view("ann", view, {"text": "Milk", "tags": "food, shop", "kind": "idea"})
        (_, form) = await bot.taking(2)
        await slack.wait_for(lambda: envelope.acked_at)
        assert (form.kind, form.value) == (IncomingKind.FORM, "form:notes.add")
        assert form.fields == {"text": "Milk", "tags": "food, shop", "kind": "idea"}
        assert form.place.conversation == question.place.conversation
        assert form.sender.external_id == question.sender.external_id


async def test_a_form_that_does_not_open_tells_its_person(slack: FakeSlack, tmp_path: Path) -> None:
    async with running(slack, tmp_path, forms=find) as bot:
        await slack.say("ann", "#general", f"{slack.mention} note")
        (question,) = await bot.taking(1)
        reply = Reply(text="A form:", buttons=(Button(label="New", value="form:notes.ad"),))
        await bot.chat.send(answer(question, reply))
        envelope = await slack.press("ann", slack.bot_messages("#general")[0], "button:0")
        (told,) = await slack.wait_for(lambda: slack.ephemerals("ann"))
        assert told.text.startswith("No command is called `notes ad`. Nothing was run. Nearest: `notes add`.")
        await slack.wait_for(lambda: envelope.acked_at)
        assert len(bot.taken.all) == 1
