"""Sign-in and sign-out: plain pages without a socket, so that they cost nothing and can set a cookie.

A one-time link is redeemed by a POST that its page sends by itself: chat networks fetch links they see
to preview them, and such a fetch must not use the link up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.errors import AppError, InvalidInput
from core.identity import SignedIn
from gui.api.address import client_address
from gui.gate import local_path
from gui.sessions import SESSION_COOKIE, Sessions
from gui.theme import document

MOST_BYTES = 8_192
_HEADERS = {"cache-control": "no-store"}
Ended = Callable[[str], Awaitable[None]]


class LoginPages:
    """`GET|POST /login` and `POST /logout`."""

    def __init__(self, sessions: Sessions, *, trusted_proxy: bool, ended: Ended) -> None:
        self._sessions, self._trusted_proxy, self._ended = sessions, trusted_proxy, ended

    async def show(self, request: Request) -> Response:
        """The form; or, for somebody who is signed in, the page they wanted."""
        wanted = local_path(request.query_params.get("next", "/"))
        if code := request.query_params.get("code", "")[:200]:
            return HTMLResponse(document("Sign in", _code_form(code, wanted)), headers=_HEADERS)
        token = request.cookies.get(SESSION_COOKIE, "")
        if token and await self._sessions.person(token) is not None:
            return RedirectResponse(wanted, status_code=303, headers=_HEADERS)
        return HTMLResponse(document("Sign in", _form(wanted)), headers=_HEADERS)

    async def enter(self, request: Request) -> Response:
        """Begin a session with a password or a one-time link."""
        fields: dict[str, str] = {}
        try:
            fields = await _fields(request)
            begun = await self._begin(request, fields)
        except AppError as error:
            page = document("Sign in", _form(local_path(fields.get("next", "/")), error, fields.get("email", "")))
            return HTMLResponse(page, status_code=error.status, headers=_HEADERS)
        response = RedirectResponse(local_path(fields.get("next", "/")), status_code=303, headers=_HEADERS)
        response.set_cookie(
            SESSION_COOKIE,
            begun.token,
            max_age=max(0, int((begun.expires_at - datetime.now(UTC)).total_seconds())),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https" or self._forwarded_https(request),
            path="/",
        )
        return response

    async def leave(self, request: Request) -> Response:
        """End the session, close its pages, and forget the cookie."""
        token = request.cookies.get(SESSION_COOKIE, "")
        if token:
            await self._sessions.end(token, address=self._address(request), agent=_agent(request))
            await self._ended(token)
        response = RedirectResponse("/login", status_code=303, headers=_HEADERS)
        response.delete_cookie(SESSION_COOKIE, path="/")
        return response

    async def _begin(self, request: Request, fields: dict[str, str]) -> SignedIn:
        address, agent = self._address(request), _agent(request)
        if "code" in fields:
            return await self._sessions.by_code(fields["code"], address=address, agent=agent)
        if not fields.get("email") or not fields.get("password"):
            raise InvalidInput("Both the e-mail address and the password are needed.")
        return await self._sessions.by_password(fields["email"], fields["password"], address=address, agent=agent)

    def _address(self, request: Request) -> str:
        return client_address(request.scope, trusted_proxy=self._trusted_proxy)

    def _forwarded_https(self, request: Request) -> bool:
        return self._trusted_proxy and request.headers.get("x-forwarded-proto", "") == "https"


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")[:200]


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise InvalidInput(f"A sign-in is shorter than {MOST_BYTES} bytes.")
    try:
        parsed = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        raise InvalidInput("That is not a sign-in form.", hint="Use the form on this page.") from None
    return {name: values[0] for name, values in parsed.items()}


_BRAND = '<div class="brand"><span class="lamp"><i></i></span>Signalbox</div>'


def _form(wanted: str, error: AppError | None = None, email: str = "") -> str:
    fault = ""
    if error is not None:
        hint = f"<span>{escape(error.hint)}</span>" if error.hint else ""
        fault = f'<div class="note bad" role="alert"><b>{escape(error.message)}</b>{hint}</div>'
    return (
        f"{_BRAND}<h1>Sign in</h1>{fault}"
        '<form method="post" action="/login">'
        f'<input type="hidden" name="next" value="{escape(wanted)}">'
        '<div class="field"><label for="email">E-mail address</label>'
        '<input id="email" name="email" type="email" autocomplete="username" required autofocus '
        f'value="{escape(email)}">'
        "</div>"
        '<div class="field"><label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required></div>'
        '<button class="btn p big" type="submit">Sign in</button></form>'
        "<p>No password yet? <code>signalbox open</code> on the machine Signalbox runs on gives you a link that "
        "signs you in.</p>"
    )


def _code_form(code: str, wanted: str) -> str:
    return (
        f"{_BRAND}<h1>Sign in</h1><p>This link works once.</p>"
        '<form method="post" action="/login" id="once">'
        f'<input type="hidden" name="code" value="{escape(code)}">'
        f'<input type="hidden" name="next" value="{escape(wanted)}">'
        '<button class="btn p big" type="submit">Open the control room</button></form>'
        "<script>history.replaceState(null, '', '/login'); document.getElementById('once').submit();</script>"
    )
