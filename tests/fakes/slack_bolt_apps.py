"""Small slack-bolt apps to drive the fake with, connected over Socket Mode, and blocks they post."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack
from tests.fakes.slack_model import Json

Payload = dict[str, Any]  # what slack-bolt hands to its listeners


def new_app(client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(client=client)


@asynccontextmanager
async def connected(
    app: AsyncApp, slack: FakeSlack, ping_interval: float = 0.2
) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=ping_interval)
    before = len(slack.socket.sockets)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await slack.wait_for(lambda: len(slack.socket.sockets) > before)
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


def recording_app(client: AsyncWebClient) -> tuple[AsyncApp, list[Payload]]:
    """An app that acknowledges and keeps every event it sees."""
    app, seen = new_app(client), list[Payload]()

    async def keep(body: Payload) -> None:
        seen.append(body)

    for kind in ("message", "app_mention", "member_left_channel", "reaction_added"):
        app.event(kind)(keep)
    return app, seen


def answering_app(client: AsyncWebClient) -> AsyncApp:
    app = new_app(client)

    async def answer(event: Payload, say: Callable[..., Awaitable[object]]) -> None:
        await say(text=f"You said: {event['text']}", thread_ts=event.get("thread_ts") or event["ts"])

    async def ignore() -> None:
        return None

    app.event("app_mention")(answer)
    app.event("message")(ignore)
    return app


DIVIDERS = [{"type": "divider"}] * 51
EMPTY_MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": []}
BUTTON: Json = {
    "type": "actions",
    "elements": [
        {
            "type": "button",
            "action_id": "approve",
            "value": "c1",
            "text": {"type": "plain_text", "text": "Approve"},
        }
    ],
}
