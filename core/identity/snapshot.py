"""Everything a decision needs, in memory, as it was at one commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import InvalidInput, NotFound
from core.identity.model import AdmissionRule, Person, Role, Rule
from core.values import stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What a token or a session stands for: its row's id, its person, until when (ISO time; "" for ever)."""

    id: str
    person_id: str
    expires_at: str

    def valid(self, at: datetime) -> bool:
        """Whether it still holds at that moment."""
        return not self.expires_at or self.expires_at > stamp(at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """People by id, links by (network, external id), tokens and sessions by the hash of their value."""

    people: Mapping[str, Person] = field(default_factory=dict)
    links: Mapping[tuple[str, str], str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    places: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The places each person reads, by person id."""
    admission: Mapping[str, AdmissionRule] = field(default_factory=dict)
    tokens: Mapping[str, Pass] = field(default_factory=dict)
    sessions: Mapping[str, Pass] = field(default_factory=dict)
    session_ids: frozenset[str] = frozenset()

    def linked(self, network: str, external_id: str) -> Person | None:
        """Who that is."""
        person_id = self.links.get((network, external_id))
        return self.people.get(person_id) if person_id else None

    def named(self, who: str) -> Person:
        """The person with that id, e-mail or name. Raises NotFound, or InvalidInput when several fit."""
        wanted = who.strip()
        if wanted in self.people:
            return self.people[wanted]
        folded = wanted.casefold()
        found = [one for one in self.people.values() if folded in (one.name.casefold(), one.email.casefold() or None)]
        if not found:
            raise NotFound(f"Nobody here is called {who!r}.", hint="`people list` shows everybody.")
        if len(found) > 1:
            ids = ", ".join(sorted(one.id for one in found))
            raise InvalidInput(f"{len(found)} people are called {who!r}.", hint=f"Name one by id: {ids}.")
        return found[0]

    def by_email(self, email: str) -> Person | None:
        """Who has that e-mail address."""
        folded = email.strip().casefold()
        return next((one for one in self.people.values() if one.email == folded), None) if folded else None

    def with_role(self, least: Role) -> list[Person]:
        """Everybody with at least that role, the longest known first."""
        found = [one for one in self.people.values() if one.rank >= least.rank]
        return sorted(found, key=lambda one: (one.created_at, one.id))
