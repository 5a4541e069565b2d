"""A few actions to call over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from core.actions import Context, SecretText, Unit, action
from core.errors import Unavailable
from core.storage import Connection
from core.values import Effect, Reply, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note."""

    id: str
    text: str
    tags: tuple[str, ...] = ()


def insert(connection: Connection, note_id: str, text: str) -> None:
    connection.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (f"note-{note_id}", text))


@action("notes.add", permission="knowledge.write", effect=Effect.WRITE)
async def add_note(unit: Unit, text: str, *, tags: tuple[str, ...] = ()) -> Note:
    """Remember a note.

    text: Markdown.
    tags: lower-case words.
    """
    note = Note(id=new_id(), text=text, tags=tags)
    unit.do(insert, note.id, text)
    return note


@action("notes.list", permission="knowledge.read", effect=Effect.READ)
async def list_notes(limit: int = 20) -> tuple[Note, ...]:
    """List notes.

    limit: how many at most.
    """
    return tuple(Note(id=str(number), text="one") for number in range(min(limit, 2)))


@action("files.erase", permission="files.erase", effect=Effect.DESTROY)
async def erase(unit: Unit, name: str) -> Reply:
    """Erase a file.

    name: which.
    """
    unit.do(insert, f"erased-{name}", "")
    return Reply(text=f"Erased {name}.")


@action("deploy.run", permission="deploy.run", effect=Effect.OUTWARD, approver="operator")
async def deploy(ctx: Context, target: str) -> Reply:
    """Deploy.

    target: where to.
    """
    return Reply(text=f"{ctx.actor.name} deployed to {target}.")


@action("slow.count", permission="slow.count", effect=Effect.READ)
async def count(ctx: Context, to: int, password: SecretText = "") -> Reply:
    """Count.

    to: the last number.
    password: unused.
    """
    for number in range(1, to + 1):
        ctx.sink.progress(number, to, "counting")
        ctx.sink.text(f"{number} ")
        await asyncio.sleep(0)
    return Reply(text="Counted.")


@action("slow.wait", permission="slow.wait", effect=Effect.READ)
async def wait(ctx: Context) -> Reply:
    """Wait for ever."""
    ctx.sink.text("waiting")
    try:
        await asyncio.Event().wait()
    finally:
        CANCELLED.append(ctx.id)
    return Reply(text="Never.")


CANCELLED: list[str] = []


@action("broken.bug", permission="broken.bug", effect=Effect.READ)
async def bug() -> Reply:
    """Fail as a bug would."""
    secret = {"name": "hunter2"}
    return Reply(text=secret["password"])


FLAKY: list[str] = []
"""Errors still to be raised by `flaky.once`."""


@action("flaky.once", permission="flaky.once", effect=Effect.WRITE)
async def flaky(unit: Unit, text: str) -> Note:
    """Fail as often as FLAKY says, then write.

    text: what to write.
    """
    if FLAKY:
        raise Unavailable(FLAKY.pop())
    note = Note(id=new_id(), text=text)
    unit.do(insert, note.id, text)
    return note
