"""Before anything is answered: is it meant for the bot, who wrote it, and are they let in."""

from __future__ import annotations

import time
from collections import OrderedDict

from core.actions import Door
from core.config.settings import ConversationSettings
from core.conversation.turn import Turn
from core.errors import Limited
from core.identity import BY_PERSON_ID, Admissions, Identity, People
from core.values import Actor, Caller, Incoming, IncomingKind, Place, Reply

TOLD_EVERY_S = 60.0
"""Somebody who floods is told so at most this often; the rest of the flood is not answered."""
REMEMBERED = 10_000


class Doorstep:
    """Decides who is heard at all."""

    def __init__(
        self,
        door: Door,
        identity: Identity,
        admissions: Admissions,
        people: People,
        settings: ConversationSettings,
    ) -> None:
        self._door, self._identity, self._settings = door, identity, settings
        self._admissions, self._people = admissions, people
        self._bot_turns: OrderedDict[str, int] = OrderedDict()
        self._told: OrderedDict[str, float] = OrderedDict()

    def ignores(self, turn: Turn) -> bool:
        """True when this arrival is not answered: not meant for the bot, or another bot's."""
        incoming = turn.incoming
        if incoming.sender.kind == "bot":
            return self._ignores_bot(turn)
        self._bot_turns.pop(incoming.place.conversation, None)
        if not incoming.addressed:
            turn.ignore("not addressed to the bot")
            return True
        return False

    async def admitted(self, turn: Turn) -> bool:
        """True when the sender is known, or became so now; else the turn holds what they are told."""
        incoming = turn.incoming
        caller = Caller(network=incoming.sender.network, external_id=incoming.sender.external_id)
        turn.actor = await self._identity.identify(caller)
        if turn.actor.person_id:
            await self._saw(turn.actor, incoming.place)
            return True
        unit = self._door.open_unit()
        admission = await self._admissions.admit(unit, incoming.sender, incoming.place)
        await unit.commit()
        if admission.person_id:
            turn.actor = await self._identity.identify(caller)
            turn.step("Let in")
            return True
        turn.step("Not let in")
        if admission.text:
            turn.reply, turn.outcome = Reply(text=admission.text, private=True), "refused"
        else:
            turn.ignore("nobody knows the sender, who was told so before")
        return False

    async def _saw(self, actor: Actor, place: Place) -> None:
        """Whoever writes in a place reads it: remembered once, and forgotten when they leave."""
        if place.kind == "direct" or place.network in BY_PERSON_ID:
            return
        known = (await self._identity.snapshot()).places.get(actor.person_id, frozenset())
        if place.key not in known:
            unit = self._door.open_unit()
            self._people.joined(unit, place, actor.person_id)
            await unit.commit()

    def too_fast(self, turn: Turn, error: Limited) -> None:
        """Tell somebody that they ask too much, once a minute."""
        who = turn.actor.person_id or turn.incoming.sender.external_id
        at = time.monotonic()
        if at - self._told.get(who, -TOLD_EVERY_S) < TOLD_EVERY_S:
            turn.ignore("too many in a short time")
            return
        _remember(self._told, who, at)
        turn.reply, turn.outcome = Reply(text=f"{error.message} {error.hint}", private=True), "refused"

    def _ignores_bot(self, turn: Turn) -> bool:
        incoming = turn.incoming
        if not self._allows_bots(incoming):
            turn.ignore("written by a bot")
            return True
        turns = self._bot_turns.get(incoming.place.conversation, 0) + 1
        _remember(self._bot_turns, incoming.place.conversation, turns)
        if turns > self._settings.bot_turns:
            turn.ignore(f"the other bot had {self._settings.bot_turns} answers in a row")
            return True
        return not incoming.addressed

    def _allows_bots(self, incoming: Incoming) -> bool:
        return incoming.kind is IncomingKind.MESSAGE and incoming.place.key in self._settings.bots_allowed


def _remember(memory: OrderedDict[str, int] | OrderedDict[str, float], key: str, value: float) -> None:
    memory[key] = value  # type: ignore[assignment]  # an int memory is given ints
    memory.move_to_end(key)
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
