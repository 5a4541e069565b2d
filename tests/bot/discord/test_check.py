"""Looking at a token and what it opens."""

from __future__ import annotations

import pytest

from bot.discord.check import check
from core.errors import Unavailable
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_permissions import EVERYBODY, SEND_MESSAGES


async def test_a_good_token_is_named_with_its_servers() -> None:
    async with FakeDiscord() as fake:
        fake.add_channel("board", viewers=[fake.alice], bot_sees=False)
        found = await check(fake.token, fake.api_url)
        assert [(one.state, one.what) for one in found] == [
            ("ok", "The token is that of signalbox."),
            ("ok", "Team: 1 of 2 channels can be read and written."),
        ]


async def test_a_bad_token_is_a_fault_with_its_remedy() -> None:
    async with FakeDiscord() as fake:
        (found,) = await check("wrong", fake.api_url)
        assert (found.state, found.what) == ("fault", "Discord does not accept the token (401).")
        assert "vault save DISCORD_TOKEN" in found.remedy


async def test_missing_rights_and_needless_intents_are_told() -> None:
    async with FakeDiscord(privileged=1 << 15) as fake:
        for role in fake.guild.roles.values():
            role.permissions = EVERYBODY & ~SEND_MESSAGES
        found = {one.state: one for one in await check(fake.token, fake.api_url)}
        assert "privileged intents" in found["warning"].what
        assert found["fault"].what == "Team: the bot cannot read and write in any channel."
        assert "Send Messages" in found["fault"].remedy


async def test_a_bot_without_a_server_is_told_how_to_be_invited() -> None:
    async with FakeDiscord() as fake:
        fake.guild.members.pop(fake.bot_user_id)
        found = await check(fake.token, fake.api_url)
        assert found[-1].what == "The bot is in no server."


async def test_a_discord_out_of_reach_is_said() -> None:
    async with FakeDiscord() as fake:
        url = fake.api_url
    with pytest.raises(Unavailable, match="Discord cannot be reached"):
        await check("x", url)
