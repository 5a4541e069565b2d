"""Reports people can ask for and schedule."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.actions import Context, action
from core.reports.service import Reports
from core.values import Effect, Reply


@action("reports.team", permission="reports.read", effect=Effect.READ)
async def team(reports: Reports, ctx: Context, *, days: Annotated[int, Field(ge=1, le=366)] = 7) -> Reply:
    """Report what was asked, what nobody could answer, what is new and what went wrong.

    Only what everybody who reads it may see. A schedule posts nothing when there is nothing to say.

    days: how many days back.
    """
    return await reports.team(days, ctx.audience)
