"""What leaves is a row first."""

from core.outbox.model import Delivery
from core.outbox.service import Outbox
from core.outbox.store import insert, replace

__all__ = ["Delivery", "Outbox", "insert", "replace"]
