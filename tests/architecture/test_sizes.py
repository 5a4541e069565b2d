"""No module over 400 lines, no function over 60, none with more than 10 ways through it."""

import ast
from pathlib import Path

from tests.architecture.tree import PACKAGES, ROOT, sources, write

MODULE_LINES, FUNCTION_LINES, WAYS = 400, 60, 10
_BRANCHES = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.match_case,
    ast.comprehension,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
)


def ways(function: ast.AST) -> int:
    """McCabe's number: one way, and one more for each branch, also in functions inside this one."""
    return sum(isinstance(node, _BRANCHES) for node in ast.walk(function))


def too_large(root: Path, *folders: str) -> list[str]:
    found = []
    for name, tree in sources(root, *folders):
        lines = len((root / name).read_text(encoding="utf-8").splitlines())
        if lines > MODULE_LINES:
            found.append(f"{name}: {lines} lines, at most {MODULE_LINES}")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found += _function(f"{name}:{node.lineno} {node.name}", node)
    return found


def _function(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    found = []
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if lines > FUNCTION_LINES:
        found.append(f"{name}: {lines} lines, at most {FUNCTION_LINES}")
    if ways(node) > WAYS:
        found.append(f"{name}: {ways(node)} ways through it, at most {WAYS}")
    return found


def test_modules_and_functions_stay_small() -> None:
    assert too_large(ROOT, *PACKAGES, "tools") == []


def test_a_large_module_and_a_large_function_are_found(tmp_path: Path) -> None:
    long = "def long() -> None:\n" + "    print()\n" * 60
    branchy = "def branchy(n: int) -> None:\n" + "    if n:\n        n += 1\n" * 10
    write(tmp_path, {"core/a.py": "x = 1\n" * 401, "gui/b.py": long, "bot/c.py": branchy})
    assert too_large(tmp_path) == [
        "core/a.py: 401 lines, at most 400",
        "bot/c.py:1 branchy: 11 ways through it, at most 10",
        "gui/b.py:1 long: 61 lines, at most 60",
    ]


def test_what_just_fits_is_left_alone(tmp_path: Path) -> None:
    long = "def long() -> None:\n" + "    print()\n" * 59
    branchy = "def branchy(n: int) -> None:\n" + "    if n:\n        n += 1\n" * 9
    write(tmp_path, {"core/a.py": "x = 1\n" * 400, "gui/b.py": long, "bot/c.py": branchy})
    assert too_large(tmp_path) == []
