"""The bundled embedder equals the package it replaces, and costs less."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.errors import Unavailable
from integrations.wordllama.client import TOKENIZER_PATH, WEIGHTS_PATH, map_weights, package_folder
from integrations.wordllama.connect import check, connect, load
from integrations.wordllama.embedder import WordLlamaEmbedder
from integrations.wordllama.manifest import WordLlamaSettings

ROOT = Path(__file__).parents[3]
ODD = [
    "",
    " ",
    "\n\t",
    "a",
    "😀🚀",
    "naïve café Ärger ß",
    "日本語のテキスト",
    "مرحبا بالعالم",
    "\x00\x01",
    "e\u0301",
    "`kubectl get pods -n staging`",
    "https://wiki.example.com/a?b=c#d",
    "word " * 6000,
    "<s></s><unk>",
    "ALL CAPS AND 1,234.56",
    "def f(x): return x ** 2",
]
SENTENCES = [
    f"Step {n}: the {noun} of team {n % 7} is checked {often}."
    for n, (noun, often) in enumerate(
        (noun, often)
        for noun in ("certificate", "rota", "budget", "backup", "pager", "laptop")
        for often in ("daily", "every second Friday", "never", "twice a year", "at 09:30", "on request")
    )
]
TEXTS = ODD + SENTENCES

MEASURE = """
import json, sys, psutil, numpy, tokenizers
process = psutil.Process()
before = process.memory_info().rss
from integrations.wordllama.connect import load
from integrations.wordllama.manifest import WordLlamaSettings
embedder = load(WordLlamaSettings())
embedder.embed(["how do I rotate the staging certificates?"] * 200)
print(json.dumps({"added_mb": (process.memory_info().rss - before) / 1e6,
                  "imported": [m for m in sys.modules if m.split(".")[0] in ("wordllama", "requests")]}))
"""


@pytest.fixture(scope="module")
def embedder() -> WordLlamaEmbedder:
    return load(WordLlamaSettings())


def test_vectors_equal_those_of_the_package(embedder: WordLlamaEmbedder) -> None:
    import wordllama  # type: ignore[import-untyped]

    package = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    assert len(TEXTS) >= 50
    ours = embedder.embed(TEXTS)
    compared = 0
    for text, row in zip(TEXTS, ours, strict=True):
        if not package.tokenize(text)[0].ids:
            assert not row.any(), "a text without tokens has no direction"
            continue
        theirs = package.embed([text], norm=True)[0]
        assert float(row @ theirs) > 0.9999, repr(text[:40])
        compared += 1
    assert compared >= 50


def test_vectors_are_rows_of_unit_length_in_the_order_of_the_texts(embedder: WordLlamaEmbedder) -> None:
    rows = embedder.embed(SENTENCES)
    assert rows.shape == (len(SENTENCES), 256)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert np.array_equal(rows[7], embedder.embed([SENTENCES[7]])[0])
    assert embedder.embed([]).shape == (0, 256)
    assert (embedder.name, embedder.dimensions) == ("wordllama-256", 256)


def test_a_lone_surrogate_is_embedded_like_a_question_mark(embedder: WordLlamaEmbedder) -> None:
    assert np.array_equal(embedder.embed(["a\ud800b"]), embedder.embed(["a?b"]))


def test_synonyms_are_nearer_than_strangers(embedder: WordLlamaEmbedder) -> None:
    holiday, vacation, database = embedder.embed(["holiday", "vacation", "database"])
    assert float(holiday @ vacation) > float(holiday @ database) + 0.3


def test_threads_get_the_vectors_one_thread_gets(embedder: WordLlamaEmbedder) -> None:
    alone = embedder.embed(TEXTS)
    with ThreadPoolExecutor(max_workers=4) as pool:
        for rows in pool.map(embedder.embed, [TEXTS] * 8):
            assert np.array_equal(rows, alone)


def test_memory_added_stays_small_and_the_package_is_never_imported() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    seen = json.loads(ran.stdout)
    assert seen["imported"] == []
    assert seen["added_mb"] < 60, seen
    print(f"added {seen['added_mb']:.0f} MB")  # noqa: T201  (the number the footprint page quotes)


def test_missing_weights_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as raised:
        load(WordLlamaSettings(folder=tmp_path))
    assert str(tmp_path / WEIGHTS_PATH) in raised.value.message
    assert raised.value.hint == "Install the package again: `pip install --force-reinstall wordllama`."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "its header claims 0 bytes"),
        (b"\xff" * 64, "its header claims 18446744073709551615 bytes"),
        (b"\x02" + bytes(7) + b"{}", "'embedding.weight'"),
    ],
)
def test_damaged_weights_are_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    with pytest.raises(Unavailable) as raised:
        map_weights(path)
    assert raised.value.message == f"The word vectors in {path} cannot be read: {reason}."


def test_weights_of_another_width_are_refused(tmp_path: Path) -> None:
    header = {"embedding.weight": {"dtype": "F16", "shape": [2, 64], "data_offsets": [0, 256]}}
    raw = json.dumps(header).encode()
    path = tmp_path / "narrow.safetensors"
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + bytes(256))
    with pytest.raises(Unavailable) as raised:
        map_weights(path)
    assert "its tensor is 2 × 64 in 256 bytes" in raised.value.message


def test_a_damaged_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights").symlink_to(package_folder() / "weights")
    (tmp_path / "tokenizers").mkdir()
    (tmp_path / TOKENIZER_PATH).write_text("{}")
    with pytest.raises(Unavailable) as raised:
        load(WordLlamaSettings(folder=tmp_path))
    assert raised.value.message.startswith(f"The tokenizer in {tmp_path / TOKENIZER_PATH} cannot be read: ")


async def test_check_and_connect_open_the_real_files() -> None:
    assert await check(WordLlamaSettings()) == "wordllama-256 is ready: 256 numbers a text, offline."
    async with connect(WordLlamaSettings()) as embedder:
        assert embedder.embed(["hello"]).shape == (1, 256)
