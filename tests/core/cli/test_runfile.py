import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.cli.runfile import HomeLock, Running, find, held_by_another, read
from tests.core.cli.parts import ROOT

HOLD = """
import sys, time
from pathlib import Path
from core.cli.runfile import HomeLock, Running
import os
lock = HomeLock(Path(sys.argv[1]))
assert lock.take()
if sys.argv[2]:
    lock.announce(Running(pid=os.getpid(), address=sys.argv[2], token="t"))
print("held", flush=True)
sys.stdin.readline()
"""


def hold(home: Path, address: str = "") -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home), address],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


def test_the_file_is_for_its_owner_alone_and_goes_with_the_process(tmp_path: Path) -> None:
    lock = HomeLock(tmp_path)
    assert lock.take()
    lock.announce(Running(pid=os.getpid(), address="http://127.0.0.1:1", token="secret"))
    assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600
    found = find(tmp_path)
    assert found == Running(pid=os.getpid(), address="http://127.0.0.1:1", token="secret")
    assert "secret" not in repr(found)
    lock.release()
    assert find(tmp_path) is None
    assert not (tmp_path / "run.json").exists()


def test_only_the_holder_of_the_lock_says_that_it_runs(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="holds the lock"):
        HomeLock(tmp_path).announce(Running(pid=1))


def test_a_dead_process_is_not_found_and_its_lock_is_free(tmp_path: Path) -> None:
    process = hold(tmp_path, "http://127.0.0.1:9")
    assert held_by_another(tmp_path)
    assert find(tmp_path) == Running(pid=process.pid, address="http://127.0.0.1:9", token="t")
    end(process)
    left = read(tmp_path)
    assert left is not None
    assert left.pid == process.pid
    assert find(tmp_path) is None
    lock = HomeLock(tmp_path)
    assert lock.take()
    lock.release()


def test_waiting_ends_at_once_when_the_holder_has_an_address(tmp_path: Path) -> None:
    process = hold(tmp_path, "http://127.0.0.1:9")
    began = time.monotonic()
    assert not HomeLock(tmp_path).wait(10)
    assert time.monotonic() - began < 2
    end(process)


def test_waiting_for_a_private_process_ends_with_it(tmp_path: Path) -> None:
    process = hold(tmp_path)
    assert not HomeLock(tmp_path).wait(0.2)
    end(process)
    lock = HomeLock(tmp_path)
    assert lock.wait(5)
    lock.release()


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_a_damaged_file_is_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    assert read(tmp_path) is None


def test_a_file_names_what_a_client_needs(tmp_path: Path) -> None:
    with HomeLock(tmp_path) as lock:
        assert lock.take()
        lock.announce(Running(pid=os.getpid(), address="http://[::1]:8321", token="t", version="0.1.0"))
        said = json.loads((tmp_path / "run.json").read_text())
    assert {"pid", "address", "token"} <= set(said)
