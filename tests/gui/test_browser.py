"""A real browser: signs in, asks, opens the palette by its key, and takes a picture of every page.

The pictures are kept in `tests/artifacts/pages`, to be looked at.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from nicegui.testing.general import nicegui_reset_globals
from playwright.async_api import Browser, Page, async_playwright

from core.config import load_settings
from core.errors import Rejected
from gui.server import attach, listening
from tests.fakes.chat import OPS, FakeChat, incoming
from tests.fakes.house import House, open_house
from tests.gui.visiting import Building

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
PICTURES = Path(__file__).parents[2] / "tests" / "artifacts" / "pages"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PAGES = ("/", "/conversations", "/waiting", "/schedules", "/deliveries", "/activity")
SIZES = ((1440, 1000), (390, 844))
SLACK_OPS = replace(OPS, network="slack")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine"),
]


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


async def sign_in(house: House, page: Page, url: str) -> None:
    owner = await house.app.identity.ensure_owner()
    code = await house.app.access.one_time_link(owner.id)
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


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_somebody_signs_in_asks_and_runs_a_command_by_keys(tmp_path: Path) -> None:
    async with served(tmp_path / "home") as (house, url), browsing() as browser:
        await fill(house, tmp_path / "docs")
        page = await browser.new_page(viewport={"width": 1440, "height": 1000})
        await sign_in(house, page, url)
        faults = listen(page)
        assert "code=" not in page.url

        await page.keyboard.press("g")
        await page.keyboard.press("c")
        await page.fill("textarea[aria-label=Message]", "How do we rotate the staging certificates?")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".m.answer:has(.src) >> text=from the bastion")
        await page.wait_for_url("**/conversations/room:*")

        await page.keyboard.press("Control+k")
        await page.wait_for_selector(".palette input:focus")
        await page.keyboard.type("ecoh")
        assert await page.inner_text(".palette li.on b") == "echo"
        await page.keyboard.press("Enter")
        await page.fill(".sheet-card textarea", "hello")
        await page.click(".sheet-card .foot .btn.p")
        await page.wait_for_selector(".sheet-card .result >> text=hello")
        await page.keyboard.press("Escape")
        await page.wait_for_selector(".sheet-card", state="detached")
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.press("?")
        await page.wait_for_selector(".sheet >> text=Conversations")
        await page.keyboard.press("Escape")
        assert faults == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_drawn_in_both_themes_and_on_a_phone(tmp_path: Path, scheme: str) -> None:
    await asyncio.to_thread(PICTURES.mkdir, parents=True, exist_ok=True)
    async with served(tmp_path / "home") as (house, url), browsing() as browser:
        await fill(house, tmp_path / "docs")
        page = await browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
        await sign_in(house, page, url)
        faults = listen(page)
        threads = await house.run("conversation.list")
        assert isinstance(threads, tuple)
        one = f"/conversations/{threads[0].conversation.replace('/', '~')}"
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            for path in (*PAGES, one):
                await page.goto(url + path)
                await connected(page)
                await page.wait_for_function("!document.querySelector('.skeleton')")
                name = "thread" if path == one else path.strip("/") or "home"
                await page.screenshot(path=PICTURES / f"{name}-{scheme}-{width}.png", full_page=width < 900)
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
                assert await page.evaluate("document.documentElement.dataset.theme") == scheme
        assert faults == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_no_letter_of_a_password_leaves_the_page_before_it_is_sent(tmp_path: Path) -> None:
    async with served(tmp_path / "home") as (house, url), browsing() as browser:
        page = await browser.new_page()
        await sign_in(house, page, url)
        frames: list[str] = []
        await page.keyboard.press("Control+k")
        await page.keyboard.type("vault save")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".sheet-card input[type=password]")
        await page.evaluate(
            "() => { window.sent = []; const emit = window.socket.emit.bind(window.socket); "
            "window.socket.emit = (...all) => { window.sent.push(JSON.stringify(all)); return emit(...all); }; }"
        )
        await page.focus(".sheet-card input[type=password]")
        await page.keyboard.type("g d? hunter2")
        frames = await page.evaluate("window.sent")
        assert not [frame for frame in frames if "signalbox" in frame or '"choose"' in frame]
        assert await page.query_selector(".palette") is None
