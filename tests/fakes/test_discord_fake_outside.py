"""The fake Discord as a process of its own, and its shapes against the published description."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import aiohttp
import discord
import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_bot import Bot, answer, became_ready, pointed_at, running

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT.parent / "shared" / "contracts" / "discord.json"


async def test_the_process_is_steered_over_http_and_serves_the_real_client() -> None:
    command = [sys.executable, "-m", "tests.fakes.discord", "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    try:
        state = json.loads(await asyncio.wait_for(process.stdout.readline(), 10))
        url = state["api_url"].removesuffix("/api/v10")
        with pointed_at(state["api_url"], state["gateway_url"]):
            bot = Bot(discord.Intents.default())
            task = asyncio.create_task(bot.start(state["token"]))
            async with aiohttp.ClientSession() as session:
                await asyncio.wait_for(became_ready(bot), 5)
                asked = {"user": state["users"]["alice"], "text": f"<@{state['bot']}> hello"}
                async with session.post(f"{url}/__say", json=asked) as response:
                    assert response.status == 200
                deadline = time.monotonic() + 5
                texts: list[str] = []
                while f"echo <@{state['bot']}> hello" not in texts and time.monotonic() < deadline:
                    async with session.get(f"{url}/__messages") as response:
                        texts = [item["text"] for item in await response.json()]
                assert texts[1:] == [f"echo <@{state['bot']}> hello"]
                async with session.get(f"{url}/__calls") as response:
                    assert "PATCH" in [call["method"] for call in await response.json()]
                async with session.post(f"{url}/__nonsense", json={}) as response:
                    assert "No order 'nonsense'" in (await response.json())["error"]
            await bot.close()
            await task
    finally:
        process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]  # else its pipe warns when collected


def schema_of(contract: dict[str, object], operation: dict[str, object]) -> object:
    responses = operation["responses"]
    assert isinstance(responses, dict)
    good = next(value for status, value in responses.items() if status.startswith("2") and "content" in value)
    return {"components": contract["components"], **good["content"]["application/json"]["schema"]}


async def test_answers_have_the_shapes_of_the_published_description() -> None:
    if not CONTRACT.exists():
        pytest.skip("the folder of published descriptions is not beside this checkout")
    contract = json.loads(CONTRACT.read_text().replace('"oneOf"', '"anyOf"'))
    async with FakeDiscord() as fake, running(fake), aiohttp.ClientSession() as session:
        asked = await fake.say(fake.alice, fake.general, f"{fake.mention} hello")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} hello"))
        channel, guild = f"/channels/{fake.general.id}", f"/guilds/{fake.guild_id}"
        application = f"/applications/{fake.application_id}/commands"
        wanted: list[tuple[str, str, str, object]] = [
            ("get", "/gateway/bot", "/gateway/bot", None), ("get", "/users/@me", "/users/@me", None),
            ("get", "/oauth2/applications/@me", "/oauth2/applications/@me", None),
            ("get", "/channels/{channel_id}", channel, None),
            ("get", "/channels/{channel_id}/messages", f"{channel}/messages", None),
            ("post", "/channels/{channel_id}/messages", f"{channel}/messages", {"content": "x", "nonce": "n"}),
            ("get", "/channels/{channel_id}/messages/{message_id}", f"{channel}/messages/{asked.id}", None),
            ("post", "/channels/{channel_id}/messages/{message_id}/threads", f"{channel}/messages/{asked.id}/threads",
             {"name": "talk"}),
            ("get", "/guilds/{guild_id}", guild, None),
            ("get", "/guilds/{guild_id}/channels", f"{guild}/channels", None),
            ("get", "/guilds/{guild_id}/members/{user_id}", f"{guild}/members/{fake.alice.id}", None),
            ("post", "/users/@me/channels", "/users/@me/channels", {"recipient_id": str(fake.alice.id)}),
            ("get", "/applications/{application_id}/commands", application, None),
        ]  # fmt: skip
        for method, template, path, body in wanted:
            headers = {"Authorization": f"Bot {fake.token}"}
            async with session.request(method, fake.api_url + path, json=body, headers=headers) as response:
                found = await response.json()
                assert response.status in (200, 201), (path, found)
                assert response.headers["Content-Type"] == "application/json"
            schema = schema_of(contract, contract["paths"][template][method])
            faults = [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(found)]
            assert faults == [], path
