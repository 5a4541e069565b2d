from pathlib import Path

from tests.architecture.tree import write
from tools.announce import notices


def test_the_command_is_named_with_the_line_that_installs_it(tmp_path: Path) -> None:
    command = tmp_path / ".venv/bin/signalbox"
    assert notices(tmp_path, tmp_path / "home", None) == [
        f"The command: {command}",
        f"  To have it everywhere: mkdir -p ~/.local/bin && ln -sf {command} ~/.local/bin/signalbox",
    ]
    assert notices(tmp_path, tmp_path / "home", str(command)) == [f"The command: {command}"]


def test_a_dotenv_that_is_not_in_use_is_offered(tmp_path: Path) -> None:
    root = write(tmp_path, {".env": "A=1\n"})
    home = tmp_path / "a home"
    said = notices(root, home, None)[2:]
    assert said[0] == f"The .env beside the Makefile is not read: settings come from {home}/.env."
    assert said[1].startswith("  To import it: ")
    assert said[1].endswith(f"{root}/.env '{home}/.env'")


def test_a_dotenv_that_differs_from_the_one_in_use_says_that_it_replaces_it(tmp_path: Path) -> None:
    root = write(tmp_path, {".env": "A=1\n", "home/.env": "A=2\n"})
    assert "(it replaces the one that is there)" in notices(root, root / "home", None)[3]
    write(root, {"home/.env": "A=1\n"})
    assert notices(root, root / "home", None)[2:] == [
        f"The .env beside the Makefile is the same as {root}/home/.env, which is in use."
    ]
