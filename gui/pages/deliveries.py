"""Deliveries: messages that wait, are being sent, were sent or failed; retry and give up."""

from __future__ import annotations

from nicegui import PageArguments

from core.events import DeliveryChanged
from core.outbox import Delivery
from gui.chips import title_of
from gui.parts.basics import Button, State, Text, age, box, card, empty, link, plain_words, row, sub, tag
from gui.parts.section import Section
from gui.room import Room
from gui.running import press

STATES: dict[str, tuple[State, str]] = {
    "waiting": ("info", "waiting"),
    "sending": ("info", "sending"),
    "sent": ("ok", "sent"),
    "failed": ("bad", "failed"),
    "dropped": ("idle", "given up"),
}
LIMIT = 200


async def deliveries(room: Room, args: PageArguments) -> None:
    """`/deliveries?state=failed`."""
    state = args.query_parameters.get("state", "")
    state = state if state in STATES else ""
    with box("div", "page"):
        with box("div", "title"):
            Text("h1", "Deliveries")
            Text("small", "Every message that leaves is kept until it has arrived")
        with box("div", "filters"):
            state_filter("/deliveries", state)
            if room.may("deliveries.retry"):
                Button("Retry every failed one", lambda: press(room, "deliveries.retry", {"delivery_id": "all"}))

        async def read() -> tuple[Delivery, ...]:
            return await room.read(tuple, "deliveries.status", state=state, limit=LIMIT)

        with card("Messages"):
            section: Section[tuple[Delivery, ...]]

            def draw(found: tuple[Delivery, ...]) -> None:
                for one in found:
                    _delivery(room, one, section)
                if not found and state:
                    empty(f"No message is {STATES[state][1]}.", ("Show all", "/deliveries"), state="ok")
                elif not found:
                    empty("Nothing was sent yet.", ("Ask something", "/conversations"))

            section = Section(room, read, draw, kinds=(DeliveryChanged,), rows=6)


def state_filter(path: str, chosen: str) -> None:
    """The states as links, so that the choice is in the address."""
    with box("nav", "seg", aria_label="State"):
        for value, words in (("", "All"), ("waiting", "Waiting"), ("sent", "Sent"), ("failed", "Failed")):
            one = link(words, f"{path}?state={value}" if value else path)
            if value == chosen:
                one.props["aria-current"] = "true"


def _delivery(room: Room, one: Delivery, section: Section[tuple[Delivery, ...]]) -> None:
    colour, words = STATES[one.state]
    network, _, place = one.destination.partition(":")

    async def retry() -> None:
        await press(room, "deliveries.retry", {"delivery_id": one.id})
        await section.refresh()

    async def give_up() -> None:
        await press(room, "deliveries.drop", {"delivery_id": one.id})
        await section.refresh()

    with row():
        with box("span", "cell"):
            tag(words, colour)
        Text("span", title_of(network), "name").props["title"] = place
        said = plain_words(one.text)
        sub(f"{one.error} · {said}" if one.error and one.state != "sent" else said)
        if one.attempts > 1:
            Text("span", f"{one.attempts} tries", "r")
        age(one.sent_at or one.created_at)
        if one.state in ("failed", "waiting") and (room.may("deliveries.retry") or room.may("deliveries.drop")):
            with box("div", "acts"):
                if one.state == "failed" and room.may("deliveries.retry"):
                    Button("Retry", retry).mark(f"retry-{one.id}")
                if room.may("deliveries.drop"):
                    Button("Give up", give_up, classes="d").mark(f"drop-{one.id}")
