"""A chat network in memory: the `Chat` port with a room's messages, and faults on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from core.errors import AppError, NotFound
from core.ports import Health, Intake, Rate, Sent
from core.values import Incoming, IncomingKind, Message, Place, Reply, Sender, new_id, now

OPS = Place(network="fake", workspace_id="T1", channel_id="C-ops", kind="public", name="#ops")
SECRET = Place(network="fake", workspace_id="T1", channel_id="C-secret", kind="private", name="#secret")


@dataclass
class Shown:
    """A message as the network shows it now."""

    id: str
    key: str
    place: Place
    reply: Reply
    only_for: str
    edits: int = 0


@dataclass
class FakeChat:
    """Keeps what was sent. `faults` are raised by the next sends, after the message was taken when `after`."""

    network: str = "fake"
    rate: Rate = field(default_factory=lambda: Rate(per_s=1000, burst=1000))
    shown: dict[str, Shown] = field(default_factory=dict)
    deleted: list[Shown] = field(default_factory=list)
    faults: list[tuple[Exception, bool]] = field(default_factory=list)
    worked: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    intake: Intake | None = None
    sends: int = 0

    def health(self) -> Health:
        return Health(state="ok", last_received_at=now())

    async def run(self, intake: Intake) -> None:
        self.intake = intake

    async def send(self, message: Message) -> Sent:
        self.sends += 1
        fault, after = self.faults.pop(0) if self.faults else (None, False)
        if fault is not None and not after:
            raise fault
        taken = self._take(message)
        if fault is not None:
            raise fault
        return taken

    def _take(self, message: Message) -> Sent:
        address = message.address
        if message.operation == "delete":
            self.deleted.append(self.shown.pop(address.message_id))
            return Sent(message_id=address.message_id)
        if message.operation == "edit":
            one = self.shown[address.message_id]
            one.reply, one.edits = message.reply, one.edits + 1
            return Sent(message_id=one.id)
        shown_id = f"m{len(self.shown) + len(self.deleted) + 1}"
        self.shown[shown_id] = Shown(shown_id, message.id, address.place, message.reply, address.person_external_id)
        return Sent(message_id=shown_id)

    async def find(self, message: Message) -> Sent | None:
        return next((Sent(message_id=one.id) for one in self.shown.values() if one.key == message.id), None)

    async def working(self, incoming: Incoming) -> None:
        self.worked.append(incoming.id)

    async def open_reply(self, incoming: Incoming, text: str) -> str:
        self.opened.append(incoming.id)
        shown_id = f"m{len(self.shown) + len(self.deleted) + 1}"
        self.shown[shown_id] = Shown(shown_id, incoming.id, incoming.place, Reply(text=text), "")
        return shown_id

    async def grow_reply(self, incoming: Incoming, message_id: str, text: str) -> None:
        self.shown[message_id].reply = Reply(text=text)

    async def direct_place(self, external_id: str) -> Place:
        return Place(network=self.network, workspace_id="T1", channel_id=f"D-{external_id}", kind="direct")

    async def find_place(self, name: str) -> Place:
        for place in (OPS, SECRET):
            if name in (place.name, place.channel_id):
                return place
        raise NotFound(f"There is no channel {name} in the fake network.")

    def texts(self, place: Place | None = None) -> list[str]:
        """What is shown, oldest first, in a place or everywhere."""
        return [one.reply.text for one in self.shown.values() if place is None or one.place.key == place.key]

    def fail(self, error: AppError | Exception, *, after: bool = False, times: int = 1) -> None:
        """Let the next sends fail; `after`: the message arrived all the same."""
        self.faults += [(error, after)] * times


def incoming(
    text: str,
    *,
    who: str = "U-ann",
    place: Place = OPS,
    thread: str = "",
    kind: IncomingKind = IncomingKind.MESSAGE,
    message_id: str = "",
    age: timedelta = timedelta(0),
    sender: Literal["member", "guest", "stranger", "bot", "unknown"] = "member",
    value: str = "",
    addressed: bool = True,
    change: Callable[[Incoming], Incoming] = lambda one: one,
) -> Incoming:
    """An arrival of the fake network."""
    at: datetime = now()
    message_id = message_id or new_id()
    own = replace(place, thread_id=thread or message_id) if place.kind != "direct" else place
    return change(
        Incoming(
            id=new_id(),
            kind=kind,
            place=own,
            sender=Sender(network=place.network, external_id=who, name=who.removeprefix("U-"), kind=sender),
            message_id=message_id,
            event_id=new_id(),
            text=text,
            value=value,
            addressed=addressed,
            sent_at=at - age,
            received_at=at,
        )
    )
