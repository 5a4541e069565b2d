"""Libraries that are left out of an import, and only out of that one."""

import subprocess
import sys
import threading
from importlib import import_module

import pytest

from core.observability.lean import without

ROOM = """
import sys
from gui.server import PAGES, _imported
_imported(PAGES)
print(sorted({"requests", "urllib3", "websocket", "charset_normalizer"} & sys.modules.keys()))
import requests
print(requests.__name__)
"""


def test_a_library_left_out_is_missing_in_the_block_and_there_after_it() -> None:
    sys.modules.pop("antigravity", None)
    with without("antigravity"), pytest.raises(ModuleNotFoundError, match="antigravity is left out"):
        import_module("antigravity")
    assert all(type(finder).__name__ != "_Absent" for finder in sys.meta_path)


def test_another_thread_finds_it_meanwhile() -> None:
    sys.modules.pop("colorsys", None)
    found: list[str] = []
    with without("colorsys"):
        thread = threading.Thread(target=lambda: found.append(import_module("colorsys").__name__))
        thread.start()
        thread.join()
    assert found == ["colorsys"]


def test_the_control_room_brings_no_http_client() -> None:
    done = subprocess.run([sys.executable, "-c", ROOM], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "requests"]
