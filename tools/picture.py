"""Takes docs/images/home.png: Home of a made-up team on an ordinary day, as the README shows it.

Run `python -m tools.picture`; it needs Chromium. The file stays under 200 KB.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from playwright.async_api import ViewportSize

from core.values import Place
from tests.fakes.chat import FakeChat, incoming
from tests.fakes.house import House
from tests.gui.browser import browsing, connected, served, sign_in

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "home.png"
SIZE: ViewportSize = {"width": 1440, "height": 900}
OPS = Place(network="slack", workspace_id="T1", channel_id="C-ops", kind="public", name="#ops")
HELP = replace(OPS, channel_id="C-help", name="#help")
DOCUMENTS = {
    "certificates.md": "# Certificates\n\n## Rotate\n\nRun `certs rotate staging` from the bastion, then restart "
    "the ingress. The old pair stays valid for one hour.\n",
    "leave.md": "# Leave\n\n## Days\n\nEverybody has 28 days of paid leave a year; 5 may be carried over to March.\n",
    "on-call.md": "# On call\n\n## Hand over\n\nThe pager is handed over on Mondays at 10:00 in #ops, with open "
    "incidents listed.\n",
}
PEOPLE = (("Lena Roth", "U-lena", "operator"), ("Tomas Vega", "U-tomas", "member"), ("Mara Kaya", "U-mara", "admin"))
SAID = (
    ("U-tomas", HELP, "How many days of paid leave do I have?"),
    ("U-tomas", OPS, "When is the pager handed over?"),
    ("U-lena", HELP, "Who waters the office plants?"),
    ("U-lena", OPS, "How do we rotate the staging certificates?"),
    ("U-mara", OPS, "people remove Tomas Vega"),
)


async def live_through(house: House, folder: Path) -> None:
    """A morning: documents, schedules, questions, and one that waits for a yes."""
    folder.mkdir()  # noqa: ASYNC240  # nothing else runs meanwhile
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    await house.run("knowledge.index", path=str(folder))
    for name, external_id, role in PEOPLE:
        await house.run("people.add", name=name, role=role)
        person = await house.app.identity.person(name)
        await house.run("people.link", person=person.id, network="slack", external_id=external_id)
    for name, when in (("team-report", "daily 09:00"), ("stand-up", "daily 09:30"), ("weekly-review", "fridays 16:00")):
        await house.run("schedules.add", name=name, action="reports team", when=when, to="nobody")
    await house.run("schedules.run", name="team-report")
    for who, place, text in SAID:
        await house.settled(await house.hear(incoming(text, who=who, place=place)))


async def take(target: Path) -> None:
    """Write the picture."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        house, url = await stack.enter_async_context(served(folder / "home"))
        assert isinstance(house.chat, FakeChat)
        await live_through(house, folder / "documents")
        browser = await stack.enter_async_context(browsing())
        page = await browser.new_page(viewport=SIZE, color_scheme="light", locale="en-GB")
        mara = await house.app.identity.person("Mara Kaya")
        await sign_in(house, page, url, mara.id)
        await connected(page)
        await page.wait_for_function("!document.querySelector('.skeleton')")
        await page.wait_for_timeout(2_500)
        target.parent.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=target)


def main() -> None:
    """Take the picture."""
    asyncio.run(take(TARGET))
    print(f"{TARGET}: {TARGET.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
