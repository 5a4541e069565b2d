"""What `make run` says before it starts: where the command is, and a `.env` that is not in use."""

import filecmp
import shlex
import shutil
import sys
from pathlib import Path

from core.config import home_folder


def notices(root: Path, home: Path, on_path: "str | None") -> "list[str]":
    """Return the lines to show. `on_path` is the `signalbox` a shell would run now, if any."""
    command = root / ".venv" / "bin" / "signalbox"
    lines = [f"The command: {command}"]
    if on_path is None or Path(on_path).resolve() != command.resolve():
        lines.append(
            f"  To have it everywhere: mkdir -p ~/.local/bin && "
            f"ln -sf {shlex.quote(str(command))} ~/.local/bin/signalbox"
        )
    return lines + _about_dotenv(root / ".env", home)


def _about_dotenv(here: Path, home: Path) -> "list[str]":
    there = home / ".env"
    if not here.exists():
        return []
    if there.exists() and filecmp.cmp(here, there, shallow=False):
        return [f"The .env beside the Makefile is the same as {there}, which is in use."]
    copy = f"install -D -m 600 {shlex.quote(str(here))} {shlex.quote(str(there))}"
    if sys.platform == "darwin":
        copy = f"mkdir -p {shlex.quote(str(home))} && cp {shlex.quote(str(here))} {shlex.quote(str(there))}"
    replaces = " (it replaces the one that is there)" if there.exists() else ""
    return [
        f"The .env beside the Makefile is not read: settings come from {there}.",
        f"  To import it{replaces}: {copy}",
    ]


if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent
    print("\n".join(notices(root, home_folder(), shutil.which("signalbox"))))
