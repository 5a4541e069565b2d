"""Confirm and approve: what runs only after a yes, and whose yes counts.

Confirming is the same person within 10 minutes. Approving is another person with the role, never the
asker unless alone. The row holds actor, action, canonical arguments and their hash; a button carries
only the id; the answer is a dispatch of its own, authorised again, and used once inside its unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from core.actions import store
from core.actions.definition import Definition
from core.actions.model import Confirmation, Context
from core.codec import canonical, decode, encode
from core.errors import ConfirmationNeeded, Conflict, Denied, NotFound
from core.storage import Storage
from core.values import Caller, CallerKind, Effect, Json, Place, moment, new_id, now, stamp

CONFIRM_FOR = timedelta(minutes=10)
APPROVE_FOR = timedelta(hours=24)
_WITHOUT_PERSON = frozenset({CallerKind.SCHEDULE, CallerKind.WORKFLOW, CallerKind.PLUGIN, CallerKind.SYSTEM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Where an asking came from: what is needed to run it for them later."""

    caller: Caller
    place: Place | None
    key: str = ""


class Confirmations:
    """Asks for a yes and checks it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def reason(self, ctx: Context, definition: Definition, arguments: Mapping[str, Json]) -> str:
        """Why this call must ask first; empty when it need not."""
        mark = definition.mark
        if mark.approver:
            return f"needs the approval of somebody with the role {mark.approver}"
        if mark.effect is Effect.DESTROY:
            return "cannot be undone"
        if mark.effect is Effect.OUTWARD and ctx.caller.kind in (CallerKind.MODEL, CallerKind.PLUGIN):
            return f"leaves the house and was asked by a {ctx.caller.kind.value}"
        if ctx.must_confirm and mark.effect is not Effect.READ:
            return ctx.must_confirm
        return mark.asks_when(arguments) if mark.asks_when else ""

    async def require(
        self,
        ctx: Context,
        definition: Definition,
        arguments: Mapping[str, Json],
        arguments_hash: str,
        reason: str,
    ) -> None:
        """Return when the context carries a yes that fits. Raises ConfirmationNeeded, Denied or Conflict."""
        if ctx.confirm:
            self._check(await self.get(ctx.confirm), ctx, definition, arguments_hash, await self._hash(ctx.confirm))
            return
        if ctx.caller.kind in _WITHOUT_PERSON:
            if await self._storage.read(store.approved_before, definition.name, arguments_hash):
                return
            raise Denied(
                f"`{definition.spoken}` {reason}, and no person stands behind this call.",
                rule="what asks first needs a person's yes",
                hint="Run it once by hand with these arguments and confirm it; then it may run by itself.",
            )
        await self._ask(ctx, definition, arguments, arguments_hash, reason)

    async def get(self, confirmation_id: str) -> Confirmation:
        """What waits under that id. Raises NotFound, or Conflict when it was answered or is too old."""
        row = await self._storage.read(store.confirmation, confirmation_id)
        if row is None:
            raise NotFound("Nothing waits under that id.", hint="Ask for it again.")
        if row[10] != "open":
            raise Conflict("This was answered before. Nothing was run.", hint="Ask for it again.")
        if moment(row[9]) < now():
            raise Conflict("This was asked too long ago. Nothing was run.", hint="Ask for it again.")
        return _confirmation(row)

    async def asker(self, confirmation_id: str) -> Asker:
        """Where the asking came from."""
        row = await self._storage.read(store.confirmation, confirmation_id)
        if row is None:
            raise NotFound("Nothing waits under that id.")
        return decode(Asker, row[7])

    async def open(self) -> tuple[Confirmation, ...]:
        """Everything that waits for a yes now, oldest first."""
        return tuple(map(_confirmation, await self._storage.read(store.open_confirmations, stamp(now()))))

    async def _hash(self, confirmation_id: str) -> str:
        row = await self._storage.read(store.confirmation, confirmation_id)
        return row[4] if row else ""

    def _check(
        self, asked: Confirmation, ctx: Context, definition: Definition, arguments_hash: str, asked_hash: str
    ) -> None:
        if asked.actor != ctx.actor.person_id:
            raise Denied("Somebody else asked for this; it is theirs to confirm.", rule="the same person confirms")
        if asked.action != definition.name or asked_hash != arguments_hash:
            raise Conflict("The yes was for something else. Nothing was run.", hint="Ask for it again.")
        if asked.approver and not ctx.approved_by:
            raise Denied(
                f"This needs the approval of somebody with the role {asked.approver}.",
                rule="another person approves",
            )

    async def _ask(
        self,
        ctx: Context,
        definition: Definition,
        arguments: Mapping[str, Json],
        arguments_hash: str,
        reason: str,
    ) -> None:
        if definition.redacted:  # what waits is written down, and a secret must not be
            raise Denied(
                f"`{definition.spoken}` {reason}, and what it was given is secret, so it cannot wait for a yes.",
                rule="secrets are not kept to be confirmed",
                hint="Type it again.",
            )
        approver = definition.mark.approver
        shown = ", ".join(f"{name} {value!r}" for name, value in definition.recorded(arguments).items() if value)
        summary = f"`{definition.spoken}` {reason}. It would: {definition.summary} ({shown or 'no arguments'})"
        at, confirmation_id = now(), new_id()
        expires_at = at + (APPROVE_FOR if approver else CONFIRM_FOR)
        asker = Asker(caller=ctx.caller, place=ctx.place, key=ctx.key)
        row = (
            confirmation_id,
            ctx.actor.person_id,
            definition.name,
            canonical(arguments),
            arguments_hash,
            approver,
            summary,
            encode(asker),
            stamp(at),
            stamp(expires_at),
        )
        await self._storage.write(store.ask, row)
        raise ConfirmationNeeded(
            confirmation_id=confirmation_id, summary=summary, expires_at=expires_at, approver=approver
        )


def _confirmation(row: tuple[str, ...]) -> Confirmation:
    return Confirmation(
        id=row[0],
        actor=row[1],
        action=row[2],
        arguments=decode(dict[str, Json], row[3]),
        approver=row[5],
        summary=row[6],
        asked_at=moment(row[8]),
        expires_at=moment(row[9]),
    )
