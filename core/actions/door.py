"""The one door: everything anybody asks of Signalbox passes `dispatch`, in one order.

measure( audit( identify → find → may call → validate → deduplicate → authorise with the arguments →
limit → confirm → [simulate stops here] → run → commit ))
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

from core.actions import store
from core.actions.confirm import Confirmations
from core.actions.definition import Arguments, Definition
from core.actions.jobs import Jobs
from core.actions.model import Context, Guard, Result, Simulation
from core.actions.registry import Registry
from core.actions.unit import Unit, remember_inverse
from core.bus import Bus
from core.codec import canonical, decode, digest, encode, encode_as, plain
from core.errors import (
    AppError,
    ConfirmationNeeded,
    Conflict,
    Denied,
    InvalidInput,
    KeyReused,
    Limited,
    NotFound,
)
from core.events import ActionDone
from core.outbox import Outbox
from core.ports import AuditEntry, Auditor, Authoriser, Decision, Identifier, Limiter
from core.storage import Storage
from core.values import Effect, Json, new_id, now, stamp


class _Call:
    """One dispatch on its way through the chain: what the record will say."""

    __slots__ = ("_hash", "_plain", "arguments", "ctx", "decision", "definition", "given", "name", "started", "unit")

    def __init__(self, ctx: Context, name: str, given: Mapping[str, Json]) -> None:
        self.ctx = ctx
        self.name = name
        self.given = given
        self.arguments: Arguments | None = None
        self.definition: Definition | None = None
        self.decision = Decision(allowed=False, rule="")
        self.unit: Unit | None = None
        self.started = time.perf_counter()
        self._plain: dict[str, Json] | None = None
        self._hash = ""

    @property
    def plain(self) -> dict[str, Json]:
        """The validated arguments as JSON knows them."""
        if self._plain is None:
            assert self.arguments is not None
            self._plain = self.arguments.model_dump(mode="json")
        return self._plain

    @property
    def hash(self) -> str:
        """The digest of the canonical arguments."""
        if not self._hash:
            self._hash = digest(canonical(self.plain))
        return self._hash

    @property
    def duration_ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000


class Door:
    """Dispatches actions. The links of its chain are handed in; it knows no area."""

    def __init__(
        self,
        *,
        storage: Storage,
        outbox: Outbox,
        bus: Bus,
        identifier: Identifier,
        authoriser: Authoriser,
        auditor: Auditor,
        limiter: Limiter,
    ) -> None:
        self.registry = Registry()
        self.confirmations = Confirmations(storage)
        self.jobs = Jobs(storage, bus, self.dispatch)
        self._storage, self._outbox, self._bus = storage, outbox, bus
        self._identifier, self._authoriser, self._auditor, self._limiter = (
            identifier,
            authoriser,
            auditor,
            limiter,
        )
        self._services: dict[type, object] = {}
        self._in_flight: dict[tuple[str, str, str], asyncio.Future[None]] = {}
        self.guard: Guard = lambda: None
        """Raises ReadOnly when nothing may be written (safe mode, a full disk)."""

    def provide(self, service: object) -> None:
        """Fill parameters of this object's type with it."""
        self._services[type(service)] = service
        self.registry.provide(type(service))

    def open_unit(self) -> Unit:
        """An empty unit; for the lanes, which settle an arrival with its reply."""
        return Unit(self._storage, self._outbox, self._bus)

    async def identify(self, ctx: Context) -> Context:
        """The context with who it is and who will read the answer."""
        actor = await self._identifier.identify(ctx.caller)
        audience = await self._identifier.audience(actor, ctx.place)
        return replace(ctx, actor=actor, audience=audience, id=new_id(), door=self)

    async def dispatch(self, ctx: Context, name: str, arguments: Mapping[str, Json]) -> Result:
        """Run an action through the whole chain and return its result. Raises AppError."""
        call = _Call(ctx, name, arguments)
        try:
            result = await self._chain(call)
        except BaseException as error:
            await asyncio.shield(self._record_failure(call, error))
            self._measure(call, _outcome(error))
            raise
        self._measure(call, "simulated" if result.simulated else "ok")
        return result

    async def may(self, ctx: Context, name: str, arguments: Mapping[str, Json] | None = None) -> Decision:
        """Whether somebody may, and which rule says so: what `why` answers."""
        known = await self.identify(ctx)
        return await self._decide(known, self.registry.get(name), arguments)

    async def usable(self, ctx: Context) -> tuple[Definition, ...]:
        """The actions this caller may call at all, by name."""
        known = await self.identify(ctx)
        found = []
        for definition in self.registry:
            decision = await self._decide(known, definition, None)
            if decision.allowed:
                found.append(definition)
        return tuple(found)

    async def alone(self, ctx: Context) -> bool:
        """Whether nobody else could approve in this person's place."""
        return await self._authoriser.alone(ctx.actor)

    # ── The chain ──

    async def _chain(self, call: _Call) -> Result:
        ctx = call.ctx = await self.identify(call.ctx)
        definition = call.definition = self.registry.get(call.name)
        call.name = definition.name
        call.decision = await self._decide(ctx, definition, None)
        _require(call.decision, ctx, definition)
        call.arguments = definition.validate(call.given)
        if not ctx.key or ctx.simulate or definition.mark.effect is Effect.READ:
            return await self._authorised(call, definition, call.arguments)
        return await self._once(call, definition, call.arguments)

    async def _once(self, call: _Call, definition: Definition, arguments: Arguments) -> Result:
        """Deduplicate: the same key gives the same result; a twin in flight waits for the first."""
        slot = (call.ctx.actor.person_id, definition.name, call.ctx.key)
        while (twin := self._in_flight.get(slot)) is not None:
            await asyncio.shield(twin)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._in_flight[slot] = done
        try:
            before = await self._done_before(call, definition)
            return before or await self._authorised(call, definition, arguments)
        except store.DoneBefore:
            again = await self._done_before(call, definition)
            if again is None:
                raise Conflict(f"The key {call.ctx.key!r} is in use.", hint="Try again.") from None
            return again
        finally:
            del self._in_flight[slot]
            done.set_result(None)

    async def _done_before(self, call: _Call, definition: Definition) -> Result | None:
        row = await self._storage.read(store.find_done, call.ctx.actor.person_id, definition.name, call.ctx.key)
        if row is None:
            return None
        if row[0] != call.hash:
            raise KeyReused(call.ctx.key)
        return Result(action=definition.name, value=decode(definition.result, row[1]), again=True)

    async def _authorised(self, call: _Call, definition: Definition, arguments: Arguments) -> Result:
        ctx, plain_arguments = call.ctx, call.plain
        call.decision = await self._decide(ctx, definition, plain_arguments)
        _require(call.decision, ctx, definition)
        if not (ctx.glance and definition.mark.effect is Effect.READ):
            self._limiter.hit(ctx.actor, definition.name)
        asks = self.confirmations.reason(ctx, definition, plain_arguments)
        if ctx.simulate:
            value = Simulation(
                action=definition.name,
                summary=definition.summary,
                arguments=definition.recorded(plain_arguments),
                effect=definition.mark.effect,
                rule=call.decision.rule,
                asks=asks,
            )
            return Result(action=definition.name, value=value, simulated=True)
        if asks:
            await self.confirmations.require(ctx, definition, plain_arguments, call.hash, asks)
        return await self._run(call, definition, arguments)

    async def _run(self, call: _Call, definition: Definition, arguments: Arguments) -> Result:
        unit = call.unit = self.open_unit()
        if definition.mark.effect is not Effect.READ:
            self.guard()
        if definition.mark.job:
            if not call.ctx.wait:
                return await self.jobs.start(call.ctx, definition, arguments)
            unit.allow_flushes()
        values: dict[str, object] = {name: getattr(arguments, name) for name in type(arguments).model_fields}
        for name, kind in definition.filled.items():
            values[name] = call.ctx if kind is Context else unit if kind is Unit else self._services[kind]
        value = await definition.run(**values)
        await self._commit(call, definition, unit, value)  # once it is queued, nothing stops it
        return Result(action=definition.name, value=value)

    async def _commit(self, call: _Call, definition: Definition, unit: Unit, value: object) -> None:
        ctx, mark = call.ctx, definition.mark
        if mark.effect is Effect.READ and unit.empty and not mark.audited:
            return
        at = stamp(now())
        if ctx.confirm:
            unit.first(store.use, ctx.confirm, "used", ctx.approved_by or ctx.actor.person_id, at)
        if ctx.key and mark.effect is not Effect.READ:
            result = encode_as(definition.result, value)
            unit.first(store.remember_done, ctx.actor.person_id, mark.name, ctx.key, call.hash, result, at)
        if unit.inverse is not None:
            unit.do(remember_inverse, ctx.actor, mark.name, unit.inverse)
        unit.do(self._auditor.record, self._entry(call, "ok", _short(value)))
        await unit.commit()

    # ── Record and measure ──

    async def _record_failure(self, call: _Call, error: BaseException) -> None:
        unit = self.open_unit()
        unit.do(self._auditor.record, self._entry(call, _outcome(error), str(error)[:500]))
        try:
            await unit.commit()
        except AppError:  # the disk is full or the database closed: the first error is the one to tell
            return

    def _entry(self, call: _Call, outcome: str, result: str) -> AuditEntry:
        ctx, unit = call.ctx, call.unit
        given = call.plain if call.arguments else plain(dict(call.given))
        if call.definition is not None and isinstance(given, Mapping):
            given = call.definition.recorded(given)
        elif call.definition is None:
            given = None  # nobody knows which of an unknown command's words are secret
        return AuditEntry(
            id=ctx.id or new_id(),
            at=now(),
            actor=ctx.actor,
            network=ctx.caller.network,
            address=ctx.address or (ctx.place.key if ctx.place else ""),
            agent=ctx.agent,
            action=call.name[:200],
            arguments=given,
            before=unit.before if unit else None,
            after=unit.after if unit else None,
            decision="allowed" if call.decision.allowed else "denied",
            rule=call.decision.rule,
            outcome=outcome,
            result=result,
            duration_ms=round(call.duration_ms),
            parent=ctx.parent,
        )

    def _measure(self, call: _Call, outcome: str) -> None:
        self._bus.publish(
            ActionDone(
                action=call.name[:200],
                actor=call.ctx.actor.person_id,
                outcome=outcome,
                duration_ms=call.duration_ms,
                places=(call.ctx.place.key,) if call.ctx.place else (),
            )
        )

    async def _decide(self, ctx: Context, definition: Definition, arguments: Mapping[str, Json] | None) -> Decision:
        return await self._authoriser.decide(
            ctx.actor,
            definition.mark.permission,
            action=definition.name,
            arguments=arguments,
            place=ctx.place,
        )


def _require(decision: Decision, ctx: Context, definition: Definition) -> None:
    if not decision.allowed:
        who = ctx.actor.name if ctx.actor.person_id else "Somebody Signalbox does not know"
        raise Denied(
            f"{who} may not run `{definition.spoken}`.",
            rule=decision.rule,
            hint=f"Because: {decision.rule}. `why {definition.spoken}` explains.",
        )


def _short(value: object) -> str:
    text = encode(value)
    return text if len(text) <= 300 else text[:297] + "…"


def _outcome(error: BaseException) -> str:
    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (asyncio.CancelledError, "cancelled"),
        (ConfirmationNeeded, "asked"),
        (Limited, "limited"),
        (Denied, "denied"),
        (InvalidInput, "invalid"),
        (NotFound, "invalid"),
    )
    return next((word for kind, word in kinds if isinstance(error, kind)), "failed")
