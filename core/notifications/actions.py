"""What can be asked about messages that leave."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from core.actions import Context, Unit, action
from core.errors import NotFound
from core.notifications.addresses import Addresses
from core.outbox import Delivery, Outbox, again, drop
from core.storage import Storage
from core.values import Effect, Json, Message, Reply, new_id, now, stamp

_WIDE = re.compile(r"@(here|everyone|channel)\b|<!(here|everyone|channel)", re.IGNORECASE)
PRIVATE = "(for one person alone)"
State = Literal["", "waiting", "sending", "sent", "failed", "dropped"]


def _rings_everyone(arguments: Mapping[str, Json]) -> str:
    return "would ring everyone in the channel" if _WIDE.search(str(arguments.get("text", ""))) else ""


@action("deliveries.status", permission="deliveries.read", effect=Effect.READ, aliases=("deliveries",))
async def status(
    outbox: Outbox, *, state: State = "", limit: Annotated[int, Field(ge=1, le=500)] = 30
) -> tuple[Delivery, ...]:
    """List messages that wait, are being sent, were sent or failed, newest first; private ones without their text.

    state: only these.
    limit: how many at most.
    """
    found = await outbox.listed(state, limit)
    return tuple(replace(one, text=PRIVATE) if one.private else one for one in found)


@action("deliveries.retry", permission="deliveries.write", effect=Effect.OUTWARD)
async def retry(outbox: Outbox, storage: Storage, unit: Unit, delivery_id: str) -> Reply:
    """Send a failed message again; Signalbox looks first whether it arrived after all.

    delivery_id: from `deliveries status`; `all` for every failed one.
    """
    failed = await outbox.failed(delivery_id)
    if not failed:
        raise NotFound(f"No failed delivery has the id {delivery_id}.", hint="`deliveries status` lists them.")
    for row_id, body in failed:
        unit.do(again, row_id, stamp(now()))
        unit.then(outbox.retry_now, row_id, body)
    return Reply(text=f"{len(failed)} {'is' if len(failed) == 1 else 'are'} being sent again.")


@action("deliveries.drop", permission="deliveries.write", effect=Effect.DESTROY)
async def drop_(outbox: Outbox, unit: Unit, delivery_id: str) -> Reply:
    """Give up a message that waits or failed. It will never be sent.

    delivery_id: from `deliveries status`.
    """
    unit.do(drop, delivery_id)
    unit.then(outbox.forget, delivery_id)
    return Reply(text="Dropped.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A network as it is now. last_heard_s: seconds since the other side last really said something."""

    network: str
    state: str
    workspace: str
    detail: str
    last_heard_s: float | None


@action("connections.list", permission="connections.read", effect=Effect.READ, aliases=("connections",))
async def connections(outbox: Outbox) -> tuple[Connection, ...]:
    """Show each chat network: is it connected, and when did it last really say something."""
    at = now()
    found = [(chat.network, chat.health()) for chat in outbox.chats]
    return tuple(
        Connection(
            network=network,
            state=health.state,
            workspace=health.workspace,
            detail=health.detail,
            last_heard_s=round((at - health.last_received_at).total_seconds(), 1) if health.last_received_at else None,
        )
        for network, health in found
    )


@action("chat.post", permission="chat.post", effect=Effect.OUTWARD, asks_when=_rings_everyone)
async def post(
    addresses: Addresses,
    ctx: Context,
    unit: Unit,
    channel: str,
    text: Annotated[str, Field(min_length=1, max_length=20_000)],
) -> Reply:
    """Write a message to a channel or a person.

    channel: `slack:#ops`, `discord:server/#ops`, `#ops` or `person:NAME`.
    text: Markdown.
    """
    address = await addresses.find(channel, actor=ctx.actor, place=ctx.place)
    unit.send(Message(id=new_id(), address=address, reply=Reply(text=text), created_at=now()))
    return Reply(text=f"On its way to {address.place.name or channel}.", private=True)
