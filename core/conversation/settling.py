"""How a turn ends: the arrival's mark, its reply, its exchange and its event, in one unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from core.actions import Door, Unit
from core.codec import canonical, encode
from core.conversation import store
from core.conversation.timing import with_apology
from core.conversation.turn import Turn
from core.events import MessageAnswered
from core.inbox import Inbox, hide, mark_done
from core.outbox import Outbox
from core.outbox import replace as replace_answer
from core.values import Address, Incoming, IncomingKind, Message, Reply, new_id, now, stamp

ASKED = (IncomingKind.MESSAGE, IncomingKind.COMMAND)


class Settling:
    """Writes what became of an arrival. One reply: one final message for each."""

    def __init__(self, door: Door, inbox: Inbox, outbox: Outbox) -> None:
        self._door, self._inbox, self._outbox = door, inbox, outbox

    async def settle(self, turn: Turn, placeholder: str) -> None:
        """Mark the arrival done and write its reply; the placeholder becomes the reply, or goes."""
        incoming = turn.incoming
        if turn.reply is None and incoming.kind is IncomingKind.COMMAND and turn.outcome.startswith("ignored"):
            # Its network shows that something is being worked on until there is an answer.
            turn.reply = Reply(text=f"Not answered: {turn.outcome.removeprefix('ignored: ')}.", private=True)
        if turn.reply is not None and turn.late:
            turn.reply = with_apology(turn.reply, incoming, now())
        unit = self._door.open_unit()
        unit.do(mark_done, incoming.id, turn.outcome, stamp(now()))
        if turn.secret:
            unit.do(hide, incoming.id, encode(replace(incoming, text=turn.question)))
        hidden = turn.reply is not None and _hidden(incoming, turn.reply)
        if placeholder and (turn.reply is None or hidden):
            unit.send(_withdrawal(incoming, placeholder))
        if turn.reply is not None:
            unit.send(_message(incoming, turn.reply, "" if hidden else placeholder))
            self._tell(unit, turn, turn.reply)
        await unit.commit()
        self._inbox.settled(incoming.id)

    async def revise(self, turn: Turn, answer: Message, asked: Turn | None) -> None:
        """Give an earlier answer a new body, or take it away (`asked` None), with the mark of the arrival that said so.

        What only its person may see never replaces what everyone sees: that goes, and they get it alone.
        """
        reply = asked.reply if asked is not None else None
        was_hidden = bool(answer.address.person_external_id)
        unit = self._door.open_unit()
        unit.do(mark_done, turn.incoming.id, turn.outcome, stamp(now()))
        if reply is None or (_hidden(turn.incoming, reply) and not was_hidden):
            changed = replace(answer, reply=Reply(text=""), operation="delete")
            if reply is not None:
                unit.send(replace(_message(turn.incoming, reply, ""), about=""))
        elif was_hidden:  # networks cannot edit what one person alone was shown
            changed = replace(answer, reply=reply, operation="post", address=replace(answer.address, message_id=""))
        else:
            changed = replace(answer, reply=reply, operation="edit")
        unit.do(replace_answer, answer.about, encode(changed), stamp(now()))
        unit.then(self._outbox.hand_over, changed)
        if asked is not None and reply is not None:
            self._tell(unit, asked, reply)
        await unit.commit()
        self._inbox.settled(turn.incoming.id)

    def _tell(self, unit: Unit, turn: Turn, reply: Reply) -> None:
        incoming = turn.incoming
        if incoming.kind in ASKED:
            unit.do(store.record, _row(turn, reply))
        unit.emit(
            MessageAnswered(
                incoming_id=incoming.id,
                conversation=incoming.place.conversation,
                found=reply.found,
                places=(incoming.place.key,),
            )
        )


def _hidden(incoming: Incoming, reply: Reply) -> bool:
    """Whether only its person is to see a reply in a place others read."""
    return reply.private and incoming.place.kind != "direct"


def _message(incoming: Incoming, reply: Reply, placeholder: str) -> Message:
    operation: Literal["post", "edit"] = "edit" if placeholder else "post"
    address = Address(
        place=incoming.place,
        person_external_id=incoming.sender.external_id if _hidden(incoming, reply) else "",
        message_id=placeholder,
        reply_to=incoming.message_id,
        respond_url=incoming.respond_url,
    )
    return Message(id=new_id(), address=address, reply=reply, operation=operation, about=incoming.id, created_at=now())


def _withdrawal(incoming: Incoming, placeholder: str) -> Message:
    address = Address(place=incoming.place, message_id=placeholder, reply_to=incoming.message_id)
    return Message(id=new_id(), address=address, reply=Reply(text=""), operation="delete", created_at=now())


def _row(turn: Turn, reply: Reply) -> tuple[str | int, ...]:
    incoming, place = turn.incoming, turn.incoming.place
    return (
        incoming.id,
        place.conversation,
        place.network,
        place.key,
        "direct" if reply.private else place.kind,
        place.name,
        turn.actor.person_id,
        turn.actor.name if turn.actor.person_id else incoming.sender.name or "somebody",
        stamp(incoming.sent_at),
        turn.question,
        turn.action,
        encode(reply),
        int(reply.found),
        turn.outcome,
        canonical([[one.label, one.at_ms] for one in turn.steps]),
        stamp(now()),
    )
