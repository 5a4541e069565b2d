"""What is too old to be answered unasked: listed once for its place, with *Answer all*, one by one, *Drop*."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import datetime

from core.actions import Door, Unit
from core.codec import decode, encode
from core.errors import NotFound
from core.inbox import Inbox, asked, drop_asked, list_asked, wake
from core.storage import Storage
from core.values import Address, Button, Incoming, Message, Reply, new_id, now, spoken_age, stamp

QUIET_S = 2.0
"""History comes in a rush; the list is made when it is over."""
SHOWN = 10
PICKED = 3


class Missed:
    """Lists old arrivals and wakes those a person wants answered."""

    def __init__(self, storage: Storage, inbox: Inbox, door: Door) -> None:
        self._storage, self._inbox, self._door = storage, inbox, door
        self._more = asyncio.Event()
        self._more.set()  # an earlier process may have left some unlisted

    def set_aside(self) -> None:
        """An old arrival was just put aside."""
        self._more.set()

    async def run(self) -> None:
        """List what was put aside, until cancelled."""
        while True:
            await self._more.wait()
            self._more.clear()
            await asyncio.sleep(QUIET_S)
            if not self._more.is_set():
                await self._list_all()

    async def choose(self, unit: Unit, choice: str, where: str) -> int:
        """Wake (`all`, or one id) or drop (`drop`) what was listed in a place; how many.

        Raises NotFound when nothing is left to choose from.
        """
        rows = await self._storage.read(asked, "listed", "" if choice == "one" else where)
        found = [decode(Incoming, body) for one, body in rows if choice != "one" or one == where]
        if not found:
            raise NotFound("Nothing of that list is left.", hint="It was answered or dropped before.")
        if choice == "drop":
            unit.do(drop_asked, [one.id for one in found], stamp(now()))
            return len(found)
        for one in found:
            fresh = replace(one, sent_at=now())
            unit.do(wake, one.id, encode(fresh), stamp(fresh.sent_at))
            unit.then(self._inbox.again, fresh)
        return len(found)

    async def _list_all(self) -> None:
        rows = await self._storage.read(asked, "asked", "")
        by_place: dict[str, list[Incoming]] = defaultdict(list)
        for _, body in rows:
            incoming = decode(Incoming, body)
            by_place[incoming.place.key].append(incoming)
        for key, missed in by_place.items():
            unit = self._door.open_unit()
            unit.do(list_asked, [one.id for one in missed])
            unit.send(_notice(key, missed, now()))
            await unit.commit()


def _notice(key: str, missed: list[Incoming], at: datetime) -> Message:
    lines = [f"While I was offline {len(missed)} messages for me were written here:"]
    if len(missed) == 1:
        lines = ["While I was offline a message for me was written here:"]
    for number, one in enumerate(missed[:SHOWN], start=1):
        text = one.text if len(one.text) <= 120 else one.text[:117] + "…"
        lines.append(f"{number}. {one.sender.name or 'somebody'}, {spoken_age(at - one.sent_at)} ago: {text}")
    if len(missed) > SHOWN:
        lines.append(f"… and {len(missed) - SHOWN} more.")
    picks = [
        Button(label=f"Answer {number}", value=f"catch-up:one:{one.id}")
        for number, one in enumerate(missed[:PICKED], start=1)
        if len(missed) > 1
    ]
    buttons = (
        Button(label="Answer all" if len(missed) > 1 else "Answer", value=f"catch-up:all:{key}", style="primary"),
        *picks,
        Button(label="Drop", value=f"catch-up:drop:{key}"),
    )
    place = replace(missed[0].place, thread_id="")
    return Message(
        id=new_id(), address=Address(place=place), reply=Reply(text="\n".join(lines), buttons=buttons), created_at=at
    )
