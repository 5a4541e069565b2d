"""Renew both locks with uv: every platform, every hash, no address of any index."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_HEADER = "# Made by `make lock` from pyproject.toml; do not edit.\n"
_COMMON = (
    "uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-header", "--no-annotate", "--quiet",
)  # fmt: skip


def compiled(*extra: str) -> str:
    """Return the lock of the project with these further options of `uv pip compile`."""
    no_address = "--no-emit-index-" + "url"
    done = subprocess.run(
        [*_COMMON, no_address, "--no-emit-find-links", *extra],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"uv could not resolve pyproject.toml:\n{done.stderr}")
    return _HEADER + done.stdout


if __name__ == "__main__":
    runtime = ROOT / "requirements.lock"
    runtime.write_text(compiled("--extra", "editable"), encoding="utf-8")
    dev = compiled("--extra", "editable", "--extra", "dev", "-c", runtime.name)
    (ROOT / "requirements-dev.lock").write_text(dev, encoding="utf-8")
