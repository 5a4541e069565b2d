"""Checks of Slack and Discord: the tokens, what they may do, and how far this machine's clock is off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

from core.cli.doctor.model import Finding, Situation, fault, ok, skipped, warning
from core.cli.outside import Checked
from core.errors import AppError
from core.storage import Connection, DatabaseError, connect
from core.vault import CannotOpen, peek

TOKENS: Mapping[str, tuple[str, ...]] = {
    "slack": ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
    "discord": ("DISCORD_TOKEN",),
}
CLOCK_S = 60.0
LIMIT_S = 30.0


def networks(situation: Situation) -> Iterator[Finding]:
    """Every network with a token."""
    clocks = []
    for network in TOKENS:
        found, checked = _network(situation, network)
        yield from found
        if checked is not None and checked.clock_off_s is not None:
            clocks.append(checked.clock_off_s)
    yield of_clock(clocks)


def of_clock(off_s: list[float]) -> Finding:
    """What the networks' own clocks say of this machine's."""
    if not off_s:
        return skipped("The clock was not compared: no connected network told the time")
    worst = max(off_s, key=abs)
    if abs(worst) > CLOCK_S:
        return fault(
            f"This machine's clock is {abs(worst):.0f} s {'ahead' if worst > 0 else 'behind'}; "
            "signatures and schedules go wrong.",
            "sudo timedatectl set-ntp true (macOS: sudo sntp -sS time.apple.com)",
        )
    return ok(f"The clock is right (within {max(1.0, abs(worst)):.0f} s)")


def _network(situation: Situation, network: str) -> tuple[list[Finding], Checked | None]:
    title, names = network.capitalize(), TOKENS[network]
    tokens = tokens_of(situation, names)
    missing = [name for name in names if name not in tokens]
    if len(missing) == len(names):
        return [skipped(f"{title} is not connected; `signalbox init {network}` does it")], None
    if missing:
        return [fault(f"{title} needs {missing[0]}, which is not there.", f"signalbox init {network}")], None
    if situation.offline:
        return [skipped(f"{title} was not asked")], None
    try:
        checked = asyncio.run(_asked(situation, network, tokens))
    except TimeoutError:
        return [fault(f"{title} did not answer within {LIMIT_S:.0f} s.", "Check the network: signalbox doctor")], None
    except AppError as error:
        return [fault(f"{title}: {error.message}", error.hint or f"signalbox init {network}")], None
    return _findings(title, checked), checked


def _findings(title: str, checked: Checked) -> list[Finding]:
    found = [fault(f"{title}: {what}", remedy) for what, remedy in checked.faults]
    if not found:
        found = [ok(f"{title} takes the tokens{f' ({checked.workspace})' if checked.workspace else ''}")]
    return found + [warning(f"{title}: {what}", remedy) for what, remedy in checked.warnings]


async def _asked(situation: Situation, network: str, tokens: Mapping[str, str]) -> Checked:
    async with asyncio.timeout(LIMIT_S):
        return await situation.outside.check(network, tokens, situation.settings)


def tokens_of(situation: Situation, names: tuple[str, ...]) -> dict[str, str]:
    """The tokens there are: from the vault, else from the environment."""
    found = {}
    for name in names:
        given = situation.settings.secrets.get(name)
        if given is not None:
            found[name] = given.get_secret_value()
    return found | _in_vault(situation, names)


def _in_vault(situation: Situation, names: tuple[str, ...]) -> dict[str, str]:
    """What the vault holds; empty when it cannot be opened, which another check says."""
    if not situation.settings.database.exists():
        return {}
    try:
        key = situation.outside.key_store(situation.settings).load()
        connection = connect(situation.settings.database, readonly=True)
    except (AppError, DatabaseError):
        return {}
    try:
        return _read(connection, key, names) if key else {}
    except (DatabaseError, CannotOpen):
        return {}
    finally:
        connection.close()


def _read(connection: Connection, key: bytes, names: tuple[str, ...]) -> dict[str, str]:
    values = {name: peek(connection, key, name) for name in names}
    return {name: value for name, value in values.items() if value}
