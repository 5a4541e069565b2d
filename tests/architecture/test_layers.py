"""The contracts of pyproject.toml hold, and each of them finds what it is there to find."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT, write

# A file that breaks each contract, and the words with which that is said.
OFFENCES = {
    "rows": ("core/vault/service.py", "import core.app\n", "core.vault is not allowed to import core.app"),
    "a neighbour": (
        "core/llm/service.py",
        "import core.sandbox\n",
        "core.llm is not allowed to import core.sandbox",
    ),
    "type checking": (
        "core/bus.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import core.actions\n",
        "core.bus is not allowed to import core.actions",
    ),
    "exhaustive": ("core/gadgets.py", "", "core.gadgets"),
    "apart": ("gui/page.py", "import bot.slack\n", "gui is not allowed to import bot"),
    "inward": ("core/cli/run.py", "import bot.slack\n", "core is not allowed to import bot"),
    "shipped": ("data/load.py", "import core.values\n", "data is not allowed to import core"),
    "api": ("gui/api/app.py", "import nicegui\n", "gui.api is not allowed to import nicegui"),
    "sqlite": ("core/knowledge/store.py", "import sqlite3\n", "core is not allowed to import sqlite3"),
}


def lint(root: Path) -> tuple[int, str]:
    """The exit code and what import-linter says, its line breaks undone."""
    code = "import sys; from importlinter.cli import lint_imports_command as run; sys.path.insert(0, '.'); run()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--config", "pyproject.toml", "--no-cache"],
        cwd=root,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def offending(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    root = tmp_path_factory.mktemp("offending")
    files = {f"{package}/__init__.py": "" for package in (*PACKAGES, "gui/api", "bot/slack")}
    for module in ("values", "actions", "app", "bus"):
        files[f"core/{module}.py"] = ""
    for area in ("vault", "llm", "sandbox", "knowledge", "cli"):
        files[f"core/{area}/__init__.py"] = ""
    files |= {name: text for name, text, _ in OFFENCES.values()}
    files["core/__main__.py"] = "import bot.slack\nimport gui.page\n"  # the one place that may
    files["pyproject.toml"] = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return lint(write(root, files))


def test_all_contracts_are_kept() -> None:
    status, said = lint(ROOT)
    assert status == 0, said
    assert re.search(r"Contracts: \d+ kept, 0 broken", said)


@pytest.mark.parametrize("name", OFFENCES)
def test_a_contract_that_is_broken_is_named(offending: tuple[int, str], name: str) -> None:
    status, said = offending
    assert status == 1, said
    assert OFFENCES[name][2] in said


def test_only_the_entry_point_may_put_everything_together(offending: tuple[int, str]) -> None:
    assert "core.__main__ ->" not in offending[1]
