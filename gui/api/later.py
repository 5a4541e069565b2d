"""Addresses that are fixed but not built yet: each says so, and nothing pretends."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from core.errors import NotBuilt
from gui.api.auth import Gate

LATER: tuple[tuple[str, str, str], ...] = (
    ("GET", "/api/v1/providers/health", "The state of model providers"),
    ("POST", "/api/v1/email/test-send", "Sending a test e-mail"),
    ("POST", "/api/v1/workflows", "Creating workflows"),
    ("POST", "/api/v1/workflows/{name}/runs", "Running workflows"),
    ("GET", "/api/v1/runs/{id}", "Following a workflow's run"),
    ("POST", "/api/v1/runs/{id}/cancel", "Cancelling a workflow's run"),
    ("GET", "/api/plugins/list", "Listing plugins"),
    ("GET", "/mcp", "MCP over HTTP"),
    ("POST", "/mcp", "MCP over HTTP"),
)
SOCKETS = ("/api/v1/runs/{id}/progress", "/api/v1/devshell")


def routes(gate: Gate) -> list[BaseRoute]:
    """A route for each; a sign-in is asked for first, as it will be."""
    return [_route(gate, method, path, what) for method, path, what in LATER] + [
        WebSocketRoute(path, _closed) for path in SOCKETS
    ]


def _route(gate: Gate, method: str, path: str, what: str) -> Route:
    async def not_built(request: Request) -> Response:
        await gate.caller(request)
        raise NotBuilt(f"{what} is not built yet.", hint="`GET /api/v1/actions` lists what is there.")

    return Route(path, not_built, methods=[method])


async def _closed(socket: WebSocket) -> None:
    """501 where the server can say it before the handshake."""
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(Response("Not built yet.", 501))
    else:
        await socket.close(1013, "Not built yet.")
