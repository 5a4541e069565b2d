"""JWTs of the API. Imported at the first one: its library brings all of X.509, 3 MB and 60 ms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import jwt

from core.errors import NotSignedIn

ISSUER = "signalbox"
AUDIENCE = "signalbox-api"
_ALGORITHM = "HS256"
_REQUIRED = ("exp", "iat", "iss", "aud", "sub", "jti")


def made(key: bytes, *, person_id: str, session_id: str, at: datetime, until: datetime) -> str:
    """A token for one session of a person."""
    claims = {"sub": person_id, "jti": session_id, "iss": ISSUER, "aud": AUDIENCE, "iat": at, "exp": until}
    return jwt.encode(claims, key, algorithm=_ALGORITHM)


def claims_of(key: bytes, token: str) -> Mapping[str, object]:
    """What a token says. Raises NotSignedIn for a forged, expired or incomplete one."""
    try:
        claims: Mapping[str, object] = jwt.decode(
            token, key, algorithms=[_ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options={"require": [*_REQUIRED]}
        )
    except jwt.InvalidTokenError as error:
        raise NotSignedIn(
            "This sign-in is not valid, or no longer.", hint="`POST /api/auth/login` gives a new one."
        ) from error
    return claims
