"""The pages of the control room, in the order of the navigation."""

from __future__ import annotations

from gui.heartbeat import Heartbeats
from gui.pages.activity import activity
from gui.pages.conversations import conversations
from gui.pages.deliveries import deliveries
from gui.pages.home import home
from gui.pages.schedules import schedules
from gui.pages.waiting import waiting
from gui.routes import Page

__all__ = ["pages"]


def pages(heartbeats: Heartbeats) -> tuple[Page, ...]:
    """Every page there is code for."""
    return (
        Page(patterns=("/",), title="Home", icon="home", group="", chord="g h", build=home(heartbeats)),
        Page(
            patterns=("/conversations", "/conversations/{conversation}"),
            title="Conversations",
            icon="talk",
            group="",
            chord="g c",
            build=conversations,
            needs=("conversation.list", "conversation.show"),
            also="chat talk ask questions answers",
        ),
        Page(
            patterns=("/waiting",),
            title="Waiting for you",
            icon="hand",
            group="Work",
            chord="g w",
            build=waiting,
            needs=("waiting.list",),
            also="approve confirm approvals",
        ),
        Page(
            patterns=("/schedules", "/schedules/{name}"),
            title="Schedules",
            icon="clock",
            group="Work",
            chord="g j",
            build=schedules,
            needs=("schedules.list",),
            also="cron jobs times reports",
        ),
        Page(
            patterns=("/deliveries",),
            title="Deliveries",
            icon="mail",
            group="Operate",
            chord="g d",
            build=deliveries,
            needs=("deliveries.status",),
            also="messages sent failed retry queue",
        ),
        Page(
            patterns=("/activity",),
            title="Activity",
            icon="list",
            group="Operate",
            chord="g a",
            build=activity,
            needs=("activity.list",),
            also="audit record log who did what",
        ),
    )
