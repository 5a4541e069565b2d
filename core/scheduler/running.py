"""A slot run through the door, as the schedule's owner with the rights of this moment."""

from __future__ import annotations

from core.actions import Context, Door
from core.errors import Denied
from core.ports import Say, SlotOrder
from core.scheduler.book import POST, may_post_elsewhere
from core.values import Reply


class DoorRun:
    """The port `RunSlot`, filled by the door."""

    def __init__(self, door: Door, say: Say) -> None:
        self._door, self._say = door, say

    async def __call__(self, order: SlotOrder) -> Reply:
        """What the action answers, for the readers of the place it is posted to."""
        place = order.address.place if order.address else None
        ctx = Context(caller=order.caller, place=place, key=order.key, agent=f"schedule {order.caller.through}")
        if order.elsewhere and not await may_post_elsewhere(ctx, self._door):
            raise Denied("The owner may not post there any more.", rule=f"posting elsewhere needs {POST}")
        result = await self._door.dispatch(ctx, order.action, order.arguments)
        return self._say(result.value)
