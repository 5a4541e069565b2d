"""What can be asked of conversations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from core.actions import Context, Unit, action
from core.codec import decode
from core.conversation import store
from core.conversation.asking import Asking
from core.conversation.model import Exchange, Figures, Step, Thread, Unanswered
from core.conversation.service import Conversations
from core.errors import Denied, InvalidInput, NotFound
from core.storage import Storage
from core.values import Address, Effect, Message, Reply, moment, new_id, now, stamp

Question = Annotated[str, Field(min_length=1, max_length=4_000)]
AliasName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Limit = Annotated[int, Field(ge=1, le=500)]


@action("conversation.ask", permission="conversation.ask", effect=Effect.READ, aliases=("ask",))
async def ask(asking: Asking, ctx: Context, question: Question) -> Reply:
    """Answer from what the team knows, with sources.

    question: in your own words.
    """
    return await asking.answer(ctx, question)


@action("conversation.list", permission="conversation.read", effect=Effect.READ)
async def list_(
    storage: Storage, ctx: Context, *, network: str = "", unanswered: bool = False, limit: Limit = 50
) -> tuple[Thread, ...]:
    """List conversations you may read, the newest first.

    network: only this one (slack, discord, room, terminal, api).
    unanswered: only those with a question nobody could answer.
    limit: how many at most.
    """
    places = tuple(ctx.audience.places)
    rows = await storage.read(store.threads, ctx.actor.person_id, places, network, unanswered, limit)
    return tuple(
        Thread(
            conversation=row[0],
            network=row[1],
            place_kind=row[2],
            place_name=row[3],
            person=row[4],
            last_text=row[5],
            last_at=moment(row[6]),
            exchanges=row[7],
            unanswered=row[8],
        )
        for row in rows
    )


@action("conversation.show", permission="conversation.read", effect=Effect.READ)
async def show(storage: Storage, ctx: Context, conversation: str, *, limit: Limit = 100) -> tuple[Exchange, ...]:
    """Show one conversation: who asked, what was answered, from what and by what.

    conversation: as `conversation list` names it.
    limit: how many of its last exchanges.
    """
    places = tuple(ctx.audience.places)
    rows = await storage.read(store.exchanges, conversation, ctx.actor.person_id, places, limit)
    if not rows:
        raise NotFound("There is no such conversation, or it is not for you.", hint="`conversation list` shows yours.")
    return tuple(map(exchange_of, rows))


@action("conversation.unanswered", permission="conversation.read", effect=Effect.READ)
async def unanswered(storage: Storage, ctx: Context, *, days: int = 30, limit: Limit = 50) -> tuple[Unanswered, ...]:
    """List questions nothing known answers.

    days: how far back.
    limit: how many at most.
    """
    since = stamp(now() - timedelta(days=days))
    places = tuple(ctx.audience.places)
    rows = await storage.read(store.unanswered, since, ctx.actor.person_id, places, limit)
    return tuple(
        Unanswered(id=row[0], question=row[1], person=row[2], place_name=row[3], asked_at=moment(row[4]))
        for row in rows
    )


@action("conversation.figures", permission="conversation.read", effect=Effect.READ)
async def figures(storage: Storage, *, since: datetime | None = None) -> Figures:
    """Count what was answered.

    since: from when on; the last 24 hours when left out.
    """
    start = since or now() - timedelta(hours=24)
    answered, sourced, missing, failed, median = await storage.read(store.figures, stamp(start), None)
    return Figures(answered=answered, with_sources=sourced, unanswered=missing, failed=failed, median_ms=median)


@action("conversation.rate", permission="conversation.ask", effect=Effect.WRITE)
async def rate(storage: Storage, ctx: Context, unit: Unit, answer_id: str, good: bool) -> Reply:
    """Say whether an answer helped.

    answer_id: as its buttons carry it.
    good: true or false.
    """
    if await _exchange(storage, ctx, answer_id) is None:
        raise NotFound("There is no such answer, or it is not for you.")
    before = await storage.read(store.rating, answer_id, ctx.actor.person_id)
    unit.do(store.rate, answer_id, ctx.actor.person_id, good, stamp(now()))
    unit.changed(before, good)
    if before is None:
        unit.undo("conversation.unrate", {"answer_id": answer_id})
    else:
        unit.undo("conversation.rate", {"answer_id": answer_id, "good": before})
    return Reply(text="Thanks, noted.", private=True)


@action("conversation.unrate", permission="conversation.ask", effect=Effect.WRITE)
async def unrate(storage: Storage, ctx: Context, unit: Unit, answer_id: str) -> Reply:
    """Take your thumb back from an answer.

    answer_id: as its buttons carry it.
    """
    before = await storage.read(store.rating, answer_id, ctx.actor.person_id)
    if before is None:
        raise NotFound("You gave that answer no thumb.")
    unit.do(store.unrate, answer_id, ctx.actor.person_id)
    unit.changed(before, None)
    unit.undo("conversation.rate", {"answer_id": answer_id, "good": before})
    return Reply(text="Taken back.", private=True)


@action("conversation.share", permission="conversation.ask", effect=Effect.OUTWARD, audited=True)
async def share(storage: Storage, ctx: Context, unit: Unit, answer_id: str) -> Reply:
    """Show an answer that only you got to everyone in the place where you asked.

    answer_id: as the button carries it.
    """
    exchange = await _exchange(storage, ctx, answer_id)
    if exchange is None or exchange.person_id != ctx.actor.person_id:
        raise Denied("Only whoever asked may share that answer.", rule="the asker shares")
    if ctx.place is None or ctx.place.kind == "direct":
        raise InvalidInput("There is nobody here to share it with.", hint="Press the button where you asked.")
    shown = exchange.reply.text.partition("\n\n*Only you see this")[0]
    text = f"{shown}\n\n*Shared by {ctx.actor.name}.*"
    reply = Reply(text=text, sources=exchange.reply.sources, produced_by=exchange.reply.produced_by)
    unit.send(Message(id=new_id(), address=Address(place=ctx.place), reply=reply, created_at=now()))
    unit.changed(None, [source.location for source in reply.sources])
    return Reply(text="Shared.", private=True)


@action("conversation.stop", permission="conversation.ask", effect=Effect.OUTWARD)
async def stop(conversations: Conversations, ctx: Context, incoming_id: str) -> Reply:
    """Stop an answer that is being made for you.

    incoming_id: as its Stop button carries it.
    """
    asker = conversations.asker_of(incoming_id)
    if asker is None:
        return Reply(text="It was done before.", private=True)
    own = (asker.sender.network, asker.sender.external_id) == (ctx.caller.network, ctx.caller.external_id)
    if not own and not ctx.actor.roles & {"operator", "admin", "owner"}:
        raise Denied("Only whoever asked, or an operator, may stop that answer.", rule="the asker stops")
    conversations.stop(incoming_id)
    return Reply(text="Stopped.", private=True)


@action("conversation.catch_up", permission="conversation.ask", effect=Effect.OUTWARD)
async def catch_up(conversations: Conversations, unit: Unit, choice: str, where: str) -> Reply:
    """Answer or drop messages that came while Signalbox was offline and are too old to be answered unasked.

    choice: all, one or drop.
    where: the place, or with `one` the id the button carries.
    """
    if choice not in ("all", "one", "drop"):
        raise InvalidInput(f"{choice!r} is no choice.", hint="Choose all, one or drop.")
    count = await conversations.missed.choose(unit, choice, where)
    done = "dropped" if choice == "drop" else "answered now"
    return Reply(text=f"{count} {'is' if count == 1 else 'are'} {done}.", private=True)


@action("alias.add", permission="alias.write", effect=Effect.WRITE)
async def alias_add(
    conversations: Conversations, storage: Storage, ctx: Context, unit: Unit, name: AliasName, command: Question
) -> Reply:
    """Give a command a short name.

    name: one lower-case word.
    command: the command, with {1}, {2}, … or {*} where the words after the name go.
    """
    if conversations.commands.is_action(name):
        raise InvalidInput(f"`{name}` is a command already.", hint="Choose another name.")
    before = dict(await storage.read(store.aliases)).get(name)
    unit.do(store.put_alias, name, command, ctx.actor.person_id, stamp(now()))
    unit.then(conversations.commands.aliases_changed)
    unit.changed(before, command)
    if before is None:
        unit.undo("alias.remove", {"name": name})
    else:
        unit.undo("alias.add", {"name": name, "command": before})
    return Reply(text=f"`{name}` now stands for `{command}`.")


@action("alias.remove", permission="alias.write", effect=Effect.WRITE)
async def alias_remove(conversations: Conversations, storage: Storage, unit: Unit, name: str) -> Reply:
    """Forget a short name.

    name: as `alias list` shows it.
    """
    before = dict(await storage.read(store.aliases)).get(name)
    if before is None:
        raise NotFound(f"No alias is called {name!r}.", hint="`alias list` shows them.")
    unit.do(store.drop_alias, name)
    unit.then(conversations.commands.aliases_changed)
    unit.changed(before, None)
    unit.undo("alias.add", {"name": name, "command": before})
    return Reply(text=f"`{name}` is forgotten.")


@action("alias.list", permission="conversation.read", effect=Effect.READ)
async def alias_list(storage: Storage) -> Reply:
    """List short names and what they stand for."""
    rows = await storage.read(store.aliases)
    return Reply(text="\n".join(f"- `{name}`: `{command}`" for name, command in rows) or "There are no aliases yet.")


async def _exchange(storage: Storage, ctx: Context, exchange_id: str) -> Exchange | None:
    row = await storage.read(store.exchange, exchange_id, ctx.actor.person_id, tuple(ctx.audience.places))
    return exchange_of(row) if row else None


def exchange_of(row: store.Row) -> Exchange:
    """An exchange from its row."""
    return Exchange(
        id=row[0],
        conversation=row[1],
        network=row[2],
        place_kind=row[3],
        place_name=row[4],
        person_id=row[5],
        person=row[6],
        asked_at=moment(row[7]),
        question=row[8],
        action=row[9],
        reply=decode(Reply, row[10]),
        found=bool(row[11]),
        outcome=row[12],
        steps=tuple(Step(label=label, at_ms=at_ms) for label, at_ms in decode(list[tuple[str, int]], row[13])),
        answered_at=moment(row[14]),
        delivery=row[15],
        good=row[16],
        bad=row[17],
    )
