"""Sessions of the control room: begun, looked up and ended by the identity area."""

from __future__ import annotations

from core.actions import Context
from core.app import App
from core.errors import AppError, NotSignedIn
from core.identity import SignedIn
from core.values import Caller
from gui.api.auth import SESSION_COOKIE

__all__ = ["NETWORK", "SESSION_COOKIE", "Sessions"]

NETWORK = "room"
"""The control room as a network: its callers are known by their person's id."""


class Sessions:
    """Who is signed in."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def person(self, token: str) -> str | None:
        """The id of the person whose session this is; None when it is not valid, expired or ended."""
        if not token:
            return None
        try:
            return (await self._app.access.session(token)).person.id
        except NotSignedIn:
            return None

    async def by_password(self, email: str, password: str, *, address: str, agent: str) -> SignedIn:
        """A new session. Raises NotSignedIn when they do not fit, Limited after too many tries."""
        return await self._app.access.sign_in(email, password, address, agent)

    async def by_code(self, code: str, *, address: str, agent: str) -> SignedIn:
        """A new session from a one-time link; its code works once. Raises NotSignedIn, or Limited."""
        return await self._app.access.redeem(code, address, agent)

    async def end(self, token: str, *, address: str, agent: str) -> None:
        """End a session; nothing happens when it has ended already."""
        try:
            visitor = await self._app.access.session(token)
            caller = Caller(network=NETWORK, external_id=visitor.person.id)
            ctx = Context(caller=caller, address=address, agent=agent)
            await self._app.door.dispatch(ctx, "sessions.end", {"session_id": visitor.credential_id})
        except AppError:
            return
