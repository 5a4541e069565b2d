"""Checkpoints: the chain's length and head, signed and appended outside the database.

A keyed chain shows every change but one: a tail that was cut off. A line here remembers how far the
chain had come. One file a month, only ever appended to; copy it elsewhere and it proves more.
"""

from __future__ import annotations

import hmac
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.codec import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The chain had `number` lines and `head` (hexadecimal) was the last one's MAC."""

    at: str
    number: int
    segment: str
    head: str


class Checkpoints:
    """The files of one home."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._key = key

    def append(self, checkpoint: Checkpoint) -> None:
        """Write one line and wait until it is on the disk."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        said = _said(checkpoint)
        line = canonical({**said, "mac": self._sign(canonical(said))}) + "\n"
        target = os.open(self._folder / f"{checkpoint.segment}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(target, line.encode())
            os.fsync(target)
        finally:
            os.close(target)

    def read(self) -> tuple[list[Checkpoint], list[str]]:
        """Every checkpoint, and what is wrong with lines that are none."""
        found: list[Checkpoint] = []
        faults: list[str] = []
        for path in sorted(self._folder.glob("*.jsonl")) if self._folder.is_dir() else []:
            for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1):
                checkpoint = self._checked(line)
                if checkpoint is None:
                    faults.append(f"Line {number} of {path.name} was not written by this Signalbox.")
                else:
                    found.append(checkpoint)
        return found, faults

    def _checked(self, line: str) -> Checkpoint | None:
        try:
            raw = json.loads(line)
            mac = str(raw.pop("mac"))
            checkpoint = Checkpoint(
                at=str(raw["at"]),
                number=int(raw["number"]),
                segment=str(raw["segment"]),
                head=str(raw["head"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        signed = self._sign(canonical(_said(checkpoint)))
        return checkpoint if hmac.compare_digest(signed.encode(), mac.encode()) else None

    def _sign(self, text: str) -> str:
        return hmac.digest(self._key, b"checkpoint " + text.encode(), sha256).hex()


def _said(checkpoint: Checkpoint) -> dict[str, str | int]:
    return {
        "at": checkpoint.at, "number": checkpoint.number, "segment": checkpoint.segment, "head": checkpoint.head,
    }  # fmt: skip
