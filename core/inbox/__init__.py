"""What arrived, written down before it is acknowledged."""

from core.inbox.service import Inbox
from core.inbox.store import mark_done, set_placeholder

__all__ = ["Inbox", "mark_done", "set_placeholder"]
