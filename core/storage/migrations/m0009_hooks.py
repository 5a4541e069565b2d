"""What webhooks delivered before: a copy of a delivery is told by its signature and by its id."""

from core.storage.engine import Connection


def up(db: Connection) -> None:
    db.execute(
        """CREATE TABLE hook_seen (
            source TEXT NOT NULL,
            mark   TEXT NOT NULL,  -- signature:… or id:…
            at     TEXT NOT NULL,
            PRIMARY KEY (source, mark)
        ) STRICT, WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX hook_seen_by_age ON hook_seen (at)")
