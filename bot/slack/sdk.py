"""Slack's libraries, imported all at once: 10 MB beside discord.py, 18 MB alone, and 0.3 s.

`SlackChat.run` imports this in a thread once there are tokens; whoever uses the libraries imports them where
they are used, and finds them here already.
"""

import aiohttp as aiohttp
import slack_bolt.adapter.socket_mode.aiohttp as socket_mode
import slack_bolt.async_app as bolt
import slack_sdk.web.async_client as web_api

__all__ = ["aiohttp", "bolt", "socket_mode", "web_api"]
