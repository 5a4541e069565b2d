"""A real browser in front of a whole process, and what is wrong on a page for those who do not see it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from nicegui.testing.general import nicegui_reset_globals
from playwright.async_api import Browser, Page, async_playwright

from core.config import load_settings
from core.errors import Rejected
from gui.server import attach, listening
from tests.fakes.chat import OPS, FakeChat, incoming
from tests.fakes.house import House, open_house
from tests.gui.visiting import Building

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
BARRIERS = (Path(__file__).parent / "barriers.js").read_text(encoding="utf-8")
SLACK_OPS = replace(OPS, network="slack")


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[tuple[House, str]]:
    """A whole process but for the command line: its App and its address."""
    chat = FakeChat(network="slack")
    async with open_house(home, chat) as house:
        with nicegui_reset_globals():
            async with _served(house, home) as url:
                yield house, url


@asynccontextmanager
async def _served(house: House, home: Path) -> AsyncIterator[str]:
    settings = load_settings(str(home), environ={}, port=0)
    async with listening(settings) as (front, bound):
        task = asyncio.get_running_loop().create_task(attach(front, house.app))
        try:
            yield bound.url
        finally:
            task.cancel()
            await asyncio.wait([task])


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def fill(house: House, folder: Path) -> None:
    """A day in a team: documents, questions, a failed delivery, a schedule."""
    await house.run("people.add", name="Lena", role="member")
    lena = await house.app.identity.person("Lena")
    await house.run("people.link", person=lena.id, network="slack", external_id="U-lena")
    await Building.teach(Building(house, None), folder)  # type: ignore[arg-type]
    for text in ("How do we rotate the staging certificates?", "Who waters the office plants?"):
        await house.settled(await house.hear(incoming(text, who="U-lena", place=SLACK_OPS)))
    assert isinstance(house.chat, FakeChat)
    house.chat.fail(Rejected("Slack says that the channel is archived.", hint="Post somewhere else."))
    await house.settled(await house.hear(incoming("echo good morning", who="U-lena", place=SLACK_OPS)))
    await house.run("schedules.add", name="team-report", action="reports team", when="weekdays 09:00", to="nobody")


async def sign_in(house: House, page: Page, url: str, person_id: str = "") -> None:
    """Sign somebody in; the owner when nobody is named."""
    person_id = person_id or (await house.app.identity.ensure_owner()).id
    code = await house.app.access.one_time_link(person_id)
    for _ in range(60):  # a page says that it is starting until NiceGUI was imported
        answer = await page.goto(f"{url}/login")
        assert answer is not None
        if answer.status == 200 and await page.query_selector("#password"):
            break
        await page.wait_for_timeout(250)
    await page.goto(f"{url}/login?code={code}")
    await page.wait_for_selector(".frame")
    await connected(page)


async def connected(page: Page) -> None:
    await page.wait_for_function("window.socket?.connected")


def listen(page: Page) -> list[str]:
    """What goes wrong in the browser from now on."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("response", lambda answer: faults.append(answer.url) if answer.status >= 400 else None)
    page.on("request", lambda asked: faults.append(asked.url) if "127.0.0.1" not in asked.url else None)
    return faults


async def barriers(page: Page) -> list[str]:
    """What bars people from this page: no name, no label, an id twice, too little contrast, no order."""
    found = await page.evaluate(BARRIERS)
    assert isinstance(found, list)
    return [str(one) for one in found]
