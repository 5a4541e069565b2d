"""What the record of deeds shows: lines, what a check found, an export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the record. `number` counts from 1 without a gap; `person` is a name, as it was then."""

    number: int
    segment: str
    id: str
    at: datetime
    person_id: str
    person: str
    kind: str
    through: str
    network: str
    address: str
    agent: str
    action: str
    arguments: Json
    before: Json
    after: Json
    decision: str
    rule: str
    outcome: str
    result: str
    duration_ms: int
    parent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which lines are wanted; empty fields let everything through.

    person: an id or part of a name. action: a name, or `area.*`. since inclusive, until exclusive.
    text: part of anything a line says. below: only lines with a smaller number (the next page).
    """

    person: str = ""
    action: str = ""
    outcome: str = ""
    network: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    below: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCheck:
    """What the check of one month found; `fault` is empty when the month is whole."""

    segment: str
    lines: int
    first: int
    last: int
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What the check of the whole record found. `faults` holds those of the months and of the checkpoints."""

    whole: bool
    lines: int
    checkpoints: int
    segments: tuple[SegmentCheck, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Lines as a file. `complete` is False when there were more than fit; narrow the filter then."""

    filename: str
    format: Literal["csv", "json"]
    lines: int
    complete: bool
    text: str
