"""What a failed pip run means for a person: which package, and what to do about it."""

import re

_NETWORK = (
    "Failed to establish a new connection",
    "NewConnectionError",
    "Temporary failure in name resolution",
    "Name or service not known",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Read timed out",
    "ProxyError",
    "SSLError",
    "CERTIFICATE_VERIFY_FAILED",
    "Network is unreachable",
    "Connection refused",
)
_PACKAGE = (
    r"No matching distribution found for ([A-Za-z0-9._-]+)",
    r"Could not find a version that satisfies the requirement ([A-Za-z0-9._-]+)",
    r"Failed building (?:wheel|editable) for ([A-Za-z0-9._-]+)",
    r"Failed to build '?([A-Za-z0-9._-]+)",
    r"(?:Building|Getting|Preparing) [^\n]* for ([A-Za-z0-9._-]+) \(pyproject\.toml\) did not run",
    r"Package '([A-Za-z0-9._-]+)' requires a different Python",
    r"DO NOT MATCH THE HASHES[^\n]*\n\s+([A-Za-z0-9._-]+)",
    r"hashes are required[^\n]*(?:\n[^\n]*)?\n\s+([A-Za-z0-9._-]+)==",
)


def explain(output: str, named: str = "") -> "tuple[str, str]":
    """Return what failed and what to do, from everything pip wrote (stdout and stderr together).

    named: the one package that was asked for, when it is known.
    """
    package = named or _package(output)
    what = f"{package} could not be installed" if package else "The packages could not be installed"
    for words, reason, hint in _REASONS:
        if any(word in output for word in words):
            return f"{what}: {reason}.{_cause(output)}", hint
    return f"{what}.{_cause(output)}", "Read the log named below; run the same command again once it is mended."


def _package(output: str) -> str:
    for pattern in _PACKAGE:
        found = re.search(pattern, output)
        if found:
            return found.group(1)
    collecting = re.findall(r"^Collecting ([A-Za-z0-9._-]+)", output, re.MULTILINE)
    return collecting[-1] if collecting else ""


def _cause(output: str) -> str:
    """The line in which a build or pip itself says why, indented under the message; empty if there is none."""
    built = re.findall(r"^ *([^\n]+)\n *\[end of output\]", output, re.MULTILINE)
    errors = [line for line in output.splitlines() if line.startswith("ERROR: ")]
    lines = built[:1] or errors[:1]
    return "".join(f"\n    {line.strip()[:300]}" for line in lines)


_REASONS = (
    (
        ("No space left on device", "Errno 28"),
        "the disk is full",
        "Free about 1 GB, then run the same command again.",
    ),
    (
        ("DO NOT MATCH THE HASHES",),
        "the file that was downloaded is not the one the lock names",
        "Run `.venv/bin/pip cache purge` and try again. If it stays so, do not trust that package index.",
    ),
    (
        _NETWORK,
        "the package index could not be reached",
        "Check the network, the proxy and `pip config list`, then run the same command again.",
    ),
    (
        ("requires a different Python",),
        "it does not work with this version of Python",
        "Use another Python: `make PYTHON=python3.12 …` after `make clean`.",
    ),
    (
        ("Permission denied", "Errno 13"),
        "a file may not be written",
        "Make sure that this folder is yours: `ls -ld . .venv`.",
    ),
    (
        ("error: command", "compiler", "No such file or directory: 'gcc'", "cargo", "Python.h"),
        "it has no ready build for this machine, and there is no compiler that builds it",
        "Install a compiler and try again: `sudo apt install build-essential python3-dev` on Debian and "
        "Ubuntu, `xcode-select --install` on macOS.",
    ),
    (
        ("Failed building", "Failed to build", "did not run successfully"),
        "building it failed",
        "Read the log named below; run the same command again once it is mended.",
    ),
    (
        ("No matching distribution found", "Could not find a version"),
        "the package index does not have it for this Python and machine",
        "Check `pip config list`: the index in use must hold that version. Python 3.11 to 3.13 on Linux "
        "or macOS have ready builds of everything.",
    ),
)
