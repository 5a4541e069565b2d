"""The slash command: what is registered at Discord, and when."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence

from bot.discord.marks import Favourite, Marks
from bot.discord.rest import Rest
from bot.discord.translate import COMMAND, OPTION
from core.codec import canonical
from core.values import Caller, Json

MAX_FAVOURITES = 8
CHOICES, CHOICE_LENGTH = 25, 100
MARK = "discord.commands"

Complete = Callable[[Caller, str], Awaitable[Sequence[str]]]
"""What could follow what was typed so far, for this person; reads only."""


def definitions(favourites: Sequence[Favourite] = ()) -> list[Json]:
    """The commands as Discord is told of them: one with completion, and at most eight favourites."""
    found = [_definition(COMMAND, "Ask the team's bot, or give it a command", completed=True)]
    for one in favourites[:MAX_FAVOURITES]:
        name = one.name.replace(".", "-").replace("_", "-").replace(" ", "-").lower()[:32]
        found.append(_definition(name, one.summary or one.name, completed=False))
    return found


def _definition(name: str, description: str, *, completed: bool) -> Json:
    option: dict[str, Json] = {
        "type": 3, "name": OPTION, "required": False, "max_length": 2_000,
        "description": "A question, or a command such as: notes add" if completed else "What belongs to it",
    }  # fmt: skip
    if completed:
        option["autocomplete"] = True
    return {"type": 1, "name": name, "description": description[:100], "options": [option]}


async def sync(rest: Rest, favourites: Sequence[Favourite], marks: Marks) -> bool:
    """Register the commands when they are not those registered last; True when that was needed."""
    wanted = definitions(favourites)
    digest = hashlib.sha256(canonical([str(rest.application_id), wanted]).encode()).hexdigest()
    if await marks.get(MARK) == digest:
        return False
    await rest.call("PUT", "/applications/{application_id}/commands", wanted, application_id=rest.application_id)
    await marks.set(MARK, digest)
    return True


def choices(offers: Sequence[str]) -> list[Json]:
    """Completions within Discord's limits; what is too long to be sent back whole is not offered."""
    fitting = [offer for offer in dict.fromkeys(offers) if 0 < len(offer) <= CHOICE_LENGTH]
    return [{"name": offer, "value": offer} for offer in fitting[:CHOICES]]
