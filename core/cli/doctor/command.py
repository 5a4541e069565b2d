"""The command `doctor`: runs every check, says what was found group by group, ends with 1 on a fault."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from core.cli.doctor import database, home, machine, networks, process
from core.cli.doctor.model import Check, Finding, Situation, fault
from core.cli.outside import Outside
from core.cli.runfile import find
from core.cli.spec import Given
from core.cli.terminal import Terminal
from core.config import Settings, home_folder, load_settings
from core.errors import BadSettings

GROUPS: Mapping[str, tuple[Check, ...]] = {
    "Machine": (machine.python, machine.packages, machine.engine, machine.disk, machine.shadowed),
    "Data folder": (home.settings, home.folder, home.master_key, home.dotenv, home.admin_token, home.spelling),
    "Database": (database.soundness, database.lock, database.migrations, database.wal, database.backups),
    "Process": (process.running, process.port),
    "Networks": (networks.networks,),
}
MARKS = {"ok": "✓", "warning": "!", "fault": "✗", "skipped": "–"}


def doctor(given: Given, outside: Outside, terminal: Terminal) -> int:
    """Check everything; 1 when something is wrong."""
    situation = situation_of(given, outside)
    if given.flag("share"):
        terminal.say(*share_lines(situation.settings))
        return 0
    results: dict[str, list[Finding]] = {}
    for group, checks in GROUPS.items():
        results[group] = [finding for check in checks for finding in looked(check, situation)]
        if not given.flag("json"):
            terminal.say(*group_lines(group, results[group]))
    levels = [one.level for group in results.values() for one in group]
    terminal.say(_as_json(results) if given.flag("json") else verdict(levels.count("fault"), levels.count("warning")))
    return 1 if "fault" in levels else 0


def _as_json(results: Mapping[str, list[Finding]]) -> str:
    return json.dumps({group: [asdict(one) for one in found] for group, found in results.items()}, indent=1)


def situation_of(given: Given, outside: Outside) -> Situation:
    """What there is to look at. Settings that cannot be read are a finding, not the end."""
    folder = home_folder(given.text("home") or None)
    said = ""
    try:
        settings = load_settings(str(folder))
    except BadSettings as error:
        settings, said = Settings(home=folder), str(error)
    return Situation(
        settings=settings,
        outside=outside,
        running=find(folder),
        checkout=checkout(),
        fault=said,
        offline=given.flag("offline"),
    )


def checkout() -> Path | None:
    """The folder with the Makefile this program runs from."""
    root = Path(__file__).resolve().parents[3]
    return root if (root / "Makefile").exists() and (root / "pyproject.toml").exists() else None


def looked(check: Check, situation: Situation) -> Iterator[Finding]:
    """What a check finds; a check that breaks is a fault of its own and stops no other."""
    try:
        yield from check(situation)
    except Exception as error:
        name = f"{check.__module__.rpartition('.')[2]} {check.__name__}"
        yield fault(f"The check `{name}` broke: {type(error).__name__}: {error}.", "Report this with the line above.")


def group_lines(group: str, findings: list[Finding]) -> list[str]:
    """A group as it is printed."""
    lines = [group]
    for one in findings:
        lines.append(f"  {MARKS[one.level]} {one.what}")
        if one.remedy:
            lines.append(f"      → {one.remedy}")
    return lines


def verdict(faults: int, warnings: int) -> str:
    """The last line."""
    if not faults and not warnings:
        return "Everything is well."
    parts = [_count(faults, "fault")] * bool(faults) + [_count(warnings, "warning")] * bool(warnings)
    return f"{' and '.join(parts)}; the lines with → say what mends each."


def share_lines(settings: Settings) -> list[str]:
    """How others reach the control room."""
    port = settings.port or 8321
    user = os.path.basename(os.path.expanduser("~")) or "you"
    return [
        f"Signalbox listens on {settings.host}:{settings.port}: reached from this machine alone, on purpose.",
        "",
        "From another desk, without changing anything (they need an account on this machine):",
        f"  ssh -N -L {port}:127.0.0.1:{port} {user}@THIS-MACHINE",
        f"  and then http://127.0.0.1:{port} in their browser",
        "",
        "For everybody, behind a proxy with TLS on this machine:",
        f"  1. in {settings.home / 'settings.toml'}:",
        "       trusted_proxy = true",
        '       hosts = ["signalbox.example.org"]',
        "  2. a Caddyfile of three lines:",
        "       signalbox.example.org {",
        f"         reverse_proxy 127.0.0.1:{port}",
        "       }",
        "  3. start Signalbox again, then invite people: signalbox people invite NAME",
    ]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"
