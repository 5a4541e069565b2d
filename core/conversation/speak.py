"""How results and errors are said: one place turns any value into a Reply."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from enum import Enum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import AppError, ConfirmationNeeded
from core.values import Button, ProducedBy, Reply, Table, new_id

ROWS = 30
log = logging.getLogger(__name__)


def zone_of(name: str) -> tzinfo:
    """A time zone by its IANA name; UTC when nobody knows it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def reply_of(value: object, *, timezone: str = "UTC") -> Reply:
    """A result as a Reply: a text as it is, rows as a table, one thing as its fields."""
    if isinstance(value, Reply):
        return value
    said = ProducedBy(label="command")
    if value is None:
        return Reply(text="Done.", produced_by=said)
    if isinstance(value, str):
        return Reply(text=value, produced_by=said)
    zone = zone_of(timezone)
    if isinstance(value, Sequence):
        return dataclasses.replace(_rows(value, zone), produced_by=said)
    fields = _fields(value)
    if fields is None:
        return Reply(text=_text(value, zone), produced_by=said)
    rows = [name for name, inner in fields.items() if _is_rows(inner)]
    shown = {name: _text(inner, zone) for name, inner in fields.items() if name not in rows}
    lines = [f"**{_label(name)}**: {text}" for name, text in shown.items() if text]
    table = _rows(fields[rows[0]], zone).table if rows else None  # type: ignore[arg-type]
    return Reply(text="\n".join(lines), table=table, produced_by=said)


def reply_to_error(error: Exception) -> Reply:
    """An error as its person should read it. What is no AppError is logged under an id, and only that is said."""
    if isinstance(error, ConfirmationNeeded):
        verb = "Approve" if error.approver else "Run it"
        return Reply(
            text=f"{error.message}\n{error.hint}",
            buttons=(
                Button(label=verb, value=f"confirm:{error.confirmation_id}", style="primary"),
                Button(label="Cancel", value=f"decline:{error.confirmation_id}"),
            ),
            private=not error.approver,
        )
    if isinstance(error, AppError):
        return Reply(
            text=f"**{error.title}.** {error.message}" + (f"\n{error.hint}" if error.hint else ""), private=True
        )
    error_id = new_id()[-12:]
    log.error("error %s", error_id, exc_info=error)
    return Reply(
        text=f"Something broke in here; it is written down as `{error_id}`. Tell an admin that id.", private=True
    )


def _is_rows(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and any(_fields(one) is not None for one in value)


def _fields(value: object) -> dict[str, object] | None:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return dict(value) if isinstance(value, Mapping) else None


def _rows(values: Sequence[object], zone: tzinfo) -> Reply:
    if not values:
        return Reply(text="Nothing there yet.")
    rows = [_fields(one) for one in values[:ROWS]]
    if rows[0] is None:
        return Reply(text="\n".join(f"- {_text(one, zone)}" for one in values[:ROWS]) + _more(values))
    names = [name for name in rows[0] if any(row and row.get(name) not in (None, "", ()) for row in rows)]
    table = Table(
        headings=tuple(_label(name) for name in names),
        rows=tuple(tuple(_text(row.get(name), zone) for name in names) for row in rows if row is not None),
    )
    return Reply(text=f"{len(values)} in all, the first {ROWS} shown." if len(values) > ROWS else "", table=table)


def _more(values: Sequence[object]) -> str:
    return f"\n… and {len(values) - ROWS} more." if len(values) > ROWS else ""


def _label(name: str) -> str:
    return name.replace("_", " ")


def _text(value: object, zone: tzinfo) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_text(one, zone) for one in value)
    fields = _fields(value)
    if fields is not None:
        return ", ".join(f"{_label(name)} {_text(inner, zone)}" for name, inner in fields.items() if inner)
    return str(value)
