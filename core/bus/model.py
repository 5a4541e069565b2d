"""What a listener's queue does when it is full."""

from enum import StrEnum


class Policy(StrEnum):
    """How a bounded queue treats one event too many."""

    BLOCK = "block"
    """`publish_wait` waits; plain `publish` lets the queue grow over its bound (critical work is never lost)."""
    DROP_OLDEST = "drop_oldest"
    """The oldest of the least important waiting goes."""
    COALESCE = "coalesce"
    """A waiting event with the same key is replaced; when still full, as DROP_OLDEST."""
