"""Credentials of HTTP callers, checked by identity; and the local owner's token of this start."""

from __future__ import annotations

import hmac

from core.errors import NotSignedIn
from core.identity import Access, Identity
from core.values import Caller
from gui.api.parts import Issued


class IdentitySignIn:
    """Implements the API's SignIn. local_token: what `run.json` holds; empty for none."""

    def __init__(self, identity: Identity, access: Access, local_token: str = "") -> None:
        self._identity, self._access, self._local_token = identity, access, local_token

    async def bearer(self, token: str) -> Caller | None:
        """The caller of an API token, a JWT or the local token; None when it is not valid."""
        if self._local_token and hmac.compare_digest(token.encode(), self._local_token.encode()):
            owner = await self._identity.ensure_owner()
            return Caller(network="terminal", external_id=owner.id, through="this machine")
        try:
            visitor = await self._access.bearer(token)
        except NotSignedIn:
            return None
        return Caller(network="api", external_id=visitor.person.id, through=visitor.credential_id)

    async def session(self, token: str) -> Caller | None:
        """The caller of a control-room session; None when it has ended."""
        try:
            visitor = await self._access.session(token)
        except NotSignedIn:
            return None
        return Caller(network="room", external_id=visitor.person.id)

    async def issue(self, email: str, password: str, *, address: str, agent: str) -> Issued:
        """A JWT. Raises NotSignedIn, or Limited after too many tries."""
        signed_in = await self._access.log_in(email, password, address, agent)
        return Issued(token=signed_in.token, expires_at=signed_in.expires_at)
