"""The API as one ASGI app: routes to their parts, every error a problem, nothing of the screen imported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from core.errors import AppError, Denied, NotSignedIn
from core.values import Json, stamp
from gui.api import later
from gui.api.address import header, is_loopback
from gui.api.auth import MAX_AGENT, SESSION_COOKIE, Gate, csrf_token, gate_of
from gui.api.body import json_object, refuse_others, text_field
from gui.api.calls import Calls, json_response
from gui.api.docs import Docs
from gui.api.events import Events, Feed, view
from gui.api.hooks import Hooks
from gui.api.parts import Parts
from gui.api.problems import problem_response
from gui.api.talk import Chat, Thoughts

FIGURES_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_NOT_BUILT = frozenset(path for _, path, _ in later.LATER)

Endpoint = Callable[[Request], Awaitable[Response]]


class Api:
    """The ASGI app and what must run beside it. `parts_to_run` go to the supervisor by name."""

    def __init__(self, parts: Parts) -> None:
        self.gate: Gate = gate_of(parts)
        self._parts = parts
        self.feed = Feed(parts.bus)
        """What streams of events are fed from."""
        self._hooks = Hooks(parts, self.gate)
        self._app = Starlette(
            routes=self._routes(),
            exception_handlers={AppError: _problem, HTTPException: self._misrouted, Exception: _problem},
        )

    @property
    def parts_to_run(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Long-running parts: the events' feed and what runs for webhooks."""
        return {"event streams": self.feed.run, "webhooks": self._hooks.run}

    @property
    def paths(self) -> tuple[str, ...]:
        """The addresses it serves, but for those that are not built yet."""
        return tuple(
            route.path for route in self._app.routes if isinstance(route, Route) and route.path not in _NOT_BUILT
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._app(scope, receive, send)

    def close(self) -> None:
        """Take no more deliveries and end the open streams."""
        self._hooks.close()
        self.feed.close()

    def _routes(self) -> list[BaseRoute]:
        parts, gate = self._parts, self.gate
        calls, chat, thoughts = Calls(parts, gate), Chat(parts, gate), Thoughts(parts, gate)
        docs = Docs(parts, gate)
        return [
            Route("/metrics", _quiet(self._metrics), methods=["GET"]),
            Route("/api/auth/login", _quiet(self._login), methods=["POST"]),
            Route("/api/auth/session", _quiet(self._session), methods=["GET"]),
            Route("/api/v1/actions", _quiet(calls.listed), methods=["GET"]),
            Route("/api/v1/actions/{name}", _quiet(calls.call), methods=["POST"]),
            Route("/api/v1/chat", _quiet(chat.say), methods=["POST"]),
            Route("/api/v1/events", _quiet(Events(parts, gate, self.feed).stream), methods=["GET"]),
            Route("/api/thoughts", _quiet(thoughts.listed), methods=["GET"]),
            Route("/api/thoughts", _quiet(thoughts.add), methods=["POST"]),
            Route("/api/docs", _quiet(docs.page), methods=["GET"]),
            Route("/api/openapi.json", _quiet(docs.openapi), methods=["GET"]),
            Route("/hooks/{source}", _quiet(self._hooks.receive), methods=["POST"]),
            *later.routes(gate),
        ]

    async def _misrouted(self, request: Request, error: Exception) -> Response:
        """An address or method that is not there; looking around without a sign-in is counted, too."""
        try:
            if await self.gate.known(request) is None:
                self.gate.limit.hit(self.gate.address(request))
        except AppError as refused:
            return problem_response(refused)
        return problem_response(error)

    async def _metrics(self, request: Request) -> Response:
        """Without a sign-in for a scraper on this machine, with one for everybody else."""
        peer = request.client.host if request.client else ""
        if not is_loopback(peer) or header(request.scope, b"x-forwarded-for") is not None:
            ctx = self.gate.context(request, await self.gate.caller(request))
            if not (await view(self._parts.door, self._parts.authoriser, ctx)).operates:
                raise Denied("The figures are for people who operate.", rule="figures need activity.read")
        return Response(self._parts.figures(), media_type=FIGURES_TYPE, headers={"Cache-Control": "no-store"})

    async def _login(self, request: Request) -> Response:
        """The address is counted before the password is looked at: a hash costs a quarter of a second."""
        self.gate.limit.hit(self.gate.address(request))
        body = await json_object(request)
        refuse_others(body, "email", "password")
        email, password = text_field(body, "email"), text_field(body, "password")
        agent = request.headers.get("user-agent", "")[:MAX_AGENT]
        issued = await self._parts.sign_in.issue(email, password, address=self.gate.address(request), agent=agent)
        return json_response({"token": issued.token, "expiresAt": stamp(issued.expires_at)})

    async def _session(self, request: Request) -> Response:
        caller = await self.gate.caller(request)
        cookie = request.cookies.get(SESSION_COOKIE, "")
        by_token = "authorization" in request.headers
        if not cookie and not by_token:
            raise NotSignedIn("Nobody is signed in.")
        ctx = await self._parts.door.identify(self.gate.context(request, caller))
        roles: list[Json] = list(sorted(ctx.actor.roles))
        return json_response(
            {
                "person": {"id": ctx.actor.person_id, "name": ctx.actor.name, "roles": roles},
                "csrfToken": None if by_token else csrf_token(cookie),
            }
        )


def _quiet(endpoint: Endpoint) -> Endpoint:
    """Answer every error here, so that none reaches the server's own log a second time."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:
            return problem_response(error)

    return answered


async def _problem(request: Request, error: Exception) -> Response:
    return problem_response(error)
