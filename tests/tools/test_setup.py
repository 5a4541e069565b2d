"""Set-up with the real venv and the real pip, offline, on a project that needs nothing else."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, write
from tools.pip_failures import explain
from tools.setup import OLDEST, Setup, SetupFailed, main

HASH = "0" * 64
# A backend of its own: the project installs with nothing but pip.
BACKEND = """
import zipfile

def prepare_metadata_for_build_editable(folder, config_settings=None):
    import pathlib
    info = pathlib.Path(folder, "tiny-1.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
    return info.name

def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{folder}/tiny-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return "tiny-1-py3-none-any.whl"
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_" + "LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    files = {"requirements.lock": "", "requirements-dev.lock": "", "pyproject.toml": PROJECT, "backend.py": BACKEND}
    return write(tmp_path, files)


def needs_nonsense(checkout: Path) -> None:
    (checkout / "requirements.lock").write_text(f"no-such-package==1.0 --hash=sha256:{HASH}\n", encoding="utf-8")


@pytest.mark.slow
def test_set_up_names_its_stages_and_does_nothing_the_second_time(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(checkout)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(" …")[0] for line in said[:3]] == [
        "1/3 Making .venv",
        "2/3 Installing 0 packages",
        "3/3 Installing Signalbox itself",
    ]
    assert all(line.endswith(" s") for line in said[:3])
    assert main(["--root", str(checkout)]) == 0
    assert capsys.readouterr().out == ""
    listed = subprocess.check_output([checkout / ".venv/bin/python", "-m", "pip", "list", "--format=json"])
    assert "tiny" in [each["name"] for each in json.loads(listed)]
    assert Setup(checkout, "dev").run(), "what tests need is more than what running needs"
    assert not Setup(checkout, "run").run(), "what tests need holds what running needs"
    (checkout / "pyproject.toml").write_text(PROJECT + "\n", encoding="utf-8")
    assert Setup(checkout, "run").run()


@pytest.mark.slow
def test_a_package_that_is_not_there_is_named_and_set_up_is_not_done(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_nonsense(checkout)
    assert main(["--root", str(checkout)]) == 1
    captured = capsys.readouterr()
    assert "2/3 Installing 1 packages … failed after" in captured.out
    assert "no-such-package could not be installed: the package index does not have it" in captured.err
    assert f"All that pip wrote: {checkout}/.venv/setup.log" in captured.err
    assert main(["--root", str(checkout)]) == 1, "a failed set-up is not taken for done"


@pytest.mark.slow
def test_an_index_that_cannot_be_reached_is_the_networks_fault(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_nonsense(checkout)
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_" + "URL", "http://127.0.0.1:9/simple")  # the discard port: refused
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(SetupFailed) as caught:
        Setup(checkout, "run").run()
    assert str(caught.value).startswith(
        "no-such-package could not be installed: the package index could not be reached."
    )
    assert caught.value.hint.startswith("Check the network, the proxy")


def test_a_folder_that_is_no_environment_is_left_alone(checkout: Path) -> None:
    write(checkout, {".venv/precious.txt": "keep me"})
    with pytest.raises(SetupFailed, match=r"is there but is no virtual environment"):
        Setup(checkout, "run").run()
    assert (checkout / ".venv/precious.txt").read_text(encoding="utf-8") == "keep me"


def test_a_missing_lock_is_said(checkout: Path) -> None:
    (checkout / "requirements.lock").unlink()
    with pytest.raises(SetupFailed, match=r"requirements\.lock is missing\."):
        Setup(checkout, "run").run()


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert main([]) == 1
    assert f"Signalbox needs Python 3.11 or newer; {sys.executable} is 3.10." in capsys.readouterr().err


def test_the_oldest_python_is_the_one_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={OLDEST[0]}.{OLDEST[1]}"


@pytest.mark.parametrize(
    ("output", "what", "hint"),
    [
        (
            "Building wheel for sqlite-vec (pyproject.toml): finished with status 'error'\n"
            "  error: command 'gcc' failed: No such file or directory\n"
            "  [end of output]\n  ERROR: Failed building wheel for sqlite-vec\n",
            "sqlite-vec could not be installed: it has no ready build for this machine",
            "Install a compiler",
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If …\n"
            "    click==8.5.1 from … (from -r requirements.lock (line 3)):\n",
            "click could not be installed: the file that was downloaded is not the one the lock names",
            "Run `.venv/bin/pip cache purge`",
        ),
        (
            "ERROR: Package 'nicegui' requires a different Python: 4.0.0 not in '>=3.10,<4'\n",
            "nicegui could not be installed: it does not work with this version of Python",
            "Use another Python",
        ),
        (
            "Collecting numpy\n  Downloading numpy\nERROR: Could not install packages due to an OSError: "
            "[Errno 28] No space left on device\n",
            "numpy could not be installed: the disk is full",
            "Free about 1 GB",
        ),
        ("Something new.\n", "The packages could not be installed.", "Read the log"),
    ],
)
def test_each_failure_of_pip_says_what_to_do(output: str, what: str, hint: str) -> None:
    said, advice = explain(output)
    assert (said[: len(what)], advice[: len(hint)]) == (what, hint)
