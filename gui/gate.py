"""Outside of every page: nobody gets as far as building one without a session.

A page that is built costs memory, and its socket is trusted by an id alone; so the session is looked at
before both. Files of the framework and our own static files hold nothing of the team's and pass.
"""

from __future__ import annotations

from urllib.parse import quote

from nicegui import __version__
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gui.sessions import SESSION_COOKIE, Sessions

OPEN_PATHS = ("/login", "/static/", "/favicon.ico")
FILES = "/_nicegui/"
VERSIONED = f"{FILES}{__version__}/"
FOR_A_YEAR = b"public, max-age=31536000, immutable"


class SignInGate:
    """Passes on what is signed in or public; sends the rest to the sign-in page."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app, self._sessions = app, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, redirect, or refuse."""
        if scope["type"] not in ("http", "websocket") or is_open(str(scope["path"])):
            await self._app(scope, receive, _kept(send) if str(scope.get("path", "")).startswith(VERSIONED) else send)
            return
        token = HTTPConnection(scope).cookies.get(SESSION_COOKIE, "")
        person_id = await self._sessions.person(token)
        if person_id is not None:
            scope.setdefault("state", {})["person_id"] = person_id
            scope["state"]["session_token"] = token
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401, "reason": "not signed in"})
        elif str(scope["path"]).startswith("/_nicegui_ws"):
            await PlainTextResponse("Sign in first.", status_code=401)(scope, receive, send)
        else:
            wanted = str(scope["path"]) + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
            to = "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='')}"
            response = RedirectResponse(to, status_code=303, headers={"cache-control": "no-store"})
            await response(scope, receive, send)


def _kept(send: Send) -> Send:
    """Let the browser keep what it loads from an address with a version in it."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            kept = [one for one in message["headers"] if one[0].lower() != b"cache-control"]
            message = {**message, "headers": [*kept, (b"cache-control", FOR_A_YEAR)]}
        await send(message)

    return sending


def is_open(path: str) -> bool:
    """Whether a path holds nothing that needs a sign-in."""
    return path.startswith(FILES) or any(
        path == one or (one.endswith("/") and path.startswith(one)) for one in OPEN_PATHS
    )


def local_path(text: str) -> str:
    """A path of this control room, or the front page for anything else (never another site)."""
    plain = text.replace("\\", "/")
    fits = plain.startswith("/") and not plain.startswith("//") and all(" " < char != "\x7f" for char in plain)
    return plain if fits and not plain.startswith(("/login", "/logout")) else "/"
