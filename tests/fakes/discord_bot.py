"""A small bot on the real discord.py, for the tests of the fake Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import discord
import yarl
from discord import app_commands

from tests.fakes.discord import FakeDiscord


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

    async def complete(self, interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
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


@contextmanager
def pointed_at(api_url: str, gateway_url: str) -> Iterator[None]:
    """The library's two addresses changed, and put back."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
    try:
        yield
    finally:
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@asynccontextmanager
async def running(fake: FakeDiscord, *, content: bool = False, heartbeat_timeout: float = 60.0) -> AsyncIterator[Bot]:
    """A real client, connected and ready."""
    intents = discord.Intents.default()
    intents.message_content = content
    bot = Bot(intents, heartbeat_timeout)
    with pointed_at(fake.api_url, fake.gateway_url):
        task = asyncio.create_task(bot.start(fake.token))
        ready = asyncio.create_task(became_ready(bot))
        try:
            await asyncio.wait({task, ready}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            yield bot
        finally:
            ready.cancel()
            await bot.close()
            await asyncio.gather(task, ready, return_exceptions=True)


async def became_ready(bot: Bot) -> None:
    await bot.logged_in.wait()
    await bot.wait_until_ready()


def answer(fake: FakeDiscord, text: str) -> bool:
    return any(item.content == text for item in fake.world.messages.values())
