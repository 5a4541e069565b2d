"""What people ask for in words: grammar, order, answers, and what becomes of edits, presses and late arrivals."""

from core.conversation.asking import Asking
from core.conversation.doorstep import Doorstep
from core.conversation.log import AnswerLog
from core.conversation.model import Exchange, Figures, Said, Step, Thread, Unanswered
from core.conversation.service import Conversations
from core.conversation.speak import reply_of, reply_to_error

__all__ = [
    "AnswerLog",
    "Asking",
    "Conversations",
    "Doorstep",
    "Exchange",
    "Figures",
    "Said",
    "Step",
    "Thread",
    "Unanswered",
    "reply_of",
    "reply_to_error",
]
