"""Reads WordLlama's files: a memory map of the weights and a tokenizer set as the package sets it.

The `wordllama` package is located but never imported: importing it loads its native extensions and
an HTTP client, and its loader copies the half-precision weights into 32 MB of single precision.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as Tokenizer

from core.errors import Unavailable

DIMENSIONS = 256
WEIGHTS_PATH = Path("weights", "l2_supercat_256.safetensors")
TOKENIZER_PATH = Path("tokenizers", "l2_supercat_tokenizer_config.json")
TENSOR = "embedding.weight"
HEADER_LIMIT_BYTES = 1_000_000
DTYPES = {"F16": "<f2", "F32": "<f4"}


def package_folder() -> Path:
    """The folder of the installed package, found without executing it. Raises `Unavailable` when absent."""
    spec = find_spec("wordllama")
    if spec is None or spec.origin is None:
        raise Unavailable(
            "The package 'wordllama' is not installed, so its word vectors cannot be read.",
            hint="Install Signalbox's dependencies again: `make run`.",
        )
    return Path(spec.origin).parent


def map_weights(path: Path) -> NDArray[np.float16] | NDArray[np.float32]:
    """The embedding matrix (vocabulary × 256), read-only, its pages loaded as they are touched.

    The file is safetensors: 8 bytes little-endian header length, a JSON header, then raw tensors. It is
    parsed here because the library's NumPy reader copies a tensor instead of mapping it.
    Raises `Unavailable` when the file is missing, damaged or of another shape.
    """
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 2 <= size <= HEADER_LIMIT_BYTES:
                raise ValueError(f"its header claims {size} bytes")
            tensor = json.loads(file.read(size))[TENSOR]
        rows, columns = tensor["shape"]
        start, end = tensor["data_offsets"]
        dtype = np.dtype(DTYPES[tensor["dtype"]])
        if columns != DIMENSIONS or end - start != rows * columns * dtype.itemsize:
            raise ValueError(f"its tensor is {rows} × {columns} in {end - start} bytes")
        return np.memmap(path, dtype=dtype, mode="r", offset=8 + size + start, shape=(rows, columns))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(
            f"The word vectors in {path} cannot be read: {error}.",
            hint="Install the package again: `pip install --force-reinstall wordllama`.",
        ) from error


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer, without truncation, and without padding because texts are pooled one by one.

    Raises `Unavailable` when the file is missing or damaged.
    """
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises the base class itself
        raise Unavailable(
            f"The tokenizer in {path} cannot be read: {error}.",
            hint="Install the package again: `pip install --force-reinstall wordllama`.",
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
