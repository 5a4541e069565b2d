"""Refuses what other web pages and rebound names send, before any session is looked at.

Four rules, outside the session layer so that a refusal sets no cookie: the Host is one of ours; an
Origin, when there is one, is exactly the page's own, and a WebSocket must have one; a request that the
browser marks as coming from another site is refused unless somebody followed a link; and every answer
carries the headers that keep pages out of frames and caches.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from urllib.parse import urlsplit

import orjson

from core.values import new_id
from gui.api.address import LOOPBACK_NAMES, Scope, header

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[MutableMapping[str, object], Receive, Send], Awaitable[None]]

PAGE_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""Pages load nothing from elsewhere; their framework needs inline scripts and templates made at run time."""

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", PAGE_POLICY.encode()),
)
_FROM_ELSEWHERE = frozenset({"cross-site", "same-site"})
"""same-site too: another port of localhost is the same site, and not us."""


class Guard:
    """Wraps an ASGI app. hosts: names it is reached by besides the loopback ones, `name` or `name:port`."""

    def __init__(self, app: Asgi, *, hosts: Iterable[str] = (), trusted_proxy: bool = False) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts) - {"", "0.0.0.0", "::", "*"}
        self._trusted_proxy = trusted_proxy

    async def __call__(self, scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        """Pass on, or answer 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        reason = self.refusal(scope)
        if reason is None:
            await self._app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)
        elif scope["type"] == "http":
            await _answer(_with_headers(send), reason)
        else:
            await _refuse_websocket(scope, send, reason)

    def refusal(self, scope: Scope) -> str | None:
        """Why a request is refused, or None."""
        host = (header(scope, b"host") or "").lower()
        if not self._is_ours(host):
            return f"This is not {host or 'a host without a name'}. Known names are set by `hosts` in the settings."
        origin = header(scope, b"origin")
        if origin is None and scope["type"] == "websocket":
            return "A WebSocket needs an Origin."
        if origin is not None and not self._is_same(origin, host, scope):
            return f"Pages of {origin} may not talk to this address."
        if header(scope, b"sec-fetch-site") in _FROM_ELSEWHERE and not _followed_a_link(scope):
            return "Another site's page may not ask this."
        return None

    def _is_ours(self, host: str) -> bool:
        if host in self._hosts:
            return True
        try:
            split = urlsplit(f"//{host}")
            name, _ = split.hostname, split.port  # reading the port checks that it is a number
        except ValueError:
            return False
        if not name or split.username is not None or split.path or split.query or split.fragment:
            return False
        return name in LOOPBACK_NAMES or name in self._hosts

    def _is_same(self, origin: str, host: str, scope: Scope) -> bool:
        """Scheme, name and port of the Origin are exactly those the request was made to."""
        schemes = {"https" if scope.get("scheme") in ("https", "wss") else "http"}
        if self._trusted_proxy:
            said = header(scope, b"x-forwarded-proto")
            schemes = {said} if said in ("http", "https") else {"http", "https"}
        return origin.lower() in {f"{scheme}://{host}" for scheme in schemes}


def _followed_a_link(scope: Scope) -> bool:
    """A link somebody clicked: a page of its own, asked for by a method that changes nothing."""
    return (
        scope["type"] == "http"
        and scope.get("method") in ("GET", "HEAD")
        and header(scope, b"sec-fetch-mode") == "navigate"
        and header(scope, b"sec-fetch-dest") == "document"
    )


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given: list[tuple[bytes, bytes]] = list(message.get("headers", ()))  # type: ignore[call-overload]
            names = {name.lower() for name, _ in given}
            given += [(name, value) for name, value in _HEADERS if name not in names]
            if b"cache-control" not in names and _is_page(given):
                given.append((b"cache-control", b"no-store"))
            message["headers"] = given
        await send(message)

    return sending


def _is_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers)


async def _answer(send: Send, reason: str) -> None:
    body = orjson.dumps(
        {
            "type": "urn:signalbox:problem:refused",
            "title": "Refused",
            "status": 403,
            "detail": reason,
            "hint": "Open the control room by the address that `signalbox open` prints.",
            "errorId": new_id(),
        }
    )
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse_websocket(scope: Scope, send: Send, reason: str) -> None:
    """403 before the handshake where the server can say so; a close before accept is a 403 as well."""
    extensions = scope.get("extensions") or {}
    if isinstance(extensions, dict) and "websocket.http.response" in extensions:
        body = reason.encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body})
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
