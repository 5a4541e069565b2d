"""`init`: the first questions. Connects a network, links its owner, imports a .env; each also an option."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.cli.busy import busy
from core.cli.client import Client, Refused
from core.cli.doctor.command import checkout
from core.cli.doctor.networks import TOKENS
from core.cli.outside import Checked, Outside
from core.cli.private import PrivateTalker
from core.cli.runfile import LOCK_WAIT_S, HomeLock, find
from core.cli.safe import refuse_in_safe_mode
from core.cli.spec import Given
from core.cli.talking import Talker
from core.cli.terminal import Terminal
from core.config import Settings, load_settings
from core.errors import AppError, InvalidInput, NotFound

STEPS: Mapping[str, tuple[str, ...]] = {
    "slack": (
        "1. Copy the manifest above. Open https://api.slack.com/apps, Create New App, From a manifest, and paste it.",
        "2. Install the app to the workspace; copy the bot token under OAuth & Permissions (xoxb-…).",
        "3. Basic Information, App-Level Tokens: make one with the scope connections:write; copy it (xapp-…).",
    ),
    "discord": (
        "1. Open https://discord.com/developers/applications, New Application, then Bot, Reset Token; copy it.",
        "2. Installation: choose the scopes bot and applications.commands, with View Channels, Send Messages and",
        "   Read Message History; open the link it shows and add the bot to your server.",
    ),
}
OWN_ID = {
    "slack": "Your member ID in Slack (your profile, ⋮, Copy member ID), to be known there as the owner",
    "discord": "Your user ID in Discord (developer mode on; right-click your name, Copy User ID)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the steps of `init` share."""

    given: Given
    outside: Outside
    terminal: Terminal
    settings: Settings


def init(given: Given, outside: Outside, terminal: Terminal) -> int:
    """Ask, check, keep; 1 when nothing was saved."""
    if given.flag("manifest"):
        terminal.say(outside.manifest().rstrip())
        return 0
    settings = load_settings(given.text("home") or None)
    start = Start(given=given, outside=outside, terminal=terminal, settings=settings)
    imported = _import_env(start)
    network = given.text("network") or _network_of_options(given)
    if not network:
        if not terminal.listens:
            if imported:
                return 0
            raise InvalidInput("What is to be connected was not said.", hint="signalbox init slack (or: discord)")
        network = terminal.line("Connect slack or discord? (empty: neither) ").strip().lower()
        if not network:
            return 0
    if network not in TOKENS:
        raise InvalidInput(f"There is no network called {network!r}.", hint="slack or discord")
    return _connect(start, network)


def _network_of_options(given: Given) -> str:
    return next((network for network, names in TOKENS.items() if any(given.text(one.lower()) for one in names)), "")


def _connect(start: Start, network: str) -> int:
    tokens = _tokens(start, network)
    checked = Checked()
    if not start.given.flag("no_check"):
        checked = _checked(start, network, tokens)
        if (
            checked.faults
            and not start.given.flag("yes")
            and not start.terminal.agrees("Save the tokens all the same?")
        ):
            start.terminal.tell("Nothing was saved.")
            return 1
    with talker(start.settings, start.outside) as owner:
        for name, value in tokens.items():
            owner.call("vault.save", {"name": name, "value": value})
            start.terminal.say(f"{name} is kept in the vault.")
        _link(start, network, checked, owner)
        runs = isinstance(owner, Client)
    where = checked.workspace or network.capitalize()
    if runs:
        start.terminal.say(f"Signalbox connects to {where} now; `signalbox doctor` says how it went.")
    else:
        start.terminal.say(f"Signalbox connects to {where} at the next `signalbox run`.")
    return 0


def _tokens(start: Start, network: str) -> dict[str, str]:
    """Every token of the network, from the options or asked for."""
    names = TOKENS[network]
    given = {name: start.given.text(name.lower()).strip() for name in names}
    if not all(given.values()):
        if not start.terminal.listens:
            missing = next(name for name, value in given.items() if not value)
            raise InvalidInput(f"{missing} is missing.", hint=f"--{missing.lower().replace('_', '-')} TOKEN")
        if network == "slack":
            start.terminal.say(start.outside.manifest().rstrip())
        start.terminal.tell("", *STEPS[network], "")
    for name in names:
        if not given[name]:
            given[name] = start.terminal.hidden(f"{name} (not shown): ").strip()
        if not given[name]:
            raise InvalidInput(f"{name} is empty. Nothing was saved.", hint=f"signalbox init {network}")
    return given


def _checked(start: Start, network: str, tokens: Mapping[str, str]) -> Checked:
    start.terminal.tell(f"Asking {network.capitalize()} …")
    try:
        checked = asyncio.run(start.outside.check(network, tokens, start.settings))
    except AppError as error:
        checked = Checked(faults=((error.message, error.hint),))
    for mark, found in (("✗", checked.faults), ("!", checked.warnings)):
        for what, remedy in found:
            start.terminal.tell(f"{mark} {what}", *([f"    → {remedy}"] if remedy else []))
    if not checked.faults:
        where = f" of {checked.workspace}" if checked.workspace else ""
        start.terminal.say(f"{network.capitalize()} takes the tokens{where}.")
    return checked


def _link(start: Start, network: str, checked: Checked, owner: Talker) -> None:
    """Say that an account of the network is this home's owner, so that the first message is not a stranger's."""
    account = start.given.text("account").strip()
    if not account and start.terminal.listens:
        account = start.terminal.line(f"{OWN_ID[network]} (empty: later): ").strip()
    if not account:
        start.terminal.tell("Write to the bot there: it gives you a code for `signalbox people approve CODE`.")
        return
    if network == "slack" and "/" not in account:
        if not checked.team_id:
            raise InvalidInput("Slack did not say which workspace this is.", hint="--account T012/U345")
        account = f"{checked.team_id}/{account}"
    me = owner.call("people.me", {})
    person = me.get("person") if isinstance(me, dict) else None
    owner.call(
        "people.link",
        {"person": person["id"] if isinstance(person, dict) else "", "network": network, "external_id": account},
    )
    start.terminal.say(f"{account} on {network.capitalize()} is you.")


@contextmanager
def talker(settings: Settings, outside: Outside) -> Iterator[Talker]:
    """Whoever runs actions as this home's owner: the process that runs, or one for this command alone."""
    with HomeLock(settings.home) as lock:
        if lock.wait(LOCK_WAIT_S):
            refuse_in_safe_mode(settings)
            with PrivateTalker(settings, outside) as private:
                try:
                    yield private
                except Refused as error:
                    raise InvalidInput(error.message) from error
            return
    found = find(settings.home)
    if found is None or not found.address:
        raise busy(settings.home, found)
    try:
        yield Client(found)
    except Refused as error:
        raise InvalidInput(error.message) from error


def _import_env(start: Start) -> bool:
    """Take over a .env: the one that was named, or the one beside the Makefile when somebody says yes."""
    named = start.given.text("import_env")
    there = start.settings.home / ".env"
    if named:
        here = Path(named).expanduser().absolute()
        if not here.is_file():
            raise NotFound(f"There is no file {here}.", hint="Name a .env file.")
    else:
        root = checkout()
        if root is None or not (root / ".env").is_file():
            return False
        here = root / ".env"
        if there.exists() and there.read_bytes() == here.read_bytes():
            return False
        if not start.terminal.agrees(f"{here} is not read. Import it into {there}?"):
            return False
    _copy(here, there)
    try:
        load_settings(str(start.settings.home))
    except AppError:
        _undo(there)
        raise
    start.terminal.say(f"Imported {here} into {there}; it counts from the next start.")
    return True


def _copy(here: Path, there: Path) -> None:
    """Copy, 0600; what was there is kept as `.env.before`."""
    there.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if there.exists():
        there.replace(there.with_name(".env.before"))
    file = os.open(there, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as out, here.open("rb") as source:
        shutil.copyfileobj(source, out)


def _undo(there: Path) -> None:
    there.unlink()
    before = there.with_name(".env.before")
    if before.exists():
        before.replace(there)
