from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import PERMISSIONS, Person, Role, Rule
from core.identity.rules import covers, decide, specificity
from core.values import Json

AT = datetime(2026, 11, 1, tzinfo=UTC)
OPS = "slack:T1/C1"


def person(*roles: Role, name: str = "Ann") -> Person:
    return Person(id="p1", name=name, roles=roles, created_at=AT)


def rule(
    number: int = 1, effect: str = "deny", subject: str = "member", action: str = "chat.post", **more: object
) -> Rule:
    kind = "role" if subject in set(Role) else "person"
    base = Rule(id=number, effect="deny", subject_kind="role", subject=subject, action=action, arguments={}, at=AT)
    return replace(base, effect=effect, subject_kind=kind, **more)  # type: ignore[arg-type]


def may(
    who: Person, *rules: Rule, permission: str = "chat.post", action: str = "chat.post", place: str = "",
    arguments: dict[str, Json] | None = None,
) -> tuple[bool, str]:  # fmt: skip
    found = decide(who, rules, permission, action=action, arguments=arguments or {}, place=place)
    return found.allowed, found.rule


@pytest.mark.parametrize(
    ("who", "permission", "expected"),
    [
        (person(Role.OWNER), "owner.reset", (True, "role owner has *")),
        (person(Role.ADMIN), "owner.reset", (False, "no role of Ann (admin) has owner.reset")),
        (person(Role.ADMIN), "vault.write", (True, "role admin has *")),
        (person(Role.OPERATOR), "chat.post", (True, "role operator has chat.post")),
        (person(Role.OPERATOR), "knowledge.forget", (True, "role operator has knowledge.*")),
        (person(Role.OPERATOR), "knowledge.read", (True, "role operator has knowledge.read")),
        (person(Role.MEMBER, Role.GUEST), "knowledge.read", (True, "role guest has knowledge.read")),
        (person(Role.MEMBER), "chat.post", (False, "no role of Ann (member) has chat.post")),
        (person(Role.GUEST), "knowledge.write", (False, "no role of Ann (guest) has knowledge.write")),
        (person(), "knowledge.read", (False, "no role of Ann (none) has knowledge.read")),
        (person(), "", (True, "everybody Signalbox knows may")),
    ],
)
def test_roles_say_what_somebody_may(who: Person, permission: str, expected: tuple[bool, str]) -> None:
    assert may(who, permission=permission) == expected


def test_every_role_may_what_the_one_below_may() -> None:
    for upper, lower in zip(list(Role), list(Role)[1:], strict=False):
        for permission in PERMISSIONS[lower]:
            assert any(covers(given, permission) for given in PERMISSIONS[upper]), (upper, permission)


def test_a_deny_goes_before_an_allow_that_is_as_specific() -> None:
    both = (rule(1, "allow"), rule(2, "deny"))
    assert may(person(Role.MEMBER), *both) == (False, "rule 2: deny chat.post")


@pytest.mark.parametrize(
    "narrow",
    [
        rule(2, "allow", "p1"),
        rule(2, "allow", place=OPS),
        rule(2, "allow", arguments={"text": "*"}),
    ],
)
def test_the_more_specific_rule_decides(narrow: Rule) -> None:
    wide = rule(1, "deny")
    assert may(person(Role.MEMBER), wide, narrow, place=OPS, arguments={"text": "x"})[0]
    assert not may(
        person(Role.MEMBER), replace(wide, effect="allow"), replace(narrow, effect="deny"), place=OPS,
        arguments={"text": "x"},
    )[0]  # fmt: skip


def test_an_exact_command_is_more_specific_than_an_area_and_that_than_all() -> None:
    exact, area, everything = (rule(action=one) for one in ("chat.post", "chat.*", "*"))
    assert specificity(exact) > specificity(area) > specificity(everything)


def test_a_rule_says_itself_in_words() -> None:
    full = rule(4, "deny", action="deploy.*", place=OPS, arguments={"target": "prod*", "mode": "?"})
    assert full.words == "rule 4: deny deploy.* in slack:T1/C1 with mode ? and target prod*"


def test_a_role_rule_reaches_up_when_it_allows_and_down_when_it_denies() -> None:
    allow, deny = rule(1, "allow", "member"), rule(1, "deny", "operator")
    assert may(person(Role.MEMBER), allow)[0]
    assert not may(person(Role.GUEST), allow)[0]
    assert not may(person(Role.OPERATOR), deny)[0]
    assert may(person(Role.ADMIN), deny)[0]


def test_a_place_and_arguments_must_fit() -> None:
    here = rule(1, "deny", "operator", place=OPS, arguments={"channel": "#General*"})
    who = person(Role.OPERATOR)
    assert not may(who, here, place=OPS, arguments={"channel": " #GENERAL-2"})[0]  # a deny ignores case
    assert may(who, here, place=OPS, arguments={"channel": "#ops"})[0]
    assert may(who, here, place="slack:T1/C2", arguments={"channel": "#general"})[0]
    assert may(who, here, place=OPS)[0]


@pytest.mark.parametrize(
    ("value", "denied", "allowed"),
    [
        (["a", "prod-1"], True, False),
        (["prod-1", "prod-2"], True, True),
        ([], False, False),
        ("prod-1", True, True),
        ("PROD-1", True, False),
        (None, False, False),
        (7, False, False),
    ],
)
def test_a_list_meets_a_deny_by_any_item_and_an_allow_by_all(value: Json, denied: bool, allowed: bool) -> None:
    pattern = {"target": "prod*"}
    arguments: dict[str, Json] = {"target": value}
    assert (
        may(person(Role.OPERATOR), rule(1, "deny", "operator", arguments=pattern), arguments=arguments)[0] is not denied
    )
    assert may(person(Role.MEMBER), rule(1, "allow", arguments=pattern), arguments=arguments)[0] is allowed


def test_numbers_and_flags_are_matched_as_they_are_written() -> None:
    assert not may(person(Role.OPERATOR), rule(1, "deny", "operator", arguments={"n": "1?"}), arguments={"n": 12})[0]
    assert not may(
        person(Role.OPERATOR), rule(1, "deny", "operator", arguments={"all": "true"}), arguments={"all": True}
    )[0]


def test_no_rule_gives_what_is_for_owners_only() -> None:
    assert not may(person(Role.ADMIN), rule(1, "allow", "p1", action="*"), permission="owner.reset")[0]


def test_owners_can_always_mend_the_rules() -> None:
    locked = (rule(1, "deny", "owner", action="*"),)
    assert may(person(Role.OWNER), *locked, permission="rules.write", action="rules.remove")[0]
    assert not may(person(Role.ADMIN), *locked, permission="rules.write", action="rules.remove")[0]
    assert not may(person(Role.OWNER), *locked)[0]


# ── Permissions only narrow ──

roles = st.sets(st.sampled_from(list(Role)))
texts = st.sampled_from(["", "a", "prod", "PROD"])
values: st.SearchStrategy[Json] = st.one_of(texts, st.none(), st.booleans(), st.lists(texts, max_size=2))
arguments_given = st.dictionaries(st.sampled_from(["x", "y"]), values)
rules_made = st.builds(
    rule,
    number=st.integers(1, 50),
    effect=st.sampled_from(["allow", "deny"]),
    subject=st.sampled_from([*map(str, Role), "p1", "p2"]),
    action=st.sampled_from(["chat.post", "chat.*", "*", "rules.add", "rules.*"]),
    place=st.sampled_from(["", OPS]),
    arguments=st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["*", "prod*", "a", "?"])),
)
calls = st.tuples(
    st.sampled_from(
        [("chat.post", "chat.post"), ("rules.add", "rules.write"), ("echo", ""), ("home.wipe", "owner.reset")]
    ),
    arguments_given,
    st.sampled_from(["", OPS]),
)
Call = tuple[tuple[str, str], dict[str, Json], str]


def allowed(who: Person, rules: list[Rule], call: Call, *, unknown: bool = False) -> bool:
    (action, permission), arguments, place = call
    given = None if unknown else arguments
    return decide(who, rules, permission, action=action, arguments=given, place=place).allowed


@given(roles, st.lists(rules_made, max_size=6), rules_made, calls)
def test_a_further_deny_never_allows_more(held: set[Role], rules: list[Rule], more: Rule, call: Call) -> None:
    who, deny = person(*held), replace(more, effect="deny")
    assert allowed(who, rules, call) or not allowed(who, [*rules, deny], call)
    assert allowed(who, rules, call, unknown=True) or not allowed(who, [*rules, deny], call, unknown=True)


@given(roles, st.lists(rules_made, max_size=6), calls)
def test_losing_a_role_never_allows_more(held: set[Role], rules: list[Rule], call: Call) -> None:
    for lost in held:
        assert allowed(person(*held), rules, call) or not allowed(person(*(held - {lost})), rules, call)


@given(roles, st.lists(rules_made, max_size=6), calls)
def test_what_may_be_run_with_some_arguments_may_be_run_at_all(held: set[Role], rules: list[Rule], call: Call) -> None:
    assert allowed(person(*held), rules, call, unknown=True) or not allowed(person(*held), rules, call)


@given(st.lists(rules_made, max_size=6), calls)
def test_the_order_of_rules_does_not_matter(rules: list[Rule], call: Call) -> None:
    assert allowed(person(Role.OPERATOR), rules, call) == allowed(person(Role.OPERATOR), rules[::-1], call)
