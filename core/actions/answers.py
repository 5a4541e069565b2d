"""A person's yes or no to what waits: the press of a button, the header, the prompt."""

from __future__ import annotations

from dataclasses import replace

from core.actions import store
from core.actions.door import Door
from core.actions.model import Confirmation, Context, Result
from core.errors import Denied
from core.storage import Storage
from core.values import now, stamp


class Answers:
    """Runs or declines what was asked, on behalf of whoever asked."""

    def __init__(self, door: Door, storage: Storage) -> None:
        self._door, self._storage = door, storage

    async def approve(self, ctx: Context, confirmation_id: str) -> Result:
        """The result of the call that waited. `ctx` is of the person who says yes."""
        asked = await self._door.confirmations.get(confirmation_id)
        presser = await self._door.identify(ctx)
        if not asked.approver:
            return await self._door.dispatch(replace(ctx, confirm=confirmation_id), asked.action, asked.arguments)
        await self._may_approve(presser, asked)
        asker = await self._door.confirmations.asker(confirmation_id)
        own = replace(
            ctx,
            caller=asker.caller,
            place=asker.place,
            key=asker.key,
            confirm=confirmation_id,
            approved_by=presser.actor.person_id,
        )
        return await self._door.dispatch(own, asked.action, asked.arguments)

    async def decline(self, ctx: Context, confirmation_id: str) -> Confirmation:
        """What was declined; it can no longer be run. The asker may withdraw it, an approver may refuse."""
        asked = await self._door.confirmations.get(confirmation_id)
        presser = await self._door.identify(ctx)
        if presser.actor.person_id != asked.actor:
            await self._may_approve(presser, asked)
        await self._storage.write(store.use, confirmation_id, "declined", presser.actor.person_id, stamp(now()))
        return asked

    async def _may_approve(self, presser: Context, asked: Confirmation) -> None:
        roles = presser.actor.roles
        if not asked.approver or not roles & {asked.approver, "admin", "owner"}:
            raise Denied(
                f"Only somebody with the role {asked.approver or 'of the asker'} may answer this.",
                rule="another person approves",
            )
        if presser.actor.person_id == asked.actor and not await self._door.alone(presser):
            raise Denied("Somebody else must approve what you asked for.", rule="never the asker unless alone")
