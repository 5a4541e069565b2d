"""The check of the whole record: every line, every month's beginning, every checkpoint."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256

from core.audit import store
from core.audit.checkpoints import Checkpoint
from core.audit.model import SegmentCheck, Verification
from core.storage import Connection, Storage

PAGE = 2_000
"""Lines checked in one read, so that no reader is held for long."""


class Walk:
    """Follows the chain; remembers the first fault of each month and goes on behind it."""

    def __init__(self, key: bytes, starts: dict[str, tuple[int, bytes]], wanted: Iterable[int]) -> None:
        self._key = key
        self._starts = starts
        self._wanted = set(wanted)
        self.heads: dict[int, bytes] = {}
        """The MACs found at the numbers that checkpoints name."""
        self.number = 0
        self._mac = store.START
        self._segment = ""
        self._counts: dict[str, list[int]] = {}
        self._faults: dict[str, str] = {}

    def page(self, connection: Connection) -> int:
        """Check the next page; how many lines it had."""
        rows = store.chained(connection, self.number, PAGE)
        for row in rows:
            self._line(*row)
        return len(rows)

    def results(self) -> tuple[SegmentCheck, ...]:
        """What was found, month by month."""
        for segment in self._starts.keys() - self._counts.keys():
            self._fault(segment, f"{segment}: the month was begun, but none of its lines is there.")
            self._counts[segment] = [0, 0, 0]
        return tuple(
            SegmentCheck(segment=one, lines=count, first=first, last=last, fault=self._faults.get(one, ""))
            for one, (count, first, last) in sorted(self._counts.items())
        )

    def _line(self, number: int, segment: str, body: str, mac: bytes) -> None:
        if segment != self._segment:
            self._begin(number, segment)
        count = self._counts[segment]
        if number != self.number + 1:
            self._fault(segment, f"{segment}: {_gap(self.number + 1, number - 1)}.")
        elif not hmac.compare_digest(hmac.digest(self._key, self._mac + body.encode(), sha256), mac):
            self._fault(segment, f"{segment}: line {number} or its place was changed.")
        if number in self._wanted:
            self.heads[number] = mac
        self.number, self._mac = number, mac
        count[0] += 1
        count[2] = number

    def _begin(self, number: int, segment: str) -> None:
        if segment < self._segment:
            self._fault(segment, f"{segment}: line {number} stands in the wrong month.")
        self._counts.setdefault(segment, [0, number, number])
        if self._starts.get(segment) != (number, self._mac):
            self._fault(segment, f"{segment}: its beginning does not follow from the month before.")
        self._segment = segment

    def _fault(self, segment: str, text: str) -> None:
        self._faults.setdefault(segment, text)


async def check(storage: Storage, key: bytes, checkpoints: list[Checkpoint], faults: list[str]) -> Verification:
    """Walk the chain in pages and hold it against the checkpoints. `faults`: those of the files themselves."""
    walk = Walk(key, await storage.read(store.segments), (one.number for one in checkpoints))
    lines = 0
    while count := await storage.read(walk.page):
        lines += count
    segments = walk.results()
    found = [one.fault for one in segments if one.fault] + faults + _against(walk, checkpoints)
    return Verification(
        whole=not found, lines=lines, checkpoints=len(checkpoints), segments=segments, faults=tuple(found)
    )


def _against(walk: Walk, checkpoints: list[Checkpoint]) -> list[str]:
    faults: list[str] = []
    longest = max(checkpoints, key=lambda one: one.number, default=None)
    if longest is not None and longest.number > walk.number:
        faults.append(
            f"The record ends at line {walk.number}, but had {longest.number} lines on {longest.at[:16]} UTC: "
            "its end was cut off, or an older backup was put back."
        )
    for one in checkpoints:
        head = walk.heads.get(one.number)
        if head is not None and head.hex() != one.head:
            faults.append(f"Line {one.number} is another one than on {one.at[:16]} UTC.")
    return faults


def _gap(first: int, last: int) -> str:
    return f"line {first} is missing" if first == last else f"lines {first} to {last} are missing"
