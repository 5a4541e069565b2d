"""The least a bot can be: slack-bolt alone, which answers each mention in its thread and keeps nothing.

The peer of the round trip, as a program of its own: API URL, bot token, app token.
"""

from __future__ import annotations

import asyncio
import sys

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def main(url: str, bot_token: str, app_token: str) -> None:
    client = AsyncWebClient(bot_token, base_url=url)
    app = AsyncApp(client=client)

    @app.event("app_mention")
    async def answer(event: dict[str, str], client: AsyncWebClient) -> None:
        await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text=event["text"])

    @app.event("message")
    async def pass_over() -> None:
        """Each mention comes as a message, too."""

    await AsyncSocketModeHandler(app, app_token, web_client=client).start_async()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
