"""The one ASGI app the server knows: `/status` at once, the API when it is there, pages once they are.

Imports neither Starlette nor NiceGUI, so that `/status` answers while those are still being imported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from html import escape
from typing import Protocol

import orjson

from core.values import Json, new_id
from gui.api.address import Scope, client_address
from gui.api.guard import Asgi, Receive, Send

API_PATHS = ("/api", "/hooks", "/metrics", "/mcp")
SIGN_IN = "/login"
WAIT_S = 30.0
"""How long a request waits for the API to be imported, right after the start."""

Status = Callable[[], dict[str, Json]]


class CountsAddresses(Protocol):
    """Counts requests without a sign-in."""

    def hit(self, address: str) -> None:
        """Count one. Raises Limited."""
        ...


class Front:
    """Sends each request to where it belongs. `status` may be replaced once there is more to say."""

    def __init__(self, status: Status, *, trusted_proxy: bool = False) -> None:
        self.status = status
        self._trusted_proxy = trusted_proxy
        self._api: Asgi | None = None
        self._pages: Asgi | None = None
        self._fault = ""
        self._down: tuple[str, str] | None = None
        self._limit: CountsAddresses | None = None
        self._api_there = asyncio.Event()

    def open_api(self, api: Asgi, limit: CountsAddresses) -> None:
        """Serve the API from now on; `limit` counts the sign-in page too."""
        self._api, self._limit = api, limit
        self._api_there.set()

    def open_pages(self, pages: Asgi) -> None:
        """Serve the control room from now on."""
        self._pages = pages

    def down(self, reason: str, remedy: str) -> None:
        """Say everywhere that nothing can be done here until somebody mends it."""
        before = self.status
        self.status = lambda: {**before(), "status": "down", "dbConn": False}
        self._down = (reason, remedy)
        self._api_there.set()

    def pages_failed(self, reason: str) -> None:
        """Say that the control room could not be started; the API goes on."""
        self._fault = reason

    async def __call__(self, scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = str(scope.get("path", ""))
        if path == "/status" and scope["type"] == "http":
            await self._answer_status(scope, send)
        elif any(path == prefix or path.startswith(prefix + "/") for prefix in API_PATHS):
            await self._to_api(scope, receive, send)
        else:
            await self._to_pages(path, scope, receive, send)

    async def _answer_status(self, scope: Scope, send: Send) -> None:
        if scope.get("method") not in ("GET", "HEAD"):
            await respond(send, 405, b'{"title":"Method not allowed","status":405}', "application/problem+json")
            return
        said = self.status()
        # 200 even when it is down: what restarts a process by the code would only repeat the fault
        await respond(send, 200, orjson.dumps(said), "application/json")

    async def _to_api(self, scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(WAIT_S):
                await self._api_there.wait()
        except TimeoutError:
            await _unavailable(scope, send, STARTING.encode(), "text/html")
            return
        if self._down is not None:
            await _unavailable(scope, send, _problem(*self._down), "application/problem+json")
            return
        assert self._api is not None
        await self._api(scope, receive, send)

    async def _to_pages(self, path: str, scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        if path == SIGN_IN and self._limit is not None and scope["type"] == "http":
            from core.errors import Limited

            try:
                self._limit.hit(client_address(scope, trusted_proxy=self._trusted_proxy))
            except Limited as error:
                await respond(send, 429, str(error).encode(), "text/plain; charset=utf-8")
                return
        if self._down is not None:
            await _unavailable(scope, send, _safe_page(*self._down), "text/html; charset=utf-8")
        elif self._pages is not None:
            await self._pages(scope, receive, send)
        elif self._fault:
            text = f"The control room could not be started: {self._fault}. The bots and the API go on."
            await _unavailable(scope, send, text.encode(), "text/plain; charset=utf-8")
        else:
            await _unavailable(scope, send, STARTING.encode(), "text/html")


async def respond(send: Send, status: int, body: bytes, kind: str, *extra: tuple[bytes, bytes]) -> None:
    """Answer with a short body that nobody caches."""
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _unavailable(scope: Scope, send: Send, body: bytes, kind: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1013, "reason": "starting"})
    else:
        await respond(send, 503, body, kind, (b"retry-after", b"1"))


def _problem(reason: str, remedy: str) -> bytes:
    said = {"type": "urn:signalbox:problem:unavailable", "title": "Safe mode", "status": 503}
    return orjson.dumps({**said, "detail": reason, "hint": remedy, "errorId": new_id()})


def _safe_page(reason: str, remedy: str) -> bytes:
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Signalbox: safe mode</title>{STYLE}"
        f"<main role=alert><h1>Safe mode</h1><p>{escape(reason)}</p><p><strong>{escape(remedy)}</strong></p></main>"
        "</html>"
    ).encode()


STYLE = """<meta name=viewport content="width=device-width">
<style>body{font:16px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:100vh;margin:0;
padding:0 1rem;background:#fff;color:#1d2430}main{max-width:40rem}@media(prefers-color-scheme:dark){
body{background:#14171c;color:#e3e7ee}}</style>"""
STARTING = f"""<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=1>
<title>Signalbox is starting</title>{STYLE}
<p role=status>Signalbox is starting. This page comes back by itself.</p></html>"""
"""Shown until the control room is imported; reloads itself every second."""
