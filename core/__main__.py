"""The entry point: `signalbox` and `python -m core`. Alone puts core, the networks and the screens together.

Everything is imported when it is needed: the way of `ask` to a running process imports next to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.outside import Checked
from core.cli.quick import quick
from core.cli.terminal import Terminal

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from bot.terminal import Look
    from core.app import App, MakeChat, Ports
    from core.cli.outside import Web
    from core.config import Settings
    from core.ports import Chat, Embedder, KeyStore

KEY_FILE = "master.key"
OFFERED = 25
"""Completions Discord takes at once."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command of the shell and end with its exit code."""
    sys.exit(command(sys.argv[1:] if arguments is None else arguments, Terminal()))


def command(arguments: Sequence[str], terminal: Terminal) -> int:
    """The exit code of one command."""
    if list(arguments) == ["--version"]:
        from core import __version__

        terminal.say(f"signalbox {__version__}")
        return 0
    world = World(terminal)
    code = quick(arguments, terminal, world.screen)
    if code is None:
        from core.cli.parser import parsed

        code = parsed(arguments, world, terminal)
    return code


class TerminalScreen:
    """Implements Screen by `bot.terminal`."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def answer(self, answer: Mapping[str, object], *, said: str) -> Sequence[str]:
        """The lines of an answer, and the commands behind its buttons."""
        from bot.terminal import answer_lines, commands_of

        lines = answer_lines(answer, self._look(), said=said)
        return [*lines, *(f"  {label}: {command}" for label, command in commands_of(answer))]

    def result(self, value: object) -> Sequence[str]:
        """The lines of a command's result."""
        from bot.terminal import result_lines

        return result_lines(value, self._look())

    def _look(self) -> Look:
        import shutil

        from bot.terminal import Look

        shows = self._terminal.shows
        return Look(colour=shows, width=shutil.get_terminal_size((100, 24)).columns if shows else 1_000)


class World:
    """Implements Outside."""

    def __init__(self, terminal: Terminal) -> None:
        self.screen = TerminalScreen(terminal)

    def ports(self, settings: Settings, *, chats: bool) -> Ports:
        """The bundled embedder, the key's place, the guide, and the networks. Imports what they need."""
        from core.app import Ports

        made = (_slack(), _discord()) if chats else ()
        return Ports(embedder=_embedder, key_store=self.key_store(settings), chats=made, guide=_guide())

    def key_store(self, settings: Settings) -> KeyStore:
        """Where the vault's master key is: a key file that is there, else the keyring, else a new key file."""
        from core.errors import Unavailable
        from core.vault import KeyFile

        file = KeyFile(settings.home / KEY_FILE)
        if file.load() is not None:
            return file
        from integrations.keyring.connect import open_store
        from integrations.keyring.manifest import KeyringSettings

        try:
            keyring = open_store(KeyringSettings(home=settings.home))
            keyring.load()
        except Unavailable:
            return file
        return keyring

    def web(self, settings: Settings) -> AbstractAsyncContextManager[Web]:
        """The server of the control room and the API."""
        from gui.server import web

        return web(settings)

    async def check(self, network: str, tokens: Mapping[str, str], settings: Settings) -> Checked:
        """What the network says of these tokens."""
        return await (_check_slack if network == "slack" else _check_discord)(tokens, settings)

    def manifest(self) -> str:
        """The app to make at Slack."""
        from bot.slack.manifest import manifest_text

        return manifest_text()


def _embedder() -> Embedder:
    from integrations.wordllama.connect import load
    from integrations.wordllama.manifest import WordLlamaSettings

    return load(WordLlamaSettings())


def _guide() -> Path | None:
    import data

    folder = Path(data.__file__).with_name("guide")
    return folder if folder.is_dir() else None


def _slack() -> MakeChat:
    from bot.slack import chat
    from core.values import Place

    def make(app: App) -> Chat:
        async def left(external_id: str, place_key: str) -> None:
            person = (await app.identity.snapshot()).linked("slack", external_id)
            if person is None:
                return
            workspace, _, channel = place_key.removeprefix("slack:").partition("/")
            unit = app.door.open_unit()
            app.people.left(unit, Place(network="slack", workspace_id=workspace, channel_id=channel), person.id)
            await unit.commit()

        return chat(app.vault, app.settings, app.inbox.newest, forms=app.door.registry.get, when_left=left)

    return make


def _discord() -> MakeChat:
    from bot.discord import chat
    from core.actions import Context
    from core.storage import Marks
    from core.values import Caller

    def make(app: App) -> Chat:
        async def complete(caller: Caller, typed: str) -> Sequence[str]:
            usable = await app.door.usable(Context(caller=caller))
            return [one.spoken for one in usable if one.spoken.startswith(typed.lower())][:OFFERED]

        return chat(
            app.vault, app.settings, app.inbox.newest, known=app.inbox.known, complete=complete,
            marks=Marks(app.storage),
        )  # fmt: skip

    return make


async def _check_slack(tokens: Mapping[str, str], settings: Settings) -> Checked:
    from bot.slack.check import check
    from bot.slack.web import SLACK_API

    said = await check(
        tokens.get("SLACK_BOT_TOKEN", ""), tokens.get("SLACK_APP_TOKEN", ""), url=settings.url("slack", SLACK_API)
    )
    faults = tuple((one.what, one.remedy) for one in said.problems)
    return Checked(workspace=said.workspace, team_id=said.team_id, faults=faults, clock_off_s=said.clock_skew_s)


async def _check_discord(tokens: Mapping[str, str], settings: Settings) -> Checked:
    from bot.discord.check import API, check

    found = await check(tokens.get("DISCORD_TOKEN", ""), settings.url("discord", API))
    return Checked(
        faults=tuple((one.what, one.remedy) for one in found if one.state == "fault"),
        warnings=tuple((one.what, one.remedy) for one in found if one.state == "warning"),
    )


if __name__ == "__main__":
    main()
