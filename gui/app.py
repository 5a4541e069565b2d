"""Builds the control room: NiceGUI's own app with every page registered, behind the sign-in gate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from nicegui import Client, core, ui
from nicegui import app as nicegui_app
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp

from core.actions import Context
from core.app import App
from core.values import Caller, Effect, Place
from gui import errors, theme
from gui.api.address import client_address
from gui.gate import SignInGate
from gui.heartbeat import Heartbeats
from gui.live import Live
from gui.login import LoginPages
from gui.pages import pages
from gui.room import Room, Visitor
from gui.routes import Page
from gui.sessions import NETWORK, SESSION_COOKIE, Sessions
from gui.shell import Shell

RECONNECT_S = 45.0
"""How long a page waits for its browser: a laptop that sleeps for a moment comes back to the same page."""
KEPT_MESSAGES = 400


def build(app: App) -> ASGIApp:
    """The control room of an App. Its lifespan is run by whoever serves it; call once for a process."""
    room_app = ControlRoom(app)
    room_app.register()
    app.supervisor.supervise("control room", room_app.live.run)
    app.supervisor.supervise("connection checks", room_app.heartbeats.run)
    return SignInGate(GZipMiddleware(nicegui_app, minimum_size=1_000), room_app.sessions)


class ControlRoom:
    """What all pages of one App share."""

    def __init__(self, app: App) -> None:
        self.app, self.sessions = app, Sessions(app)
        self.live = Live(app.bus, changes=self._changes)
        self.heartbeats = Heartbeats(app.health)
        self.pages = self._built()
        self._open: dict[str, set[Client]] = {}

    def _built(self) -> Sequence[Page]:
        """The pages whose actions there are; the others are not linked and answer 404."""
        known = self.app.door.registry
        return tuple(page for page in pages(self.heartbeats) if all(name in known for name in page.needs))

    def _changes(self, action: str) -> bool:
        known = self.app.door.registry
        return action not in known or known.get(action).mark.effect is not Effect.READ

    def register(self) -> None:
        """Configure NiceGUI, then add files, sign-in and every page."""
        errors.quiet_expected()
        core.app.config.add_run_config(
            reload=False,
            title="Signalbox",
            viewport="width=device-width, initial-scale=1",
            favicon=theme.LAMP,
            dark=None,
            language="en-US",
            binding_refresh_interval=None,
            reconnect_timeout=RECONNECT_S,
            message_history_length=KEPT_MESSAGES,
            tailwind=False,
            unocss=None,
            prod_js=True,
            show_welcome_message=False,
            markdown=False,
        )
        nicegui_app.add_static_files(theme.URL, str(theme.STATIC), max_cache_age=theme.CACHE_S)
        login = LoginPages(self.sessions, trusted_proxy=self.app.settings.trusted_proxy, ended=self.close_pages)
        nicegui_app.add_route("/login", login.show, methods=["GET"])
        nicegui_app.add_route("/login", login.enter, methods=["POST"])
        nicegui_app.add_route("/logout", login.leave, methods=["POST"])
        nicegui_app.exception_handler(404)(_not_found)
        page = self._page()
        for one in self.pages:
            for pattern in one.patterns:
                ui.page(pattern, title=f"{one.title} · Signalbox")(page)

    def _page(self) -> Callable[[Request], Awaitable[Response | None]]:
        async def page(request: Request) -> Response | None:
            room = await self.room(request)
            if room is None:
                return RedirectResponse("/login", status_code=303)
            ui.add_head_html(theme.head())
            errors.watch(room.client)
            Shell(room, self.pages).draw()
            return None

        return page

    async def room(self, request: Request) -> Room | None:
        """The room as whoever sent this request sees it; None without a session."""
        token = request.cookies.get(SESSION_COOKIE, "")
        person_id = await self.sessions.person(token)
        if person_id is None:
            return None
        client = ui.context.client
        caller = Caller(network=NETWORK, external_id=person_id)
        own = Place(network=NETWORK, channel_id=person_id, kind="direct", name="You")
        known = await self.app.door.identify(Context(caller=caller, place=own))
        usable = {one.name: one for one in await self.app.door.usable(Context(caller=caller))}
        visitor = Visitor(
            token=token,
            person_id=person_id,
            name=known.actor.name,
            roles=known.actor.roles,
            timezone=known.actor.timezone,
            audience=known.audience,
            operates="activity.list" in usable,
            address=client_address(request.scope, trusted_proxy=self.app.settings.trusted_proxy),
            agent=request.headers.get("user-agent", "")[:200],
        )
        client.storage["timezone"] = visitor.timezone
        self._open.setdefault(token, set()).add(client)
        client.on_delete(lambda: self._forget(token, client))
        return Room(app=self.app, live=self.live, visitor=visitor, client=client, sessions=self.sessions, usable=usable)

    async def close_pages(self, token: str) -> None:
        """Close every page of a session; their sockets would live on without it."""
        for client in tuple(self._open.pop(token, ())):
            with suppress(KeyError):  # it was just about to be gone
                client.delete()

    def _forget(self, token: str, client: Client) -> None:
        clients = self._open.get(token)
        if clients is not None:
            clients.discard(client)
            if not clients:
                del self._open[token]


async def _not_found(request: Request, _: Exception) -> Response:
    body = (
        "<h1>Nothing is here</h1><p>This address belongs to no page of the control room.</p>"
        '<p><a class="btn p" href="/">Go to Home</a></p>'
    )
    return HTMLResponse(theme.document("Not found", body), status_code=404)
