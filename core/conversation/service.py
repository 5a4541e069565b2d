"""Conversations: from an arrival to its one reply.

Every text a person types, from any network, the control room, the API or the terminal, enters here. A
command becomes an action, anything else a question; the door does the rest. The arrival is marked
answered and its reply written in one unit.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from core.actions import Answers, Context, Door
from core.bus import Bus
from core.codec import decode
from core.config.settings import ConversationSettings
from core.conversation import grammar
from core.conversation.commands import Commands
from core.conversation.doorstep import Doorstep
from core.conversation.lanes import Lanes
from core.conversation.live import OPENING, Live
from core.conversation.missed import Missed
from core.conversation.model import Said
from core.conversation.presses import Presses
from core.conversation.revisions import Revisions
from core.conversation.settling import Settling
from core.conversation.speak import reply_of, reply_to_error
from core.conversation.timing import Freshness, freshness, must_confirm
from core.conversation.turn import Turn
from core.errors import AppError, ConfirmationNeeded, Conflict, Denied, InvalidInput, Limited, NotFound
from core.events import MessageReceived
from core.inbox import Inbox, set_placeholder
from core.outbox import Outbox, answer_of
from core.points import reach
from core.storage import Storage
from core.values import (
    Caller,
    Effect,
    Incoming,
    IncomingKind,
    Message,
    Place,
    Reply,
    Sender,
    SilentSink,
    Sink,
    new_id,
    now,
)

A_RETRY_AGO = timedelta(seconds=4)
"""An arrival that waited longer may be worked on again, after a full disk, with a placeholder posted before."""
STOP_WORDS = frozenset({"stop", "stop!", "/stop"})


class Conversations:
    """Owns the lanes and the grammar; the networks' Intake."""

    def __init__(
        self,
        *,
        storage: Storage,
        inbox: Inbox,
        outbox: Outbox,
        bus: Bus,
        door: Door,
        answers: Answers,
        doorstep: Doorstep,
        settings: ConversationSettings,
    ) -> None:
        self._storage, self._inbox, self._outbox, self._bus, self._door = storage, inbox, outbox, bus, door
        self._settings = settings
        self.commands = Commands(storage, door)
        self.missed = Missed(storage, inbox, door)
        self._doorstep = doorstep
        self._presses = Presses(door, answers, self._answer)
        self._settling = Settling(door, inbox, outbox)
        self._revisions = Revisions(storage, inbox, self._settling, self._answer_again)
        self._lanes = Lanes(self._work, workers=settings.workers)
        self._stopped: set[str] = set()
        self._withdrawn: set[str] = set()
        self._sinks: dict[str, tuple[Sink, str, str]] = {}
        self._waiters: dict[str, asyncio.Future[tuple[Reply, str]]] = {}

    # ── In ──

    async def accept(self, incoming: Incoming) -> bool:
        """Store an arrival durably; False when it was here before. Then `stop` works at once."""
        new = await self._inbox.accept(incoming)
        if new:
            self._bus.publish(
                MessageReceived(
                    incoming_id=incoming.id, conversation=incoming.place.conversation, places=(incoming.place.key,)
                )
            )
            await self._interrupt(incoming)
        return new

    async def say(
        self,
        caller: Caller,
        text: str,
        *,
        network: str,
        conversation: str = "",
        key: str = "",
        sink: Sink | None = None,
        address: str = "",
        agent: str = "",
    ) -> Said:
        """The reply to a text typed in the control room, the terminal or the API. The lanes must run.

        conversation: an id the front end made up; empty begins a new one. key: the same key is the same text.
        """
        thread = conversation or new_id()
        place = Place(
            network=network, channel_id=caller.external_id or "owner", thread_id=thread, kind="direct", name="You"
        )
        at = now()
        incoming = Incoming(
            id=new_id(),
            kind=IncomingKind.MESSAGE,
            place=place,
            sender=Sender(network=caller.network, external_id=caller.external_id, kind="member"),
            message_id=key or new_id(),
            text=text,
            sent_at=at,
            received_at=at,
        )
        if sink is not None or address or agent:
            self._sinks[incoming.id] = (sink or SilentSink(), address, agent)
        waiter = self._waiters[incoming.id] = asyncio.get_running_loop().create_future()
        try:
            if await self.accept(incoming):
                reply, outcome = await waiter
            else:
                reply, outcome = await self._said_before(incoming)
            return Said(reply=reply, incoming_id=incoming.id, conversation=thread, outcome=outcome)
        finally:
            self._waiters.pop(incoming.id, None)
            self._sinks.pop(incoming.id, None)

    async def _said_before(self, incoming: Incoming) -> tuple[Reply, str]:
        """The reply to the first copy of a text that came twice under one key."""
        known = await self._inbox.known(incoming.place.network, incoming.place.key, incoming.message_id)
        first = self._waiters.get(known[0]) if known else None
        if first is not None:
            return await asyncio.shield(first)
        row = await self._storage.read(answer_of, known[0]) if known else None
        if row is None:
            raise Conflict("This was said before and has no answer yet.", hint="Wait a moment and look again.")
        return decode(Message, row[1]).reply, "answered"

    async def run(self) -> None:
        """Answer until cancelled, beginning with what an earlier process left."""
        await self._inbox.load()
        await self._lanes.run(self._inbox.take)

    def stop(self, incoming_id: str) -> bool:
        """Stop the answer to an arrival; False when it is not being made now."""
        if self._lanes.running(incoming_id) is None:
            return False
        self._stopped.add(incoming_id)
        return self._lanes.cancel(incoming_id)

    def asker_of(self, incoming_id: str) -> Incoming | None:
        """The arrival with that id while it is being answered."""
        return self._lanes.running(incoming_id)

    async def _interrupt(self, incoming: Incoming) -> None:
        """What must not wait in the lane: a `stop`, a press of Stop, the deletion of what is being answered."""
        if incoming.kind is IncomingKind.DELETE:
            known = await self._inbox.known(incoming.place.network, incoming.place.key, incoming.message_id)
            if known is not None and self._lanes.running(known[0]) is not None:
                self._withdrawn.add(known[0])
                self._lanes.cancel(known[0])
        elif incoming.kind is IncomingKind.PRESS and incoming.value.startswith("stop:"):
            self._stop_for(incoming, self._lanes.running(incoming.value.removeprefix("stop:")))
        elif incoming.text.strip().lower() in STOP_WORDS and incoming.addressed:
            self._stop_for(incoming, self._lanes.busy_with(incoming.place.conversation))

    def _stop_for(self, incoming: Incoming, busy: Incoming | None) -> None:
        if busy is not None and busy.sender.external_id == incoming.sender.external_id:
            self.stop(busy.id)

    # ── The work of a lane ──

    async def _work(self, incoming: Incoming, placeholder: str) -> None:
        turn = Turn(incoming)
        chat = self._outbox.chat(incoming.place.network)
        if chat is not None and not placeholder and now() - incoming.received_at > A_RETRY_AGO:
            known = await self._inbox.get(incoming.id)
            placeholder = known[2] if known else ""
        if placeholder == OPENING:
            placeholder = await self._revisions.opened_before(chat, incoming) if chat is not None else ""
        sink, _, _ = self._sinks.get(incoming.id, (None, "", ""))
        live = Live(
            self._bus, incoming, placeholder, chat=chat, opened=self._remember_placeholder, watcher=sink,
            held=lambda: self._outbox.waits(incoming.place.key),
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            shower = group.create_task(live.show())
            try:
                await self._attempt(turn, live)
            finally:
                await live.close(shower)
        turn.step("Answered")
        reach("conversation.before_settle")
        await asyncio.shield(self._settle(turn, live.placeholder))

    async def _attempt(self, turn: Turn, live: Live) -> None:
        """Work on the turn; whatever an action raises is said, not thrown at the lane."""
        try:
            await self._turn(turn, live)
        except asyncio.CancelledError:
            if not self._was_stopped(turn):
                raise  # the process ends: the arrival stays waiting and is answered after the restart
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
        except Limited as error:
            self._doorstep.too_fast(turn, error)
        except Exception as error:
            turn.reply, turn.outcome = reply_to_error(error), _outcome(error)

    def _was_stopped(self, turn: Turn) -> bool:
        incoming_id = turn.incoming.id
        if incoming_id in self._withdrawn:
            self._withdrawn.discard(incoming_id)
            turn.ignore("withdrawn")
        elif incoming_id in self._stopped:
            self._stopped.discard(incoming_id)
            turn.reply, turn.outcome = Reply(text="Stopped."), "stopped"
        else:
            return False
        return True

    async def _turn(self, turn: Turn, live: Live) -> None:
        incoming = turn.incoming
        turn.step("Received and stored")
        if self._doorstep.ignores(turn):
            return
        if incoming.kind is IncomingKind.DELETE:
            await self._revisions.deleted(turn)
        elif not await self._doorstep.admitted(turn):
            return
        elif incoming.kind is IncomingKind.EDIT:
            await self._revisions.edited(turn)
        elif incoming.kind in (IncomingKind.PRESS, IncomingKind.FORM):
            await self._presses.pressed(turn, self._context(turn, live))
        elif freshness(incoming, now(), self._settings) is Freshness.STALE:
            turn.outcome = "asked"
            self.missed.set_aside()
        else:
            await self._answer(turn, self._context(turn, live), incoming.text)

    def _context(self, turn: Turn, live: Sink) -> Context:
        """The door's context for an arrival. The inbox id is the idempotency key."""
        incoming = turn.incoming
        _, address, agent = self._sinks.get(incoming.id, (None, "", ""))
        return Context(
            caller=Caller(network=incoming.sender.network, external_id=incoming.sender.external_id),
            place=incoming.place,
            key=incoming.id,
            sink=live,
            address=address,
            agent=agent,
            incoming=incoming,
        )

    async def _answer_again(self, turn: Turn) -> None:
        """The answer to an edited question; the turn keeps no reply for a command that changes something."""
        command = await self.commands.read(turn.incoming.text)
        if command is not None and command.name in self._door.registry:
            definition = self._door.registry.get(command.name)
            turn.hide_if_secret(definition)
            if definition.mark.effect is not Effect.READ:
                return
        try:
            await self._answer(turn, self._context(turn, SilentSink()), turn.incoming.text)
        except AppError as error:
            turn.reply, turn.outcome = reply_to_error(error), _outcome(error)

    async def _answer(self, turn: Turn, ctx: Context, text: str) -> None:
        """Run a command or answer a question; the turn holds what came of it."""
        if text.strip().lower() in STOP_WORDS:
            turn.reply = Reply(text="Stopped.", private=True)
            return
        command = await self.commands.read(text, slash=turn.incoming.kind is IncomingKind.COMMAND)
        at = now()
        turn.late = freshness(turn.incoming, at, self._settings) is Freshness.LATE
        if command is None:
            turn.action = "conversation.ask"
            result = await self._door.dispatch(ctx, "conversation.ask", {"question": text})
        else:
            turn.action = command.name
            definition = self._door.registry.get(command.name)
            turn.action = definition.name
            turn.hide_if_secret(definition)
            arguments = grammar.bind(command, definition)
            if definition.name == "conversation.ask":
                turn.question = str(arguments.get("question", text))
            if definition.mark.effect is not Effect.READ:
                ctx = replace(ctx, must_confirm=must_confirm(turn.incoming, at, self._settings))
            if definition.mark.job and turn.incoming.place.kind != "direct":
                ctx = replace(ctx, wait=False)
            result = await self._door.dispatch(ctx, definition.name, arguments)
        actor = (await self._door.identify(ctx)).actor
        turn.actor = actor
        turn.reply = reply_of(result.value, timezone=actor.timezone)
        if result.job_id:
            turn.reply = Reply(text=f"Working on it; `jobs list` shows how far it is (`{result.job_id[-8:]}`).")
        if not turn.reply.found:
            turn.outcome = "not found"

    # ── Out ──

    async def _remember_placeholder(self, incoming_id: str, message_id: str) -> None:
        await self._storage.write(set_placeholder, incoming_id, message_id)

    async def _settle(self, turn: Turn, placeholder: str) -> None:
        if not turn.settled:
            await self._settling.settle(turn, placeholder)
        waiter = self._waiters.get(turn.incoming.id)
        if waiter is not None and not waiter.done():
            waiter.set_result((turn.reply or Reply(text=""), turn.outcome))


def _outcome(error: Exception) -> str:
    if isinstance(error, ConfirmationNeeded):
        return "asked first"
    return "refused" if isinstance(error, (Denied, InvalidInput, NotFound)) else "failed"
