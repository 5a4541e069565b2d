"""Words to the admins: somebody wants in, a schedule was paused. One message each, to each admin."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from core.actions import Door
from core.errors import AppError
from core.events import Event, SomebodyUnknown
from core.identity import Identity, Role
from core.outbox import Outbox
from core.values import Address, Button, Message, Reply, new_id, now

log = logging.getLogger(__name__)


class Notifications:
    """Listens to what admins must know and writes to them directly."""

    def __init__(self, door: Door, outbox: Outbox, identity: Identity) -> None:
        self._door, self._outbox, self._identity = door, outbox, identity

    async def hear(self, events: Sequence[Event]) -> None:
        """Tell the admins."""
        for event in events:
            if isinstance(event, SomebodyUnknown):
                await self.tell_admins(_wants_in(event))

    async def addresses(self) -> tuple[Address, ...]:
        """Where the admins are told: one direct channel each, on the first connected network they are linked on."""
        found: dict[str, Address] = {}
        known = await self._identity.snapshot()
        admins = {one.id for one in known.with_role(Role.ADMIN)}
        for (network, external_id), person_id in known.links.items():
            chat = self._outbox.chat(network)
            if chat is None or person_id in found or person_id not in admins:
                continue
            try:
                found[person_id] = Address(place=await chat.direct_place(external_id))
            except AppError as error:
                log.warning("an admin on %s cannot be written to: %s", network, error)
        return tuple(found.values())

    async def tell_admins(self, reply: Reply) -> int:
        """Write to every admin who can be reached; how many."""
        unit = self._door.open_unit()
        addresses = await self.addresses()
        for address in addresses:
            unit.send(Message(id=new_id(), address=address, reply=reply, created_at=now()))
        await unit.commit()
        return len(addresses)


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
