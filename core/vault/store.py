"""The vault's SQL: pure functions of a connection."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Conflict, NotFound
from core.storage import Connection, IntegrityError
from core.vault.model import Sealed

ROOT = "root"
NEXT = "next"
_SEALED = "kek_id, key_nonce, wrapped_key, nonce, sealed"

StateRow = tuple[str, int, str, str, str | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One version of a secret, sealed."""

    name: str
    version: int
    record: Sealed


def versions(connection: Connection, name: str) -> tuple[int, int]:
    """(version in use, highest version); (0, 0) for a name without a row."""
    row: tuple[int, int] | None = connection.execute(
        "SELECT version, (SELECT max(version) FROM secret_version WHERE name = secret.name) FROM secret WHERE name = ?",
        (name,),
    ).fetchone()
    return row or (0, 0)


def put(connection: Connection, kept: Kept, author: str, at: str) -> None:
    """Write a new version and use it. Raises Conflict when that version, or the master key, is another by now."""
    root = key(connection, ROOT)
    if root is None or root.kek_id != kept.record.kek_id:  # it would stay behind under a key that goes
        raise Conflict("The master key was changed at the same moment.", hint="Save it again.")
    try:
        connection.execute(
            "INSERT INTO secret (name, version) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET version = excluded.version",
            (kept.name, kept.version),
        )
        connection.execute(
            f"INSERT INTO secret_version (name, version, author, at, {_SEALED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (kept.name, kept.version, author, at, *_columns(kept.record)),
        )
    except IntegrityError as error:
        raise Conflict(f"{kept.name} was saved by somebody else at the same moment.", hint="Save it again.") from error
    connection.execute(  # the one before stays, so that saving can be taken back
        "DELETE FROM secret_version WHERE name = ? AND version < ?", (kept.name, kept.version - 1)
    )


def use_version(connection: Connection, name: str, version: int) -> None:
    """Make an earlier version the one in use; 0: none. Raises NotFound when it is gone."""
    if (
        version
        and not connection.execute(
            "SELECT 1 FROM secret_version WHERE name = ? AND version = ?", (name, version)
        ).fetchone()
    ):
        raise NotFound(f"{name} has no version {version} any more.", hint="Save the secret again.")
    connection.execute("UPDATE secret SET version = ? WHERE name = ?", (version, name))


def delete(connection: Connection, name: str) -> None:
    """Remove a secret and all its versions. Raises NotFound."""
    if connection.execute("DELETE FROM secret WHERE name = ?", (name,)).rowcount == 0:
        raise NotFound(f"The vault holds no {name}.", hint="`vault list` shows what it holds.")


def current(connection: Connection, name: str) -> Kept | None:
    """The version in use."""
    row = connection.execute(
        f"SELECT version, {_SEALED} FROM secret JOIN secret_version USING (name, version) WHERE name = ?",
        (name,),
    ).fetchone()
    return Kept(name=name, version=row[0], record=_sealed(row[1:])) if row else None


def everything(connection: Connection) -> list[Kept]:
    """Every version of every secret."""
    rows = connection.execute(f"SELECT name, version, {_SEALED} FROM secret_version").fetchall()
    return [Kept(name=row[0], version=row[1], record=_sealed(row[2:])) for row in rows]


def states(connection: Connection) -> list[StateRow]:
    """(name, version, at, author, last used, last use) of what is in use, by name."""
    return connection.execute(
        "SELECT name, version, at, author, last_used_at, last_use FROM secret "
        "JOIN secret_version USING (name, version) ORDER BY name"
    ).fetchall()


def used(connection: Connection, name: str, at: str, purpose: str) -> None:
    """Remember the last use."""
    connection.execute("UPDATE secret SET last_used_at = ?, last_use = ? WHERE name = ?", (at, purpose, name))


def key(connection: Connection, name: str) -> Sealed | None:
    """The root, or during a change of the master key the next one."""
    row = connection.execute(f"SELECT {_SEALED} FROM vault_key WHERE name = ?", (name,)).fetchone()
    return _sealed(row) if row else None


def put_key(connection: Connection, name: str, record: Sealed) -> None:
    """Write a key's record over the one before."""
    connection.execute(
        f"INSERT OR REPLACE INTO vault_key (name, {_SEALED}) VALUES (?, ?, ?, ?, ?, ?)", (name, *_columns(record))
    )


def forget_key(connection: Connection, name: str) -> None:
    """Remove a key's record."""
    connection.execute("DELETE FROM vault_key WHERE name = ?", (name,))


def rewrap(connection: Connection, kept: Kept) -> None:
    """Write a version's new wrapping."""
    connection.execute(
        "UPDATE secret_version SET kek_id = ?, key_nonce = ?, wrapped_key = ? WHERE name = ? AND version = ?",
        (kept.record.kek_id, kept.record.key_nonce, kept.record.wrapped_key, kept.name, kept.version),
    )


def _columns(record: Sealed) -> tuple[str, bytes, bytes, bytes, bytes]:
    return record.kek_id, record.key_nonce, record.wrapped_key, record.nonce, record.sealed


def _sealed(row: tuple[str, bytes, bytes, bytes, bytes]) -> Sealed:
    return Sealed(kek_id=row[0], key_nonce=row[1], wrapped_key=row[2], nonce=row[3], sealed=row[4])
