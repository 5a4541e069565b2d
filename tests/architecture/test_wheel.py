"""The wheel holds everything and runs where there is no checkout."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from core import __version__
from tests.architecture.tree import PACKAGES, ROOT, tracked

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """What the command wrote. Its whole output is in the failure when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of what git knows, so that nothing else can slip in or help."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in tracked(ROOT):
        copy = folder / "source" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, folder / "source", cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with the wheel and this environment's libraries."""
    folder = tmp_path_factory.mktemp("installed") / "env"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    # A path in a .pth file is searched last, and .pth files there are not read: no editable install shows.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = ("-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--ignore-installed")
    run(sys.executable, *pip, wheel, cwd=folder)
    return folder / "bin"


def test_the_wheel_holds_every_file_of_the_five_packages(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    ours = {path.relative_to(ROOT).as_posix() for path in tracked(ROOT)}
    assert {name for name in ours if name.partition("/")[0] in PACKAGES} - held == set()
    assert {name.partition("/")[0] for name in held} == {*PACKAGES, f"signalbox-{__version__}.dist-info"}


def test_the_packages_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = (
        "import core, bot, gui, integrations, data; print(*(m.__file__ for m in (core, bot, gui, integrations, data)))"
    )
    files = run(installed / "python", "-c", code, *PACKAGES, cwd=tmp_path).split()
    assert [str(installed.parent) in file for file in files] == [True] * 5


def test_the_command_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    if not (ROOT / "core" / "__main__.py").exists():
        pytest.skip("core/__main__.py is not there yet")
    assert __version__ in run(installed / "signalbox", "--version", cwd=tmp_path)
