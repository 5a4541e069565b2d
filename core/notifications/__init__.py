"""Where messages go and what became of them: addresses, posts, deliveries, words to the admins."""

from core.notifications.addresses import Addresses
from core.notifications.failures import FailureLog
from core.notifications.service import Notifications

__all__ = ["Addresses", "FailureLog", "Notifications"]
