"""`Any` stays where outside data enters: integrations and the bots' translate modules."""

import ast
from fnmatch import fnmatch
from pathlib import Path

from tests.architecture.tree import ROOT, sources, write

ALLOWED = ("bot/*/translate.py",)


def uses_of_any(root: Path) -> list[str]:
    found = []
    for name, tree in sources(root, "core", "bot", "gui", "data"):
        if not any(fnmatch(name, pattern) for pattern in ALLOWED):
            found += [f"{name}:{line}" for line in _lines(tree)]
    return found


def _lines(tree: ast.Module) -> list[int]:
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("typing", "typing_extensions"):
            lines += [node.lineno] * any(alias.name == "Any" for alias in node.names)
        elif isinstance(node, ast.Attribute) and node.attr == "Any" and isinstance(node.value, ast.Name):
            lines.append(node.lineno)
    return sorted(lines)


def test_any_is_used_only_where_outside_data_enters() -> None:
    assert uses_of_any(ROOT) == []


def test_any_is_found_however_it_is_imported(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "core/a.py": "from typing import Any, cast\n",
            "gui/b.py": "import typing\nx: typing.Any = 1\n",
            "bot/slack/translate.py": "from typing import Any\n",
            "bot/slack/render.py": "from typing import Any as A\n",
            "integrations/x/client.py": "from typing import Any\n",
        },
    )
    assert uses_of_any(tmp_path) == ["core/a.py:1", "bot/slack/render.py:1", "gui/b.py:2"]
