from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Conflict, InvalidInput, Limited, NotFound
from core.events import SomebodyUnknown
from core.identity import Admission, AdmissionRule, Link, Person, Role, Way, admission
from core.storage import Connection
from core.values import Caller, Sender
from tests.core.identity.parts import OPS, House, house, sender


def code_in(admitted: Admission) -> str:
    assert admitted.outcome == "code"
    return admitted.text.partition("**")[2].partition("**")[0]


async def told(one: House) -> list[SomebodyUnknown]:
    if not len(one.events):
        return []
    return [event for event in await one.events.take() if isinstance(event, SomebodyUnknown)]


async def test_an_unknown_sender_gets_a_code_and_the_admins_hear_once(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        admitted = await one.admit(sender())
        code = code_in(admitted)
        assert admitted.text == (
            f"I do not know you yet. Your link code is **{code}**; it holds for an hour. "
            f"Somebody who runs Signalbox here lets you in with `people approve {code}`. They have been told."
        )
        one.admissions._giving.clear()
        assert (await one.admit(sender())).outcome == "silent"
        (event,) = await told(one)
        assert (event.code, event.external_id, event.display_name, event.place) == (code, "T1/U9", "Zoe", OPS.key)


async def test_two_messages_at_once_give_one_code(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        first, second = one.door.open_unit(), one.door.open_unit()
        outcomes = [(await one.admissions.admit(unit, sender(), OPS)).outcome for unit in (first, second)]
        await first.commit()
        await second.commit()
        assert outcomes == ["code", "silent"]


async def test_after_an_hour_there_is_another_code_and_the_old_one_is_void(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        old = code_in(await one.admit(sender()))
        await one.storage.write(_age_codes)
        one.admissions._giving.clear()
        new = code_in(await one.admit(sender()))
        with pytest.raises(NotFound) as refused:
            await one.run("people.approve", code=old)
        assert str(refused.value) == (
            f"The code {old} is wrong, was used, or is over an hour old. "
            "Whoever wants in writes to the bot again and gets a new one."
        )
        assert isinstance(await one.run("people.approve", code=new), Person)


def _age_codes(connection: Connection) -> None:
    connection.execute("UPDATE link_code SET expires_at = '2020-01-01T00:00:00.000000+00:00'")


async def test_a_flood_of_strangers_is_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "CODES_PER_NETWORK", 3)
    async with house(tmp_path) as one:
        outcomes = [(await one.admit(sender(f"T1/U{number}"))).outcome for number in range(5)]
        assert outcomes == ["code", "code", "code", "silent", "silent"]
        assert len(await told(one)) == 3


async def test_an_approved_code_makes_a_member_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        code = code_in(await one.admit(sender()))
        person = await one.run("people.approve", code=code.lower().replace("-", " "))
        assert isinstance(person, Person)
        assert (person.name, person.roles, person.links) == (
            "Zoe",
            (Role.MEMBER,),
            (Link(network="slack", external_id="T1/U9", name="Zoe"),),
        )
        actor = await one.identity.identify(Caller(network="slack", external_id="T1/U9"))
        assert actor.person_id == person.id
        assert await one.admit(sender()) == Admission(outcome="known", person_id=person.id)
        with pytest.raises(NotFound):
            await one.run("people.approve", code=code)
        await one.run("undo")
        assert (await one.identity.snapshot()).linked("slack", "T1/U9") is None


async def test_a_code_can_be_approved_as_guest_or_as_somebody_there_is(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.MEMBER)
        guest = await one.run("people.approve", code=code_in(await one.admit(sender(name=""))), role="guest")
        assert isinstance(guest, Person)
        assert (guest.name, guest.roles) == ("T1/U9", (Role.GUEST,))
        code = code_in(await one.admit(sender("T1/U8")))
        await one.run("people.approve", code=code, person="Ann")
        assert (await one.identity.snapshot()).links["slack", "T1/U8"] == ann.id


async def test_a_refused_code_is_void_and_its_sender_stays_silent(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        code = code_in(await one.admit(sender()))
        await one.run("people.refuse", code=code)
        with pytest.raises(NotFound):
            await one.run("people.approve", code=code)
        one.admissions._giving.clear()
        assert (await one.admit(sender())).outcome == "silent"


async def test_two_admins_answer_one_code_once(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        code = code_in(await one.admit(sender()))
        actor = await one.actor(one.owner)
        first, second = one.door.open_unit(), one.door.open_unit()
        await one.admissions.approve(first, actor, code, Role.MEMBER)
        await one.admissions.refuse(second, actor, code)
        await first.commit()
        with pytest.raises(Conflict, match=r"^Somebody answered this code before\.$"):
            await second.commit()


async def test_guessing_codes_is_limited(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        for _ in range(10):
            with pytest.raises(NotFound):
                await one.run("people.approve", code="AAAA-AAAA")
        with pytest.raises(Limited, match=r"^Too many tries: link codes\. Try again in \d+ s\.$"):
            await one.run("people.approve", code="AAAA-AAAA")


async def test_bots_are_refused_without_a_word(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        assert await one.admit(sender(kind="bot")) == Admission(outcome="refused")
        assert (await one.admit(sender(""))).outcome == "refused"
        assert await told(one) == []


# ── Members ──


async def test_full_members_become_guests_at_their_first_message(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.run("admission.members", network="slack")
        admitted = await one.admit(sender())
        assert admitted.outcome == "welcomed"
        assert (await one.identity.person(admitted.person_id)).roles == (Role.GUEST,)
        assert (await one.admit(sender())).outcome == "known"


@pytest.mark.parametrize("kind", ["guest", "stranger", "unknown"])
async def test_guests_and_strangers_never_become_guests_by_themselves(tmp_path: Path, kind: str) -> None:
    async with house(tmp_path) as one:
        await one.run("admission.members", network="slack")
        assert (await one.admit(sender(kind=kind))).outcome == "code"


async def test_two_first_messages_at_once_make_one_guest(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.run("admission.members", network="slack")
        units = [one.door.open_unit() for _ in range(2)]
        for unit in units:
            assert (await one.admissions.admit(unit, sender(), OPS)).outcome == "welcomed"
        for unit in units:
            await unit.commit()
        assert len((await one.identity.snapshot()).people) == 2


@pytest.mark.parametrize(("roles", "outcome"), [(("77",), "welcomed"), (("78",), "code"), ((), "code")])
async def test_on_discord_a_chosen_role_lets_in(tmp_path: Path, roles: tuple[str, ...], outcome: str) -> None:
    async with house(tmp_path) as one:
        await one.run("admission.members", network="discord", roles=["77"])
        who = Sender(network="discord", external_id="5", name="Zoe", kind="member", roles=roles)
        assert (await one.admit(who)).outcome == outcome


# ── E-mail ──


@pytest.mark.parametrize(
    ("kind", "email", "outcome"),
    [
        ("member", "ANN@team.test", "welcomed"),
        ("member", "eve@team.test", "code"),
        ("member", "", "code"),
        ("stranger", "ann@team.test", "code"),
        ("guest", "ann@team.test", "code"),
    ],
)
async def test_a_members_email_tells_who_it_is(tmp_path: Path, kind: str, email: str, outcome: str) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.MEMBER, "ann@team.test")
        await one.run("admission.email", network="slack")
        admitted = await one.admit(sender(kind=kind, email=email))
        assert admitted.outcome == outcome
        assert admitted.person_id == (ann.id if outcome == "welcomed" else "")


async def test_an_owner_is_never_recognised_by_email_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.run("people.update", email="you@team.test")
        await one.run("admission.email", network="slack")
        assert (await one.admit(sender(email="you@team.test"))).outcome == "code"


# ── Ways in ──


async def test_the_way_in_is_the_settings_until_a_command_says_otherwise(tmp_path: Path) -> None:
    async with house(tmp_path, admission={"slack": "members"}) as one:
        assert await one.run("admission.show", network="slack") == AdmissionRule(network="slack", way=Way.MEMBERS)
        assert (await one.admissions.rule("other")).way is Way.CODE
        await one.run("admission.code", network="slack")
        assert (await one.admissions.rule("slack")).way is Way.CODE
        await one.run("undo")
        assert (await one.admissions.rule("slack")).way is Way.MEMBERS
        (line,) = await one.record("admission.code")
        assert (line.before, line.after) == ({"way": "members", "roles": []}, {"way": "code", "roles": []})


@pytest.mark.parametrize(
    ("way", "message"),
    [
        (
            "members",
            "On Discord anybody can be a member of a server, so `members` needs a role. "
            "`admission members discord --roles ROLE_ID`",
        ),
        ("email", "Discord shows no e-mail addresses to bots. `admission code discord`"),
    ],
)
async def test_a_way_that_cannot_work_is_refused(tmp_path: Path, way: str, message: str) -> None:
    async with house(tmp_path) as one:
        with pytest.raises(InvalidInput) as refused:
            await one.run(f"admission.{way}", network="discord")
    assert str(refused.value) == message
