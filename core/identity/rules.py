"""Who may what: pure functions of a person's roles and the rules. Deny by default.

The most specific rule that fits decides, and a deny before an allow that is as specific. Roles stand
in ranks, an allow reaches upward and a deny downward, so that losing a role never gives a right, and
a further deny never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache

from core.codec import canonical
from core.identity.model import OWNERS_ONLY, PERMISSIONS, Person, Role, Rule
from core.ports import Decision
from core.values import Json


def covers(given: str, wanted: str) -> bool:
    """Whether a permission (`area.right`, `area.*`, `*`) or an action pattern reaches a name."""
    return given in ("*", wanted) or (given.endswith(".*") and wanted.startswith(given[:-1]))


def decide(
    person: Person,
    rules: Iterable[Rule],
    permission: str,
    *,
    action: str,
    arguments: Mapping[str, Json] | None,
    place: str,
) -> Decision:
    """Whether the person may, and what says so. arguments None: whether there are any with which they may."""
    base = by_role(person, permission)
    owners_only = permission.startswith(OWNERS_ONLY)
    fitting = [
        rule
        for rule in rules
        if _concerns(rule, person)
        and covers(rule.action, action)
        and rule.place in ("", place)
        and _arguments_fit(rule, arguments)
        and not (rule.effect == "allow" and owners_only)
    ]
    if Role.OWNER in person.roles and action.startswith("rules."):
        fitting = [rule for rule in fitting if rule.effect == "allow"]  # an owner can always mend the rules
    if not fitting:
        return base
    first = max(fitting, key=lambda rule: (specificity(rule), rule.effect == "deny", -rule.id))
    return Decision(allowed=first.effect == "allow", rule=first.words)


def by_role(person: Person, permission: str) -> Decision:
    """What the roles alone say."""
    if not permission:
        return Decision(allowed=True, rule="everybody Signalbox knows may")
    if grant := _grant(person.roles, permission):
        return Decision(allowed=True, rule=grant)
    roles = " or ".join(sorted(person.roles)) or "none"
    return Decision(allowed=False, rule=f"no role of {person.name} ({roles}) has {permission}")


@lru_cache(maxsize=1024)
def _grant(roles: tuple[Role, ...], permission: str) -> str:
    """The least role that gives a permission, in words; empty when none does."""
    for role in sorted(roles, key=lambda one: one.rank):
        if permission.startswith(OWNERS_ONLY) and role is not Role.OWNER:
            continue
        for given in sorted(PERMISSIONS[role], key=lambda one: (one != permission, one)):
            if covers(given, permission):
                return f"role {role} has {given}"
    return ""


def specificity(rule: Rule) -> tuple[int, int, int, int]:
    """More is more specific: a person before a role, a place, arguments, the exact command."""
    exact = 0 if rule.action == "*" else 1 if rule.action.endswith(".*") else 2
    return (int(rule.subject_kind == "person"), int(bool(rule.place)), len(rule.arguments), exact)


def _concerns(rule: Rule, person: Person) -> bool:
    if rule.subject_kind == "person":
        return rule.subject == person.id
    rank = Role(rule.subject).rank
    if rule.effect == "deny":
        return person.rank <= rank
    return person.rank >= rank


def _arguments_fit(rule: Rule, arguments: Mapping[str, Json] | None) -> bool:
    if arguments is None:  # a deny could be avoided by other arguments, an allow could be met
        return rule.effect == "allow" or not rule.arguments
    return all(_fits(rule, pattern, arguments.get(name)) for name, pattern in rule.arguments.items())


def _fits(rule: Rule, pattern: str, value: Json) -> bool:
    """One pattern. A deny ignores case and is met by any item of a list; an allow must be met by all."""
    if isinstance(value, list):
        fits = [_fits(rule, pattern, item) for item in value]
        return any(fits) if rule.effect == "deny" else bool(fits) and all(fits)
    text = "" if value is None else value if isinstance(value, str) else canonical(value)
    if rule.effect == "deny":
        return fnmatchcase(text.casefold().strip(), pattern.casefold())
    return fnmatchcase(text, pattern)
