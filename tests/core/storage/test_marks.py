from pathlib import Path

from core.storage import Marks, Storage, bring_up_to_date


async def test_a_mark_outlives_the_process_and_can_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    bring_up_to_date(path, tmp_path, "0")
    for text in ("first", "second"):
        storage = Storage(path)
        storage.start()
        await Marks(storage).set("hash of the commands", text)
        await storage.close()
    storage = Storage(path)
    storage.start()
    assert await Marks(storage).get("hash of the commands") == "second"
    assert await Marks(storage).get("other") is None
    await storage.close()
