"""Who is at the other end of a connection: one spelling for each address, proxies believed only when set."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TypeAlias

Headers: TypeAlias = Iterable[tuple[bytes, bytes]]
Scope: TypeAlias = Mapping[str, object]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def header(scope: Scope, name: bytes) -> str | None:
    """The one value of a header (lower-case name); None when it is missing. Two are joined by a comma."""
    headers: Headers = scope.get("headers", ())  # type: ignore[assignment]
    found = [value.decode("latin-1") for key, value in headers if key.lower() == name]
    return ", ".join(found) if found else None


def canonical(address: str) -> str:
    """An IP address in one spelling: IPv4 inside IPv6 as IPv4, IPv6 as its /64 (one subscriber)."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped
        if inner is not None:
            return str(inner)
        if not parsed.is_loopback:
            return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def is_loopback(address: str) -> bool:
    """True for this machine's own addresses; parsed, so `127.evil.example` is none."""
    try:
        parsed = ipaddress.ip_address(canonical(address))
    except ValueError:
        return False
    return parsed.is_loopback


def client_address(scope: Scope, *, trusted_proxy: bool) -> str:
    """The caller's canonical address.

    The last entry of X-Forwarded-For, the one the proxy itself added, counts only when a proxy on
    this machine is trusted and the connection comes from this machine.
    """
    client = scope.get("client")
    peer = str(client[0]) if isinstance(client, tuple | list) and client else ""
    if trusted_proxy and is_loopback(peer):
        forwarded = header(scope, b"x-forwarded-for")
        if forwarded:
            return canonical(forwarded.rsplit(",", 1)[-1].strip())
    return canonical(peer)
