"""The real command: one process, whoever talks to it, a second one, its end, and safe mode."""

import json
import re
import signal
import stat
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest

from core import __version__
from core.cli.runfile import Running, find
from core.storage import connect
from tests.core.cli.parts import ROOT, SIGNALBOX, environment, home_at, signalbox

START_S = 60.0
pytestmark = pytest.mark.slow


def until(process: "subprocess.Popen[str]", home: Path) -> Running:
    """The process once it says where it is."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        found = find(home)
        if found is not None and found.pid == process.pid and found.address:
            return found
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("it did not start")


@contextmanager
def started(home: Path) -> "Iterator[tuple[subprocess.Popen[str], Running]]":
    process = subprocess.Popen(
        [*SIGNALBOX, "run", "--no-browser"],
        cwd=ROOT, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process, until(process, home)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def get(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address + path, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_process_answers_the_shell_refuses_a_second_one_and_ends_in_order(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with started(home) as (process, running):
        assert stat.S_IMODE((home / "run.json").stat().st_mode) == 0o600
        assert running.version == __version__
        asked = signalbox(home, "ask", "How do I connect Slack?")
        assert asked.returncode == 0, asked.stderr
        assert "guide/connect-slack.md" in asked.stdout
        assert "(quotes only, no model)" in asked.stdout
        assert signalbox(home, "echo", "two words").stdout.strip() == "two words"
        wrong = signalbox(home, "schedules", "lst")
        assert wrong.returncode == 1
        assert "Nearest: `schedules list`" in wrong.stdout
        second = signalbox(home, "run", "--no-browser")
        assert second.returncode == 1
        assert f"process {running.pid} at {running.address}" in second.stderr
        link = signalbox(home, "open", "--no-browser").stdout.strip()
        assert re.fullmatch(rf"{running.address}/login\?code=[\w-]{{20,}}", link)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr is not None
        said = process.stderr.read()
    assert "Ending: nothing new is taken" in said
    assert "Traceback" not in said
    assert find(home) is None
    assert not (home / "run.json").exists()


def test_without_a_process_the_command_answers_by_itself_and_leaves_nothing_running(tmp_path: Path) -> None:
    added = signalbox(tmp_path, "notes", "add", "The alarm code is changed on the first Monday of a month.")
    assert added.returncode == 0, added.stderr
    asked = signalbox(tmp_path, "ask", "--json", "When is the alarm code changed?")
    answer = json.loads(asked.stdout)
    assert "first Monday" in answer["reply"]["text"]
    assert answer["outcome"] == "answered"
    assert not (tmp_path / "run.json").exists()
    assert signalbox(tmp_path, "deliveries", "drop", "x").returncode == 1


def test_two_private_commands_at_once_wait_for_each_other(tmp_path: Path) -> None:
    home_at(tmp_path)
    both = [
        subprocess.Popen(
            [*SIGNALBOX, "echo", text], cwd=ROOT, env=environment(tmp_path), stdout=subprocess.PIPE, text=True
        )
        for text in ("one", "two")
    ]
    assert [process.communicate(timeout=90)[0].strip() for process in both] == ["one", "two"]


def test_what_a_killed_process_left_does_not_hinder_the_next(tmp_path: Path) -> None:
    with started(tmp_path) as (process, running):
        process.kill()
        process.wait()
    assert (tmp_path / "run.json").exists()
    assert signalbox(tmp_path, "echo", "still there").stdout.strip() == "still there"
    assert find(tmp_path) is None
    assert running.pid == process.pid


def test_an_address_beyond_this_machine_is_refused_with_the_reason(tmp_path: Path) -> None:
    done = signalbox(tmp_path, "run", "--host", "0.0.0.0", "--no-browser")
    assert done.returncode == 1
    assert "can be reached from other machines" in done.stderr
    assert "put a proxy with TLS in front" in done.stderr


def newer(home: Path) -> None:
    settings = home_at(home)
    connection = connect(settings.database)
    connection.execute("PRAGMA user_version = 999")
    connection.execute("UPDATE meta SET value = '9.9.9' WHERE name = 'program_version'")
    connection.close()


def broken(home: Path) -> None:
    """A database whose next step fails: the table it makes is there already."""
    settings = home_at(home)
    connection = connect(settings.database)
    connection.execute("UPDATE meta SET value = '0.0.9' WHERE name = 'program_version'")
    steps = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("DELETE FROM _sqlite_migrations WHERE name = (SELECT max(name) FROM _sqlite_migrations)")
    connection.execute(f"PRAGMA user_version = {steps - 1:d}")
    connection.close()


def test_a_newer_database_is_left_alone_and_safe_mode_says_which_version(tmp_path: Path) -> None:
    newer(tmp_path)
    with started(tmp_path) as (process, running):
        status, body = get(running.address, "/status")
        assert (status, json.loads(body)["status"]) == (200, "down")
        status, page = get(running.address, "/")
        assert status == 503
        assert "was written by Signalbox 9.9.9" in page
        assert get(running.address, "/api/v1/actions")[0] == 503
        looked = signalbox(tmp_path, "doctor", "--offline")
        assert looked.returncode == 1
        assert "newer than this program" in looked.stdout
        assert signalbox(tmp_path, "backup", str(tmp_path / "copy.db")).returncode == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 1


def test_a_damaged_database_gives_safe_mode_that_says_how_to_restore(tmp_path: Path) -> None:
    home_at(tmp_path).database.write_bytes(b"\1" * 9_000)
    with started(tmp_path) as (_, running):
        page = get(running.address, "/")[1]
        assert "is damaged: file is not a database" in page
        assert "signalbox restore FILE" in page
        assert f"{tmp_path}/backups" in page


def test_a_step_that_fails_is_not_tried_again_by_the_same_version(tmp_path: Path) -> None:
    broken(tmp_path)
    with started(tmp_path) as (process, running):
        assert "Return to Signalbox 0.0.9" in get(running.address, "/")[1]
        refused = signalbox(tmp_path, "do", "echo hi")
        assert refused.returncode == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 1
    copies = len(list((tmp_path / "backups").glob("before-*.db")))
    assert copies == 1
    private = signalbox(tmp_path, "echo", "hi")
    assert private.returncode == 1
    assert "--retry-upgrade" in private.stderr
    assert len(list((tmp_path / "backups").glob("before-*.db"))) == copies
    copy = next((tmp_path / "backups").glob("before-*.db"))
    assert signalbox(tmp_path, "restore", str(copy), "--check").returncode == 0


@pytest.mark.parametrize("name", ["models", "workflow", "export", "service", "desktop", "mcp"])
def test_what_is_not_built_says_so(name: str) -> None:
    from core.cli.parser import parsed
    from tests.core.cli.parts import FakeWorld, Seen

    seen = Seen()
    assert parsed([name, "list", "--any"], FakeWorld(), seen.terminal) == 1
    assert seen.told.startswith(f"`signalbox {name}` is not built yet.")
