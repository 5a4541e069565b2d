from __future__ import annotations

import base64
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as Fail
from keyring.backends.null import Keyring as Null

from core.errors import StorageFailed, Unavailable
from integrations.keyring import manifest
from integrations.keyring.client import protected
from integrations.keyring.connect import check, connect
from integrations.keyring.key_store import KeyringKeyStore
from integrations.keyring.manifest import KeyringSettings

KEY = bytes(range(32))


class Memory(KeyringBackend):
    """What an encrypting backend does, in memory."""

    priority = 0.1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise RuntimeError("locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise RuntimeError("locked")
        self.kept[service, username] = password


Memory.__module__ = "keyring.backends.SecretService"


class Forgetful(Memory):
    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = base64.b64encode(b"x" * 32).decode()


NULL = Null()  # type: ignore[no-untyped-call]
FAIL = Fail()  # type: ignore[no-untyped-call]


class Chain:
    def __init__(self, *backends: object) -> None:
        self.backends = backends


def test_a_key_comes_back_and_each_home_has_its_own(tmp_path: Path) -> None:
    backend = Memory()
    mine, theirs = (KeyringKeyStore(backend, "test", tmp_path / one) for one in ("a", "b"))
    assert mine.load() is None
    mine.save(KEY)
    assert mine.load() == KEY
    assert theirs.load() is None
    assert list(backend.kept) == [("signalbox", f"vault {tmp_path / 'a'}")]


def test_a_locked_keyring_says_so(tmp_path: Path) -> None:
    backend = Memory()
    store = KeyringKeyStore(backend, "Secret Service keyring", tmp_path)
    backend.locked = True
    hint = "Unlock the keyring (sign in to the desktop), then start again."
    with pytest.raises(Unavailable) as refused:
        store.load()
    assert str(refused.value) == f"The master key could not be read in the Secret Service keyring: locked. {hint}"
    with pytest.raises(Unavailable, match=r"could not be written in the Secret Service keyring: locked\."):
        store.save(KEY)


def test_a_keyring_that_keeps_something_else_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"could not be written in the test: it gave back something else\."):
        KeyringKeyStore(Forgetful(), "test", tmp_path).save(KEY)


@pytest.mark.parametrize("text", ["!!!", "c2hvcnQ="])
def test_an_entry_that_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    backend = Memory()
    backend.kept["signalbox", f"vault {tmp_path}"] = text
    with pytest.raises(StorageFailed) as refused:
        KeyringKeyStore(backend, "test", tmp_path).load()
    assert str(refused.value) == (
        f"The entry 'vault {tmp_path}' in the test is no master key of 32 bytes. "
        "Put the right one back; it is in no backup."
    )


class PlaintextKeyring(Memory):
    pass


PlaintextKeyring.__module__ = "keyrings.alt.file"


@pytest.mark.parametrize(
    ("backend", "name"),
    [
        (PlaintextKeyring(), "keyrings.alt.file.PlaintextKeyring"),
        (NULL, "keyring.backends.null.Keyring"),
        (FAIL, "keyring.backends.fail.Keyring"),
        (Chain(PlaintextKeyring(), NULL), "keyrings.alt.file.PlaintextKeyring, keyring.backends.null.Keyring"),
    ],
)
def test_what_does_not_protect_is_refused(backend: KeyringBackend, name: str) -> None:
    with pytest.raises(Unavailable) as refused:
        protected(backend)
    assert str(refused.value) == (
        f"This machine has no keyring that protects what it keeps (found: {name}). "
        "The master key goes into a file only you can read."
    )


def test_a_protected_backend_is_taken_from_a_chain() -> None:
    good = Memory()
    assert protected(Chain(PlaintextKeyring(), good)) == (good, "Secret Service keyring")  # type: ignore[arg-type]


async def test_the_systems_keyring_is_connected_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        settings = KeyringSettings(home=tmp_path)
        assert await check(settings) == f"The Secret Service keyring is ready; it holds no master key for {tmp_path}."
        async with connect(settings) as store:
            store.save(KEY)
        assert await check(settings) == f"The Secret Service keyring is ready; it holds a master key for {tmp_path}."
    finally:
        keyring.set_keyring(before)


def test_the_manifest_needs_nothing_loaded() -> None:
    assert ("keyring", ("KeyStore",), KeyringSettings) == (manifest.NAME, manifest.PORTS, manifest.SETTINGS)
