"""The one door: the chain in its order, and what each link says no to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from types import ModuleType
from typing import Annotated, Literal

import pytest
from pydantic import Field

from core.actions import Answers, Context, Door, SecretText, Simulation, Unit, action
from core.actions import actions as own_actions
from core.actions.definition import define
from core.bus import Bus
from core.errors import (
    ConfirmationNeeded,
    Conflict,
    Denied,
    InvalidInput,
    KeyReused,
    Limited,
    NotFound,
    ReadOnly,
    UnknownAction,
)
from core.events import ActionDone
from core.outbox import Outbox
from core.storage import Connection, Storage
from core.values import Caller, CallerKind, Effect, Reply
from tests.fakes.ports import FakeAuditor, FakeIdentity, FakeLimiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    id: str
    text: str
    tags: tuple[str, ...] = ()


class Notes:
    """A service the door fills in."""

    def __init__(self) -> None:
        self.ran = 0
        self.gate: asyncio.Event | None = None


def put(connection: Connection, name: str, value: str) -> None:
    connection.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (name, value))


def remove(connection: Connection, name: str) -> None:
    connection.execute("DELETE FROM meta WHERE name = ?", (name,))


def stored(connection: Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, value FROM meta WHERE name LIKE 'note-%'").fetchall())


@action("notes.add", permission="knowledge.write", effect=Effect.WRITE, aliases=("note",))
async def add(
    notes: Notes,
    ctx: Context,
    unit: Unit,
    id: Annotated[str, Field(max_length=20)],
    text: str,
    *,
    tags: tuple[str, ...] = (),
) -> Note:
    """Remember a note.

    Longer words on notes.

    id: its name.
    text: Markdown.
    tags: lower-case words.
    """
    notes.ran += 1
    if notes.gate is not None:
        await notes.gate.wait()
    unit.do(put, f"note-{id}", text)
    unit.changed(None, text)
    unit.undo("notes.remove", {"id": id})
    return Note(id=id, text=text, tags=tags)


@action("notes.remove", permission="knowledge.write", effect=Effect.WRITE)
async def remove_(unit: Unit, id: str) -> Reply:
    """Forget a note.

    id: its name.
    """
    unit.do(remove, f"note-{id}")
    unit.undo("notes.add", {"id": id, "text": "?"})
    return Reply(text="gone")


@action("notes.wipe", permission="knowledge.write", effect=Effect.DESTROY)
async def wipe(notes: Notes, unit: Unit, reason: str) -> str:
    """Remove all notes.

    reason: why.
    """
    notes.ran += 1
    unit.do(remove, "note-a")
    return f"wiped: {reason}"


@action("notes.publish", permission="knowledge.write", effect=Effect.OUTWARD)
async def publish(notes: Notes, unit: Unit, text: str) -> str:
    """Show a note to the world."""
    notes.ran += 1
    unit.do(put, "note-published", text)
    return text


@action("release.ship", permission="release.ship", effect=Effect.OUTWARD, approver="operator")
async def ship(ctx: Context, unit: Unit, version: str) -> str:
    """Ship a release."""
    unit.do(put, "note-shipped", f"{version} for {ctx.actor.name} by {ctx.approved_by}")
    return version


@action("notes.read", permission="knowledge.read", effect=Effect.READ)
async def read(notes: Notes, kind: Literal["short", "long"] = "short", day: date | None = None) -> str:
    """Read notes."""
    notes.ran += 1
    return f"{kind} {day}"


@action("notes.copy", permission="knowledge.write", effect=Effect.WRITE)
async def copy(ctx: Context, unit: Unit, id: str) -> tuple[str, str]:
    """Make two notes of one, each by a call of its own."""
    one = await ctx.call("notes.add", {"id": f"{id}1", "text": "one"})
    two = await ctx.call("notes.add", {"id": f"{id}2", "text": "two"})
    unit.undo("notes.remove", {"id": f"{id}1"})
    assert isinstance(one.value, Note)
    assert isinstance(two.value, Note)
    return one.value.text, two.value.text


@action("secrets.keep", permission="vault.write", effect=Effect.WRITE)
async def keep(unit: Unit, name: str, value: SecretText) -> str:
    """Keep a secret."""
    unit.undo("notes.remove", {"id": name})
    return f"kept {name}"


@action("notes.index", permission="knowledge.write", effect=Effect.WRITE, job=True)
async def index(notes: Notes, ctx: Context, unit: Unit, count: int) -> int:
    """Write many notes, a unit for each."""
    for n in range(count):
        unit.do(put, f"note-{n}", "x")
        await unit.flush()
        ctx.sink.progress(n + 1, count)
        if notes.gate is not None:
            await notes.gate.wait()
    return count


@action("notes.broken", permission="knowledge.write", effect=Effect.WRITE)
async def broken(unit: Unit) -> str:
    """Fail in the middle."""
    unit.do(put, "note-half", "x")
    raise ZeroDivisionError("oops")


FUNCTIONS = (add, remove_, wipe, publish, ship, read, copy, keep, index, broken)


@dataclass
class House:
    door: Door
    answers: Answers
    storage: Storage
    bus: Bus
    notes: Notes
    identity: FakeIdentity
    auditor: FakeAuditor
    limiter: FakeLimiter

    async def notes_now(self) -> dict[str, str]:
        return await self.storage.read(stored)


@pytest.fixture
async def house(storage: Storage) -> AsyncIterator[House]:
    bus = Bus(storage)
    identity, auditor, limiter = FakeIdentity(), FakeAuditor(), FakeLimiter()
    door = Door(
        storage=storage,
        outbox=Outbox(storage, bus),
        bus=bus,
        identifier=identity,
        authoriser=identity,
        auditor=auditor,
        limiter=limiter,
    )
    notes, answers = Notes(), Answers(door, storage)
    for service in (door, answers, storage, notes):
        door.provide(service)
    module = ModuleType("tests_actions")
    for function in FUNCTIONS:
        function.__module__ = "tests_actions"
        setattr(module, function.__name__, function)
    module.__dict__["Notes"] = Notes
    door.registry.add_module(module)
    door.registry.add_module(own_actions)
    async with asyncio.TaskGroup() as group:
        jobs = group.create_task(door.jobs.run())
        while not door.jobs.open:
            await asyncio.sleep(0)
        yield House(door, answers, storage, bus, notes, identity, auditor, limiter)
        jobs.cancel()


def as_(name: str, kind: CallerKind = CallerKind.PERSON, **more: object) -> Context:
    return replace(Context(caller=Caller(network="room", external_id=name, kind=kind)), **more)  # type: ignore[arg-type]


ADD = {"id": "a", "text": "hello"}


async def test_an_action_writes_its_unit_and_its_line_of_the_record(house: House) -> None:
    result = await house.door.dispatch(as_("ann"), "notes.add", {**ADD, "tags": ["x"]})
    assert result.value == Note(id="a", text="hello", tags=("x",))
    assert await house.notes_now() == {"note-a": "hello"}
    (entry,) = house.auditor.entries
    assert (entry.action, entry.outcome, entry.actor.name) == ("notes.add", "ok", "Ann")
    assert (entry.before, entry.after, entry.decision) == (None, "hello", "allowed")
    assert entry.rule == "role member has knowledge.write"


async def test_an_alias_is_the_same_action(house: House) -> None:
    assert (await house.door.dispatch(as_("ann"), "note", ADD)).action == "notes.add"


async def test_somebody_unknown_runs_nothing(house: House) -> None:
    with pytest.raises(Denied, match="Somebody Signalbox does not know may not run `notes add`") as caught:
        await house.door.dispatch(as_("mallory"), "notes.add", ADD)
    assert caught.value.hint == "Because: nobody knows the caller. `why notes add` explains."
    assert (house.notes.ran, await house.notes_now()) == (0, {})
    assert house.auditor.entries[0].outcome == "denied"


async def test_a_person_without_the_right_is_refused_before_the_arguments_are_read(house: House) -> None:
    house.identity.refused.add("knowledge.write")
    with pytest.raises(Denied, match="Ann may not run `notes add`"):
        await house.door.dispatch(as_("ann"), "notes.add", {"nonsense": 1})


async def test_a_rule_on_arguments_refuses_that_argument_only(house: House) -> None:
    house.identity.refused_arguments = {"id": "prod"}
    await house.door.dispatch(as_("ann"), "notes.add", ADD)
    with pytest.raises(Denied, match="rule 1: not with that"):
        await house.door.dispatch(as_("ann"), "notes.add", {"id": "prod", "text": "x"})
    assert await house.notes_now() == {"note-a": "hello"}


async def test_an_unknown_command_names_the_nearest_and_runs_nothing(house: House) -> None:
    with pytest.raises(UnknownAction, match="No command is called `notes ad`") as caught:
        await house.door.dispatch(as_("ann"), "notes.ad", {})
    assert caught.value.near[0] == "notes add"
    assert len(caught.value.near) <= 3
    assert house.auditor.entries[0].arguments is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"id": "a"}, r"`notes add`: text: Field required\. Try: `notes add ID TEXT \[--tags …\]`\."),
        ({**ADD, "colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"id": "a" * 21, "text": ""}, "id: String should have at most 20 characters"),
        ({"id": ["a"], "text": ""}, "id: Input should be a valid string"),
    ],
)
async def test_arguments_that_do_not_fit_are_named(house: House, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        await house.door.dispatch(as_("ann"), "notes.add", arguments)  # type: ignore[arg-type]
    assert house.auditor.entries[0].outcome == "invalid"


async def test_text_becomes_typed_arguments(house: House) -> None:
    result = await house.door.dispatch(as_("ann"), "notes.read", {"kind": "long", "day": "2026-11-21"})
    assert result.value == "long 2026-11-21"


async def test_the_same_key_gives_the_same_result_and_runs_once(house: House) -> None:
    first = await house.door.dispatch(as_("ann", key="k"), "notes.add", ADD)
    again = await house.door.dispatch(as_("ann", key="k"), "notes.add", ADD)
    assert (first.value, first.again, again.value, again.again) == (again.value, False, first.value, True)
    assert house.notes.ran == 1


async def test_the_same_key_with_other_arguments_is_an_error(house: House) -> None:
    await house.door.dispatch(as_("ann", key="k"), "notes.add", ADD)
    with pytest.raises(KeyReused, match="The key 'k' was used before with other arguments"):
        await house.door.dispatch(as_("ann", key="k"), "notes.add", {**ADD, "text": "other"})


async def test_keys_of_two_people_do_not_meet(house: House) -> None:
    await house.door.dispatch(as_("ann", key="k"), "notes.add", ADD)
    await house.door.dispatch(as_("bob", key="k"), "notes.add", {"id": "b", "text": "hi"})
    assert house.notes.ran == 2


async def test_a_twin_in_flight_waits_for_the_first(house: House) -> None:
    house.notes.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        twins = [group.create_task(house.door.dispatch(as_("ann", key="k"), "notes.add", ADD)) for _ in range(5)]
        while not house.notes.ran:
            await asyncio.sleep(0)
        house.notes.gate.set()
    assert [twin.result().again for twin in twins] == [False, True, True, True, True]
    assert house.notes.ran == 1


async def test_a_failing_action_leaves_nothing_and_may_be_tried_again_under_its_key(house: House) -> None:
    with pytest.raises(ZeroDivisionError):
        await house.door.dispatch(as_("ann", key="k"), "notes.broken", {})
    assert await house.notes_now() == {}
    assert house.auditor.entries[0].outcome == "failed"
    with pytest.raises(ZeroDivisionError):
        await house.door.dispatch(as_("ann", key="k"), "notes.broken", {})


async def test_a_person_over_the_limit_waits(house: House) -> None:
    house.limiter.left = 1
    await house.door.dispatch(as_("ann"), "notes.read", {})
    with pytest.raises(Limited, match="Ann asks too much") as caught:
        await house.door.dispatch(as_("ann"), "notes.read", {})
    assert caught.value.hint == "Try again in 7 s."


async def test_simulating_says_what_would_happen_and_runs_nothing(house: House) -> None:
    result = await house.door.dispatch(as_("ann", simulate=True, key="k"), "notes.wipe", {"reason": "spring"})
    assert result.simulated
    assert result.value == Simulation(
        action="notes.wipe",
        summary="Remove all notes.",
        arguments={"reason": "spring"},
        effect=Effect.DESTROY,
        rule="role member has knowledge.write",
        asks="cannot be undone",
    )
    assert house.notes.ran == 0


async def test_simulating_is_refused_like_the_call_itself(house: House) -> None:
    house.identity.refused.add("knowledge.write")
    with pytest.raises(Denied):
        await house.door.dispatch(as_("ann", simulate=True), "notes.wipe", {"reason": "x"})


async def asked(house: House, ctx: Context, name: str, arguments: dict[str, str]) -> ConfirmationNeeded:
    with pytest.raises(ConfirmationNeeded) as caught:
        await house.door.dispatch(ctx, name, arguments)
    return caught.value


async def test_what_cannot_be_undone_asks_and_runs_after_the_yes(house: House) -> None:
    needed = await asked(house, as_("ann"), "notes.wipe", {"reason": "spring"})
    assert needed.message == "`notes wipe` cannot be undone. It would: Remove all notes. (reason 'spring')"
    assert house.notes.ran == 0
    result = await house.door.dispatch(as_("ann", confirm=needed.confirmation_id), "notes.wipe", {"reason": "spring"})
    assert result.value == "wiped: spring"


async def test_a_yes_counts_once(house: House) -> None:
    needed = await asked(house, as_("ann"), "notes.wipe", {"reason": "x"})
    await house.answers.approve(as_("ann"), needed.confirmation_id)
    with pytest.raises(Conflict, match=r"This was answered before\. Nothing was run\."):
        await house.answers.approve(as_("ann"), needed.confirmation_id)
    assert house.notes.ran == 1


async def test_two_presses_at_once_run_it_once(house: House) -> None:
    needed = await asked(house, as_("ann"), "notes.wipe", {"reason": "x"})
    ctx = as_("ann")
    results = await asyncio.gather(
        house.answers.approve(ctx, needed.confirmation_id),
        house.answers.approve(ctx, needed.confirmation_id),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in results) == ["Conflict", "Result"]


async def test_a_yes_for_other_arguments_counts_for_nothing(house: House) -> None:
    needed = await asked(house, as_("ann"), "notes.wipe", {"reason": "x"})
    with pytest.raises(Conflict, match="The yes was for something else"):
        await house.door.dispatch(as_("ann", confirm=needed.confirmation_id), "notes.wipe", {"reason": "y"})
    assert house.notes.ran == 0


async def test_only_the_asker_confirms(house: House) -> None:
    needed = await asked(house, as_("ann"), "notes.wipe", {"reason": "x"})
    with pytest.raises(Denied, match="Somebody else asked for this"):
        await house.answers.approve(as_("bob"), needed.confirmation_id)


async def test_a_right_lost_meanwhile_stops_the_confirmed_call(house: House) -> None:
    needed = await asked(house, as_("ann"), "notes.wipe", {"reason": "x"})
    house.identity.refused.add("knowledge.write")
    with pytest.raises(Denied):
        await house.answers.approve(as_("ann"), needed.confirmation_id)


async def test_an_old_asking_has_expired(house: House) -> None:
    needed = await asked(house, as_("ann"), "notes.wipe", {"reason": "x"})
    await house.storage.write(
        lambda c: c.execute("UPDATE confirmation SET expires_at = '2020-01-01T00:00:00.000000+00:00'") and None
    )
    with pytest.raises(Conflict, match="This was asked too long ago"):
        await house.answers.approve(as_("ann"), needed.confirmation_id)


async def test_a_declined_asking_cannot_be_run(house: House) -> None:
    needed = await asked(house, as_("ann"), "notes.wipe", {"reason": "x"})
    await house.door.dispatch(as_("ann"), "waiting.decline", {"confirmation_id": needed.confirmation_id})
    with pytest.raises(Conflict, match="This was answered before"):
        await house.answers.approve(as_("ann"), needed.confirmation_id)


async def test_approval_is_given_by_another_person_with_the_role(house: House) -> None:
    needed = await asked(house, as_("ann"), "release.ship", {"version": "2.0"})
    assert needed.approver == "operator"
    with pytest.raises(Denied, match="Only somebody with the role operator may answer this"):
        await house.answers.approve(as_("ann"), needed.confirmation_id)
    result = await house.answers.approve(as_("bob"), needed.confirmation_id)
    assert result.value == "2.0"
    assert await house.notes_now() == {"note-shipped": "2.0 for Ann by p-bob"}


async def test_the_asker_approves_only_when_alone(house: House) -> None:
    needed = await asked(house, as_("bob"), "release.ship", {"version": "2.0"})
    with pytest.raises(Denied, match="Somebody else must approve what you asked for"):
        await house.answers.approve(as_("bob"), needed.confirmation_id)
    house.identity.lonely = True
    assert (await house.answers.approve(as_("bob"), needed.confirmation_id)).value == "2.0"


async def test_a_yes_needs_an_approver_even_with_the_id_in_hand(house: House) -> None:
    needed = await asked(house, as_("ann"), "release.ship", {"version": "2.0"})
    with pytest.raises(Denied, match="needs the approval of somebody with the role operator"):
        await house.door.dispatch(as_("ann", confirm=needed.confirmation_id), "release.ship", {"version": "2.0"})


async def test_a_model_asks_before_anything_leaves_the_house(house: House) -> None:
    needed = await asked(house, as_("ann", CallerKind.MODEL), "notes.publish", {"text": "x"})
    assert "leaves the house and was asked by a model" in needed.message
    assert (await house.door.dispatch(as_("ann"), "notes.publish", {"text": "x"})).value == "x"


async def test_a_schedule_runs_what_asks_only_after_a_person_said_yes_to_the_same(house: House) -> None:
    schedule = as_("ann", CallerKind.SCHEDULE)
    with pytest.raises(Denied, match="no person stands behind this call"):
        await house.door.dispatch(schedule, "notes.wipe", {"reason": "x"})
    needed = await asked(house, as_("ann"), "notes.wipe", {"reason": "x"})
    await house.answers.approve(as_("ann"), needed.confirmation_id)
    assert (await house.door.dispatch(schedule, "notes.wipe", {"reason": "x"})).value == "wiped: x"
    with pytest.raises(Denied):
        await house.door.dispatch(schedule, "notes.wipe", {"reason": "y"})


async def test_nested_calls_have_their_own_units_and_keys(house: House) -> None:
    await house.door.dispatch(as_("ann", key="k"), "notes.copy", {"id": "n"})
    assert await house.notes_now() == {"note-n1": "one", "note-n2": "two"}
    parents = {entry.action: entry.parent for entry in house.auditor.entries}
    assert parents["notes.copy"] == ""
    assert parents["notes.add"] != ""


async def test_a_secret_argument_is_never_written_down(house: House) -> None:
    await house.door.dispatch(as_("ann"), "secrets.keep", {"name": "T", "value": "hunter2"})
    assert house.auditor.entries[0].arguments == {"name": "T", "value": "•••"}
    assert "hunter2" not in repr(house.auditor.entries)


async def test_a_secret_argument_of_a_failing_call_is_never_written_down(house: House) -> None:
    with pytest.raises(InvalidInput) as caught:
        await house.door.dispatch(as_("ann"), "secrets.keep", {"value": "hunter2"})
    assert "hunter2" not in repr(house.auditor.entries) + str(caught.value)


async def test_undo_takes_back_the_last_change_once(house: House) -> None:
    await house.door.dispatch(as_("ann"), "notes.add", ADD)
    reply = (await house.door.dispatch(as_("ann"), "undo", {})).value
    assert isinstance(reply, Reply)
    assert reply.text.startswith("Taken back: `notes add`")
    assert await house.notes_now() == {}


async def test_undo_is_for_ones_own_changes(house: House) -> None:
    await house.door.dispatch(as_("ann"), "notes.add", ADD)
    with pytest.raises(NotFound, match="There is nothing of yours to undo"):
        await house.door.dispatch(as_("bob"), "undo", {})


async def test_nothing_is_written_while_the_guard_says_read_only(house: House) -> None:
    def closed() -> None:
        raise ReadOnly("Safe mode.")

    house.door.guard = closed
    with pytest.raises(ReadOnly, match="Safe mode"):
        await house.door.dispatch(as_("ann"), "notes.add", ADD)
    assert (await house.door.dispatch(as_("ann"), "notes.read", {})).value == "short None"


async def test_a_cancelled_call_is_recorded_and_writes_nothing(house: House) -> None:
    house.notes.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        call = group.create_task(house.door.dispatch(as_("ann"), "notes.add", ADD))
        while not house.notes.ran:
            await asyncio.sleep(0)
        call.cancel()
    assert [entry.outcome for entry in house.auditor.entries] == ["cancelled"]
    assert await house.notes_now() == {}


async def test_every_call_is_measured(house: House) -> None:
    listener = house.bus.subscribe("test", ActionDone)
    await house.door.dispatch(as_("ann"), "notes.read", {})
    (event,) = await listener.take()
    assert isinstance(event, ActionDone)
    assert (event.action, event.outcome, event.actor) == ("notes.read", "ok", "p-ann")


async def test_a_job_goes_on_in_the_background_and_shows_how_far_it_is(house: House) -> None:
    result = await house.door.dispatch(as_("ann", wait=False), "notes.index", {"count": 3})
    assert result.job_id
    (job,) = await house.door.jobs.listed()
    while job.state == "running":
        await asyncio.sleep(0)
        (job,) = await house.door.jobs.listed()
    assert (job.state, job.action) == ("done", "notes.index")
    assert len(await house.notes_now()) == 3


async def test_a_cancelled_job_keeps_what_it_finished(house: House) -> None:
    house.notes.gate = asyncio.Event()
    result = await house.door.dispatch(as_("ann", wait=False), "notes.index", {"count": 3})
    while not await house.notes_now():
        await asyncio.sleep(0)
    await house.door.dispatch(as_("ann"), "jobs.cancel", {"job_id": result.job_id})
    (job,) = await house.door.jobs.listed()
    while job.state == "running":
        await asyncio.sleep(0)
        (job,) = await house.door.jobs.listed()
    assert (job.state, job.error, len(await house.notes_now())) == ("cancelled", "Cancelled.", 1)


async def test_a_job_may_be_waited_for(house: House) -> None:
    assert (await house.door.dispatch(as_("ann"), "notes.index", {"count": 2})).value == 2


async def test_help_lists_only_what_the_asker_may_run(house: House) -> None:
    house.identity.refused.add("release.ship")
    reply = (await house.door.dispatch(as_("ann"), "help", {})).value
    assert isinstance(reply, Reply)
    assert "notes" in reply.text
    assert "release" not in reply.text


async def test_help_of_a_command_shows_its_use_and_arguments(house: House) -> None:
    reply = (await house.door.dispatch(as_("ann"), "help", {"command": "notes add"})).value
    assert isinstance(reply, Reply)
    assert reply.text.splitlines()[:2] == ["`notes add ID TEXT [--tags …]`", "Remember a note."]
    assert "- `tags`: lower-case words." in reply.text
    assert "Can be taken back with `undo`." in reply.text


async def test_why_names_the_rule(house: House) -> None:
    house.identity.refused.add("release.ship")
    reply = (await house.door.dispatch(as_("ann"), "why", {"command": "release ship"})).value
    assert isinstance(reply, Reply)
    assert reply.text == ("You may not run `release ship`: role member lacks release.ship. It needs release.ship.")


async def test_commands_are_found_by_what_they_do(house: House) -> None:
    found = (await house.door.dispatch(as_("ann"), "actions.find", {"query": "remember"})).value
    assert isinstance(found, tuple)
    assert found[0].name == "notes.add"


def test_an_action_without_a_docstring_is_refused() -> None:
    @action("x.y", permission="", effect=Effect.READ)
    async def silent() -> None: ...

    with pytest.raises(TypeError, match="has no docstring: it is the command's help"):
        define(silent, frozenset())


def test_two_actions_of_one_name_are_refused(house: House) -> None:
    with pytest.raises(Conflict, match=r"Two actions are called 'notes\.add'"):
        house.door.registry.add(house.door.registry.get("notes.add"))
