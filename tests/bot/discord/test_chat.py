"""The port as the process gets it."""

from __future__ import annotations

from pathlib import Path

from bot.discord import chat
from core.config.settings import Settings
from core.ports import Chat
from tests.bot.discord.world import MemoryInbox, Token


async def test_the_factory_makes_a_chat_that_is_off_until_it_runs(tmp_path: Path) -> None:
    inbox = MemoryInbox()
    made: Chat = chat(Token(None), Settings(home=tmp_path), inbox.newest, known=inbox.known)
    assert (made.network, made.health().state, made.rate.burst) == ("discord", "off", 5)
