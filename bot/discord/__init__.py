"""Discord: `chat` makes the port; `check.check` looks at a token and what it opens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.discord.connection import DiscordChat
from core.config.settings import Settings
from core.ports import Secrets

if TYPE_CHECKING:
    from bot.discord.client import Known, Newest
    from bot.discord.commands import Complete
    from bot.discord.marks import Favourite, Marks


def chat(
    secrets: Secrets,
    settings: Settings,
    newest: Newest,
    *,
    known: Known | None = None,
    complete: Complete | None = None,
    favourites: Sequence[Favourite] = (),
    marks: Marks | None = None,
) -> DiscordChat:
    """The Discord port; nothing of the library is imported before `run` found a token.

    newest, known: of the inbox. complete: what a person may type next. marks: where the hash of the
    registered commands is kept; without one they are registered at every start.
    """
    from bot.discord.budget import IdentifyBudget
    from bot.discord.marks import ForgetfulMarks

    return DiscordChat(
        secrets=secrets, settings=settings, newest=newest, known=known, complete=complete,
        favourites=favourites, marks=marks or ForgetfulMarks(), budget=IdentifyBudget(),
    )  # fmt: skip


__all__ = ["DiscordChat", "chat"]
