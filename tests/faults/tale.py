"""A command whose answer grows slowly, so that a kill can hit between a placeholder and its answer."""

from __future__ import annotations

import asyncio

from core.actions import Context, action
from core.values import Effect

STEP_S = 0.12
STEPS = 5


@action("tale.tell", permission="conversation.ask", effect=Effect.READ, aliases=("tale",))
async def tell(ctx: Context, word: str) -> str:
    """Tell a tale, bit by bit.

    word: what it is about.
    """
    for step in range(STEPS):
        ctx.sink.text(f"{word} went on, {step}. ")
        await asyncio.sleep(STEP_S)
    return f"The tale of {word} ends."
