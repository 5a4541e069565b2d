"""Libraries of other people are imported in one file of core each; this table says which."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.architecture.tree import PACKAGES, ROOT, imported, sources, write

# Library: the file of core that alone imports it. Add a line with the import, remove it with the import.
ONE_FILE: dict[str, str] = {
    "Stemmer": "core/knowledge/words.py",
    "apscheduler": "core/scheduler/clock.py",
    "argon2": "core/identity/access.py",
    "click": "core/cli/parser.py",
    "cryptography": "core/vault/envelope.py",
    "dotenv": "core/config/settings.py",
    "jwt": "core/identity/jwts.py",
    "limits": "core/identity/limits.py",
    "markdown_it": "core/knowledge/chunking.py",
    "orjson": "core/codec.py",
    "platformdirs": "core/config/home.py",
    "prometheus_client": "core/observability/metrics.py",
    "psutil": "core/observability/machine.py",
    "sqlean": "core/storage/engine.py",
    "sqlite_utils": "core/storage/migrations/__init__.py",
    "sqlite_vec": "core/storage/engine.py",
    "uuid_utils": "core/values.py",
}
# What borders are written in: limits of a value's type, and arrays of vectors. Any file may import these.
EVERYWHERE = frozenset({"pydantic", "numpy"})


def imports_of(root: Path) -> dict[str, set[str]]:
    """Library: the files of core that import it, without the standard library and Signalbox itself."""
    own = sys.stdlib_module_names | set(PACKAGES) | EVERYWHERE
    found: dict[str, set[str]] = {}
    for name, tree in sources(root, "core"):
        for library in {module.partition(".")[0] for module in imported(tree)} - own:
            found.setdefault(library, set()).add(name)
    return found


def differences(root: Path, table: dict[str, str]) -> list[str]:
    """What the code imports and the table does not say, and the other way round."""
    found = imports_of(root)
    said = {(library, name) for library, name in table.items()}
    done = {(library, name) for library, names in found.items() for name in names}
    return [f"{name} imports {library}: not in the table" for library, name in sorted(done - said)] + [
        f"{name} does not import {library}: remove it from the table" for library, name in sorted(said - done)
    ]


def undeclared(root: Path, declared: set[str]) -> list[str]:
    """The imports of the program, optional ones too, that pyproject.toml does not bring."""
    own = sys.stdlib_module_names | set(PACKAGES)
    known = packages_distributions()
    found = []
    for name, tree in sources(root):
        for library in sorted({module.partition(".")[0] for module in imported(tree)} - own):
            brought_by = {_plain(each) for each in known.get(library, [library])}
            found += [f"{name} imports {library}: pyproject.toml does not name it"] * (not brought_by & declared)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared_in(text: str) -> set[str]:
    """The distributions that the program or an extra of it (without `dev`) asks for."""
    project = tomllib.loads(text)["project"]
    extras = [names for extra, names in project["optional-dependencies"].items() if extra != "dev"]
    names = [*project["dependencies"], *(name for extra in extras for name in extra)]
    return {_plain(re.split(r"[\[<>=!~; ]", name)[0]) for name in names}


def test_everything_imported_is_declared() -> None:
    assert undeclared(ROOT, declared_in((ROOT / "pyproject.toml").read_text(encoding="utf-8"))) == []


def test_a_library_that_is_only_there_by_chance_is_found(tmp_path: Path) -> None:
    write(tmp_path, {"core/a.py": "import dotenv\nimport yarl\n", "data/b.py": "import no_such_library\n"})
    assert undeclared(tmp_path, {"python-dotenv"}) == [
        "core/a.py imports yarl: pyproject.toml does not name it",
        "data/b.py imports no_such_library: pyproject.toml does not name it",
    ]


def test_each_library_is_imported_in_the_one_file_the_table_names() -> None:
    assert differences(ROOT, ONE_FILE) == []


def test_a_second_file_and_a_stale_line_are_found(tmp_path: Path) -> None:
    files = {"core/clock.py": "import jinja2\nimport os\n", "core/a/b.py": "def f():\n    from jinja2.x import y\n"}
    assert differences(write(tmp_path, files), {"jinja2": "core/clock.py", "click": "core/cli.py"}) == [
        "core/a/b.py imports jinja2: not in the table",
        "core/cli.py does not import click: remove it from the table",
    ]
