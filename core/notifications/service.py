"""Words to the admins: somebody wants in, a schedule was paused. One message each, to each admin."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from core.actions import Door
from core.errors import AppError
from core.events import Event, SomebodyUnknown
from core.identity import Identity
from core.outbox import Outbox
from core.values import Address, Button, Message, Reply, new_id, now

log = logging.getLogger(__name__)


class Notifications:
    """Listens to what admins must know and writes to them directly."""

    def __init__(self, door: Door, outbox: Outbox, identity: Identity) -> None:
        self._door, self._outbox, self._identity = door, outbox, identity

    async def hear(self, events: Sequence[Event]) -> None:
        """Tell the admins. Idempotent by event id: the message carries it."""
        for event in events:
            if isinstance(event, SomebodyUnknown):
                await self._tell_admins(_wants_in(event), event.id)

    async def tell_admins(self, text: str) -> None:
        """One message to every admin who can be reached."""
        await self._tell_admins(Reply(text=text), new_id())

    async def _tell_admins(self, reply: Reply, about: str) -> None:
        unit = self._door.open_unit()
        for network, external_id in await self._identity.admin_links():
            chat = self._outbox.chat(network)
            if chat is None:
                continue
            try:
                place = await chat.direct_place(external_id)
            except AppError as error:
                log.warning("an admin on %s cannot be written to: %s", network, error)
                continue
            unit.send(Message(id=new_id(), address=Address(place=place), reply=reply, created_at=now()))
        log.info("told the admins about %s", about)
        await unit.commit()


def _wants_in(event: SomebodyUnknown) -> Reply:
    where = f" in {event.place}" if event.place else ""
    code = event.code
    return Reply(
        text=f"**{event.display_name or 'Somebody'}** ({event.network}) wrote to me{where} and is not linked to anyone "
        f"here. Their code is `{code}`.",
        buttons=(
            Button(label="Approve as member", value=f"people approve {code} --role member", style="primary"),
            Button(label="Approve as guest", value=f"people approve {code} --role guest"),
            Button(label="Refuse", value=f"people refuse {code}", style="danger"),
        ),
    )
