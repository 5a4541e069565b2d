"""Schedules as people set them up and look at them. Nothing here runs one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches

from core.actions import Context, Door, Simulation
from core.errors import Denied, InvalidInput, NotFound
from core.ports import AddressBook, Say
from core.scheduler import store
from core.scheduler.model import Missed, Overlap, Schedule, ScheduleView, SlotView
from core.scheduler.planning import Plan, plan
from core.scheduler.spoken import next_times, spoken
from core.scheduler.triggers import Once, Trigger, cron, every, write
from core.scheduler.words import HINT, read_moment, read_words
from core.scheduler.zones import zone
from core.storage import Storage
from core.values import Address, CallerKind, Effect, Json, new_id

OPERATORS = frozenset({"operator", "admin", "owner"})
POST = "chat.post"
"""Posting to another place than where one is needs the right to this action."""
NOBODY = "nobody"
"""Typed as `to`: the reply goes nowhere, the action just runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """When something is due, as typed: exactly one of the four, and a time zone or none."""

    cron: str = ""
    every_s: int = 0
    at: str = ""
    words: str = ""
    timezone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants scheduled, as typed."""

    name: str
    when: When
    action: str
    arguments: Mapping[str, Json]
    to: str = ""
    missed: Missed = Missed.DEFAULT
    overlap: Overlap = Overlap.SKIP


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A checked wish: the schedule it would be, and what the command in it would do."""

    schedule: Schedule
    simulation: Simulation

    @property
    def note(self) -> str:
        """What stands in its way, in words; empty when nothing does."""
        if not self.simulation.asks:
            return ""
        return (
            f"`{self.schedule.action.replace('.', ' ')}` {self.simulation.asks}: run it once by hand with these "
            "arguments and confirm it, or the schedule will be paused."
        )


class Schedules:
    """Reads schedules and prepares changes; the actions commit them."""

    def __init__(
        self,
        *,
        storage: Storage,
        addresses: AddressBook,
        say: Say,
        timezone: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._storage, self._addresses, self.say = storage, addresses, say
        self._timezone, self.clock = timezone, clock

    # ── Reading ──

    async def seen(self, ctx: Context) -> tuple[Schedule, ...]:
        """The schedules that may be shown to whoever reads this reply, by name."""
        return tuple(one for one in await self._storage.read(store.listed) if _may_see(ctx, one))

    async def find(self, ctx: Context, name: str) -> Schedule:
        """One schedule. Raises NotFound with near names, also when this person may not know of it."""
        found = await self._storage.read(store.by_name, name)
        if found is not None and _may_see(ctx, found):
            return found
        near = get_close_matches(name, [one.name for one in await self.seen(ctx)], n=3, cutoff=0.4)
        hint = f"Nearest: {', '.join(near)}." if near else "`schedules list` shows what there is."
        raise NotFound(f"There is no schedule {name!r}.", hint=hint)

    async def own(self, ctx: Context, name: str) -> Schedule:
        """One schedule this person may change: their own, or any for an operator. Raises Denied."""
        found = await self._storage.read(store.by_name, name)
        if found is not None and _rules(ctx, found):
            return found
        found = await self.find(ctx, name)
        raise Denied(f"The schedule {found.name!r} is somebody else's.", rule="one's own schedules, or an operator's")

    async def removed(self, ctx: Context, schedule_id: str) -> Schedule:
        """A removed schedule this person may put back. Raises NotFound."""
        found = await self._storage.read(store.removed, schedule_id)
        if found is None or not _rules(ctx, found):
            raise NotFound(f"No removed schedule of yours has the id {schedule_id}.")
        return found

    async def history(self, ctx: Context, name: str, limit: int) -> tuple[SlotView, ...]:
        """What became of a schedule's slots, newest first."""
        found = await self.find(ctx, name)
        return tuple(await self._storage.read(store.history, found.id, limit))

    def view(self, one: Schedule, *, times: int = 1, note: str = "") -> ScheduleView:
        """A schedule for people, with its next times."""
        state = "paused" if one.paused else "on" if one.next_due else "done"
        moment = self.clock()
        coming = next_times(one.trigger, one.timezone, moment, times) if state == "on" else ()
        return ScheduleView(
            name=one.name, when=one.said or spoken(one.trigger, one.timezone), timezone=one.timezone,
            action=one.action, arguments=one.arguments, to=one.sent_to or NOBODY, missed=one.missed.value,
            overlap=one.overlap.value, state=state, paused_reason=one.paused, owner=one.owner, next_times=coming,
            next_due=one.next_due, last_due=one.last_due, last_state=one.last_state, note=note,
        )  # fmt: skip

    # ── Setting up ──

    async def draft(self, ctx: Context, door: Door, wish: Wish) -> Draft:
        """The checked schedule. Raises what is wrong with its time, its command, its rights or its address."""
        timezone = wish.when.timezone or self._zone_of(ctx)
        trigger = self.trigger(wish.when, timezone)
        address = await self._address(ctx, wish.to)
        elsewhere = address is not None and (ctx.place is None or address.place.key != ctx.place.key)
        if elsewhere:
            await self._may_post(ctx, door, wish.to)
        simulation = await self._simulated(ctx, door, wish, address)
        kind, spec = write(trigger)
        schedule = Schedule(
            id=new_id(), name=wish.name, owner=ctx.actor.person_id, kind=kind, spec=spec, said=wish.when.words,
            timezone=timezone, action=simulation.action, arguments=dict(wish.arguments),
            sent_to=_shown(wish.to, address), address=address, elsewhere=elsewhere, missed=wish.missed,
            overlap=wish.overlap, paused="", created_at=self.clock(), next_due=self._first(trigger),
        )  # fmt: skip
        return Draft(schedule=schedule, simulation=simulation)

    def trigger(self, when: When, timezone: str) -> Trigger:
        """The trigger that is meant. Raises InvalidInput when it is none, several, or over."""
        zone(timezone)
        given = [name for name, value in (("cron", when.cron), ("every_s", when.every_s), ("at", when.at),
                                          ("when", when.words)) if value]  # fmt: skip
        if len(given) != 1:
            what = "no time" if not given else f"several times ({', '.join(given)})"
            raise InvalidInput(f"A schedule needs one of when, cron, every_s and at; {what} was given.", hint=HINT)
        if when.cron:
            return cron(when.cron, timezone)
        if when.every_s:
            return every(when.every_s, self.clock())
        if when.words:
            return read_words(when.words, timezone, self.clock())
        at = read_moment(when.at, timezone)
        if at < self.clock() - timedelta(minutes=1):
            raise InvalidInput(f"{when.at!r} is over.", hint="Give a time that is still to come.")
        return Once(at=at)

    def resumed(self, one: Schedule) -> Plan:
        """What came due while a schedule was paused, as skipped, and when it is due next."""
        came = plan(replace(one, missed=Missed.SKIP), self.clock(), timedelta())
        reason = f"The schedule was paused: {one.paused}"
        return Plan(slots=tuple(replace(slot, reason=reason) for slot in came.slots), next_due=came.next_due)

    def next_of(self, one: Schedule) -> datetime | None:
        """When a schedule that was removed is due next, from now on."""
        return one.trigger.next_after(self.clock())

    def _first(self, trigger: Trigger) -> datetime | None:
        return trigger.at if isinstance(trigger, Once) else trigger.next_after(self.clock())

    def _zone_of(self, ctx: Context) -> str:
        own = ctx.actor.timezone
        return own if own not in ("", "UTC") else self._timezone or "UTC"

    async def _address(self, ctx: Context, to: str) -> Address | None:
        if to == NOBODY or (not to and ctx.place is None):
            return None
        if not to and ctx.place is not None:
            return Address(place=ctx.place)
        return await self._addresses.find(to, actor=ctx.actor, place=ctx.place)

    async def _may_post(self, ctx: Context, door: Door, to: str) -> None:
        if await may_post_elsewhere(ctx, door):
            return
        raise Denied(
            f"You may not post to {to} from here.", rule=f"posting elsewhere needs {POST}",
            hint="Leave `to` out to have it posted here.",
        )  # fmt: skip

    async def _simulated(self, ctx: Context, door: Door, wish: Wish, address: Address | None) -> Simulation:
        name = wish.action.strip().removeprefix("`").removesuffix("`").replace(" ", ".")
        definition = door.registry.get(name)
        secret = sorted(definition.redacted & set(wish.arguments))
        if secret:
            raise InvalidInput(
                f"`{definition.spoken}` takes a secret ({secret[0]}).", hint="Secrets are not kept in schedules."
            )
        if definition.name.startswith("schedules.") and definition.mark.effect is not Effect.READ:
            raise InvalidInput("A schedule cannot change schedules.", hint="Schedule what it should do in the end.")
        as_schedule = replace(
            ctx, caller=replace(ctx.caller, kind=CallerKind.SCHEDULE, through=wish.name), key="", confirm="",
            place=address.place if address else None, simulate=True,
        )  # fmt: skip
        result = await door.dispatch(as_schedule, definition.name, wish.arguments)
        if not isinstance(result.value, Simulation):
            raise TypeError(f"{definition.name} was run instead of simulated.")
        return result.value


async def may_post_elsewhere(ctx: Context, door: Door) -> bool:
    """Whether this caller may have something posted in a place they are not in."""
    if POST in door.registry:
        return (await door.may(ctx, POST)).allowed
    known = ctx if ctx.id else await door.identify(ctx)
    return bool(known.actor.roles & OPERATORS)


def _shown(to: str, address: Address | None) -> str:
    """The address as it is shown: a bare `#ops` with its network, and what was left out by its name."""
    if address is None:
        return ""
    if not to:
        return f"{address.place.network}:{address.place.name or address.place.channel_id}"
    return f"{address.place.network}:{to}" if to.startswith("#") else to


def _rules(ctx: Context, one: Schedule) -> bool:
    return one.owner == ctx.actor.person_id or bool(ctx.actor.roles & OPERATORS)


def _may_see(ctx: Context, one: Schedule) -> bool:
    """Whoever reads the reply reads the place it posts to; in private also one's own, and an operator's."""
    if one.address is not None and one.address.place.key in ctx.audience.places:
        return True
    return (ctx.audience.private or ctx.place is None) and _rules(ctx, one)
