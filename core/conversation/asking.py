"""Answering a question from what the team knows, with sources, for exactly those who will read it."""

from __future__ import annotations

import time
from dataclasses import replace

from core.actions import Context
from core.identity import Identity
from core.knowledge import Knowledge, Quotes
from core.values import Button, ProducedBy, Reply

NO_MODEL = "quotes only, no model"
NOTHING = (
    "I found nothing that answers this. The question is on the list of unanswered ones; "
    "`notes add` or `knowledge index` teaches me."
)


class Asking:
    """Makes the answer to a question."""

    def __init__(self, knowledge: Knowledge, identity: Identity) -> None:
        self._knowledge, self._identity = knowledge, identity

    async def answer(self, ctx: Context, question: str) -> Reply:
        """The sentences that answer, in context, with their sources; or the honest word that there are none.

        In a channel only what all its readers may see is quoted. What the asker alone may see comes
        privately, with a button to share it.
        """
        started = time.perf_counter()
        found = await self._knowledge.quote(question, audience=ctx.audience)
        reply = self._reply(ctx, found, started)
        if found.found or ctx.place is None or ctx.place.kind == "direct" or not ctx.actor.person_id:
            return reply
        own = await self._identity.audience(ctx.actor, None)
        hidden = await self._knowledge.quote(question, audience=own)
        if not hidden.found:
            return reply
        private = self._reply(ctx, hidden, started)
        note = f"\n\n*Only you see this: not everyone in {ctx.place.name or 'this channel'} may read its sources.*"
        share = Button(label="Share here", value=f"share:{private.answer_id}")
        return replace(private, text=private.text + note, private=True, buttons=(share,))

    def _reply(self, ctx: Context, found: Quotes, started: float) -> Reply:
        duration_ms = round((time.perf_counter() - started) * 1000)
        label = ProducedBy(
            label=NO_MODEL, duration_ms=duration_ms, detail=f"{len(found.sources)} of {found.searched} passages"
        )
        answer_id = ctx.incoming.id if ctx.incoming else ctx.id
        if not found.found:
            return Reply(text=NOTHING, produced_by=label, found=False, answer_id=answer_id)
        return Reply(text=found.text, sources=found.sources, produced_by=label, answer_id=answer_id)
