"""Buttons and forms: a value is an id or a command, never a right; the door decides again at the press."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.actions import Answers, Context, Door
from core.conversation.grammar import Command, bind
from core.conversation.speak import reply_of
from core.conversation.turn import Turn
from core.values import IncomingKind, Json, Reply

RunText = Callable[[Turn, Context, str], Awaitable[None]]


class Presses:
    """Turns the value of a pressed button into the call it stands for."""

    def __init__(self, door: Door, answers: Answers, run_text: RunText) -> None:
        self._door, self._answers, self._run_text = door, answers, run_text

    async def pressed(self, turn: Turn, ctx: Context) -> None:
        """Do what the button or form says; what is no known word is a command to run."""
        incoming = turn.incoming
        turn.actor = (await self._door.identify(ctx)).actor
        word, _, rest = incoming.value.partition(":")
        if incoming.kind is IncomingKind.FORM:
            await self._filled_in(turn, ctx, incoming.value.removeprefix("form:"))
        elif word == "confirm":
            result = await self._answers.approve(ctx, rest)
            turn.action, turn.reply = result.action, reply_of(result.value, timezone=turn.actor.timezone)
        elif word == "decline":
            await self._dispatch(turn, ctx, "waiting.decline", {"confirmation_id": rest})
        elif word in ("good", "bad"):
            await self._dispatch(turn, ctx, "conversation.rate", {"answer_id": rest, "good": word == "good"})
            turn.reply = Reply(text="Thanks, noted.", private=True)
        elif word == "share":
            await self._dispatch(turn, ctx, "conversation.share", {"answer_id": rest})
        elif word == "catch-up":
            choice, _, where = rest.partition(":")
            await self._dispatch(turn, ctx, "conversation.catch_up", {"choice": choice, "where": where})
        elif word == "stop":
            turn.ignore("it was stopped, or done before")
        else:
            await self._run_text(turn, ctx, incoming.value.removeprefix("run:"))

    async def _filled_in(self, turn: Turn, ctx: Context, name: str) -> None:
        """A form's fields are texts, as the options of a command are."""
        fields = {key: value for key, value in turn.incoming.fields.items() if value}
        definition = self._door.registry.get(name)
        arguments = bind(Command(name=definition.name, options=fields), definition)
        await self._dispatch(turn, ctx, definition.name, arguments)

    async def _dispatch(self, turn: Turn, ctx: Context, name: str, arguments: dict[str, Json]) -> None:
        turn.action = name
        result = await self._door.dispatch(ctx, name, arguments)
        turn.reply = reply_of(result.value, timezone=turn.actor.timezone)
