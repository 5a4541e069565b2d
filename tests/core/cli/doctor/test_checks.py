"""Every check finds the fault that is injected, and says what mends it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr

from core.cli.doctor import database, home, machine, networks, process
from core.cli.doctor.command import doctor, group_lines, looked, share_lines, verdict
from core.cli.doctor.model import Check, Finding, Level, Situation, fault
from core.cli.outside import Checked
from core.cli.runfile import HomeLock, Running
from core.cli.safe import note
from core.config import Settings
from core.errors import Unavailable
from core.storage import MigrationFailed, connect
from core.vault import KeyFile
from tests.core.cli.parts import FakeWorld, Seen, given, home_at


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return home_at(tmp_path / "home")


def situation(settings: Settings, world: FakeWorld | None = None, **more: object) -> Situation:
    return Situation(settings=settings, outside=world or FakeWorld(), **more)  # type: ignore[arg-type]


def found(check: Check, at: Situation, level: Level) -> Finding:
    """The first finding of that level."""
    all_found = list(check(at))
    return next((one for one in all_found if one.level == level), Finding(level="ok", what=f"none in {all_found}"))


# ── Machine ──


def test_an_old_python_is_a_fault() -> None:
    assert machine.of_python((3, 10, 4)).what == "Python 3.10.4 is too old; 3.11 is the oldest that works."
    assert machine.of_python((3, 11, 0)).level == "ok"


def test_a_missing_package_is_named() -> None:
    assert machine.missing_of(["no-such-distribution>=2", "pydantic>=2", 'other-missing; extra == "dev"']) == [
        "no-such-distribution"
    ]


def test_the_engine_has_what_is_needed(settings: Settings) -> None:
    assert found(machine.engine, situation(settings), "ok").what.endswith("full-text search (FTS5)")


@pytest.mark.parametrize(("free_gb", "level"), [(50.0, "ok"), (14.0, "warning"), (4.0, "fault"), (0.1, "fault")])
def test_a_full_disk_is_noticed_before_it_is_full(free_gb: float, level: str) -> None:
    said = machine.of_disk(100_000_000_000, int(free_gb * 1e9), Path("/home/x"))
    assert said.level == level
    assert bool(said.remedy) is (level != "ok")


def test_a_package_that_hides_core_is_found_with_its_place(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        (folder / "core").mkdir(parents=True)
        (folder / "core" / "__init__.py").touch()
    said = list(machine.of_path([str(theirs), str(ours)], ours))
    assert said[0].level == "fault"
    assert str(theirs / "core") in said[0].what
    assert str(theirs) in said[0].remedy
    assert next(machine.of_path([str(ours)], ours)).level == "ok"


# ── Data folder ──


def test_settings_that_cannot_be_read_are_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (folder / "settings.toml").write_text("prot = 1\n")
    seen = Seen()
    assert doctor(given(home=str(folder), offline=True), FakeWorld(), seen.terminal) == 1
    assert "There is no setting called prot" in seen.said
    assert "Did you mean port?" in seen.said


def test_a_folder_others_can_read_is_a_fault(settings: Settings) -> None:
    settings.home.chmod(0o755)
    said = found(home.folder, situation(settings), "fault")
    assert said.what == f"Others on this machine can read {settings.home}."
    assert said.remedy == f"chmod 700 {settings.home}"


def test_a_file_others_could_read_is_a_warning(settings: Settings) -> None:
    settings.database.chmod(0o644)
    assert "signalbox.db" in found(home.folder, situation(settings), "warning").what


def seal(settings: Settings) -> None:
    """Make a vault under the key file of a home."""
    from core.storage import Storage
    from core.vault import Vault

    async def run() -> None:
        storage = Storage(settings.database)
        storage.start()
        await Vault(storage, KeyFile(settings.home / "master.key"), {}).open()
        await storage.close()

    asyncio.run(run())


def test_a_lost_key_is_a_fault_and_so_is_another_one(settings: Settings) -> None:
    assert found(home.master_key, situation(settings), "ok").what.startswith("There is no vault yet")
    seal(settings)
    key = settings.home / "master.key"
    assert str(key) in found(home.master_key, situation(settings), "ok").what
    key.unlink()
    assert "key is missing" in found(home.master_key, situation(settings), "fault").what
    KeyFile(key).save(os.urandom(32))
    assert "not the one its tokens were sealed with" in found(home.master_key, situation(settings), "fault").what


def test_a_key_others_can_read_is_a_fault(settings: Settings) -> None:
    seal(settings)
    (settings.home / "master.key").chmod(0o644)
    said = found(home.master_key, situation(settings), "fault")
    assert "can be read by others" in said.what
    assert "chmod 600" in said.remedy


def test_a_dotenv_nobody_reads_is_a_warning(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=x\n")
    at = situation(settings, checkout=tmp_path)
    said = found(home.dotenv, at, "warning")
    assert said.remedy == f"signalbox init --import-env {tmp_path / '.env'}"
    (settings.home / ".env").write_text("SLACK_BOT_TOKEN=x\n")
    assert found(home.dotenv, at, "ok").what.endswith("which is in use")


@pytest.mark.parametrize("token", ["short", "changeme" * 6, "a" * 40])
def test_a_weak_admin_token_is_a_fault(settings: Settings, token: str) -> None:
    weak = settings.model_copy(update={"admin_token": SecretStr(token)})
    assert found(home.admin_token, situation(weak), "fault").what.startswith("SIGNALBOX_ADMIN_TOKEN ")


def test_a_token_of_another_kind_is_a_warning(settings: Settings) -> None:
    odd = settings.model_copy(update={"secrets": {"SLACK_BOT_TOKEN": SecretStr("xapp-1-A")}})
    assert "does not begin with xoxb-" in found(home.spelling, situation(odd), "warning").what


# ── Database ──


def test_a_damaged_database_is_a_fault_that_names_the_newest_backup(settings: Settings) -> None:
    backup = settings.home / "backups" / "a.db"
    backup.parent.mkdir(exist_ok=True)
    backup.touch()
    settings.database.write_bytes(b"not a database at all, and long enough to be read as one" * 40)
    said = found(database.soundness, situation(settings), "fault")
    assert "is damaged" in said.what
    assert str(backup) in said.remedy


def test_a_database_another_program_locks_is_a_fault(settings: Settings) -> None:
    connection = connect(settings.database)
    connection.execute("BEGIN IMMEDIATE")
    try:
        said = found(database.lock, situation(settings), "fault")
    finally:
        connection.execute("ROLLBACK")
        connection.close()
    assert said.what.startswith("Another program keeps the database locked")
    assert f"lsof {settings.database}" in said.remedy
    assert found(database.lock, situation(settings), "ok").what == "The database is not locked"


def test_a_newer_database_and_a_failed_step_are_faults(settings: Settings) -> None:
    connection = connect(settings.database)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert "newer than this program" in found(database.migrations, situation(settings), "fault").what
    note(settings.home, MigrationFailed("m0003_audit", "0.0.9", ValueError("boom")))
    said = found(database.migrations, situation(settings), "fault")
    assert "Safe mode since" in said.what
    assert "Return to Signalbox 0.0.9" in said.remedy
    assert "--retry-upgrade" in said.remedy


def test_steps_that_are_due_are_a_warning(settings: Settings) -> None:
    connection = connect(settings.database)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert "database steps are due" in found(database.migrations, situation(settings), "warning").what


def test_a_long_log_is_a_warning(settings: Settings) -> None:
    log = settings.database.with_name("signalbox.db-wal")
    with log.open("wb") as file:
        file.truncate(65_000_000)
    assert "has grown to 65 MB" in found(database.wal, situation(settings), "warning").what


def test_no_backup_and_an_old_one_are_warnings(settings: Settings) -> None:
    assert found(database.backups, situation(settings), "warning").what.startswith("No backup is in")
    backup = settings.home / "backups" / "a.db"
    backup.parent.mkdir(exist_ok=True)
    backup.touch()
    assert found(database.backups, situation(settings), "ok").what.startswith("The newest backup is a.db")
    long_ago = time.time() - 9 * 86_400
    os.utime(backup, (long_ago, long_ago))
    assert found(database.backups, situation(settings), "warning").what == "The newest backup, a.db, is 9 days old."


# ── Process ──


def test_what_a_dead_process_left_does_no_harm(settings: Settings) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (settings.home / "run.json").write_text(json.dumps({"pid": dead.pid, "address": "http://x", "token": "t"}))
    assert f"left by process {dead.pid}" in found(process.running, situation(settings), "ok").what


def test_a_lock_without_a_word_is_a_fault(settings: Settings) -> None:
    with HomeLock(settings.home) as lock:
        assert lock.take()
        assert "says nothing of itself" in found(process.running, situation(settings), "fault").what


def test_a_process_that_does_not_answer_is_a_fault(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    at = situation(settings, running=Running(pid=os.getpid(), address=address, token="t"))
    said = found(process.running, at, "fault")
    assert "does not answer" in said.what
    assert f"kill {os.getpid()}" in said.remedy


def test_a_port_in_use_is_a_fault_that_says_by_whom(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        at = situation(settings.model_copy(update={"port": number}))
        said = found(process.port, at, "fault")
    assert said.what.startswith(f"Port {number} is in use by ")
    assert f"(process {os.getpid()})" in said.what
    assert f"--port {number + 1}" in said.remedy
    assert found(process.port, at, "ok").what == f"Port {number} is free"


# ── Networks ──

SLACK = {"SLACK_BOT_TOKEN": SecretStr("xoxb-1"), "SLACK_APP_TOKEN": SecretStr("xapp-1")}


def connected(settings: Settings) -> Settings:
    return settings.model_copy(update={"secrets": SLACK})


def test_a_missing_scope_is_a_fault_with_its_remedy(settings: Settings) -> None:
    world = FakeWorld(Checked(faults=(("The bot token lacks the scopes chat:write.", "Install it again."),)))
    said = found(networks.networks, situation(connected(settings), world), "fault")
    assert said == fault("Slack: The bot token lacks the scopes chat:write.", "Install it again.")
    assert world.asked == [("slack", {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"})]


def test_one_token_of_two_is_a_fault(settings: Settings) -> None:
    half = settings.model_copy(update={"secrets": {"SLACK_BOT_TOKEN": SecretStr("xoxb-1")}})
    assert found(networks.networks, situation(half), "fault").what == "Slack needs SLACK_APP_TOKEN, which is not there."


def test_a_network_that_does_not_answer_is_a_fault(settings: Settings) -> None:
    world = FakeWorld(Unavailable("Slack cannot be reached.", hint="Is this machine on the network?"))
    assert (
        found(networks.networks, situation(connected(settings), world), "fault").what
        == "Slack: Slack cannot be reached."
    )


def test_a_clock_that_is_off_is_a_fault(settings: Settings) -> None:
    world = FakeWorld(Checked(clock_off_s=-400.0))
    said = found(networks.networks, situation(connected(settings), world), "fault")
    assert "400 s behind" in said.what
    assert "timedatectl set-ntp true" in said.remedy
    assert networks.of_clock([]).what.startswith("The clock was not compared")
    assert networks.of_clock([0.2]).level == "ok"


def test_offline_asks_nobody(settings: Settings) -> None:
    world = FakeWorld()
    list(networks.networks(situation(connected(settings), world, offline=True)))
    assert world.asked == []


def test_tokens_of_the_vault_win_over_the_environment(settings: Settings) -> None:
    from core.actions import Context
    from core.app import open_app
    from core.values import Caller

    async def save() -> None:
        async with open_app(settings, FakeWorld().ports(settings, chats=False)) as app:
            owner = await app.identity.ensure_owner()
            ctx = Context(caller=Caller(network="terminal", external_id=owner.id))
            await app.door.dispatch(ctx, "vault.save", {"name": "SLACK_BOT_TOKEN", "value": "xoxb-from-the-vault"})

    asyncio.run(save())
    tokens = networks.tokens_of(situation(connected(settings)), networks.TOKENS["slack"])
    assert tokens == {"SLACK_BOT_TOKEN": "xoxb-from-the-vault", "SLACK_APP_TOKEN": "xapp-1"}


# ── The command ──


def test_every_fault_and_warning_says_what_mends_it(settings: Settings) -> None:
    seen = Seen()
    settings.home.chmod(0o755)
    assert doctor(given(home=str(settings.home), offline=True, json=True), FakeWorld(), seen.terminal) == 1
    groups = cast("dict[str, list[dict[str, str]]]", json.loads(seen.said))
    assert list(groups) == ["Machine", "Data folder", "Database", "Process", "Networks"]
    for one in (finding for group in groups.values() for finding in group):
        assert bool(one["remedy"]) is (one["level"] in ("fault", "warning")), one


def test_a_check_that_breaks_is_a_fault_and_stops_no_other(settings: Settings) -> None:
    def broken(at: Situation):  # type: ignore[no-untyped-def]
        raise ValueError("odd")
        yield

    said = list(looked(broken, situation(settings)))
    assert said[0].what == "The check `test_checks broken` broke: ValueError: odd."


def test_the_verdict_counts_and_the_lines_carry_a_mark() -> None:
    assert verdict(0, 0) == "Everything is well."
    assert verdict(1, 2).startswith("1 fault and 2 warnings;")
    assert group_lines("Machine", [fault("Bad.", "mend it")]) == ["Machine", "  ✗ Bad.", "      → mend it"]


def test_sharing_is_explained_without_opening_anything(settings: Settings) -> None:
    text = "\n".join(share_lines(settings))
    assert "ssh -N -L 8321:127.0.0.1:8321" in text
    assert "trusted_proxy = true" in text
