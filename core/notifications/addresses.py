"""Addresses as people write them: `slack:#ops`, `discord:guild/#ops`, `person:NAME`; kept as ids."""

from __future__ import annotations

from core.errors import InvalidInput, NotFound
from core.identity import Identity
from core.outbox import Outbox
from core.values import Actor, Address, Place

FORMS = "Write it as `slack:#ops`, `discord:server/#ops` or `person:NAME`."


class Addresses:
    """Finds where a message goes."""

    def __init__(self, outbox: Outbox, identity: Identity) -> None:
        self._outbox, self._identity = outbox, identity

    async def find(self, text: str, *, actor: Actor, place: Place | None) -> Address:
        """The address a text names; a bare `#ops` is of the network of `place`.

        Raises InvalidInput for a text that is no address or names several places, NotFound for an unknown one.
        """
        text = text.strip()
        if text in ("here", "") and place is not None:
            return Address(place=place)
        if text.startswith("#"):
            return Address(place=await self._bare(text, place))
        network, colon, name = text.partition(":")
        if not colon or not name:
            raise InvalidInput(f"{text!r} is no address.", hint=FORMS)
        if network == "person":
            return Address(place=await self._direct(name, actor))
        if network == "email":
            raise InvalidInput("Mail is not set up in this version.", hint=FORMS)
        chat = self._outbox.chat(network)
        if chat is None:
            raise NotFound(f"{network!r} is not connected here.", hint=f"{FORMS} `connections list` shows what is.")
        return Address(place=await chat.find_place(name))

    async def _bare(self, name: str, place: Place | None) -> Place:
        if place is not None and (chat := self._outbox.chat(place.network)) is not None:
            return await chat.find_place(name)
        chats = self._outbox.chats
        if len(chats) != 1:
            raise InvalidInput(f"{name} could be in {len(chats)} networks.", hint=FORMS)
        return await chats[0].find_place(name)

    async def _direct(self, name: str, actor: Actor) -> Place:
        """A person's direct channel, on the first network they are linked on that is connected."""
        person = await self._identity.person(name)
        links = (await self._identity.snapshot()).links
        for (network, external_id), person_id in links.items():
            if person_id != person.id:
                continue
            chat = self._outbox.chat(network)
            if chat is not None:
                return await chat.direct_place(external_id)
        raise NotFound(f"{name} can be reached on no connected network.", hint="`people show` lists their links.")
