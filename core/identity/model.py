"""People, roles, rules and what somebody signs in with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.codec import ShownOnce


class Role(StrEnum):
    """What somebody is here; each may all that the ones below may."""

    OWNER = "owner"
    ADMIN = "admin"
    OPERATOR = "operator"
    MEMBER = "member"
    GUEST = "guest"

    @property
    def rank(self) -> int:
        """0 for a guest, up to 4 for an owner."""
        return _RANKS[self]


_RANKS = {role: rank for rank, role in enumerate(reversed(Role))}
_GUEST = frozenset({"conversation.ask", "conversation.read", "knowledge.read"})
_MEMBER = _GUEST | {"knowledge.write", "schedules.read", "schedules.write", "reports.read"}
PERMISSIONS: Mapping[Role, frozenset[str]] = {
    Role.GUEST: _GUEST,
    Role.MEMBER: _MEMBER,
    Role.OPERATOR: _MEMBER
    | {
        "conversation.*", "knowledge.*", "schedules.*", "reports.*", "deliveries.*", "activity.read",
        "chat.post", "connections.read",
    },
    Role.ADMIN: frozenset({"*"}),
    Role.OWNER: frozenset({"*"}),
}  # fmt: skip
"""What each role may; `area.*` is all of an area. An admin's `*` leaves out `owner.*`."""

OWNERS_ONLY = "owner."


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How a person is known on a network: by id, never by name."""

    network: str
    external_id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody Signalbox knows."""

    id: str
    name: str
    email: str = ""
    timezone: str = "UTC"
    roles: tuple[Role, ...] = ()
    links: tuple[Link, ...] = ()
    created_at: datetime

    @property
    def rank(self) -> int:
        """Of the highest role; -1 without one."""
        return max((role.rank for role in self.roles), default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Allows or denies commands beyond what a role says.

    subject: a person's id; or a role: an allow then counts for it and the roles above, a deny for it
    and the roles below. action: `area.verb`, `area.*` or `*`. arguments: name → pattern with `*` and `?`.
    """

    id: int
    effect: Literal["allow", "deny"]
    subject_kind: Literal["person", "role"]
    subject: str
    action: str
    place: str = ""
    arguments: Mapping[str, str]
    author: str = ""
    at: datetime

    @property
    def words(self) -> str:
        """`rule 4: deny deploy.* in slack:T1/C1 with target prod*`."""
        where = f" in {self.place}" if self.place else ""
        given = " and ".join(f"{name} {pattern}" for name, pattern in sorted(self.arguments.items()))
        return f"rule {self.id}: {self.effect} {self.action}{where}{' with ' + given if given else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """What somebody may know of themselves."""

    person: Person
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token without its value."""

    id: str
    name: str
    person_id: str
    person: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token just made; its value is shown this once and kept nowhere."""

    id: str
    name: str
    token: ShownOnce
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink:
    """The code of a link that signs its person in once."""

    code: ShownOnce
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A person just invited; the link's code works once, until it expires."""

    person: Person
    code: ShownOnce
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A sign-in to the control room or the API, without its value."""

    id: str
    person_id: str
    person: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session just begun. `token` goes into the cookie, or is the JWT; it is kept nowhere."""

    token: str
    person_id: str
    session_id: str
    expires_at: datetime


class Way(StrEnum):
    """How people nobody knows get in on a network."""

    CODE = "code"
    MEMBERS = "members"
    EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRule:
    """A network's way in. roles: ids of the Discord roles whose holders get in by `members`."""

    network: str
    way: Way
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What becomes of a sender. `person_id` is set when they are let in.

    outcome: `known`; `welcomed` (a new guest, or known by e-mail); `code` (show `text` to them alone);
    `silent` (they have their code, or there were too many); `refused` (a bot).
    """

    outcome: Literal["known", "welcomed", "code", "silent", "refused"]
    person_id: str = ""
    text: str = ""
