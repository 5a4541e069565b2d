"""Checks of the data folder: who can read it, the vault's key, settings, a forgotten .env, a weak token."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from core.cli.doctor.model import Finding, Situation, fault, ok, skipped, warning
from core.errors import AppError
from core.identity import weakness
from core.storage import DatabaseError, connect
from core.vault import key_id, needs_key


def settings(situation: Situation) -> Iterator[Finding]:
    """Whether the settings can be read."""
    if situation.fault:
        yield fault(situation.fault, f"Mend {situation.home / 'settings.toml'}, or the variable it names.")
    else:
        yield ok("The settings are valid")


def folder(situation: Situation) -> Iterator[Finding]:
    """The data folder belongs to one person."""
    home = situation.home
    if not home.exists():
        yield ok(f"The data folder {home} is not there yet; the first start makes it")
        return
    if not home.is_dir():
        yield fault(f"{home} is no folder.", "signalbox run --home /another/folder")
        return
    open_ones = [one for one in (home, *sorted(home.iterdir())) if one.is_dir() or one.suffix != ".toml"]
    readable = [one for one in open_ones if not one.is_symlink() and others_may_read(one)]
    if others_may_read(home):
        yield fault(f"Others on this machine can read {home}.", f"chmod 700 {home}")
    elif readable:
        yield warning(f"Others could read {readable[0].name} in {home}.", f"chmod -R go-rwx {home}")
    else:
        yield ok(f"The data folder is {home}; only you can read it")


def others_may_read(path: Path) -> bool:
    """Whether group or others have any right on it."""
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def master_key(situation: Situation) -> Iterator[Finding]:
    """The key that opens the vault is there, alone readable, and the right one."""
    where = situation.home / "master.key"
    lost = f"Put the key back from where you keep it: install -m 600 KEY-COPY {where}"
    try:
        store = situation.outside.key_store(situation.settings)
        key = store.load()
    except AppError as error:
        yield fault(error.message, error.hint or lost)
        return
    wanted = _wanted(situation)
    if key is None:
        if wanted:
            yield fault("The vault's key is missing; the tokens in it cannot be read.", lost)
        else:
            yield ok("There is no vault yet; the first start makes its key")
    elif wanted and key_id(key) != wanted:
        yield fault(f"The vault's key ({store.method}) is not the one its tokens were sealed with.", lost)
    else:
        place = f" at {where}" if store.method == "key file" else ""
        yield ok(f"The vault's key is there ({store.method}{place}); keep a copy of it apart from backups")


def _wanted(situation: Situation) -> str:
    if not situation.settings.database.exists():
        return ""
    try:
        connection = connect(situation.settings.database, readonly=True)
    except DatabaseError:
        return ""
    try:
        return needs_key(connection)
    except DatabaseError:
        return ""
    finally:
        connection.close()


def dotenv(situation: Situation) -> Iterator[Finding]:
    """A .env that nobody reads."""
    here = situation.checkout / ".env" if situation.checkout else None
    there = situation.home / ".env"
    if here is None or not here.exists():
        if there.exists():
            yield ok(f"{there} is in use")
        return
    if there.exists() and there.read_bytes() == here.read_bytes():
        yield ok(f"{here} is the same as {there}, which is in use")
    else:
        yield warning(f"{here} is not read: settings come from {there}.", f"signalbox init --import-env {here}")


def admin_token(situation: Situation) -> Iterator[Finding]:
    """SIGNALBOX_ADMIN_TOKEN is none that others could guess."""
    given = situation.settings.admin_token
    if given is None:
        return
    why = weakness(given.get_secret_value())
    if why:
        yield fault(f"SIGNALBOX_ADMIN_TOKEN {why}.", "export SIGNALBOX_ADMIN_TOKEN=$(openssl rand -base64 36)")
    else:
        yield ok("SIGNALBOX_ADMIN_TOKEN is long enough")


def spelling(situation: Situation) -> Iterator[Finding]:
    """Tokens of chat networks that look like something else."""
    for name, start in (("SLACK_BOT_TOKEN", "xoxb-"), ("SLACK_APP_TOKEN", "xapp-")):
        given = situation.settings.secrets.get(name)
        if given is not None and not given.get_secret_value().startswith(start):
            yield warning(f"{name} in the environment does not begin with {start}.", "signalbox init slack")
    if not situation.settings.secrets:
        yield skipped("No secrets come from the environment")
