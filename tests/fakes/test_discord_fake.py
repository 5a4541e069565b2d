"""The fake Discord, proved by the real discord.py client, of which nothing is changed but its two addresses."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import discord
import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
import yarl
from discord import app_commands

from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_world import MESSAGE_CONTENT

CONTRACT = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "discord.json"


class Bot(discord.Client):
    """Echoes mentions and direct messages; one command with completion, a button and a form."""

    def __init__(self, intents: discord.Intents, heartbeat_timeout: float = 60.0) -> None:
        super().__init__(intents=intents, guild_ready_timeout=0.05, heartbeat_timeout=heartbeat_timeout)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[str] = []
        self.events: list[str] = []
        self.failed: list[BaseException] = []
        self.logged_in = asyncio.Event()

    async def setup_hook(self) -> None:
        @self.tree.command(name="signalbox", description="Ask the team's bot")
        @app_commands.autocomplete(command=self.complete)
        async def run(interaction: discord.Interaction[Bot], command: str) -> None:
            await self.run_command(interaction, command)

        await self.tree.sync()
        self.logged_in.set()

    async def complete(
        self, interaction: discord.Interaction[Bot], typed: str
    ) -> list[app_commands.Choice[str]]:
        known = ["notes add", "notes list", "help"]
        return [app_commands.Choice(name=name, value=name) for name in known if name.startswith(typed)]

    async def run_command(self, interaction: discord.Interaction[Bot], command: str) -> None:
        if command == "quick":
            await interaction.response.send_message("only you see this", ephemeral=True)
        elif command == "button":
            await interaction.response.send_message("choose", view=Buttons())
        else:
            await interaction.response.defer(ephemeral=command == "secret")
            await interaction.edit_original_response(content=f"ran {command}")
            await interaction.followup.send("and more")

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message.content)
        if message.author.bot or not (self.user in message.mentions or message.guild is None):
            return
        try:
            sent = await message.reply("thinking")
            await sent.edit(content=f"echo {message.content}")
        except (discord.HTTPException, aiohttp.ClientError) as error:
            self.failed.append(error)

    async def on_resumed(self) -> None:
        self.events.append("resumed")

    async def on_message_edit(self, before: discord.Message, after: discord.Message) -> None:
        self.events.append(f"edited {after.content}")

    async def on_raw_message_delete(self, gone: discord.RawMessageDeleteEvent) -> None:
        self.events.append(f"deleted {gone.message_id}")


class Form(discord.ui.Modal, title="Note"):
    text: discord.ui.TextInput[Form] = discord.ui.TextInput(label="Text", custom_id="text")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"kept {self.text.value}")


class Buttons(discord.ui.View):
    @discord.ui.button(label="Yes", custom_id="yes")
    async def yes(self, interaction: discord.Interaction, button: discord.ui.Button[Buttons]) -> None:
        await interaction.response.edit_message(content="chosen", view=None)

    @discord.ui.button(label="Form", custom_id="form")
    async def form(self, interaction: discord.Interaction, button: discord.ui.Button[Buttons]) -> None:
        await interaction.response.send_modal(Form())


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    yield
    discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@asynccontextmanager
async def running(
    fake: FakeDiscord, *, content: bool = False, heartbeat_timeout: float = 60.0
) -> AsyncIterator[Bot]:
    """A real client, connected and ready."""
    discord.http.Route.BASE = fake.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(fake.gateway_url)
    intents = discord.Intents.default()
    intents.message_content = content
    bot = Bot(intents, heartbeat_timeout)
    task = asyncio.create_task(bot.start(fake.token))
    ready = asyncio.create_task(_ready(bot))
    try:
        await asyncio.wait({task, ready}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield bot
    finally:
        ready.cancel()
        await bot.close()
        await asyncio.gather(task, ready, return_exceptions=True)


async def _ready(bot: Bot) -> None:
    await bot.logged_in.wait()
    await bot.wait_until_ready()


def answer(fake: FakeDiscord, text: str) -> bool:
    return any(item.content == text for item in fake.world.messages.values())


async def test_a_mention_is_answered_and_the_answer_edited() -> None:
    async with FakeDiscord() as fake, running(fake):
        question = await fake.say(fake.alice, fake.general, f"{fake.mention} hello")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} hello"))
        [reply] = fake.replies_to(question)
        assert reply.revisions == ["thinking", f"echo {fake.mention} hello"]
        assert fake.identifies == 1
        assert [call.status for call in fake.calls_to("POST /channels/{id}/messages")] == [200]


async def test_content_is_withheld_without_the_intent_but_not_in_direct_messages_or_mentions() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        await fake.say(fake.alice, fake.general, "between us")
        await fake.direct(fake.alice, "hi there")
        await fake.wait_for(lambda: answer(fake, "echo hi there"))
        assert bot.heard[:2] == ["", "hi there"]
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        assert [message.content async for message in channel.history()] == [""]


async def test_the_granted_content_intent_brings_every_text() -> None:
    async with FakeDiscord(privileged=MESSAGE_CONTENT) as fake, running(fake, content=True) as bot:
        await fake.say(fake.alice, fake.general, "between us")
        await fake.say(fake.alice, fake.general, f"{fake.mention} x")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} x"))
        assert bot.heard[0] == "between us"


async def test_an_intent_that_was_not_granted_stops_the_client() -> None:
    async with FakeDiscord() as fake:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(fake, content=True):
                pytest.fail("the client became ready")
        assert fake.gateway.close_codes == [4014]


async def test_events_of_a_cut_are_replayed_on_resume() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        fake.refuse_connections(1)
        await fake.cut()
        await fake.say(fake.alice, fake.general, f"{fake.mention} missed")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} missed"), 10)
        await fake.wait_for(lambda: "resumed" in bot.events)
        assert (fake.identifies, fake.resumes) == (1, 1)


async def test_op_7_resumes_at_once() -> None:
    async with FakeDiscord() as fake, running(fake):
        fake.ask_reconnect()
        await fake.wait_for(lambda: fake.resumes == 1)
        await fake.say(fake.alice, fake.general, f"{fake.mention} again")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} again"))
        assert fake.identifies == 1


async def test_a_forgotten_session_identifies_anew_and_history_keeps_what_was_missed() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        fake.forget_sessions()
        await fake.cut()
        await fake.say(fake.alice, fake.general, f"{fake.mention} lost")
        await fake.wait_for(lambda: fake.identifies == 2, 15)
        channel = await bot.fetch_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        assert [message.content async for message in channel.history(limit=1)] == [f"{fake.mention} lost"]
        assert bot.heard == []


async def test_a_half_open_socket_is_noticed_by_the_heartbeat() -> None:
    async with FakeDiscord(heartbeat_s=0.1) as fake, running(fake, heartbeat_timeout=0.4):
        fake.freeze(answers_close=True)
        await fake.say(fake.alice, fake.general, f"{fake.mention} anyone")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} anyone"), 10)
        assert fake.resumes == 1


async def test_slash_command_completes_defers_and_follows_up() -> None:
    async with FakeDiscord() as fake, running(fake):
        assert [command["name"] for command in fake.commands] == ["signalbox"]
        choices = await fake.autocomplete(fake.alice, fake.general, {"command": "notes"}, focused="command")
        assert [choice["value"] for choice in choices] == ["notes add", "notes list"]
        ran = await fake.slash(fake.alice, fake.general, {"command": "x"})
        await fake.wait_for(lambda: ran.followups)
        assert (ran.text, ran.followups[0].content) == ("ran x", "and more")


async def test_ephemeral_answers_are_seen_by_their_person_only() -> None:
    async with FakeDiscord() as fake, running(fake):
        for command, text in (("quick", "only you see this"), ("secret", "ran secret")):
            ran = await fake.answered(await fake.slash(fake.alice, fake.general, {"command": command}))
            assert ran.text == text
        assert [item.content for item in fake.ephemerals(fake.alice)][:2] == [
            "only you see this",
            "ran secret",
        ]
        assert not any("see this" in item.content for item in fake.messages(fake.general))


async def test_button_changes_its_message_and_form_is_submitted() -> None:
    async with FakeDiscord() as fake, running(fake):
        shown = (
            await fake.answered(await fake.slash(fake.alice, fake.general, {"command": "button"}))
        ).original
        assert shown
        opened = await fake.answered(await fake.press(fake.alice, shown, "form"))
        sent = await fake.answered(await fake.submit(opened, {"text": "milk"}))
        assert sent.text == "kept milk"
        await fake.answered(await fake.press(fake.alice, shown, "yes"))
        assert (shown.content, shown.components) == ("chosen", [])
        with pytest.raises(LookupError, match="has no component 'yes'"):
            await fake.press(fake.alice, shown, "yes")


async def test_edits_deletions_threads_files_and_reactions_arrive() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        asked = await fake.say(fake.alice, fake.general, f"{fake.mention} one")
        await fake.wait_for(lambda: fake.replies_to(asked))
        await fake.edit(asked, f"{fake.mention} two")
        await fake.delete(asked)
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        sent = await channel.send(
            "file", file=discord.File(io.BytesIO(b"body"), "a.txt"), embed=discord.Embed(title="t")
        )
        assert await sent.attachments[0].read() == b"body"
        await sent.add_reaction("👍")
        thread = await sent.create_thread(name="talk")
        await thread.send("inside")
        await fake.wait_for(lambda: f"deleted {asked.id}" in bot.events)
        assert f"edited {fake.mention} two" in bot.events
        stored = fake.world.messages[sent.id]
        assert stored.reactions == {"👍": [fake.bot_user_id]}
        assert [item.content for item in fake.messages(fake.world.channels[thread.id])] == ["inside"]


async def test_the_same_nonce_makes_one_message() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        first, second = await channel.send("a", nonce="n1"), await channel.send("a", nonce="n1")
        assert first.id == second.id
        assert len(fake.messages(fake.general)) == 1


async def test_faults_strike_as_ordered_and_the_library_rides_them_out() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        fake.fail("POST /channels/{id}/messages", 1, "429", retry_after_s=0.05)
        fake.fail("POST /channels/{id}/messages", 1, "429_global", retry_after_s=0.05)
        fake.fail("POST /channels/{id}/messages", 1, "502")
        await channel.send("at last")
        calls = fake.calls_to("POST /channels/{id}/messages")
        assert [call.status for call in calls] == [429, 429, 502, 200]
        fake.fail("POST /channels/{id}/messages", 1, "drop_before")
        with pytest.raises(aiohttp.ClientError):
            await channel.send("never")
        fake.fail("POST /channels/{id}/messages", 1, "drop_after")
        with pytest.raises(aiohttp.ClientError):
            await channel.send("taken", nonce="n2")
        again = await channel.send("taken", nonce="n2")
        assert [item.content for item in fake.messages(fake.general)] == ["at last", "taken"]
        assert again.id == fake.messages(fake.general)[-1].id


async def test_a_limited_route_tells_its_rate_and_refuses_beyond_it() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        fake.limit("POST /channels/{id}/messages", 2, 0.3)
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        started = time.monotonic()
        await asyncio.gather(*(channel.send(str(number)) for number in range(5)))
        assert time.monotonic() - started >= 0.5
        assert len(fake.messages(fake.general)) == 5


async def test_what_breaks_a_limit_is_refused_with_discords_words() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        with pytest.raises(discord.HTTPException, match="Must be 2000 or fewer in length") as refused:
            await channel.send("x" * 2001)
        assert (refused.value.status, refused.value.code) == (400, 50035)
        embeds = [discord.Embed(description="d" * 3001), discord.Embed(description="d" * 3000)]
        with pytest.raises(discord.HTTPException, match="Embed size exceeds maximum size of 6000"):
            await channel.send(embeds=embeds)
        with pytest.raises(discord.HTTPException, match="Cannot send an empty message"):
            await channel.send(" ")
        fake.add_user("carol").accepts_direct_messages = False
        carol = next(user for user in fake.world.users.values() if user.name == "carol")
        with pytest.raises(discord.Forbidden, match="Cannot send messages to this user"):
            await (await bot.fetch_user(carol.id)).send("hello")


async def test_a_private_channel_is_closed_to_those_without_the_right() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        hidden = fake.add_channel("board", viewers=[fake.alice], bot_sees=False)
        role = fake.add_role("staff")
        shared = fake.add_channel("staff", viewers=[role])
        carol, dave = fake.add_user("carol", roles=[role.id]), fake.add_user("dave")
        await fake.say(carol, shared, "fine")
        with pytest.raises(Exception, match="50013: Missing Permissions"):
            await fake.say(dave, shared, "not fine")
        await fake.say(fake.alice, hidden, f"{fake.mention} psst")
        with pytest.raises(discord.Forbidden, match="Missing Access"):
            await bot.fetch_channel(hidden.id)
        guild = bot.get_guild(fake.guild_id)
        assert guild
        assert (await guild.fetch_member(carol.id)).name == "carol"
        assert f"{fake.mention} psst" not in bot.heard


async def test_history_pages_and_dated_messages() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        old = datetime.now(UTC) - timedelta(hours=2)
        late = await fake.say(fake.alice, fake.general, f"{fake.mention} old", sent_at=old, deliver=False)
        posted = [await fake.say(fake.alice, fake.general, str(number)) for number in range(120)]
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        every = [message async for message in channel.history(limit=None, oldest_first=True)]
        assert [message.id for message in every] == [late.id, *(item.id for item in posted)]
        assert abs((every[0].created_at - old).total_seconds()) < 0.01
        after = [message.id async for message in channel.history(after=discord.Object(posted[116].id))]
        assert after == [item.id for item in posted[117:]]
        around = [item.id async for item in channel.history(around=discord.Object(posted[50].id), limit=3)]
        assert around == [item.id for item in reversed(posted[49:52])]


async def test_a_late_answer_to_an_interaction_is_refused() -> None:
    async with FakeDiscord(answer_deadline_s=0.0) as fake, running(fake):
        ran = await fake.slash(fake.alice, fake.general, {"command": "x"})
        await fake.wait_for(lambda: fake.calls_to("*/callback"))
        assert fake.calls_to("*/callback")[0].status == 404
        assert ran.answered_s is None


async def test_a_wrong_token_is_refused() -> None:
    async with FakeDiscord() as fake:
        discord.http.Route.BASE = fake.api_url
        client = discord.Client(intents=discord.Intents.none())
        with pytest.raises(discord.LoginFailure, match="Improper token"):
            await client.login("wrong")
        await client.close()


async def test_members_are_given_in_chunks_and_by_search() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        carol = fake.add_user("carol")
        guild = bot.get_guild(fake.guild_id)
        assert guild
        assert [member.id for member in await guild.query_members("car")] == [carol.id]
        assert [member.id for member in await guild.query_members(user_ids=[fake.alice.id])] == [
            fake.alice.id
        ]


async def test_the_process_is_steered_over_http_and_serves_the_real_client() -> None:
    command = [sys.executable, "-m", "tests.fakes.discord", "--port", "0"]
    root = Path(__file__).resolve().parents[2]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=root)
    assert process.stdout
    try:
        state = json.loads(await asyncio.wait_for(process.stdout.readline(), 10))
        url = state["api_url"].removesuffix("/api/v10")
        discord.http.Route.BASE = state["api_url"]
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(state["gateway_url"])
        bot = Bot(discord.Intents.default())
        task = asyncio.create_task(bot.start(state["token"]))
        async with aiohttp.ClientSession() as session:
            await asyncio.wait_for(_ready(bot), 5)
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


async def test_two_hundred_mentions_are_answered_at_more_than_fifty_a_second() -> None:
    async with FakeDiscord() as fake, running(fake):
        started = time.monotonic()
        for number in range(200):
            await fake.say(fake.alice, fake.general, f"{fake.mention} {number}")
        wanted = {f"echo {fake.mention} {number}" for number in range(200)}
        await fake.wait_for(lambda: wanted <= {item.content for item in fake.from_bot(fake.general)}, 20)
        assert 200 / (time.monotonic() - started) > 50
        assert all(call.spent_s < 0.1 for call in fake.calls)


# against Discord's own description


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
            ("get", "/guilds/{guild_id}", guild, None), ("get", "/guilds/{guild_id}/channels", f"{guild}/channels", None),
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
