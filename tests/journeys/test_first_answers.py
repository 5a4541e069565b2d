"""A newcomer's way with the real clients of both networks: tokens saved, let in, answered with a source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.__main__ import World
from core.actions import Context
from core.app import App, open_app
from core.cli.terminal import Terminal
from core.config import load_settings
from core.ports import Health
from core.values import Caller, Json
from tests.fakes.discord import FakeDiscord
from tests.fakes.house import until
from tests.fakes.slack import FakeSlack

QUESTION = "How do we rotate the staging certificates?"


@asynccontextmanager
async def signalbox(home: Path, slack: FakeSlack, discord: FakeDiscord) -> AsyncIterator[App]:
    """The App as `signalbox run` builds it, pointed at the fakes."""
    environ = {
        "SIGNALBOX_URL_SLACK": slack.api_url,
        "SIGNALBOX_URL_DISCORD": discord.api_url,
        "SIGNALBOX_URL_DISCORD_GATEWAY": discord.gateway_url,
    }
    settings = load_settings(str(home), environ=environ)
    async with open_app(settings, World(Terminal()).ports(settings, chats=True)) as app:
        app.start()
        app.connect()
        yield app


async def as_owner(app: App, name: str, /, **arguments: Json) -> object:
    owner = await app.identity.ensure_owner()
    ctx = Context(caller=Caller(network="terminal", external_id=owner.id))
    return (await app.door.dispatch(ctx, name, arguments)).value


def handbook(folder: Path) -> str:
    folder.mkdir()
    (folder / "certificates.md").write_text(
        "# Certificates\n\n## Rotate staging\n\nRun `certs rotate staging` from the bastion, then restart the ingress. "
        "The old pair stays valid for one hour.\n"
    )
    return str(folder)


async def state_of(app: App, network: str, state: str) -> Health:
    await until(lambda: app.health()[network].state == state, timeout_s=20, what=f"{network} {state}")
    return app.health()[network]


async def test_a_mention_is_answered_in_slack_and_discord_from_a_fresh_home(tmp_path: Path) -> None:
    async with FakeSlack() as slack, FakeDiscord() as discord, signalbox(tmp_path / "home", slack, discord) as app:
        await as_owner(app, "knowledge.index", path=handbook(tmp_path / "handbook"))
        assert {health.state for health in app.health().values()} <= {"starting", "off"}

        # Tokens saved connect without a restart.
        await as_owner(app, "vault.save", name="SLACK_BOT_TOKEN", value=slack.bot_token)
        await as_owner(app, "vault.save", name="SLACK_APP_TOKEN", value=slack.app_token)
        await as_owner(app, "vault.save", name="DISCORD_TOKEN", value=discord.token)
        assert (await state_of(app, "slack", "ok")).last_received_at is not None
        await state_of(app, "discord", "ok")

        # Ann is nobody yet: a code for her eyes, which the owner approves.
        await slack.say("ann", "general", f"{slack.mention} {QUESTION}")
        await slack.wait_for(lambda: slack.ephemerals("ann"), 20)
        assert "staging" not in slack.ephemerals("ann")[-1].text
        code = await known_code(app)
        await as_owner(app, "people.approve", code=code)

        # The same question again is answered in its thread, with its source.
        asked = await slack.say("ann", "general", f"{slack.mention} {QUESTION}")
        await slack.wait_for(lambda: [one for one in slack.replies(asked) if one.user_id == slack.bot_user_id], 20)
        answer = next(one for one in slack.replies(asked) if one.user_id == slack.bot_user_id)
        assert "certs rotate staging" in repr(answer)
        assert "handbook/certificates.md" in repr(answer)
        assert "quotes only, no model" in repr(answer)

        # Discord: the same person by link, one answer to a mention, one to a slash command.
        ann = await app.identity.person("ann")
        await as_owner(app, "people.link", person=ann.id, network="discord", external_id=str(discord.alice.id))
        question = await discord.say(discord.alice, discord.general, f"{discord.mention} {QUESTION}")
        await discord.wait_for(lambda: discord.replies_to(question), 20)
        (reply,) = discord.replies_to(question)
        assert "certs rotate staging" in reply.content
        assert "handbook/certificates.md" in reply.content
        await discord.slash(discord.alice, discord.general, {"text": "echo over the slash"})
        await discord.wait_for(lambda: "over the slash" in said_in(discord), 20)


def said_in(discord: FakeDiscord) -> str:
    """Everything the bot wrote in the general channel."""
    return "\n".join(one.content for one in discord.from_bot(discord.general))


async def known_code(app: App) -> str:
    """The code an unknown sender was given, as the admins are told it."""
    rows = await app.storage.read(
        lambda connection: connection.execute("SELECT body FROM event_log WHERE name = 'somebody.unknown'").fetchall()
    )
    from core.codec import decode

    return str(decode(dict[str, object], rows[-1][0])["code"])


async def test_messages_written_while_it_was_down_are_answered_after_the_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with FakeSlack() as slack, FakeDiscord() as discord:
        async with signalbox(home, slack, discord) as app:
            await as_owner(app, "vault.save", name="SLACK_BOT_TOKEN", value=slack.bot_token)
            await as_owner(app, "vault.save", name="SLACK_APP_TOKEN", value=slack.app_token)
            await as_owner(app, "people.add", name="Ann", role="member")
            team = f"{slack.team_id}/{slack.user('ann').id}"
            await as_owner(app, "people.link", person="Ann", network="slack", external_id=team)
            await state_of(app, "slack", "ok")
            first = await slack.say("ann", "general", f"{slack.mention} echo before")
            await slack.wait_for(lambda: slack.replies(first), 20)
        missed = await slack.say("ann", "general", f"{slack.mention} echo while you were away")
        async with signalbox(home, slack, discord) as app:
            await state_of(app, "slack", "ok")
            await slack.wait_for(lambda: slack.replies(missed), 20)
            await asyncio.sleep(0.5)
            assert len([one for one in slack.replies(missed) if one.user_id == slack.bot_user_id]) == 1
            assert len([one for one in slack.replies(first) if one.user_id == slack.bot_user_id]) == 1
