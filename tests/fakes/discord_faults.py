"""The record of calls, the failures a test orders, and rate limits with their headers."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, get_args

from tests.fakes.discord_model import Body

Kind = Literal["429", "429_global", "500", "502", "drop_before", "drop_after", "timeout"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(slots=True, kw_only=True)
class Call:
    """One request: what was asked, what was answered, and how long the fake itself took."""

    method: str
    path: str  # below /api/v10
    route: str  # the path with names for its ids
    query: dict[str, str]
    body: Body
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_s: float = field(default_factory=time.perf_counter)
    spent_s: float = 0.0  # inside the fake
    status: int = 0  # 0: the connection was dropped
    fault: Kind | None = None


@dataclass(slots=True, kw_only=True)
class Fault:
    route: re.Pattern[str]
    left: int
    kind: Kind
    retry_after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a bucket still gives; `exceeded` when this call was one too many."""

    limit: int
    remaining: int
    reset_after_s: float
    bucket: str
    exceeded: bool = False

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{time.time() + self.reset_after_s:.3f}", "X-RateLimit-Bucket": self.bucket,
            "X-RateLimit-Reset-After": f"{self.reset_after_s:.3f}",
        }  # fmt: skip


def pattern_of(route: str) -> re.Pattern[str]:
    """`POST /channels/{id}/messages` as a pattern: `{…}` one segment, `*` anything, no method any."""
    parts = re.split(r"(\{[^}]*\}|\*)", route)
    text = "".join("[^/]+" if part.startswith("{") else ".*" if part == "*" else re.escape(part) for part in parts)
    return re.compile(text if " " in route or route.startswith("*") else r"\S+ " + text)


class Faults:
    """Failures in the order they were asked for; each call uses up at most one."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def add(self, route: str, times: int, kind: Kind, retry_after_s: float) -> None:
        if kind not in KINDS:
            raise ValueError(f"No fault is called {kind!r}; there are {', '.join(KINDS)}.")
        self._ordered.append(Fault(route=pattern_of(route), left=times, kind=kind, retry_after_s=retry_after_s))

    def take(self, method: str, path: str) -> Fault | None:
        for fault in self._ordered:
            if fault.left > 0 and fault.route.fullmatch(f"{method} {path}"):
                fault.left -= 1
                return fault
        return None

    def clear(self) -> None:
        self._ordered.clear()


class RateLimits:
    """A bucket per route and channel; generous unless a test limits a route."""

    def __init__(self) -> None:
        self._limits: list[tuple[re.Pattern[str], int, float]] = []
        self._spent: dict[str, deque[float]] = {}

    def limit(self, route: str, limit: int, per_s: float) -> None:
        self._limits.insert(0, (pattern_of(route), limit, per_s))

    def spend(self, method: str, path: str, route: str) -> Allowance:
        limit, per_s = next(
            ((n, s) for pattern, n, s in self._limits if pattern.fullmatch(f"{method} {path}")), (1_000, 1.0)
        )
        bucket = hashlib.sha256(f"{method} {route}".encode()).hexdigest()[:32]
        spent = self._spent.setdefault(f"{bucket}:{'/'.join(path.split('/')[:3])}", deque())
        now = time.monotonic()
        while spent and now - spent[0] >= per_s:
            spent.popleft()
        reset_after_s = max(per_s - (now - spent[0]), 0.001) if spent else per_s
        if len(spent) >= limit:
            return Allowance(limit=limit, remaining=0, reset_after_s=reset_after_s, bucket=bucket, exceeded=True)
        spent.append(now)
        return Allowance(limit=limit, remaining=limit - len(spent), reset_after_s=reset_after_s, bucket=bucket)


def too_many(retry_after_s: float, *, everywhere: bool) -> tuple[Body, dict[str, str]]:
    """The body and headers of a 429; `everywhere` for the limit over all routes."""
    headers = {
        "Retry-After": str(math.ceil(retry_after_s)),
        "X-RateLimit-Scope": "global" if everywhere else "user",
    }
    if everywhere:
        headers["X-RateLimit-Global"] = "true"
    body: Body = {
        "message": "You are being rate limited.", "code": 0, "retry_after": round(retry_after_s, 3),
        "global": everywhere,
    }  # fmt: skip
    return body, headers
