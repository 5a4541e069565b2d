from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ConfirmationNeeded, Conflict, InvalidInput, NotFound, StorageFailed, Unavailable
from core.events import SecretChanged
from core.points import watch
from core.ports import KeyStore
from core.storage import Connection
from core.vault import CannotOpen, KeyFile, SecretState, Vault, VaultLocked, choose_key_store
from tests.core.vault.parts import ANN, CTX, MemoryKeys, house

TOKEN = "xoxb-not-a-real-token"


async def test_a_saved_secret_comes_back_and_its_use_is_on_record(tmp_path: Path) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        await one.run("vault.save", name="SLACK_BOT_TOKEN", value=f"  {TOKEN}\n")
        assert await one.vault.secret("SLACK_BOT_TOKEN", purpose="connect Slack") == TOKEN
        (line,) = await one.record("vault.use")
        (state,) = await one.vault.states()
    assert line.arguments == {"name": "SLACK_BOT_TOKEN", "purpose": "connect Slack"}
    assert (line.person, line.result) == ("Signalbox", "vault, version 1")
    assert (state.place, state.version, state.author, state.last_use) == ("vault", 1, "Ann", "connect Slack")
    assert state.last_used_at is not None


async def test_a_value_is_nowhere_in_the_database_or_the_record(tmp_path: Path) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        await one.run("vault.save", name="SLACK_BOT_TOKEN", value=TOKEN)
        (line,) = await one.record("vault.save")
        assert line.arguments == {"name": "SLACK_BOT_TOKEN", "value": "•••"}
        assert (line.before, line.after) == ({"version": 0}, {"version": 1})
        assert TOKEN not in str(await one.vault.states())
    assert _raw(tmp_path).count(b"SLACK_BOT_TOKEN") > 0
    assert TOKEN.encode() not in _raw(tmp_path)


def _raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("signalbox.db*"))


async def test_saving_tells_who_uses_the_secret(tmp_path: Path) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        await one.run("vault.save", name="SLACK_BOT_TOKEN", value=TOKEN)
        (event,) = await one.changes.take()
    assert isinstance(event, SecretChanged)
    assert event.secret == "SLACK_BOT_TOKEN"


async def test_the_vault_wins_over_the_environment(tmp_path: Path) -> None:
    given = {"SLACK_BOT_TOKEN": "from outside", "GITHUB_TOKEN": "outside too"}
    async with house(tmp_path, MemoryKeys(), given) as one:
        await one.run("vault.save", name="SLACK_BOT_TOKEN", value=TOKEN)
        assert await one.vault.secret("SLACK_BOT_TOKEN", purpose="test") == TOKEN
        assert await one.vault.secret("GITHUB_TOKEN", purpose="test") == "outside too"
        assert await one.vault.secret("NOTION_TOKEN", purpose="test") is None
        assert [line.result for line in await one.record("vault.use")] == ["environment", "vault, version 1"]
        listed = await one.run("vault.list")
    assert isinstance(listed, tuple)
    assert [(state.name, state.place) for state in listed] == [
        ("GITHUB_TOKEN", "environment"),
        ("SLACK_BOT_TOKEN", "vault"),
    ]
    assert listed[0] == SecretState(name="GITHUB_TOKEN", place="environment")


async def test_replacing_can_be_undone_and_so_can_that(tmp_path: Path) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        for value in ("first", "second", "third"):
            await one.run("vault.save", name="MY_TOKEN", value=value)
        await one.run("undo")
        assert await one.vault.secret("MY_TOKEN", purpose="test") == "second"
        await one.run("undo")
        assert await one.vault.secret("MY_TOKEN", purpose="test") == "third"
        with pytest.raises(NotFound, match=r"^MY_TOKEN has no version 1 any more\. Save the secret again\.$"):
            await one.run("vault.revert", name="MY_TOKEN", version=1)
        await one.run("vault.save", name="MY_TOKEN", value="fourth")
        assert await one.vault.secret("MY_TOKEN", purpose="test") == "fourth"


async def test_the_first_save_can_be_undone(tmp_path: Path) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        await one.run("vault.save", name="MY_TOKEN", value="first")
        await one.run("undo")
        assert await one.vault.secret("MY_TOKEN", purpose="test") is None
        assert await one.vault.states() == ()


async def test_deleting_asks_and_then_removes_every_version(tmp_path: Path) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        await one.run("vault.save", name="MY_TOKEN", value="first")
        with pytest.raises(ConfirmationNeeded) as asked:
            await one.run("vault.delete", name="MY_TOKEN")
        yes = replace(CTX, confirm=asked.value.confirmation_id)
        await one.door.dispatch(yes, "vault.delete", {"name": "MY_TOKEN"})
        assert await one.storage.read(_versions) == 0
        with pytest.raises(NotFound, match=r"^The vault holds no MY_TOKEN\. `vault list` shows"):
            await one.run("vault.revert", name="MY_TOKEN", version=1)
        unit = one.door.open_unit()
        await one.vault.delete(unit, "MY_TOKEN")
        with pytest.raises(NotFound, match=r"^The vault holds no MY_TOKEN\. `vault list` shows"):
            await unit.commit()


def _versions(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM secret_version").fetchone()[0])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("lower", "x", "'lower' is no name for a secret. Capitals, digits and _, as in SLACK_BOT_TOKEN."),
        ("A" * 101, "x", f"'{'A' * 101}' is no name for a secret. Capitals, digits and _, as in SLACK_BOT_TOKEN."),
        ("MY_TOKEN", "  ", "MY_TOKEN is empty. `vault delete` removes a secret."),
        ("MY_TOKEN", "x" * 16_385, "MY_TOKEN has 16385 characters; 16384 is the most."),
    ],
)
async def test_what_is_no_secret_is_refused(tmp_path: Path, name: str, value: str, message: str) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        with pytest.raises(InvalidInput) as refused:
            await one.run("vault.save", name=name, value=value)
    assert str(refused.value) == message


async def test_two_rows_that_were_swapped_do_not_open(tmp_path: Path) -> None:
    columns = "kek_id, key_nonce, wrapped_key, nonce, sealed"

    def swap(connection: Connection) -> None:
        mine, theirs = (
            connection.execute(f"SELECT {columns} FROM secret_version WHERE name = ?", (name,)).fetchone()
            for name in ("MINE", "THEIRS")
        )
        for name, row in (("MINE", theirs), ("THEIRS", mine)):
            connection.execute(f"UPDATE secret_version SET ({columns}) = (?, ?, ?, ?, ?) WHERE name = ?", (*row, name))

    async with house(tmp_path, MemoryKeys()) as one:
        await one.run("vault.save", name="MINE", value="mine")
        await one.run("vault.save", name="THEIRS", value="theirs")
        await one.storage.write(swap)
        with pytest.raises(CannotOpen) as refused:
            await one.vault.secret("MINE", purpose="test")
    assert str(refused.value) == (
        "secret MINE 1 does not open: it was changed, moved here from another row, or sealed with another master "
        "key. Save that secret again; if nobody changed the database by hand, run `activity verify`."
    )


@pytest.mark.parametrize("column", ["sealed", "wrapped_key", "nonce", "key_nonce"])
async def test_a_changed_byte_does_not_open(tmp_path: Path, column: str) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        await one.run("vault.save", name="MINE", value="mine")
        await one.storage.write(
            lambda db: db.execute(f"UPDATE secret_version SET {column} = zeroblob(length({column}))")
        )
        with pytest.raises(CannotOpen):
            await one.vault.secret("MINE", purpose="test")


async def test_an_older_version_put_in_place_of_the_newer_does_not_open(tmp_path: Path) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        await one.run("vault.save", name="MINE", value="old")
        await one.run("vault.save", name="MINE", value="new")
        await one.storage.write(_put_older_in_place)
        with pytest.raises(CannotOpen):
            await one.vault.secret("MINE", purpose="test")


def _put_older_in_place(connection: Connection) -> None:
    connection.execute("DELETE FROM secret_version WHERE version = 2")
    connection.execute("UPDATE secret_version SET version = 2")


async def test_changing_the_master_key_leaves_every_value_and_derived_key(tmp_path: Path) -> None:
    keys = MemoryKeys()
    async with house(tmp_path, keys) as one:
        await one.run("vault.save", name="MINE", value="mine")
        before, derived = keys.key, one.vault.derive("audit")
        await one.run("vault.rotate")
        assert keys.key != before
        assert await one.vault.secret("MINE", purpose="test") == "mine"
        await one.run("vault.save", name="OTHER", value="other")
    async with house(tmp_path, keys) as one:
        assert await one.vault.secret("MINE", purpose="test") == "mine"
        assert await one.vault.secret("OTHER", purpose="test") == "other"
        assert one.vault.derive("audit") == derived != one.vault.derive("jwt")
        assert (await one.audit.verify()).whole


class Killed(BaseException):
    pass


@pytest.mark.parametrize("point", ["vault.rewrapped", "vault.saved"])
async def test_a_change_of_the_master_key_survives_a_kill_at(tmp_path: Path, point: str) -> None:
    keys = MemoryKeys()

    def die(name: str) -> None:
        if name == point:
            raise Killed

    async with house(tmp_path, keys) as one:
        await one.run("vault.save", name="MINE", value="mine")
        watch(die)
        try:
            with pytest.raises(Killed):
                await one.run("vault.rotate")
        finally:
            watch(None)
    async with house(tmp_path, keys) as one:
        assert await one.vault.secret("MINE", purpose="test") == "mine"
        assert await one.storage.read(lambda db: db.execute("SELECT name FROM vault_key").fetchall()) == [("root",)]


async def test_a_key_store_that_fails_leaves_everything_readable_and_can_be_tried_again(tmp_path: Path) -> None:
    keys = MemoryKeys()
    async with house(tmp_path, keys) as one:
        await one.run("vault.save", name="MINE", value="mine")
        keys.broken = Unavailable("The keyring is locked.")
        with pytest.raises(Unavailable, match=r"^The keyring is locked\.$"):
            await one.run("vault.rotate")
        assert await one.vault.secret("MINE", purpose="test") == "mine"
        with pytest.raises(Conflict, match=r"^The master key was changed at the same moment\. Save it again\.$"):
            await one.run("vault.save", name="OTHER", value="other")
        keys.broken = None
        await one.run("vault.rotate")
        await one.run("vault.save", name="OTHER", value="other")
    async with house(tmp_path, keys) as one:
        assert await one.vault.secret("OTHER", purpose="test") == "other"


async def test_two_savings_at_once_do_not_mix(tmp_path: Path) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        first, second = one.door.open_unit(), one.door.open_unit()
        await one.vault.save(first, "MINE", "a", ANN)
        await one.vault.save(second, "MINE", "b", ANN)
        await first.commit()
        with pytest.raises(Conflict) as refused:
            await second.commit()
        assert str(refused.value) == "MINE was saved by somebody else at the same moment. Save it again."
        assert await one.vault.secret("MINE", purpose="test") == "a"


@pytest.mark.parametrize(("key", "what"), [(None, "is missing"), (b"x" * 32, "is another one")])
async def test_a_lost_master_key_locks_the_vault_instead_of_starting_another(
    tmp_path: Path, key: bytes | None, what: str
) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        await one.run("vault.save", name="MINE", value="mine")
    keys = MemoryKeys(key)
    with pytest.raises(VaultLocked) as locked:
        async with house(tmp_path, keys):
            pass
    assert str(locked.value) == (
        f"The vault's master key (keyring) {what}; its secrets cannot be read. "
        "Put the key back from where it was kept; it is in no backup."
    )
    assert keys.key == key


async def test_a_record_under_an_unknown_master_key_says_so(tmp_path: Path) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        await one.run("vault.save", name="MINE", value="mine")
        await one.storage.write(lambda db: db.execute("UPDATE secret_version SET kek_id = 'gone'") and None)
        with pytest.raises(VaultLocked, match="is another one; its secrets cannot be read"):
            await one.vault.secret("MINE", purpose="test")


async def test_nothing_is_given_out_before_it_is_open_and_recorded(tmp_path: Path) -> None:
    async with house(tmp_path, MemoryKeys()) as one:
        closed = Vault(one.storage, MemoryKeys(), {})
        with pytest.raises(StorageFailed, match=r"^The vault is not open yet\.$"):
            closed.derive("audit")
        with pytest.raises(StorageFailed, match=r"^The vault is not open yet\.$"):
            await closed.save(one.door.open_unit(), "MINE", "x", (await one.door.identify(CTX)).actor)
        with pytest.raises(StorageFailed, match=r"^No secret is given out before its use can be recorded\.$"):
            await closed.secret("MINE", purpose="test")


# ── The key file, and which store is taken ──


def test_a_key_file_keeps_the_key_for_its_owner_alone(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "home" / "vault.key")
    assert file.load() is None
    file.save(b"k" * 32)
    file.save(b"n" * 32)
    assert file.load() == b"n" * 32
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.path.parent.iterdir()] == ["vault.key"]


def test_a_key_file_others_can_read_is_refused(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "vault.key")
    file.save(b"k" * 32)
    file.path.chmod(0o644)
    with pytest.raises(StorageFailed) as refused:
        file.load()
    assert str(refused.value) == (
        f"The master key {file.path} can be read by others (mode 0644). "
        f"Run `chmod 600 {file.path}`, then change it with `vault rotate`."
    )


@pytest.mark.parametrize("content", [b"c2hvcnQ=\n", b"!!!", b""])
def test_a_key_file_without_a_key_is_refused(tmp_path: Path, content: bytes) -> None:
    file = KeyFile(tmp_path / "vault.key")
    file.save(b"k" * 32)
    file.path.write_bytes(content)
    with pytest.raises(StorageFailed, match=r"holds no master key of 32 bytes\. Put the right file back"):
        file.load()


def test_a_key_file_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("a file where a folder should be")
    with pytest.raises(StorageFailed, match=r"could not be written to .*: .*\. Make that folder writable\.$"):
        KeyFile(tmp_path / "plain" / "vault.key").save(b"k" * 32)
    with pytest.raises(StorageFailed, match=r"cannot be read: Is a directory\. It belongs to whoever runs"):
        KeyFile(tmp_path).load()


class Broken(MemoryKeys):
    def load(self) -> bytes | None:
        raise Unavailable("No keyring here.")


def test_the_store_that_holds_a_key_is_taken_before_a_better_one() -> None:
    empty, holding = MemoryKeys(), MemoryKeys(b"k" * 32)
    assert choose_key_store([empty, holding]) is holding
    assert choose_key_store([Broken(), empty]) is empty
    with pytest.raises(StorageFailed) as refused:
        choose_key_store([Broken()])
    assert str(refused.value) == "There is nowhere to keep the vault's master key. No keyring here."


def test_a_key_file_with_a_fault_is_not_passed_over(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "vault.key")
    file.save(b"k" * 32)
    file.path.write_bytes(b"")
    stores: list[KeyStore] = [file, MemoryKeys()]
    with pytest.raises(StorageFailed, match="holds no master key"):
        choose_key_store(stores)
