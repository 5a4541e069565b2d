"""A real browser: signs in, asks, opens the palette by its key, and takes a picture of every page.

The pictures are kept in `tests/artifacts/pages`, to be looked at.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.gui.browser import CHROMIUM, barriers, browsing, connected, fill, listen, served, sign_in

PICTURES = Path(__file__).parents[2] / "tests" / "artifacts" / "pages"
PAGES = ("/", "/conversations", "/waiting", "/schedules", "/deliveries", "/activity")
SIZES = ((1920, 1080), (1440, 1000), (390, 844))

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine"),
]


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
        barred: set[str] = set()
        one = f"/conversations/{threads[0].conversation.replace('/', '~')}"
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            for path in (*PAGES, "/schedules/team-report", one):
                await page.goto(url + path)
                await connected(page)
                await page.wait_for_function("!document.querySelector('.skeleton')")
                name = "thread" if path == one else path.strip("/").replace("/", "-") or "home"
                await page.screenshot(path=PICTURES / f"{name}-{scheme}-{width}.png", full_page=width < 900)
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
                assert await page.evaluate("document.documentElement.dataset.theme") == scheme
                if width != SIZES[1][0]:
                    barred |= {f"{path}: {one}" for one in await barriers(page)}
        assert not barred, "\n".join(sorted(barred))
        assert faults == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_fresh_home_says_what_to_do_first(tmp_path: Path) -> None:
    await asyncio.to_thread(PICTURES.mkdir, parents=True, exist_ok=True)
    async with served(tmp_path / "home") as (house, url), browsing() as browser:
        barred: set[str] = set()
        page = await browser.new_page(color_scheme="light")
        await sign_in(house, page, url)
        for width, height in SIZES[1:]:
            await page.set_viewport_size({"width": width, "height": height})
            for path in PAGES:
                await page.goto(url + path)
                await connected(page)
                await page.wait_for_function("!document.querySelector('.skeleton')")
                name = path.strip("/") or "home"
                await page.screenshot(path=PICTURES / f"fresh-{name}-{width}.png", full_page=width < 900)
                barred |= {f"{path}: {one}" for one in await barriers(page)}
        assert not barred, "\n".join(sorted(barred))


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
