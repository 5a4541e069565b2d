"""Waiting for you: what somebody asked for that needs a yes, yours to confirm or to approve."""

from __future__ import annotations

from nicegui import PageArguments

from core.actions import Confirmation
from core.events import ActionDone
from core.values import Reply
from gui.errors import toast
from gui.parts.basics import Button, Text, age, box, card, dot, empty, name, row, sub
from gui.parts.section import Section
from gui.room import Room


async def waiting(room: Room, _: PageArguments) -> None:
    """`/waiting`."""
    with box("div", "page"):
        with box("div", "title"):
            Text("h1", "Waiting for you")
            Text("small", "Nothing here runs before somebody says yes")

        async def read() -> tuple[Confirmation, ...]:
            return await room.read(tuple, "waiting.list")

        with card("Open questions"):
            section: Section[tuple[Confirmation, ...]]

            def draw(found: tuple[Confirmation, ...]) -> None:
                for one in found:
                    question(room, one, section)
                if not found:
                    empty("Nothing waits for a yes.", ("Go to Home", "/"), state="ok")

            section = Section(room, read, draw, kinds=(ActionDone,))


def question(room: Room, one: Confirmation, section: Section[tuple[Confirmation, ...]]) -> None:
    """One row: what, asked by whom, until when, and the two answers."""

    async def approve() -> None:
        ctx = await room.context()
        result = await room.app.answers.approve(ctx, one.id)
        toast(result.value.text if isinstance(result.value, Reply) else f"{one.action.replace('.', ' ')} was run.")
        await section.refresh()

    async def decline() -> None:
        await room.dispatch("waiting.decline", {"confirmation_id": one.id})
        toast("Declined; it was not run.")
        await section.refresh()

    with row():
        dot("warn")
        name(one.action.replace(".", " ") + "?")
        sub(one.summary.replace("`", ""))
        age(one.expires_at, "in").props["title"] = "until then it can be answered"
        with box("div", "acts"):
            Button("Decline", decline).mark(f"decline-{one.id}")
            Button("Approve" if one.approver else "Run it", approve, classes="p").mark(f"approve-{one.id}")
