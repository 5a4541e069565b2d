"""Texts that people see use plain words; the field's terms stay in the code."""

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT, sources, write

FORBIDDEN = re.compile(
    r"\b(doors?|lanes?|outbox(es)?|ledgers?|journal(s|led|ling)?|breakers?|dead[- ]letters?|tiers?"
    r"|dispatch(es|ed|er|ing)?)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[a-z0-9_.:/#{}*-]*")  # an action, an event, a mark, a CSS class, a path: nobody reads it
_LOG = {"debug", "info", "warning", "error", "exception", "critical", "log"}
_SAID = {"hint", "help", "summary", "title", "description"}


def words_seen(root: Path) -> list[str]:
    """Every forbidden word in a text that a person can meet, with its place."""
    found = []
    for name, tree in sources(root, "gui", "bot"):
        found += _matches(name, _texts(tree))
    for name, tree in sources(root, "core", "integrations"):
        found += _matches(name, [*_action_help(tree), *_errors(tree), *_explanations(tree)])
    for path in sorted((root / "data" / "guide").rglob("*.md")):
        found += _matches(path.relative_to(root).as_posix(), _prose(path.read_text(encoding="utf-8")))
    return found


def _matches(name: str, texts: "list[tuple[int, str]]") -> list[str]:
    return sorted({f"{name}:{line} says {m[0]!r}" for line, text in texts for m in FORBIDDEN.finditer(text)})


def _strings(node: ast.AST) -> Iterator[tuple[int, str]]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.lineno, part.value


def _texts(tree: ast.Module) -> list[tuple[int, str]]:
    """Literals that read as text, and everything given to `ui`; without docstrings and log lines."""
    unseen = {id(part) for node in ast.walk(tree) if _is_unseen(node) for part in ast.walk(node)}
    shown = {id(part) for node in ast.walk(tree) if _is_ui(node) for part in ast.walk(node) if id(part) not in unseen}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in unseen
        and (id(node) in shown or not _NAME.fullmatch(node.value))
    ]


def _is_unseen(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOG


def _is_ui(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "ui"
    )


def _action_help(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The docstrings of actions: the help of a command, a form and a tool."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and any(_is_action(each) for each in node.decorator_list):
            yield node.lineno, ast.get_docstring(node) or ""


def _is_action(decorator: ast.expr) -> bool:
    call = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(call, ast.Name) and call.id == "action"


def _errors(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The words of our own errors, where they are raised and where they make their message."""
    for node in ast.walk(tree):
        raised = node.exc if isinstance(node, ast.Raise) else None
        if isinstance(raised, ast.Call) and not _is_builtin(raised.func):
            yield from (each for each in _strings(raised) if not _NAME.fullmatch(each[1]))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__":
            yield from _strings(node)


def _is_builtin(error: ast.expr) -> bool:
    return isinstance(error, ast.Name) and hasattr(builtins, error.id)


def _explanations(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in _SAID:
            yield from (each for each in _strings(node.value) if not _NAME.fullmatch(each[1]))


def _prose(markdown: str) -> list[tuple[int, str]]:
    """The lines of a page without code, fenced or inline: there the fixed names are right."""
    lines, fenced = [], False
    for number, line in enumerate(markdown.splitlines(), start=1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            lines.append((number, re.sub(r"`[^`]*`", "", line)))
    return lines


def test_texts_on_screen_use_plain_words() -> None:
    assert words_seen(ROOT) == []


def test_words_of_the_code_are_found_in_each_kind_of_text(tmp_path: Path) -> None:
    files = {
        "gui/page.py": '"""The outbox page."""\nTITLE = "The Outbox"\nui.label("ledger")\n',
        "bot/render.py": 'def f(n):\n    """A lane."""\n    return f"{n} dead letters"\n',
        "core/notes/actions.py": '@action("x.y")\nasync def f():\n    """Open the door."""\n',
        "core/errors.py": 'raise Unavailable("The breaker is open.", hint="Try another tier.")\n',
        "core/config.py": 'x = Field(1, description="How long a lane may be.")\n',
        "data/guide/a.md": "Read the journal.\n",
    }
    assert sorted(words_seen(write(tmp_path, files))) == [
        "bot/render.py:3 says 'dead letters'",
        "core/config.py:1 says 'lane'",
        "core/errors.py:1 says 'breaker'",
        "core/errors.py:1 says 'tier'",
        "core/notes/actions.py:2 says 'door'",
        "data/guide/a.md:1 says 'journal'",
        "gui/page.py:2 says 'Outbox'",
        "gui/page.py:3 says 'ledger'",
    ]


def test_names_logs_docstrings_and_code_are_left_alone(tmp_path: Path) -> None:
    files = {
        "gui/page.py": '"""The outbox."""\nlog.info("outbox row %s sent", 1)\nrun("outbox.retry", {"tier": 1})\n',
        "core/a.py": 'raise ValueError("no door")\n',
        "data/guide/a.md": "Write `tier: fast`:\n```yaml\ntier: fast\n```\nIndoors, a frontier.\n",
    }
    assert words_seen(write(tmp_path, files)) == []
