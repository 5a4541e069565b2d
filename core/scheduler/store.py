"""The scheduler's SQL: schedules and the record of their slots; pure functions of a connection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.codec import canonical, decode, encode
from core.errors import Conflict
from core.scheduler.model import Missed, Overlap, Schedule, Slot, SlotView, run_key
from core.scheduler.planning import Plan
from core.storage import Connection, IntegrityError
from core.values import Address, Json, moment, stamp

_COLUMNS = (
    "s.id, s.name, s.owner, s.kind, s.spec, s.said, s.timezone, s.action, s.arguments, s.sent_to, s.address, "
    "s.elsewhere, s.missed, s.overlap, s.paused, s.created_at, s.next_due, s.last_due, s.last_state"
)
_WIDTH = _COLUMNS.count(",") + 1
_ACTIVE = "s.removed_at IS NULL AND s.paused = '' AND s.next_due IS NOT NULL"


def _stamped(at: datetime | None) -> str | None:
    return stamp(at) if at is not None else None


def _moment(text: object) -> datetime | None:
    return moment(str(text)) if text is not None else None


def _schedule(row: Sequence[object]) -> Schedule:
    return Schedule(
        id=str(row[0]), name=str(row[1]), owner=str(row[2]), kind=str(row[3]), spec=str(row[4]), said=str(row[5]),
        timezone=str(row[6]), action=str(row[7]), arguments=decode(dict[str, Json], str(row[8])),
        sent_to=str(row[9]), address=decode(Address, str(row[10])) if row[10] is not None else None,
        elsewhere=bool(row[11]), missed=Missed(str(row[12])), overlap=Overlap(str(row[13])), paused=str(row[14]),
        created_at=moment(str(row[15])), next_due=_moment(row[16]), last_due=_moment(row[17]),
        last_state=str(row[18]),
    )  # fmt: skip


# ── Schedules ──


def insert(connection: Connection, new: Schedule) -> None:
    """Write a schedule. Raises Conflict when its name is taken."""
    try:
        connection.execute(
            "INSERT INTO schedule (id, name, owner, kind, spec, said, timezone, action, arguments, sent_to, address, "
            "elsewhere, missed, overlap, paused, created_at, next_due) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                new.id,
                new.name,
                new.owner,
                new.kind,
                new.spec,
                new.said,
                new.timezone,
                new.action,
                canonical(dict(new.arguments)),
                new.sent_to,
                encode(new.address) if new.address else None,
                int(new.elsewhere),
                new.missed.value,
                new.overlap.value,
                new.paused,
                stamp(new.created_at),
                _stamped(new.next_due),
            ),
        )
    except IntegrityError as error:
        raise taken(new.name) from error


def taken(name: str) -> Conflict:
    """The error of a name that is in use."""
    return Conflict(f"A schedule is called {name!r} already.", hint="Choose another name, or remove that one.")


def by_name(connection: Connection, name: str) -> Schedule | None:
    """The schedule of that name."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM schedule s WHERE s.name = ? AND s.removed_at IS NULL", (name,)
    ).fetchone()
    return _schedule(row) if row else None


def removed(connection: Connection, schedule_id: str) -> Schedule | None:
    """A removed schedule by its id."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM schedule s WHERE s.id = ? AND s.removed_at IS NOT NULL", (schedule_id,)
    ).fetchone()
    return _schedule(row) if row else None


def listed(connection: Connection) -> list[Schedule]:
    """Every schedule by name."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM schedule s WHERE s.removed_at IS NULL ORDER BY s.name")
    return [_schedule(row) for row in rows.fetchall()]


def remove(connection: Connection, schedule_id: str, at: str) -> None:
    """Take a schedule out; its record stays. Raises Conflict when it is gone."""
    changed = connection.execute(
        "UPDATE schedule SET removed_at = ? WHERE id = ? AND removed_at IS NULL", (at, schedule_id)
    ).rowcount
    if not changed:
        raise Conflict("That schedule was removed before.")


def restore(connection: Connection, schedule: Schedule, next_due: datetime | None) -> None:
    """Put a removed schedule back. Raises Conflict when its name is taken or it is not removed."""
    try:
        changed = connection.execute(
            "UPDATE schedule SET removed_at = NULL, next_due = ? WHERE id = ? AND removed_at IS NOT NULL",
            (_stamped(next_due), schedule.id),
        ).rowcount
    except IntegrityError as error:
        raise taken(schedule.name) from error
    if not changed:
        raise Conflict(f"The schedule {schedule.name!r} is back already.")


def pause(connection: Connection, schedule_id: str, reason: str) -> None:
    """Stop a schedule from coming due."""
    connection.execute("UPDATE schedule SET paused = ? WHERE id = ?", (reason, schedule_id))


def resume(connection: Connection, schedule: Schedule, plan: Plan) -> None:
    """Let a schedule come due again; what came due meanwhile is written as skipped. Conflict when it is on."""
    changed = connection.execute(
        "UPDATE schedule SET paused = '', next_due = ? WHERE id = ? AND paused <> '' AND removed_at IS NULL",
        (_stamped(plan.next_due), schedule.id),
    ).rowcount
    if not changed:
        raise Conflict(f"The schedule {schedule.name!r} is not paused.")
    _write_slots(connection, schedule, plan)


# ── Coming due ──


def due(connection: Connection, now: str, limit: int) -> list[Schedule]:
    """Schedules that are due by now, the longest due first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM schedule s WHERE {_ACTIVE} AND s.next_due <= ? ORDER BY s.next_due LIMIT ?",
        (now, limit),
    )
    return [_schedule(row) for row in rows.fetchall()]


def next_due(connection: Connection) -> datetime | None:
    """The next moment anything is due."""
    row = connection.execute(f"SELECT min(s.next_due) FROM schedule s WHERE {_ACTIVE}").fetchone()
    return _moment(row[0])


def claim(connection: Connection, plans: Sequence[tuple[Schedule, Plan]]) -> list[tuple[Slot, str]]:
    """Write the slots of schedules that came due and move each on; each new slot with why it is skipped.

    A schedule that was changed meanwhile is left alone; a slot that has its row already is not run twice.
    """
    added: list[tuple[Slot, str]] = []
    for schedule, plan in plans:
        moved = connection.execute(
            f"UPDATE schedule AS s SET next_due = ? WHERE s.id = ? AND {_ACTIVE} AND s.next_due = ?",
            (_stamped(plan.next_due), schedule.id, _stamped(schedule.next_due)),
        ).rowcount
        if moved:
            added += _write_slots(connection, schedule, plan)
    return added


def _write_slots(connection: Connection, schedule: Schedule, plan: Plan) -> list[tuple[Slot, str]]:
    written: list[tuple[Slot, str]] = []
    behind = False
    for one in plan.slots:
        at = stamp(one.due_at)
        added = connection.execute(
            "INSERT OR IGNORE INTO schedule_slot (schedule_id, due_at, run_key, state, reason, covers, ended_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (schedule.id, at, run_key(schedule.id, one.due_at), "skipped" if one.reason else "due", one.reason,
             one.covers, at if one.reason else None),
        ).rowcount  # fmt: skip
        if added:
            written.append((Slot(schedule=schedule, due_at=one.due_at, catching_up=one.late or behind), one.reason))
            behind = behind or not one.reason
    if plan.slots and plan.slots[-1].reason:
        _last(connection, schedule.id, stamp(plan.slots[-1].due_at), "skipped")
    return written


def add_manual(connection: Connection, schedule_id: str, due_at: datetime) -> None:
    """Write an extra slot that a person asked for."""
    connection.execute(
        "INSERT OR IGNORE INTO schedule_slot (schedule_id, due_at, run_key, state, manual) VALUES (?, ?, ?, 'due', 1)",
        (schedule_id, stamp(due_at), run_key(schedule_id, due_at)),
    )


def open_slots(connection: Connection) -> list[Slot]:
    """Slots that have not ended, the longest due first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS}, l.due_at, l.state, l.manual, l.attempts FROM schedule_slot l "
        "JOIN schedule s ON s.id = l.schedule_id WHERE l.state IN ('due', 'running') ORDER BY l.due_at"
    ).fetchall()
    return [
        Slot(
            schedule=_schedule(row[:_WIDTH]),
            due_at=moment(row[_WIDTH]),
            state=row[_WIDTH + 1],
            manual=bool(row[_WIDTH + 2]),
            attempts=row[_WIDTH + 3],
            catching_up=True,
        )
        for row in rows
    ]


def start(connection: Connection, slot: Slot, at: str) -> str | None:
    """Mark a slot as running. Empty: run it; a reason: skip it (removed or paused); None: it ended before."""
    where = (slot.schedule.id, stamp(slot.due_at))
    row = connection.execute(
        "SELECT s.paused, s.removed_at, l.state FROM schedule_slot l JOIN schedule s ON s.id = l.schedule_id "
        "WHERE l.schedule_id = ? AND l.due_at = ?",
        where,
    ).fetchone()
    if row is None or row[2] not in ("due", "running"):
        return None
    if row[1] is not None:
        return "The schedule was removed."
    if row[0] and not slot.manual:
        return f"The schedule was paused: {row[0]}"
    connection.execute(
        "UPDATE schedule_slot SET state = 'running', attempts = attempts + 1, started_at = ? "
        "WHERE schedule_id = ? AND due_at = ?",
        (at, *where),
    )
    return ""


def end(connection: Connection, slot: Slot, state: str, reason: str, message_id: str, at: str) -> None:
    """Write how a slot ended, once. Raises Conflict when it ended before: the unit is undone."""
    ended = connection.execute(
        "UPDATE schedule_slot SET state = ?, reason = ?, message_id = ?, ended_at = ? "
        "WHERE schedule_id = ? AND due_at = ? AND state IN ('due', 'running')",
        (state, reason, message_id, at, slot.schedule.id, stamp(slot.due_at)),
    ).rowcount
    if not ended:
        raise Conflict(f"The slot {slot.key} ended before.")
    _last(connection, slot.schedule.id, stamp(slot.due_at), state)


def _last(connection: Connection, schedule_id: str, due_at: str, state: str) -> None:
    connection.execute(
        "UPDATE schedule SET last_due = ?, last_state = ? WHERE id = ? AND (last_due IS NULL OR last_due <= ?)",
        (due_at, state, schedule_id, due_at),
    )


def history(connection: Connection, schedule_id: str, limit: int) -> list[SlotView]:
    """What became of a schedule's slots, newest first."""
    rows = connection.execute(
        "SELECT due_at, state, reason, manual, covers, started_at, ended_at, message_id FROM schedule_slot "
        "WHERE schedule_id = ? ORDER BY due_at DESC LIMIT ?",
        (schedule_id, limit),
    ).fetchall()
    return [
        SlotView(
            due_at=moment(row[0]),
            state=row[1],
            reason=row[2],
            manual=bool(row[3]),
            covers=row[4],
            started_at=_moment(row[5]),
            ended_at=_moment(row[6]),
            message_id=row[7],
        )
        for row in rows
    ]


def forget(connection: Connection, before: str) -> int:
    """Remove at most 500 slots that ended before then; how many went."""
    return connection.execute(
        "DELETE FROM schedule_slot WHERE (schedule_id, due_at) IN "
        "(SELECT schedule_id, due_at FROM schedule_slot WHERE ended_at < ? LIMIT 500)",
        (before,),
    ).rowcount


# ── Being awake ──


def alive(connection: Connection) -> datetime | None:
    """When the scheduler was last known to be awake."""
    row = connection.execute("SELECT at FROM schedule_alive").fetchone()
    return moment(row[0]) if row else None


def mark_alive(connection: Connection, at: str) -> None:
    """The scheduler is awake."""
    connection.execute(
        "INSERT INTO schedule_alive (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at", (at,)
    )
