"""What leaves is a row first."""

from core.outbox.model import Delivery
from core.outbox.service import Outbox
from core.outbox.store import again, answer_of, drop, replace

__all__ = ["Delivery", "Outbox", "again", "answer_of", "drop", "replace"]
