"""What a person sees while an answer is made: typing, then the growing text with a Stop button."""

from __future__ import annotations

from contextlib import suppress

from bot.discord.interaction import answerable
from bot.discord.render import growing
from bot.discord.rest import Refused, Rest
from bot.discord.send import Sender, nonce_of, target_of
from core.errors import AppError
from core.values import Incoming


async def working(rest: Rest, incoming: Incoming) -> None:
    """Show the bot typing, for ten seconds. A command shows that the bot thinks by itself."""
    answer = answerable(incoming.respond_url)
    if answer is None or answer.mode == "pressed":
        channel_id = target_of(incoming.place)
        await rest.call("POST", "/channels/{channel_id}/typing", channel_id=channel_id)


async def open_reply(sender: Sender, incoming: Incoming, text: str) -> str:
    """Post the beginning; its id. When the caller is cancelled under way the final answer still finds it."""
    part = growing(text, incoming.id)
    answer = answerable(incoming.respond_url)
    if answer is not None and answer.mode != "pressed":
        with suppress(Refused):
            return await sender.edit_original(answer, part)
    sender.open_replies.put(incoming.id, "")
    message_id = await sender.post(
        target_of(incoming.place), part, nonce=nonce_of(incoming.id, 0), reference=incoming.message_id
    )
    sender.open_replies.put(incoming.id, message_id)
    return message_id


async def grow_reply(sender: Sender, incoming: Incoming, message_id: str, text: str) -> None:
    """Show the text so far; a glimpse that is lost is not worth an error."""
    with suppress(AppError):
        await sender.edit(target_of(incoming.place), message_id, growing(text, incoming.id), incoming.respond_url)
