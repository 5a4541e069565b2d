from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.actions import Context
from core.errors import Conflict, Denied, InvalidInput, NotFound, NotSignedIn
from core.events import PersonChanged
from core.identity import SYSTEM, Link, Me, Person, Role, Rule
from core.storage import Connection
from core.values import NOBODY, Actor, Caller, CallerKind, Json, Place
from tests.core.identity.parts import OPS, House, caller, house

UNKNOWN = Caller(network="slack", external_id="T1/U404")


async def test_a_home_without_people_gets_one_owner_once(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        assert (one.owner.name, one.owner.roles) == ("You", (Role.OWNER,))
        assert await one.identity.ensure_owner() == one.owner
        assert isinstance((await one.events.take())[0], PersonChanged)
    async with house(tmp_path) as one:
        assert len((await one.identity.snapshot()).people) == 1


async def test_two_first_starts_at_once_make_one_owner(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.storage.write(lambda db: db.execute("DELETE FROM person") and None)
        one.identity._changes += 1
        first, second = await asyncio.gather(one.identity.ensure_owner(), one.identity.ensure_owner())
        assert first == second


async def test_a_transport_says_who_and_identity_what_they_may(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.MEMBER)
        await one.run("people.link", person="Ann", network="slack", external_id="T1/U1")
        actor = await one.identity.identify(Caller(network="slack", external_id="T1/U1"))
        assert (actor.person_id, actor.name, actor.roles) == (ann.id, "Ann", frozenset({"member"}))
        for network in ("room", "terminal", "api", "token"):
            assert (await one.identity.identify(Caller(network=network, external_id=ann.id))).person_id == ann.id
        schedule = Caller(network="schedule", external_id=ann.id, kind=CallerKind.SCHEDULE, through="digest")
        acting = await one.identity.identify(schedule)
        assert (acting.person_id, acting.kind, acting.through) == (ann.id, CallerKind.SCHEDULE, "digest")
        assert "knowledge.write" in one.identity.permissions(actor)
        assert one.identity.permissions(NOBODY) == frozenset()


@pytest.mark.parametrize(
    "who",
    [
        UNKNOWN,
        Caller(network="room", external_id="gone"),
        Caller(network="discord", external_id=""),
    ],
)
async def test_who_is_unknown_may_nothing(tmp_path: Path, who: Caller) -> None:
    async with house(tmp_path) as one:
        assert await one.identity.identify(who) == NOBODY
        with pytest.raises(Denied) as refused:
            await one.door.dispatch(Context(caller=who), "echo", {"text": "x"})
    assert refused.value.rule == "nobody here knows who that is"


async def test_only_the_process_itself_is_the_system(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        assert await one.identity.identify(Caller(network="system", external_id="")) == SYSTEM
        posing = await one.identity.identify(caller(one.owner, CallerKind.SYSTEM))
        assert posing == NOBODY
        decision = await one.identity.decide(SYSTEM, "x.y", action="x.y", arguments=None, place=None)
        assert (decision.allowed, decision.rule) == (True, "Signalbox's own work")
        with pytest.raises(NotSignedIn, match=r"^No person stands behind this call\. Sign in, or ask to be let in\.$"):
            await one.identity.me(SYSTEM)


async def test_a_right_taken_away_is_gone_at_the_next_call(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.ADMIN)
        await one.run("people.list", by=ann)
        await one.run("people.role", person="Ann", role="guest")
        with pytest.raises(Denied) as refused:
            await one.run("people.list", by=ann)
        assert refused.value.rule == "no role of Ann (guest) has people.read"
        await one.run("people.remove", person="Ann")
        with pytest.raises(Denied, match="Somebody Signalbox does not know may not run"):
            await one.run("people.me", by=ann)


async def test_a_stale_actor_has_the_rights_of_now(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.ADMIN)
        actor = await one.actor(ann)
        await one.run("people.role", person="Ann", role="guest")
        assert not (
            await one.identity.decide(actor, "people.read", action="people.list", arguments={}, place=None)
        ).allowed


async def test_a_change_that_was_rolled_back_is_not_seen(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.MEMBER)

        def fail(connection: Connection) -> None:
            raise Conflict("No.")

        unit = one.door.open_unit()
        one.identity.set_roles(unit, await one.actor(one.owner), ann, Role.GUEST)
        unit.do(fail)
        with pytest.raises(Conflict):
            await unit.commit()
        assert (await one.identity.person("Ann")).roles == (Role.MEMBER,)


async def test_many_changes_and_lookups_at_once_end_with_the_truth(tmp_path: Path) -> None:
    async with house(tmp_path, limits={"per_person_per_min": 10_000}) as one:
        ann = await one.person("Ann", Role.MEMBER)

        async def look() -> None:
            for _ in range(40):
                await one.actor(ann)
                await asyncio.sleep(0)

        async def switch() -> None:
            for turn in range(40):
                role = (Role.GUEST, Role.OPERATOR)[turn % 2]
                await one.run("people.role", person="Ann", role=str(role))
                assert (await one.actor(ann)).roles == {str(role)}

        await asyncio.gather(switch(), look(), look())


async def test_an_unchanged_snapshot_is_not_read_again(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.actor(one.owner)
        batches = one.storage.writer.batches
        for _ in range(50):
            await one.actor(one.owner)
        assert one.storage.writer.batches == batches


async def test_a_channel_reads_as_one_and_in_private_all_a_person_reads(tmp_path: Path) -> None:
    direct = Place(network="slack", workspace_id="T1", channel_id="D1", kind="direct")
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.MEMBER)
        await one.run("people.link", person="Ann", network="slack", external_id="T1/U1")
        unit = one.door.open_unit()
        await one.people.set_members(unit, OPS, ("T1/U1", "T1/U404"))
        one.people.joined(unit, Place(network="slack", workspace_id="T1", channel_id="C2"), ann.id)
        await unit.commit()
        actor = await one.actor(ann)
        channel = await one.identity.audience(actor, OPS)
        assert (channel.places, channel.private) == (frozenset({OPS.key}), False)
        private = await one.identity.audience(actor, direct)
        own = f"person:{ann.id}"
        assert private.places == {"slack:T1/D1", "slack:T1/C1", "slack:T1/C2", own}
        assert private.private
        unit = one.door.open_unit()
        one.people.left(unit, OPS, ann.id)
        await unit.commit()
        assert (await one.identity.audience(actor, None)).places == {"slack:T1/C2", own}
        assert (await one.identity.audience(NOBODY, None)).places == frozenset()


async def test_a_team_of_one_is_alone_until_there_is_an_operator(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        actor = await one.actor(one.owner)
        await one.person("Gus", Role.MEMBER)
        assert await one.identity.alone(actor)
        await one.person("Olga", Role.OPERATOR)
        assert not await one.identity.alone(actor)


# ── Changing people ──


async def test_people_can_be_added_found_changed_and_removed(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("  Ann   Lee ", Role.MEMBER, "Ann@Example.org")
        assert (ann.name, ann.email) == ("Ann Lee", "ann@example.org")
        assert await one.run("people.show", person="ANN@example.org") == ann
        changed = await one.run("people.update", by=ann, name="Annie", timezone="Europe/Berlin", email="none")
        assert isinstance(changed, Person)
        assert (changed.name, changed.timezone, changed.email) == ("Annie", "Europe/Berlin", "")
        await one.run("undo", by=ann)
        assert await one.identity.person(ann.id) == ann
        listed = await one.run("people.list")
        assert isinstance(listed, tuple)
        assert [person.name for person in listed] == ["You", "Ann Lee"]
        me = await one.run("people.me", by=ann)
        assert isinstance(me, Me)
        assert (me.person, me.permissions[0]) == (ann, "conversation.ask")
        await one.run("people.remove", person="Ann Lee")
        with pytest.raises(NotFound, match=r"^Nobody here is called 'Ann Lee'\. `people list` shows everybody\.$"):
            await one.identity.person("Ann Lee")
        (line, *_) = await one.record("people.remove")
        assert line.before == {"name": "Ann Lee", "roles": ["member"], "links": []}


async def test_a_role_given_can_be_taken_back(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.person("Ann", Role.MEMBER)
        await one.run("people.role", person="Ann", role="admin")
        await one.run("undo")
        assert (await one.identity.person("Ann")).roles == (Role.MEMBER,)
        line = (await one.record("people.role"))[-1]
        assert (line.before, line.after) == (
            {"name": "Ann", "roles": ["member"], "links": []},
            {"name": "Ann", "roles": ["admin"], "links": []},
        )


async def test_the_last_owner_stays(tmp_path: Path) -> None:
    message = r"^The last owner stays\. Make somebody else an owner first: `people role NAME owner`\.$"
    async with house(tmp_path) as one:
        with pytest.raises(Conflict, match=message):
            await one.run("people.remove", person="You")
        with pytest.raises(Conflict, match=message):
            await one.run("people.role", person="You", role="member")
        await one.person("Ann", Role.OWNER)
        await one.run("people.role", person="You", role="member")
        assert (await one.identity.person("You")).roles == (Role.MEMBER,)


async def test_an_admin_has_no_way_up_through_an_owner(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        admin = await one.person("Ada", Role.ADMIN)
        for name, given in (
            ("people.remove", {"person": "You"}),
            ("people.role", {"person": "You", "role": "guest"}),
            ("people.link", {"person": "You", "network": "slack", "external_id": "T1/U1"}),
            ("people.update", {"person": "You", "email": "ada@example.org"}),
            ("rules.add", {"effect": "deny", "who": "You", "command": "*"}),
        ):
            with pytest.raises(Denied) as refused:
                await one.call(name, given, admin)
            assert str(refused.value) == "You is an owner. Ask an owner."
            assert refused.value.rule == "only owners change owners"
        for name, given in (
            ("people.role", {"person": "Ada", "role": "owner"}),
            ("people.add", {"name": "Eve", "role": "owner"}),
            ("people.invite", {"name": "Eve", "role": "owner"}),
            ("people.approve", {"code": "ABCD-EFGH", "role": "owner"}),
        ):
            with pytest.raises(Denied, match=r"^Only an owner makes an owner\. Ask an owner\.$"):
                await one.call(name, given, admin)
        with pytest.raises(Denied, match=r"^That rule would bind owners\. Ask an owner\.$"):
            await one.run("rules.add", by=admin, effect="deny", who="owner", command="*")


async def test_a_member_changes_nobody_else(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.MEMBER)
        await one.person("Bob", Role.MEMBER)
        with pytest.raises(Denied) as refused:
            await one.run("people.update", by=ann, person="Bob", name="Robert")
        assert str(refused.value) == "Ann may not do this for Bob. Leave the name out for your own."


async def test_links_are_somebodys_alone_and_can_be_undone(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.person("Ann", Role.MEMBER)
        await one.run("people.link", person="Ann", network="slack", external_id="T1/U1")
        with pytest.raises(Conflict) as refused:
            await one.run("people.link", person="You", network="slack", external_id="T1/U1")
        assert str(refused.value) == (
            "slack T1/U1 is linked already, or the person is gone. `people unlink slack T1/U1` frees it."
        )
        await one.run("people.unlink", network="slack", external_id="T1/U1")
        with pytest.raises(NotFound, match=r"^slack T1/U1 is linked to nobody\. `people list` shows the links\.$"):
            await one.run("people.unlink", network="slack", external_id="T1/U1")
        await one.run("undo")
        assert (await one.identity.person("Ann")).links == (Link(network="slack", external_id="T1/U1"),)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("people.add", {"name": "   "}, "'   ' is no name for a person. 1 to 100 characters, and not a role's name."),
        (
            "people.add", {"name": "owner"},
            "'owner' is no name for a person. 1 to 100 characters, and not a role's name.",
        ),
        ("people.add", {"name": "Ann", "email": "nowhere"}, "'nowhere' is no e-mail address."),
        (
            "people.update", {"timezone": "Mars/North"},
            "There is no time zone 'Mars/North'. For instance `Europe/Berlin`.",
        ),
        (
            "rules.add", {"effect": "deny", "who": "guest", "command": "../x"},
            "'../x' is no command. For instance `chat.post`, `chat.*` or `*`.",
        ),
        (
            "rules.add", {"effect": "deny", "who": "guest", "command": "echo", "arguments": ["text"]},
            "'text' is no pattern for an argument. Write name=pattern, as in target=prod*.",
        ),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(tmp_path: Path, name: str, given: dict[str, Json], message: str) -> None:
    async with house(tmp_path) as one:
        with pytest.raises(InvalidInput) as refused:
            await one.call(name, given)
    assert str(refused.value) == message


async def test_a_name_two_people_have_is_asked_about_and_an_email_is_ones_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        first = await one.person("Ann", Role.MEMBER, "a@example.org")
        second = await one.person("ann", Role.GUEST)
        with pytest.raises(InvalidInput) as refused:
            await one.run("people.show", person="ANN")
        ids = ", ".join(sorted((first.id, second.id)))
        assert str(refused.value) == f"2 people are called 'ANN'. Name one by id: {ids}."
        for name, given in (
            ("people.add", {"name": "Eve", "email": "a@example.org"}),
            ("people.update", {"person": second.id, "email": "a@example.org"}),
        ):
            with pytest.raises(Conflict, match=r"^Somebody has the e-mail address a@example\.org already\.$"):
                await one.call(name, given)


async def test_what_is_gone_meanwhile_says_so(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.MEMBER)
        actor: Actor = await one.actor(one.owner)
        await one.run("people.link", person="Ann", network="slack", external_id="T1/U1")
        role, remove, unlink, rule = (one.door.open_unit() for _ in range(4))
        one.identity.set_roles(role, actor, ann, Role.GUEST)
        await one.people.remove(remove, actor, "Ann")
        await one.people.unlink(unlink, actor, "slack", "T1/U1")
        await one.run("people.remove", person="Ann")
        for unit, message in ((role, "That person is gone."), (remove, "That person is gone already.")):
            with pytest.raises(NotFound) as refused:
                await unit.commit()
            assert str(refused.value) == message
        with pytest.raises(NotFound, match=r"^slack T1/U1 is linked to nobody\.$"):
            await unlink.commit()
        added = one.door.open_unit()
        for unit in (rule, added):
            await one.people.add_rule(unit, actor, effect="deny", who="guest", action="echo", place="", arguments={})
        await rule.commit()
        with pytest.raises(Conflict, match=r"^Somebody added a rule at the same moment\. Add it again\.$"):
            await added.commit()


# ── Rules ──


async def _deny_echo(one: House) -> Rule:
    found = await one.run(
        "rules.add", effect="deny", who="member", command="echo", place=OPS.key, arguments=["text=*secret*"]
    )
    assert isinstance(found, Rule)
    return found


async def test_a_rule_holds_from_the_next_call_until_it_is_removed(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.MEMBER)
        rule = await _deny_echo(one)
        await one.run("echo", by=ann, at=OPS, text="hello")
        with pytest.raises(Denied) as refused:
            await one.run("echo", by=ann, at=OPS, text="a Secret")
        assert refused.value.rule == "rule 1: deny echo in slack:T1/C1 with text *secret*"
        assert await one.run("rules.list") == (rule,)
        await one.run("rules.remove", rule_id=1)
        await one.run("echo", by=ann, at=OPS, text="a secret")
        with pytest.raises(NotFound, match=r"^There is no rule 1\. `rules list` shows them\.$"):
            await one.run("rules.remove", rule_id=1)


async def test_a_removed_rule_comes_back_by_undo_under_a_new_number(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        rule = await _deny_echo(one)
        actor = await one.actor(one.owner)
        late = one.door.open_unit()
        await one.people.remove_rule(late, actor, 1)
        await one.run("rules.remove", rule_id=1)
        with pytest.raises(NotFound, match=r"^There is no rule 1\. `rules list` shows them\.$"):
            await late.commit()
        await one.run("undo")
        (back,) = (await one.identity.snapshot()).rules
        assert (back.id, back.arguments, back.place, back.subject) == (2, rule.arguments, rule.place, "member")


async def test_rules_about_a_person_go_with_the_person(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.MEMBER)
        await one.run("rules.add", effect="allow", who="Ann", command="people list")
        await one.run("people.list", by=ann)
        await one.run("people.remove", person="Ann")
        assert await one.run("rules.list") == ()
