"""Addresses of conversations: their ids hold slashes, a path's part cannot."""

from __future__ import annotations

from urllib.parse import quote, urlencode

NEW = "new"
SEPARATOR = "~"
"""Stands for the slash of a conversation's id in an address; no network's ids hold it."""


def to_address(conversation: str, **query: str) -> str:
    """Where one conversation is shown."""
    path = f"/conversations/{quote(conversation.replace('/', SEPARATOR), safe=':~')}"
    return f"{path}?{urlencode(query)}" if query else path


def from_address(text: str) -> str:
    """The conversation an address names."""
    return text.replace(SEPARATOR, "/")
