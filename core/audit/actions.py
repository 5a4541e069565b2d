"""The record of deeds as commands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from core.actions import action
from core.audit.model import Export, Filter, Line, Verification
from core.audit.service import Audit
from core.values import Effect

Limit = Annotated[int, Field(ge=1, le=500)]
Outcome = Literal["", "ok", "denied", "invalid", "limited", "failed", "asked", "cancelled"]


@action("activity.list", permission="activity.read", effect=Effect.READ, aliases=("activity",))
async def activity_list(
    audit: Audit,
    text: str = "",
    *,
    person: str = "",
    command: str = "",
    outcome: Outcome = "",
    network: str = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    below: int = 0,
    limit: Limit = 50,
) -> tuple[Line, ...]:
    """List what was done, newest first.

    text: part of anything a line says.
    person: an id, or part of a name.
    command: a command as `area.verb`, or `area.*`.
    outcome: ok, denied, invalid, limited, failed, asked or cancelled.
    network: slack, discord, room, terminal, api …
    since: not before this moment.
    until: before this moment.
    below: only lines with a smaller number; for the next page.
    limit: how many at most.
    """
    wanted = _filter(text, person, command, outcome, network, since, until, below)
    return await audit.lines(wanted, limit)


@action("activity.verify", permission="activity.read", effect=Effect.READ, audited=True)
async def activity_verify(audit: Audit) -> Verification:
    """Check that no line of the record was changed, moved or removed."""
    return await audit.verify()


@action("activity.export", permission="activity.read", effect=Effect.READ, audited=True)
async def activity_export(
    audit: Audit,
    form: Literal["csv", "json"] = "csv",
    *,
    text: str = "",
    person: str = "",
    command: str = "",
    outcome: Outcome = "",
    network: str = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> Export:
    """Give the record, or the part of it that fits, as a file.

    form: csv or json.
    text: part of anything a line says.
    person: an id, or part of a name.
    command: a command as `area.verb`, or `area.*`.
    outcome: ok, denied, invalid, limited, failed, asked or cancelled.
    network: slack, discord, room, terminal, api …
    since: not before this moment.
    until: before this moment.
    """
    return await audit.export(_filter(text, person, command, outcome, network, since, until, 0), form)


def _filter(
    text: str, person: str, command: str, outcome: str, network: str,
    since: datetime | None, until: datetime | None, below: int,
) -> Filter:  # fmt: skip
    return Filter(
        text=text, person=person, action=command.strip().replace(" ", "."), outcome=outcome, network=network,
        since=since, until=until, below=below,
    )  # fmt: skip
