"""The control room over a whole App, visited without a browser: people sign in and look at pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from nicegui import core as nicegui_core
from nicegui import ui
from nicegui.events import GenericEventArguments, handle_event
from nicegui.functions.download import download
from nicegui.functions.navigate import Navigate
from nicegui.functions.notify import notify
from nicegui.testing import User
from nicegui.testing.general import nicegui_reset_globals

from gui.app import ControlRoom
from gui.gate import SignInGate
from gui.palette import Palette
from gui.parts.basics import Text
from gui.sessions import SESSION_COOKIE
from tests.fakes.house import House, until

WAIT_S = 10.0
DOCUMENT = """# Certificates

## Rotate

Run `certs rotate staging` from the bastion, then restart the ingress. The old pair stays valid for one hour.
"""


@dataclass
class Building:
    """The App, its control room, and those who visit it."""

    house: House
    room: ControlRoom
    visitors: list[httpx.AsyncClient] = field(default_factory=list)

    def anybody(self, cookies: dict[str, str] | None = None) -> httpx.AsyncClient:
        """An HTTP client at the gate."""
        gate = SignInGate(nicegui_core.app, self.room.sessions)
        transport = httpx.ASGITransport(gate, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://test", cookies=cookies)
        self.visitors.append(client)
        return client

    async def token(self, person_id: str = "") -> str:
        """A session of a person; of the owner when none is named."""
        access = self.house.app.access
        person_id = person_id or (await self.house.app.identity.ensure_owner()).id
        return (await access.redeem(await access.one_time_link(person_id), "127.0.0.1", "test")).token

    async def visitor(self, person_id: str = "") -> User:
        """Somebody signed in; the owner when nobody is named."""
        return User(self.anybody({SESSION_COOKIE: await self.token(person_id)}))

    async def teach(self, folder: Path) -> None:
        """A document to answer from."""
        folder.mkdir(exist_ok=True)  # noqa: ASYNC240  # a test may wait for its own disk
        (folder / "certificates.md").write_text(DOCUMENT)
        await self.house.run("knowledge.index", path=str(folder))


@asynccontextmanager
async def open_building(house: House) -> AsyncIterator[Building]:
    with nicegui_reset_globals():
        room = ControlRoom(house.app)
        room.register()
        house.app.supervisor.supervise("control room", room.live.run)
        building = Building(house, room)
        try:
            async with nicegui_core.app.router.lifespan_context(nicegui_core.app):
                yield building
                for visitor in building.visitors:
                    await visitor.aclose()
        finally:
            house.app.supervisor.stop("control room")
            ui.navigate = Navigate()
            ui.notify = notify
            ui.download = download


async def sees(user: User, words: str) -> None:
    """Return once a text is on the page. Fails with what is there instead."""
    try:
        await until(lambda: any(words in text for text in texts(user)), timeout_s=WAIT_S)
    except (TimeoutError, AssertionError):
        raise AssertionError(f"{words!r} is not among {sorted(set(texts(user)))}") from None


def texts(user: User) -> Iterator[str]:
    """Every text on the page that is visible, and what was said in passing."""
    assert user.client is not None
    for element in list(user.client.elements.values()):
        if not element.visible or any(not above.visible for above in element.ancestors()):
            continue
        if isinstance(element, Text) or hasattr(element, "text"):
            yield str(element.text)
        if isinstance(element, ui.html):
            yield re.sub(r"<[^>]+>", "", element.content)
    yield from user.notify.messages


def marked(user: User, marker: str) -> list[ui.element]:
    """The visible elements with a marker."""
    try:
        return sorted(user.find(marker=marker).elements, key=lambda one: one.id)
    except AssertionError:
        return []


async def press(user: User, marker: str) -> None:
    """Press the newest thing with that marker, once it is there."""
    await until(lambda: marked(user, marker), timeout_s=WAIT_S, what=marker)
    one = marked(user, marker)[-1]
    assert user.client is not None
    with user.client:
        for listener in list(one._event_listeners.values()):
            if listener.type == "click":
                handle_event(listener.handler, GenericEventArguments(sender=one, client=user.client, args={}))


def palette(user: User) -> Palette:
    """The page's palette."""
    assert user.client is not None
    return next(one for one in user.client.elements.values() if isinstance(one, Palette))


async def choose(user: User, entry_id: str) -> None:
    """Choose a line of the palette, as the browser does it."""
    one = palette(user)
    assert user.client is not None
    with user.client:
        for listener in one._event_listeners.values():
            if listener.type == "choose":
                handle_event(listener.handler, GenericEventArguments(sender=one, client=user.client, args=entry_id))


async def write(user: User, marker: str, text: str) -> None:
    """Put a text into a field, once it is there."""
    await until(lambda: marked(user, marker), timeout_s=WAIT_S, what=marker)
    one = marked(user, marker)[-1]
    assert isinstance(one, (ui.input, ui.textarea, ui.select, ui.checkbox))
    assert user.client is not None
    with user.client:
        one.value = text
