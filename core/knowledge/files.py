"""Finds the files of a folder that hold knowledge, and says of the others why they do not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.codec import digest
from core.errors import InvalidInput
from core.knowledge.chunking import Kind
from core.knowledge.model import Skip

MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd", ".mdx"})
TEXT = frozenset({".txt", ".text", ".rst", ".adoc", ".asciidoc", ".org", ".textile"})
BARE = frozenset({"readme", "changelog", "contributing", "license", "licence", "notice", "authors", "faq", "todo"})
"""Names of files without an ending that are text by custom."""
LEFT_OUT = frozenset({"node_modules", "__pycache__", "venv"})
SIZE_LIMIT_BYTES = 2_000_000
PROBE_BYTES = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file to be read. path: below the root, with `/`."""

    path: str
    file: Path
    mtime_ns: int
    size_bytes: int


@dataclass(slots=True)
class Discovery:
    """What a folder holds; `unread` are paths that could not be looked at, whose documents stay."""

    files: list[Found] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def discover(root: Path, *, outside: tuple[Path, ...] = ()) -> Discovery:
    """The files below a folder, or the one file, sorted by path. Links are followed only inside the root.

    outside: folders that are none of its business (the data folder, other sources).
    """
    found = Discovery()
    if root.is_file():
        _look(found, root.name, root, explicit=True)
        return found
    folders = {path for path in outside if path != root}
    for path, file in _walk(root, found, folders):
        _look(found, path, file, explicit=False)
    return found


def _walk(root: Path, found: Discovery, folders: set[Path]) -> Iterator[tuple[str, Path]]:
    def unreadable(error: OSError) -> None:
        where = Path(str(error.filename)).relative_to(root).as_posix()
        found.unread.append(where)
        found.skipped.append(Skip(path=where, reason=_cause(error)))

    for folder, below, names in os.walk(root, onerror=unreadable):
        here = Path(folder)
        keep = []
        for name in sorted(below):
            reason = _folder_reason(here / name, folders)
            if reason:
                found.skipped.append(Skip(path=(here / name).relative_to(root).as_posix() + "/", reason=reason))
            else:
                keep.append(name)
        below[:] = keep
        for name in sorted(names):
            file = here / name
            path = file.relative_to(root).as_posix()
            if file.is_symlink() and not file.resolve().is_relative_to(root):
                found.skipped.append(Skip(path=path, reason="a link to somewhere else"))
            elif file in folders:
                found.skipped.append(Skip(path=path, reason="a source of its own"))
            else:
                yield path, file


def _folder_reason(folder: Path, folders: set[Path]) -> str:
    if folder.name.startswith("."):
        return "hidden"
    if folder.name in LEFT_OUT:
        return "made by tools"
    if folder.is_symlink():
        return "a link to a folder"
    return "a source of its own, or Signalbox's data folder" if folder in folders else ""


def _look(found: Discovery, path: str, file: Path, *, explicit: bool) -> None:
    try:
        state = file.stat()
    except OSError as error:
        found.skipped.append(Skip(path=path, reason=_cause(error)))
        found.unread.append(path)
        return
    reason = "" if explicit else _name_reason(file)
    if not reason and state.st_size > SIZE_LIMIT_BYTES:
        reason = f"too large: {state.st_size / 1e6:.1f} MB, at most {SIZE_LIMIT_BYTES / 1e6:.0f} MB"
    if reason:
        found.skipped.append(Skip(path=path, reason=reason))
    else:
        found.files.append(Found(path=path, file=file, mtime_ns=state.st_mtime_ns, size_bytes=state.st_size))


def _name_reason(file: Path) -> str:
    ending = file.suffix.lower()
    if file.name.startswith("."):
        return "hidden"
    if ending in MARKDOWN or ending in TEXT or (not ending and file.name.lower() in BARE):
        return ""
    return f"not Markdown or text ({ending or 'no ending'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file says."""

    text: str
    hash: str
    kind: Kind


def read(file: Path) -> Content:
    """A file's text. Raises InvalidInput when it is binary, and OSError when it cannot be read."""
    raw = file.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", "replace")
    elif b"\0" in raw[:PROBE_BYTES]:
        raise InvalidInput("It is binary.", hint="Only Markdown and text are read.")
    else:
        text = _decoded(raw)
    kind: Kind = "markdown" if file.suffix.lower() in MARKDOWN else "text"
    return Content(text=text.replace("\0", "\ufffd"), hash=digest(text), kind=kind)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")  # what Windows editors wrote before UTF-8


def _cause(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"
