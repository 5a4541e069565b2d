"""Who calls the API: a bearer token, or the control room's session with its CSRF token.

A token in the header wins and is never completed by a cookie. The CSRF token is derived from the
session's, so it can be neither guessed by another page nor planted by a cookie of another port.
"""

from __future__ import annotations

import hashlib
import hmac

from starlette.requests import Request

from core.actions import Context
from core.errors import Denied, InvalidInput, NotSignedIn
from core.values import Caller
from gui.api.address import client_address
from gui.api.parts import Parts, SignIn
from gui.api.rate import AddressLimit

SESSION_COOKIE = "signalbox_session"
CSRF_HEADER = "X-CSRF-Token"
MAX_KEY = 200
MAX_AGENT = 200
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def csrf_token(session_token: str) -> str:
    """The CSRF token that belongs to a session; pages send it as X-CSRF-Token."""
    return hmac.new(session_token.encode(), b"signalbox csrf", hashlib.sha256).hexdigest()


class Gate:
    """Lets callers in and counts those who are nobody."""

    def __init__(self, sign_in: SignIn, limit: AddressLimit, *, trusted_proxy: bool) -> None:
        self._sign_in, self.limit, self._trusted_proxy = sign_in, limit, trusted_proxy

    def address(self, request: Request) -> str:
        """The caller's canonical address."""
        return client_address(request.scope, trusted_proxy=self._trusted_proxy)

    async def caller(self, request: Request) -> Caller:
        """Who calls. Raises NotSignedIn, Denied without a CSRF token, or Limited for an address that tries on."""
        found = await self.known(request)
        if found is None:
            self.limit.hit(self.address(request))
            raise NotSignedIn(
                "This needs a sign-in, and none that is valid was sent.",
                hint="Send `Authorization: Bearer TOKEN`; `tokens add` makes one.",
            )
        return found

    async def known(self, request: Request) -> Caller | None:
        """Who calls, or None for nobody; counts nothing."""
        authorization = request.headers.get("authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer" or not token.strip():
                return None
            return await self._sign_in.bearer(token.strip())
        session = request.cookies.get(SESSION_COOKIE)
        if not session:
            return None
        caller = await self._sign_in.session(session)
        if caller is not None and request.method not in _SAFE:
            given = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(given.encode(), csrf_token(session).encode()):
                raise Denied(
                    f"The header {CSRF_HEADER} is missing or does not belong to this session.",
                    rule="a cookie alone changes nothing",
                    hint="`GET /api/auth/session` says what to send.",
                )
        return caller

    def context(self, request: Request, caller: Caller) -> Context:
        """The context of a call: from the transport alone, never from its arguments."""
        key = request.headers.get("idempotency-key", "").strip()
        if len(key) > MAX_KEY:
            raise InvalidInput(f"The Idempotency-Key has {len(key)} characters; {MAX_KEY} are taken.")
        return Context(
            caller=caller,
            address=self.address(request),
            agent=request.headers.get("user-agent", "")[:MAX_AGENT],
            key=key,
        )


def gate_of(parts: Parts) -> Gate:
    """The gate that these settings ask for."""
    limit = AddressLimit(parts.settings.limits.per_address_per_min)
    return Gate(parts.sign_in, limit, trusted_proxy=parts.settings.trusted_proxy)
