"""Every folder of integrations/ has the one shape, read from its syntax: nothing of it is imported."""

import ast
import sys
from pathlib import Path

from tests.architecture.tree import PACKAGES, ROOT, imported, sources, write

MANIFEST = {"NAME", "TITLE", "SETTINGS", "PORTS", "DOCS"}
# Not anybody's service: settings are checked with one, vectors are made of the other.
NOT_AN_SDK = {"pydantic", "numpy"}


def faults(root: Path) -> list[str]:
    """What is wrong with the shape of each `integrations/<name>/`."""
    found = []
    folders = sorted(path.parent for path in (root / "integrations").glob("*/__init__.py"))
    for folder in folders:
        found += [f"integrations/{folder.name}/{fault}" for fault in (*_files(folder), *_sdk(root, folder))]
    return found


def _files(folder: Path) -> list[str]:
    found = []
    for name, needed in (("manifest.py", MANIFEST), ("connect.py", {"connect", "check"})):
        path = folder / name
        if not path.exists():
            found.append(f"{name}: missing")
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [f"{name}: no {each}" for each in sorted(needed - _defined(tree))]
        if name == "manifest.py":
            found += _wrong_name(tree, folder.name)
        else:
            found += _not_a_context_manager(tree)
    return found


def _defined(tree: ast.Module) -> set[str]:
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def _wrong_name(tree: ast.Module, name: str) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAME":
            said = node.value.value if isinstance(node.value, ast.Constant) else None
            return [] if said == name else [f"manifest.py: NAME is {said!r}, the folder is {name!r}"]
    return []


def _not_a_context_manager(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and node.name == "connect":
            marks = {ast.unparse(each).rpartition(".")[2] for each in node.decorator_list}
            if "asynccontextmanager" not in marks:
                return ["connect.py: connect is no async context manager"]
    return []


def _sdk(root: Path, folder: Path) -> list[str]:
    own = sys.stdlib_module_names | set(PACKAGES) | NOT_AN_SDK
    found = []
    for path, tree in sources(root, f"integrations/{folder.name}"):
        name = path.removeprefix(f"integrations/{folder.name}/")
        if name != "client.py":
            libraries = {module.partition(".")[0] for module in imported(tree)} - own
            found += [f"{name}: imports {each}, which only client.py may" for each in sorted(libraries)]
        if name == "manifest.py" and any(module.endswith(".client") for module in imported(tree)):
            found.append("manifest.py: imports client.py and the SDK with it")
    return found


def test_every_integration_has_the_one_shape() -> None:
    assert faults(ROOT) == []


def test_each_fault_of_shape_is_named(tmp_path: Path) -> None:
    manifest = 'NAME = "{}"\nTITLE = "T"\nSETTINGS = object\nPORTS = ()\nDOCS = ""\n'
    connect = "@asynccontextmanager\nasync def connect(settings): ...\nasync def check(settings): ...\n"
    files = {
        "integrations/__init__.py": "",
        "integrations/good/__init__.py": "",
        "integrations/good/manifest.py": manifest.format("good"),
        "integrations/good/connect.py": connect,
        "integrations/good/client.py": "import openai\n",
        "integrations/bad/__init__.py": "",
        "integrations/bad/manifest.py": "from integrations.bad.client import X\nimport openai\n"
        + manifest.format("good").replace("DOCS", "URL"),
        "integrations/bad/connect.py": "async def connect(settings): ...\n",
        "integrations/empty/__init__.py": "",
    }
    assert faults(write(tmp_path, files)) == [
        "integrations/bad/manifest.py: no DOCS",
        "integrations/bad/manifest.py: NAME is 'good', the folder is 'bad'",
        "integrations/bad/connect.py: no check",
        "integrations/bad/connect.py: connect is no async context manager",
        "integrations/bad/manifest.py: imports openai, which only client.py may",
        "integrations/bad/manifest.py: imports client.py and the SDK with it",
        "integrations/empty/manifest.py: missing",
        "integrations/empty/connect.py: missing",
    ]
