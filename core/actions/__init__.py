"""The one door: actions, the chain every call passes, and the unit of work it commits."""

from core.actions.answers import Answers
from core.actions.definition import Definition
from core.actions.door import Door
from core.actions.model import (
    Confirmation,
    Context,
    Job,
    Redacted,
    Result,
    SecretText,
    Simulation,
    action,
)
from core.actions.store import forget_done
from core.actions.unit import Unit

__all__ = [
    "Answers",
    "Confirmation",
    "Context",
    "Definition",
    "Door",
    "Job",
    "Redacted",
    "Result",
    "SecretText",
    "Simulation",
    "Unit",
    "action",
    "forget_done",
]
