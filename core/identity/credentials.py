"""The SQL of tokens, sessions, one-time links, link codes and passwords; and how their values are made."""

from __future__ import annotations

import ipaddress
import secrets

from core.errors import Conflict, NotFound, NotSignedIn
from core.storage import Connection

TOKEN_PREFIX = "sbx_"
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ" + "23456789"  # nothing that reads like something else
_PUBLISHED = (
    "changeme",
    "change-me",
    "example",
    "your-",
    "your_",
    "insert-",
    "placeholder",
    "replace-me",
    "0123456789",
)
LEAST_TOKEN = 32


def new_value(prefix: str = "") -> str:
    """256 random bits for a URL, a cookie or a header."""
    return prefix + secrets.token_urlsafe(32)


def new_code() -> str:
    """A code people can read to each other: `K7QM-2XAF`, 39 bits."""
    letters = [secrets.choice(_ALPHABET) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def plain_code(typed: str) -> str:
    """A code as it was made, however it was typed."""
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


def weakness(token: str) -> str:
    """Why a token somebody chose is too weak; empty when it is not."""
    if len(token) < LEAST_TOKEN:
        return f"has {len(token)} characters; it needs {LEAST_TOKEN}"
    if any(word in token.lower() for word in _PUBLISHED) or len(set(token)) < 10:
        return "is a published example or far too regular"
    return ""


def canonical_address(address: str) -> str:
    """One text for one machine: IPv4 in IPv6 is IPv4, an IPv6 network of 64 bits is one."""
    try:
        parsed = ipaddress.ip_address(address.strip().strip("[]").partition("%")[0])
    except ValueError:
        return address.strip().casefold()
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


# ── Tokens ──

TokenRow = tuple[str, str, str, str, str | None, str | None]


def add_token(
    connection: Connection, token_id: str, person_id: str, name: str, token_hash: str, at: str, until: str | None
) -> None:
    """Write a token's hash."""
    connection.execute(
        "INSERT INTO api_token (id, person_id, name, hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (token_id, person_id, name, token_hash, at, until),
    )


def replace_token(connection: Connection, token_id: str, person_id: str, name: str, token_hash: str, at: str) -> None:
    """Write a token's hash in place of the person's others of that name; it does not expire."""
    connection.execute("DELETE FROM api_token WHERE name = ? OR hash = ?", (name, token_hash))
    add_token(connection, token_id, person_id, name, token_hash, at, None)


def tokens(connection: Connection, person_id: str) -> list[TokenRow]:
    """(id, person id, name, created, expires, last used), newest first; person empty: everybody's."""
    return connection.execute(
        "SELECT id, person_id, name, created_at, expires_at, last_used_at FROM api_token "
        "WHERE (? = '' OR person_id = ?) ORDER BY id DESC",
        (person_id, person_id),
    ).fetchall()


def remove_token(connection: Connection, token_id: str) -> None:
    """Remove a token. Raises NotFound."""
    if connection.execute("DELETE FROM api_token WHERE id = ?", (token_id,)).rowcount == 0:
        raise NotFound("That token is gone already.")


def token_used(connection: Connection, token_id: str, at: str) -> None:
    """Remember when a token was last used."""
    connection.execute("UPDATE api_token SET last_used_at = ? WHERE id = ?", (at, token_id))


# ── Sessions ──

SessionRow = tuple[str, str, str, str, str, str, str]


def add_session(connection: Connection, row: SessionRow, session_hash: str) -> None:
    """Write a session: id, person id, created, last seen, expires, address, agent. Old ones of anybody go."""
    connection.execute("DELETE FROM session WHERE expires_at < ?", (row[2],))
    connection.execute(
        "INSERT INTO session (id, person_id, created_at, last_seen_at, expires_at, address, agent, hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, session_hash),
    )


def sessions(connection: Connection, person_id: str, at: str) -> list[SessionRow]:
    """Sessions that hold at that moment, newest first, as `add_session` takes them."""
    return connection.execute(
        "SELECT id, person_id, created_at, last_seen_at, expires_at, address, agent FROM session "
        "WHERE (? = '' OR person_id = ?) AND expires_at > ? ORDER BY id DESC",
        (person_id, person_id, at),
    ).fetchall()


def session_seen(connection: Connection, session_id: str, at: str) -> None:
    """Remember when a session was last used."""
    connection.execute("UPDATE session SET last_seen_at = ? WHERE id = ?", (at, session_id))


def end_session(connection: Connection, session_id: str) -> None:
    """End a session. Raises NotFound."""
    if connection.execute("DELETE FROM session WHERE id = ?", (session_id,)).rowcount == 0:
        raise NotFound("That sign-in has ended already.")


# ── Passwords and one-time links ──


def password(connection: Connection, email: str) -> tuple[str, str] | None:
    """(person id, argon2 hash) of whoever has that e-mail address."""
    row: tuple[str, str] | None = connection.execute(
        "SELECT id, password FROM person WHERE email = ?", (email,)
    ).fetchone()
    return row


def set_password(connection: Connection, person_id: str, password_hash: str) -> None:
    """Write a password's hash and end the person's sessions."""
    connection.execute("UPDATE person SET password = ? WHERE id = ?", (password_hash, person_id))
    connection.execute("DELETE FROM session WHERE person_id = ?", (person_id,))


def add_one_time_link(connection: Connection, link_hash: str, person_id: str, until: str, at: str) -> None:
    """Write a link that signs in once; those that expired go."""
    connection.execute("DELETE FROM one_time_link WHERE expires_at < ?", (at,))
    connection.execute(
        "INSERT INTO one_time_link (hash, person_id, expires_at) VALUES (?, ?, ?)", (link_hash, person_id, until)
    )


def one_time_link(connection: Connection, link_hash: str, at: str) -> str | None:
    """Whom a link that still holds signs in."""
    row = connection.execute(
        "SELECT person_id FROM one_time_link WHERE hash = ? AND used_at IS NULL AND expires_at > ?", (link_hash, at)
    ).fetchone()
    return str(row[0]) if row else None


def use_one_time_link(connection: Connection, link_hash: str, row: SessionRow, session_hash: str) -> None:
    """Use a link up and begin its session, in one. Raises NotSignedIn when somebody was faster."""
    if connection.execute(
        "UPDATE one_time_link SET used_at = ? WHERE hash = ? AND used_at IS NULL AND expires_at > ?",
        (row[2], link_hash, row[2]),
    ).rowcount == 0:  # fmt: skip
        raise NotSignedIn("This sign-in link was used before.", hint="Ask for a fresh one: `signalbox open`.")
    add_session(connection, row, session_hash)


# ── Link codes ──

CodeRow = tuple[str, str, str]


def add_code(
    connection: Connection, code_hash: str, network: str, external_id: str, name: str, at: str, until: str
) -> None:
    """Write a link code's hash; codes of a day ago go."""
    connection.execute("DELETE FROM link_code WHERE expires_at < ?", (at,))
    connection.execute(
        "INSERT INTO link_code (hash, network, external_id, name, made_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (code_hash, network, external_id, name, at, until),
    )


def codes_given(connection: Connection, network: str, external_id: str, at: str) -> tuple[int, int]:
    """(codes of that sender, codes of that network) that have not expired; refused and used ones count."""
    row: tuple[int, int] = connection.execute(
        "SELECT coalesce(sum(external_id = ?), 0), count(*) FROM link_code WHERE network = ? AND expires_at > ?",
        (external_id, network, at),
    ).fetchone()
    return row


def open_code(connection: Connection, code_hash: str, at: str) -> CodeRow | None:
    """(network, external id, name) of whom an open code was given to."""
    row: CodeRow | None = connection.execute(
        "SELECT network, external_id, name FROM link_code WHERE hash = ? AND state = 'open' AND expires_at > ?",
        (code_hash, at),
    ).fetchone()
    return row


def answer_code(connection: Connection, code_hash: str, state: str, by: str) -> None:
    """Use or refuse a code, once. Raises Conflict."""
    if connection.execute(
        "UPDATE link_code SET state = ?, answered_by = ? WHERE hash = ? AND state = 'open'", (state, by, code_hash)
    ).rowcount == 0:  # fmt: skip
        raise Conflict("Somebody answered this code before.")
