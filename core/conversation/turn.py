"""One turn: what became of one arrival, and the steps on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from core.actions import Definition
from core.conversation.model import Step
from core.values import NOBODY, Actor, Incoming, Reply, now


@dataclass(slots=True)
class Turn:
    """What is known of one arrival while it is worked on. reply None: nothing is said.

    outcome: answered, refused, asked, failed, stopped, withdrawn, or `ignored: reason`.
    """

    incoming: Incoming
    actor: Actor = NOBODY
    action: str = ""
    reply: Reply | None = None
    outcome: str = "answered"
    late: bool = False
    settled: bool = False
    """It was written down already, together with what it changed."""
    secret: bool = False
    """Something that must not be kept was typed with it."""
    question: str = ""
    """What is written down as asked: the text, or the command alone when a secret was typed with it."""
    steps: list[Step] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.question = self.question or self.incoming.text

    def hide_if_secret(self, definition: Definition) -> None:
        """Keep what was typed with a command that takes a secret out of everything that is written down."""
        if definition.redacted:
            self.secret, self.question = True, f"{definition.spoken} •••"

    def step(self, label: str) -> None:
        """Note that a step was reached now."""
        before = max(0.0, (now() - self.incoming.received_at).total_seconds()) if not self.steps else 0.0
        base = self.steps[0].at_ms if self.steps else round(before * 1000)
        self.steps.append(Step(label=label, at_ms=base + round((time.perf_counter() - self.started) * 1000)))

    def ignore(self, reason: str) -> Turn:
        """Say nothing, for a reason that is written down."""
        self.reply, self.outcome = None, f"ignored: {reason}"
        return self
