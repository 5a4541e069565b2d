"""Checks who signed a webhook: HMAC over the raw bytes, in constant time, before anything is parsed.

The default signs `v1:TIME:BODY` with SHA-256 as Slack does with its `v0`; a source that signs the body
alone (GitHub) is set so. A time more than five minutes off is refused; what was seen is refused by the
delivery's id, where it is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.config.settings import HookSettings
from core.errors import Denied, InvalidInput, NotSignedIn

WINDOW_S = 300
SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""What a source may be called; it names its secret."""
MAX_ID = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One signed delivery. id: what the source calls it, empty when it sends none."""

    signature: str
    id: str


def secret_names(source: str) -> tuple[str, str]:
    """The names of a source's secrets in the vault: the one in use, and the next at a change."""
    name = f"HOOK_{source.upper().replace('-', '_')}_SECRET"
    return name, f"{name}_NEXT"


def sign(secret: str, body: bytes, settings: HookSettings, time_s: int) -> str:
    """The signature as it stands in the header."""
    signed = body
    if settings.signs == "time_and_body":
        version = settings.prefix.rstrip("=") or "v1"
        signed = f"{version}:{time_s}:".encode() + body
    return settings.prefix + hmac.new(secret.encode(), signed, _hash(settings.algorithm)).hexdigest()


def check(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], settings: HookSettings, *, now_s: float
) -> Delivery:
    """What makes this delivery itself, once its signature fits one of the secrets.

    The signature is the replay guard: the id's header is not signed, so a copy under another id would
    pass for another delivery. Raises Denied without a secret, InvalidInput for a header that is missing
    or malformed, NotSignedIn for a wrong signature or a time outside the window.
    """
    if not secrets:
        raise Denied(
            "This source has no secret, so nothing it sends is taken.",
            rule="webhooks need a secret",
            hint="Save one with `vault save HOOK_<SOURCE>_SECRET`.",
        )
    given = _required(headers, settings.header)
    time_s = _time(headers, settings, now_s) if settings.signs == "time_and_body" else 0
    # every secret is tried, so that the time taken does not tell which one fitted
    fits = [hmac.compare_digest(sign(one, body, settings, time_s).encode(), given.encode()) for one in secrets]
    if not any(fits):
        raise NotSignedIn("The signature does not fit.", hint="Sign the raw body with this source's secret.")
    delivery_id = headers.get(settings.delivery_header.lower(), "").strip()
    if len(delivery_id) > MAX_ID:
        raise InvalidInput(f"{settings.delivery_header} has over {MAX_ID} characters.")
    return Delivery(signature=given, id=delivery_id)


def _time(headers: Mapping[str, str], settings: HookSettings, now_s: float) -> int:
    text = _required(headers, settings.time_header)
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise InvalidInput(f"{settings.time_header} is {text[:40]!r}, not Unix seconds.")
    if abs(now_s - int(text)) > WINDOW_S:
        raise NotSignedIn(
            f"This was signed {abs(now_s - int(text)):.0f} s from now; {WINDOW_S} s are allowed.",
            hint="Set both clocks right, or sign it again.",
        )
    return int(text)


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name.lower(), "").strip()
    if not value:
        raise InvalidInput(f"The header {name} is missing.", hint="Every delivery is signed.")
    return value


def _hash(algorithm: str) -> str:
    assert algorithm in hashlib.algorithms_guaranteed
    return algorithm
