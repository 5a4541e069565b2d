"""What the tests of the shell's commands share: a terminal in memory, and a world with no network."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from core.__main__ import World
from core.app import Ports
from core.cli.outside import Checked, Web
from core.cli.spec import Given
from core.cli.terminal import Terminal
from core.config import Settings, load_settings
from core.ports import KeyStore
from core.storage import Storage, bring_up_to_date
from core.vault import KeyFile

ROOT = Path(__file__).resolve().parents[3]
SIGNALBOX = (sys.executable, "-m", "core")


class Typed(io.StringIO):
    """An input somebody sits at."""

    def isatty(self) -> bool:
        return True


class Screenful(Typed):
    """An output somebody watches."""


class Seen:
    """A terminal in memory. typed: lines somebody enters; None for nobody there."""

    def __init__(self, typed: Sequence[str] | None = None) -> None:
        self.out, self.err = io.StringIO(), io.StringIO() if typed is None else Screenful()
        inp = io.StringIO() if typed is None else Typed("".join(f"{line}\n" for line in typed))
        self.terminal = Terminal(self.out, self.err, inp)

    @property
    def said(self) -> str:
        return self.out.getvalue()

    @property
    def told(self) -> str:
        return self.err.getvalue()


class FakeWorld:
    """Implements Outside without a network; a real embedder and guide where the App needs one."""

    def __init__(self, checked: Checked | Exception | None = None) -> None:
        self.checked = checked or Checked(workspace="Acme", team_id="T1")
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self._real = World(Terminal())
        self.screen = self._real.screen

    def key_store(self, settings: Settings) -> KeyStore:
        return KeyFile(settings.home / "master.key")

    def ports(self, settings: Settings, *, chats: bool) -> Ports:
        made = self._real.ports(settings, chats=False)
        return Ports(embedder=made.embedder, key_store=self.key_store(settings), guide=made.guide)

    def web(self, settings: Settings) -> AbstractAsyncContextManager[Web]:
        return self._real.web(settings)

    async def check(self, network: str, tokens: Mapping[str, str], settings: Settings) -> Checked:
        self.asked.append((network, dict(tokens)))
        if isinstance(self.checked, Exception):
            raise self.checked
        return self.checked

    def manifest(self) -> str:
        return '{"display_information": {"name": "Signalbox"}}\n'


def given(**values: object) -> Given:
    return Given(values)


def home_at(path: Path, **flags: object) -> Settings:
    """The settings of a fresh home with a database."""
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    settings = load_settings(str(path), environ={}, **flags)
    bring_up_to_date(settings.database, path / "backups", "0.1.0")
    return settings


def signalbox(home: Path, *words: str, timeout_s: float = 90.0) -> "subprocess.CompletedProcess[str]":
    """The real command, in a process of its own."""
    return subprocess.run(
        [*SIGNALBOX, *words],
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def environment(home: Path) -> dict[str, str]:
    """A process's environment with that home and nothing of this machine's own settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SIGNALBOX_", "SLACK_", "DISCORD_", "PYTHONDONTWRITE"))
    }
    return {
        **kept,
        "SIGNALBOX_HOME": str(home),
        "SIGNALBOX_PORT": "0",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


async def write_text(settings: Settings, name: str, value: str) -> None:
    """Put a row into the database's smallest table."""
    storage = Storage(settings.database)
    storage.start()
    try:
        await storage.write(
            lambda db: db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value)).fetchall()
        )
    finally:
        await storage.close()
