"""Memory: what imports leave behind is given back to the system."""

import sys

import pytest

from core.observability.machine import memory_bytes
from core.observability.memory import few_heaps, give_back


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone can be told")
def test_free_memory_goes_back_to_the_system() -> None:
    assert few_heaps()
    blocks = [bytes([n % 250]) * 1_000 for n in range(100_000)]  # small enough to stay in the heap
    pin = blocks[-1]
    before = memory_bytes()
    del blocks
    give_back()
    assert pin
    assert before - memory_bytes() > 50 * 2**20
