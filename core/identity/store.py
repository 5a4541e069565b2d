"""The SQL of people, roles, links, rules and admission: pure functions of a connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from core.codec import canonical, decode
from core.errors import Conflict, NotFound
from core.identity.model import AdmissionRule, Link, Person, Role, Rule, Way
from core.identity.snapshot import Pass, Snapshot
from core.storage import Connection, IntegrityError
from core.values import moment, stamp


def load(connection: Connection) -> Snapshot:
    """Everything, as of now."""
    roles: dict[str, list[Role]] = defaultdict(list)
    for person_id, role in connection.execute("SELECT person_id, role FROM role_grant").fetchall():
        roles[person_id].append(Role(role))
    links: dict[str, list[Link]] = defaultdict(list)
    by_link: dict[tuple[str, str], str] = {}
    for network, external_id, person_id, name in connection.execute(
        "SELECT network, external_id, person_id, name FROM link ORDER BY network, external_id"
    ).fetchall():
        links[person_id].append(Link(network=network, external_id=external_id, name=name))
        by_link[network, external_id] = person_id
    people = {
        row[0]: Person(
            id=row[0], name=row[1], email=row[2] or "", timezone=row[3], created_at=moment(row[4]),
            roles=tuple(sorted(roles[row[0]], key=lambda role: -role.rank)), links=tuple(links[row[0]]),
        )
        for row in connection.execute("SELECT id, name, email, timezone, created_at FROM person").fetchall()
    }  # fmt: skip
    places: dict[str, set[str]] = defaultdict(set)
    for person_id, place in connection.execute("SELECT person_id, place FROM place_member").fetchall():
        places[person_id].add(place)
    sessions = _passes(connection, "session")
    return Snapshot(
        people=people, links=by_link, rules=_rules(connection), admission=_admission(connection),
        places={person_id: frozenset(found) for person_id, found in places.items()},
        tokens=_passes(connection, "api_token"), sessions=sessions,
        session_ids=frozenset(one.id for one in sessions.values()),
    )  # fmt: skip


def _rules(connection: Connection) -> tuple[Rule, ...]:
    rows = connection.execute(
        "SELECT id, effect, subject_kind, subject, action, place, arguments, author, at FROM argument_rule ORDER BY id"
    ).fetchall()
    return tuple(
        Rule(
            id=row[0], effect=row[1], subject_kind=row[2], subject=row[3], action=row[4], place=row[5],
            arguments=decode(dict[str, str], row[6]), author=row[7], at=moment(row[8]),
        )
        for row in rows
    )  # fmt: skip


def _admission(connection: Connection) -> dict[str, AdmissionRule]:
    rows = connection.execute("SELECT network, way, roles FROM admission").fetchall()
    return {
        network: AdmissionRule(network=network, way=Way(way), roles=decode(tuple[str, ...], roles))
        for network, way, roles in rows
    }


def _passes(connection: Connection, table: str) -> dict[str, Pass]:
    rows = connection.execute(f"SELECT hash, id, person_id, coalesce(expires_at, '') FROM {table}").fetchall()
    return {row[0]: Pass(id=row[1], person_id=row[2], expires_at=row[3]) for row in rows}


# ── People ──


def add_person(connection: Connection, person: Person) -> None:
    """Write a person with roles and links. Raises Conflict for an e-mail or a link that is taken."""
    try:
        connection.execute(
            "INSERT INTO person (id, name, email, timezone, created_at) VALUES (?, ?, ?, ?, ?)",
            (person.id, person.name, person.email or None, person.timezone, stamp(person.created_at)),
        )
    except IntegrityError as error:
        raise Conflict(f"Somebody has the e-mail address {person.email} already.") from error
    connection.executemany(
        "INSERT INTO role_grant (person_id, role) VALUES (?, ?)", [(person.id, role) for role in person.roles]
    )
    for link in person.links:
        add_link(connection, person.id, link, stamp(person.created_at))


def add_first_owner(connection: Connection, person: Person) -> bool:
    """Write the first owner of a home without people; False when there are people."""
    if connection.execute("SELECT 1 FROM person LIMIT 1").fetchone():
        return False
    add_person(connection, person)
    return True


def add_guest(connection: Connection, person: Person) -> None:
    """Write a new guest with one link, unless that link is there meanwhile."""
    (link,) = person.links
    if not connection.execute(
        "SELECT 1 FROM link WHERE network = ? AND external_id = ?", (link.network, link.external_id)
    ).fetchone():
        add_person(connection, person)


def remove_person(connection: Connection, person_id: str) -> None:
    """Remove a person and all that is theirs. Raises NotFound, or Conflict for the last owner."""
    if connection.execute("DELETE FROM person WHERE id = ?", (person_id,)).rowcount == 0:
        raise NotFound("That person is gone already.")
    connection.execute("DELETE FROM argument_rule WHERE subject_kind = 'person' AND subject = ?", (person_id,))
    _require_owner(connection)


def update_person(connection: Connection, person: Person) -> None:
    """Write a person's name, e-mail and time zone. Raises Conflict for an e-mail that is taken."""
    try:
        connection.execute(
            "UPDATE person SET name = ?, email = ?, timezone = ? WHERE id = ?",
            (person.name, person.email or None, person.timezone, person.id),
        )
    except IntegrityError as error:
        raise Conflict(f"Somebody has the e-mail address {person.email} already.") from error


def set_roles(connection: Connection, person_id: str, roles: Sequence[str]) -> None:
    """Make these a person's roles. Raises NotFound, or Conflict when no owner would be left."""
    connection.execute("DELETE FROM role_grant WHERE person_id = ?", (person_id,))
    try:
        connection.executemany(
            "INSERT INTO role_grant (person_id, role) VALUES (?, ?)", [(person_id, role) for role in roles]
        )
    except IntegrityError as error:
        raise NotFound("That person is gone.") from error
    _require_owner(connection)


def _require_owner(connection: Connection) -> None:
    if not connection.execute("SELECT 1 FROM role_grant WHERE role = 'owner' LIMIT 1").fetchone():
        raise Conflict("The last owner stays.", hint="Make somebody else an owner first: `people role NAME owner`.")


def add_link(connection: Connection, person_id: str, link: Link, at: str) -> None:
    """Write how a person is known. Raises Conflict when that id is somebody's already."""
    try:
        connection.execute(
            "INSERT INTO link (network, external_id, person_id, name, at) VALUES (?, ?, ?, ?, ?)",
            (link.network, link.external_id, person_id, link.name, at),
        )
    except IntegrityError as error:
        raise Conflict(
            f"{link.network} {link.external_id} is linked already, or the person is gone.",
            hint=f"`people unlink {link.network} {link.external_id}` frees it.",
        ) from error


def remove_link(connection: Connection, network: str, external_id: str) -> None:
    """Forget how a person is known. Raises NotFound."""
    if connection.execute(
        "DELETE FROM link WHERE network = ? AND external_id = ?", (network, external_id)
    ).rowcount == 0:  # fmt: skip
        raise NotFound(f"{network} {external_id} is linked to nobody.")


# ── Rules, admission, places ──


def add_rule(connection: Connection, rule: Rule) -> None:
    """Write a rule. Raises Conflict when its number was taken meanwhile."""
    try:
        connection.execute(
            "INSERT INTO argument_rule (id, effect, subject_kind, subject, action, place, arguments, author, at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                rule.id, rule.effect, rule.subject_kind, rule.subject, rule.action, rule.place,
                canonical(dict(rule.arguments)), rule.author, stamp(rule.at),
            ),
        )  # fmt: skip
    except IntegrityError as error:
        raise Conflict("Somebody added a rule at the same moment.", hint="Add it again.") from error


def next_rule(connection: Connection) -> int:
    """The number the next rule gets; numbers are never used again."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'argument_rule'").fetchone()
    return int(row[0]) + 1 if row else 1


def remove_rule(connection: Connection, rule_id: int) -> None:
    """Remove a rule. Raises NotFound."""
    if connection.execute("DELETE FROM argument_rule WHERE id = ?", (rule_id,)).rowcount == 0:
        raise NotFound(f"There is no rule {rule_id}.", hint="`rules list` shows them.")


def set_admission(connection: Connection, rule: AdmissionRule) -> None:
    """Write a network's way in."""
    connection.execute(
        "INSERT OR REPLACE INTO admission (network, way, roles) VALUES (?, ?, ?)",
        (rule.network, rule.way, canonical(list(rule.roles))),
    )


def set_members(connection: Connection, place: str, person_ids: Sequence[str]) -> None:
    """Make these the people known to read a place; ids of people who are gone are passed over."""
    connection.execute("DELETE FROM place_member WHERE place = ?", (place,))
    for person_id in person_ids:
        join_place(connection, place, person_id)


def join_place(connection: Connection, place: str, person_id: str) -> None:
    """Remember that a person reads a place."""
    connection.execute(
        "INSERT OR IGNORE INTO place_member (person_id, place) SELECT id, ? FROM person WHERE id = ?",
        (place, person_id),
    )


def leave_place(connection: Connection, place: str, person_id: str) -> None:
    """Remember that a person reads a place no more."""
    connection.execute("DELETE FROM place_member WHERE place = ? AND person_id = ?", (place, person_id))
