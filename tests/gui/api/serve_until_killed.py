"""Takes webhooks on a database folder until it is killed; runs nothing for them. Prints its address."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from core.config import Settings
from gui.server import listening
from tests.gui.api.house import house as open_house


async def main(path: Path) -> None:
    async with open_house(path) as house, listening(Settings(home=path, port=0)) as (front, bound):
        house.secrets.known["HOOK_GITHUB_SECRET"] = "a secret of the source"
        front.open_api(house.api, house.api.gate.limit)
        print(bound.url, flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
