from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from core.actions import Context
from core.codec import digest, plain
from core.errors import BadSettings, Denied, InvalidInput, Limited, NotFound, NotSignedIn
from core.identity import Access, Invitation, NewToken, Person, Role, SignedIn
from core.identity.credentials import canonical_address, weakness
from core.identity.jwts import AUDIENCE, ISSUER
from core.identity.model import SignInLink
from core.storage import Connection
from core.values import Caller, now
from tests.core.identity.parts import KEY, House, house

GOOD = "correct horse battery"
REFUSED = r"^That e-mail address and password do not go together\. Check both, or ask an admin for a sign-in link\.$"
EXPIRED = r"^This sign-in is not valid, or no longer\. "
STRONG = "kJ8s-2mQz_7Xw4Lp0Ra9TbVn3EyUc6Hd1Fg5"


async def ann_with_password(one: House) -> Person:
    ann = await one.person("Ann", Role.MEMBER, "ann@team.test")
    await one.run("people.password", by=ann, password=GOOD)
    return ann


async def sign_in(
    one: House, password: str = GOOD, email: str = "ann@team.test", address: str = "10.0.0.1"
) -> SignedIn:
    return await one.access.sign_in(email, password, address, "Firefox")


async def test_a_password_opens_a_session_of_thirty_days(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await ann_with_password(one)
        begun = await sign_in(one, email=" ANN@team.test ")
        assert begun.expires_at - now() > timedelta(days=29)
        visitor = await one.access.session(begun.token)
        assert (visitor.person, visitor.credential_id) == (ann, begun.session_id)
        (session,) = await one.access.sessions(await one.actor(ann), "")
        assert (session.id, session.address, session.agent) == (begun.session_id, "10.0.0.1", "Firefox")
        assert session.last_seen_at >= session.created_at
        assert [(line.person, line.outcome) for line in await one.record("sessions.begin")] == [("Ann", "ok")]
    raw = b"".join(path.read_bytes() for path in _database(tmp_path))
    assert begun.token.encode() not in raw
    assert GOOD.encode() not in raw


def _database(folder: Path) -> list[Path]:
    return sorted(folder.glob("signalbox.db*"))


@pytest.mark.parametrize(("email", "password"), [("ann@team.test", "wrong"), ("eve@team.test", GOOD), ("", "")])
async def test_a_wrong_password_and_an_unknown_address_are_refused_alike(
    tmp_path: Path, email: str, password: str
) -> None:
    async with house(tmp_path) as one:
        await ann_with_password(one)
        with pytest.raises(NotSignedIn, match=REFUSED):
            await sign_in(one, password, email)
        (line,) = await one.record("sessions.begin")
        assert (line.outcome, line.person, line.arguments) == ("denied", email, None)


async def test_somebody_without_a_password_cannot_use_the_one_of_nobody(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.person("Bob", Role.MEMBER, "bob@team.test")
        for guess in ("nobody has this password", ""):
            with pytest.raises(NotSignedIn, match=REFUSED):
                await sign_in(one, guess, "bob@team.test")


async def test_an_unknown_address_takes_as_long_as_a_known_one(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await ann_with_password(one)
        with pytest.raises(NotSignedIn):
            await sign_in(one, "warm", "warm@team.test")
        took: dict[str, float] = {}
        for email in ("ann@team.test", "eve@team.test"):
            spans = []
            for turn in range(3):
                started = time.perf_counter()
                with pytest.raises(NotSignedIn):
                    await sign_in(one, "wrong", email, f"10.0.1.{turn}")
                spans.append(time.perf_counter() - started)
            took[email] = min(spans)
        assert took["eve@team.test"] > took["ann@team.test"] / 4  # without the work it would be a hundredth


async def test_tries_are_limited_by_account_from_many_addresses(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.access._hasher = _Quick()  # type: ignore[assignment]
        for turn in range(10):
            with pytest.raises(NotSignedIn):
                await sign_in(one, "wrong", address=f"10.0.{turn}.1")
        with pytest.raises(Limited, match=r"^Too many tries: sign-in\. Try again in \d+ s\.$") as limited:
            await sign_in(one, address="10.9.9.9")
        assert 0 < limited.value.retry_after_s <= 900


async def test_tries_are_limited_by_address_for_many_accounts_however_it_is_written(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.access._hasher = _Quick()  # type: ignore[assignment]
        for turn in range(10):
            with pytest.raises(NotSignedIn):
                await sign_in(one, "wrong", f"{turn}@team.test", "10.0.0.1" if turn % 2 else "::ffff:10.0.0.1")
        with pytest.raises(Limited):
            await sign_in(one, email="other@team.test", address="::ffff:a00:1")


class _Quick:
    """A hasher that costs nothing, for counting alone."""

    def hash(self, password: str) -> str:
        return "quick"

    def verify(self, known: str, password: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::9", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (" Somewhere ", "somewhere"),
    ],
)
def test_one_machine_has_one_address(address: str, canonical: str) -> None:
    assert canonical_address(address) == canonical


async def test_a_session_that_was_ended_is_refused_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await ann_with_password(one)
        begun = await sign_in(one)
        await one.access.session(begun.token)
        await one.run("sessions.end", by=ann, session_id=begun.session_id)
        with pytest.raises(NotSignedIn, match=EXPIRED + r"Sign in again\.$"):
            await one.access.session(begun.token)
        with pytest.raises(
            NotFound, match=r"^That sign-in has ended already\. `sessions list` shows those that hold\.$"
        ):
            await one.run("sessions.end", by=ann, session_id=begun.session_id)
        assert await one.run("sessions.list", by=ann) == ()


async def test_a_session_ended_twice_at_once_says_so(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await ann_with_password(one)
        begun = await sign_in(one)
        actor = await one.actor(ann)
        first, second = one.door.open_unit(), one.door.open_unit()
        await one.access.end_session(first, actor, begun.session_id)
        await one.access.end_session(second, actor, begun.session_id)
        await first.commit()
        with pytest.raises(NotFound, match=r"^That sign-in has ended already\.$"):
            await second.commit()


async def test_sessions_end_with_the_person_with_time_and_with_a_new_password(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await ann_with_password(one)
        first = await sign_in(one)
        await one.run("people.password", by=ann, password=GOOD + "!")
        with pytest.raises(NotSignedIn):
            await one.access.session(first.token)
        second = await sign_in(one, GOOD + "!")
        await one.identity.change_now(_expire, "session")
        with pytest.raises(NotSignedIn):
            await one.access.session(second.token)
        third = await sign_in(one, GOOD + "!")
        await one.run("people.remove", person="Ann")
        with pytest.raises(NotSignedIn):
            await one.access.session(third.token)


def _expire(connection: Connection, table: str) -> None:
    connection.execute(f"UPDATE {table} SET expires_at = '2020-01-01T00:00:00.000000+00:00'")


async def test_others_sessions_are_for_those_who_manage_people(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await ann_with_password(one)
        begun = await sign_in(one)
        bob, ada = await one.person("Bob", Role.MEMBER), await one.person("Ada", Role.ADMIN)
        with pytest.raises(Denied, match=r"^Bob may not do this for Ann\."):
            await one.run("sessions.list", by=bob, person="Ann")
        with pytest.raises(Denied, match=r"^Bob may not do this for Ann\."):
            await one.run("sessions.end", by=bob, session_id=begun.session_id)
        await one.run("sessions.end", by=ada, session_id=begun.session_id)


@pytest.mark.parametrize(
    ("email", "password", "message"),
    [
        ("ann@team.test", "short", "A password has at least 10 characters; this has 5."),
        ("", GOOD, "Ann has no e-mail address to sign in with. Set it first: `people update --email ADDRESS`."),
    ],
)
async def test_a_password_must_be_usable(tmp_path: Path, email: str, password: str, message: str) -> None:
    async with house(tmp_path) as one:
        ann = await one.person("Ann", Role.MEMBER, email)
        with pytest.raises(InvalidInput) as refused:
            await one.run("people.password", by=ann, password=password)
    assert str(refused.value) == message


# ── One-time links ──


async def test_a_sign_in_link_works_once(tmp_path: Path) -> None:
    message = r"^This sign-in link is not valid, or no longer\. Ask for a fresh one: `signalbox open`\.$"
    async with house(tmp_path) as one:
        code = await one.access.one_time_link(one.owner.id)
        begun = await one.access.redeem(code, "127.0.0.1", "Firefox")
        assert (await one.access.session(begun.token)).person == one.owner
        with pytest.raises(NotSignedIn, match=message):
            await one.access.redeem(code, "127.0.0.1", "Firefox")
        old = await one.access.one_time_link(one.owner.id, lasts=timedelta(seconds=-1))
        with pytest.raises(NotSignedIn, match=message):
            await one.access.redeem(old, "127.0.0.1", "Firefox")


async def test_of_two_who_use_a_link_at_once_one_gets_in(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        code = await one.access.one_time_link(one.owner.id)
        await one.access._begin(one.owner, "a", "", timedelta(1), link=digest(code))
        with pytest.raises(NotSignedIn, match=r"^This sign-in link was used before\. Ask for a fresh one:"):
            await one.access._begin(one.owner, "b", "", timedelta(1), link=digest(code))
        assert len(await one.access.sessions(await one.actor(one.owner), "")) == 1


async def test_a_sign_in_link_is_made_at_the_machine_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        message = r"^A sign-in link is made on the machine Signalbox runs on\. Run `signalbox open` there\.$"
        with pytest.raises(Denied, match=message):
            await one.run("sessions.link")
        terminal = Context(caller=Caller(network="terminal", external_id=one.owner.id))
        made = (await one.door.dispatch(terminal, "sessions.link", {})).value
        assert isinstance(made, SignInLink)
        code = made.code.get_secret_value()
        assert (await one.access.redeem(code, "127.0.0.1", "")).person_id == one.owner.id
        assert all(code not in str(line) for line in await one.record("sessions.link"))


async def test_guessing_links_is_limited(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        for _ in range(10):
            with pytest.raises(NotSignedIn):
                await one.access.redeem("guess", "10.0.0.1", "")
        with pytest.raises(Limited, match=r"^Too many tries: sign-in links\. Try again in"):
            await one.access.redeem("guess", "10.0.0.1", "")


async def test_an_invited_person_signs_in_by_their_link(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        invitation = await one.run("people.invite", name="Ann", role="guest")
        assert isinstance(invitation, Invitation)
        code = invitation.code.get_secret_value()
        assert (await one.access.redeem(code, "10.0.0.1", "")).person_id == invitation.person.id
        assert all(code not in str(line) for line in await one.record("people.invite"))


# ── Tokens ──


async def test_a_token_is_shown_once_and_kept_nowhere(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        made = await one.run("tokens.create", name="backup")
        assert isinstance(made, NewToken)
        value = made.token.get_secret_value()
        assert value.startswith("sbx_")
        shown = plain(made, reveal=True)
        assert isinstance(shown, dict)
        assert shown["token"] == value
        assert (await one.access.bearer(value)).person == one.owner
        (listed,) = await one.access.tokens(await one.actor(one.owner), "", everybody=False)
        assert (listed.name, listed.person, listed.id) == ("backup", "You", made.id)
        (line,) = await one.record("tokens.create")
        assert value not in str(line)
        assert '"token":"•••"' in line.result
    assert all(value.encode() not in path.read_bytes() for path in _database(tmp_path))


async def test_a_revoked_token_is_refused_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        made = await one.run("tokens.create", name="backup")
        assert isinstance(made, NewToken)
        await one.access.bearer(made.token.get_secret_value())
        await one.run("undo")
        with pytest.raises(NotSignedIn, match=r"^This API token is not valid, or no longer\. `tokens create NAME`"):
            await one.access.bearer(made.token.get_secret_value())
        with pytest.raises(NotFound, match=r"^There is no token 'backup'\. `tokens list` shows them\.$"):
            await one.run("tokens.revoke", token_id="backup")


async def test_a_token_ends_with_its_time_and_its_person(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ada = await one.person("Ada", Role.ADMIN)
        first, second = [await one.run("tokens.create", by=ada, name=name) for name in ("a", "b")]
        assert isinstance(first, NewToken)
        assert isinstance(second, NewToken)
        await one.identity.change_now(_expire, "api_token")
        with pytest.raises(NotSignedIn):
            await one.access.bearer(first.token.get_secret_value())
        third = await one.run("tokens.create", by=ada, name="c")
        assert isinstance(third, NewToken)
        await one.run("people.remove", person="Ada")
        with pytest.raises(NotSignedIn):
            await one.access.bearer(third.token.get_secret_value())


async def test_tokens_of_others_are_for_those_who_manage_people(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ada, ann = await one.person("Ada", Role.ADMIN), await one.person("Ann", Role.MEMBER)
        made = await one.run("tokens.create", by=ada, name="mine")
        assert isinstance(made, NewToken)
        with pytest.raises(Denied, match=r"^Ann may not do this for Ada\."):
            await one.run("tokens.revoke", by=ann, token_id=made.id)
        with pytest.raises(Denied):
            await one.run("tokens.create", by=ann, name="x")
        listed = await one.run("tokens.list", person="Ada")
        assert isinstance(listed, tuple)
        actor = await one.actor(ada)
        first, second = one.door.open_unit(), one.door.open_unit()
        await one.access.revoke_token(first, actor, "mine")
        await one.access.revoke_token(second, actor, "mine")
        await first.commit()
        with pytest.raises(NotFound, match=r"^That token is gone already\.$"):
            await second.commit()


async def test_the_owners_token_from_outside_is_adopted_once_and_replaced(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        assert not await one.access.adopt_admin_token(one.owner)
    async with house(tmp_path, admin_token=STRONG) as one:
        assert await one.access.adopt_admin_token(one.owner)
        assert await one.access.adopt_admin_token(one.owner)
        assert (await one.access.bearer(STRONG)).person == one.owner
    async with house(tmp_path, admin_token=STRONG[::-1]) as one:
        assert await one.access.adopt_admin_token(one.owner)
        assert (await one.access.bearer(STRONG[::-1])).person == one.owner
        with pytest.raises(NotSignedIn):
            await one.access.bearer(STRONG)


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("short", "has 5 characters; it needs 32"),
        ("a" * 40, "is a published example or far too regular"),
        ("changeme-" + STRONG, "is a published example or far too regular"),
        (STRONG, ""),
    ],
)
async def test_a_weak_token_from_outside_is_refused(tmp_path: Path, token: str, why: str) -> None:
    assert weakness(token) == why
    if why:
        async with house(tmp_path, admin_token=token) as one:
            with pytest.raises(BadSettings) as refused:
                await one.access.adopt_admin_token(one.owner)
        assert str(refused.value) == (
            f"SIGNALBOX_ADMIN_TOKEN {why}. Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )


# ── JWT ──


async def test_a_jwt_holds_for_fifteen_minutes_and_ends_with_its_session(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await ann_with_password(one)
        begun = await one.access.log_in("ann@team.test", GOOD, "10.0.0.1", "curl")
        assert timedelta(minutes=14) < begun.expires_at - now() <= timedelta(minutes=15)
        assert (await one.access.bearer(begun.token)).person == ann
        await one.run("sessions.end", by=ann, session_id=begun.session_id)
        with pytest.raises(NotSignedIn, match=EXPIRED + r"`POST /api/auth/login` gives a new one\.$"):
            await one.access.bearer(begun.token)


async def test_a_jwt_of_somebody_removed_is_refused_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await ann_with_password(one)
        begun = await one.access.log_in("ann@team.test", GOOD, "10.0.0.1", "curl")
        await one.run("people.remove", person="Ann")
        with pytest.raises(NotSignedIn, match=EXPIRED):
            await one.access.bearer(begun.token)


@pytest.mark.parametrize(
    ("changed", "key", "algorithm"),
    [
        ({"exp": 1}, KEY, "HS256"),
        ({"aud": "elsewhere"}, KEY, "HS256"),
        ({"iss": "somebody"}, KEY, "HS256"),
        ({"jti": None}, KEY, "HS256"),
        ({}, b"x" * 32, "HS256"),
        ({}, KEY * 2, "HS512"),
        ({}, None, "none"),
    ],
)
async def test_a_forged_jwt_is_refused(
    tmp_path: Path, changed: dict[str, object], key: bytes | None, algorithm: str
) -> None:
    async with house(tmp_path) as one:
        await ann_with_password(one)
        begun = await one.access.log_in("ann@team.test", GOOD, "10.0.0.1", "curl")
        claims = jwt.decode(begun.token, KEY, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER) | changed
        forged = jwt.encode({k: v for k, v in claims.items() if v is not None}, key or "", algorithm=algorithm)
        with pytest.raises(NotSignedIn, match=EXPIRED):
            await one.access.bearer(forged)


async def test_last_use_is_written_at_most_every_five_minutes(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        made = await one.run("tokens.create", name="backup")
        assert isinstance(made, NewToken)
        access: Access = one.access
        await access.bearer(made.token.get_secret_value())
        written = one.storage.writer.committed
        await access.bearer(made.token.get_secret_value())
        assert one.storage.writer.committed == written
        (listed,) = await access.tokens(await one.actor(one.owner), "", everybody=True)
        assert listed.last_used_at is not None


def test_the_library_of_jwts_waits_for_the_first_one() -> None:
    said = "import core.app, sys; print(sorted({'jwt', 'cryptography.x509'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
