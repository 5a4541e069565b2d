"""What arrived, written down before it is acknowledged."""

from core.inbox.service import Inbox
from core.inbox.store import asked, drop_asked, hide, list_asked, mark_done, set_placeholder, wake

__all__ = ["Inbox", "asked", "drop_asked", "hide", "list_asked", "mark_done", "set_placeholder", "wake"]
