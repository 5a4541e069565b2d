"""People, what they may, how they are known on each network, and what they sign in with."""

from core.storage.engine import Connection


def up(db: Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


_TABLES = (
    """CREATE TABLE person (
        id         TEXT PRIMARY KEY,
        name       TEXT NOT NULL,
        email      TEXT UNIQUE,               -- lower case
        timezone   TEXT NOT NULL DEFAULT 'UTC',
        password   TEXT NOT NULL DEFAULT '',  -- argon2id; empty: none set
        created_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE role_grant (
        person_id TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE,
        role      TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'operator', 'member', 'guest')),
        PRIMARY KEY (person_id, role)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE link (
        network     TEXT NOT NULL,
        external_id TEXT NOT NULL,
        person_id   TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE,
        name        TEXT NOT NULL DEFAULT '',
        at          TEXT NOT NULL,
        PRIMARY KEY (network, external_id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX link_by_person ON link (person_id)",
    """CREATE TABLE api_token (
        id           TEXT PRIMARY KEY,
        person_id    TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE,
        name         TEXT NOT NULL,
        hash         TEXT NOT NULL UNIQUE,  -- SHA-256 of the token
        created_at   TEXT NOT NULL,
        expires_at   TEXT,
        last_used_at TEXT
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX api_token_by_person ON api_token (person_id)",
    """CREATE TABLE session (
        id           TEXT PRIMARY KEY,
        person_id    TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE,
        hash         TEXT NOT NULL UNIQUE,  -- SHA-256 of what the browser holds
        created_at   TEXT NOT NULL,
        last_seen_at TEXT NOT NULL,
        expires_at   TEXT NOT NULL,
        address      TEXT NOT NULL DEFAULT '',
        agent        TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX session_by_person ON session (person_id)",
    """CREATE TABLE one_time_link (
        hash       TEXT PRIMARY KEY,  -- SHA-256 of the link's token
        person_id  TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE,
        expires_at TEXT NOT NULL,
        used_at    TEXT
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE link_code (
        hash        TEXT PRIMARY KEY,  -- SHA-256 of the code
        network     TEXT NOT NULL,
        external_id TEXT NOT NULL,
        name        TEXT NOT NULL DEFAULT '',
        made_at     TEXT NOT NULL,
        expires_at  TEXT NOT NULL,
        state       TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'used', 'refused')),
        answered_by TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX link_code_by_sender ON link_code (network, external_id, made_at)",
    """CREATE TABLE argument_rule (
        id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: the record names it
        effect       TEXT NOT NULL CHECK (effect IN ('allow', 'deny')),
        subject_kind TEXT NOT NULL CHECK (subject_kind IN ('person', 'role')),
        subject      TEXT NOT NULL,
        action       TEXT NOT NULL,             -- area.verb, area.* or *
        place        TEXT NOT NULL DEFAULT '',  -- network:workspace/channel; empty: anywhere
        arguments    TEXT NOT NULL DEFAULT '{}',
        author       TEXT NOT NULL,
        at           TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE admission (
        network TEXT PRIMARY KEY,
        way     TEXT NOT NULL CHECK (way IN ('code', 'members', 'email')),
        roles   TEXT NOT NULL DEFAULT '[]'  -- ids of roles whose holders get in
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE place_member (
        person_id TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE,
        place     TEXT NOT NULL,
        PRIMARY KEY (person_id, place)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX place_member_by_place ON place_member (place)",
)
