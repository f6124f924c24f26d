"""Sentence vectors that were computed before, by the content of the text.

The better encoder takes 20 ms a comment, and the same comments come back: with every new version
of a model the past is judged anew. What it gave is kept in a file in the data folder, for thirty
days and no more than so many rows. Keys are keyed digests, so that nobody can try out what
somebody wrote; a vector outlives its text by those thirty days at most.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog
from flask import current_app

from nlp.vectors import Encoder, load_encoder
from vocapp.database import utcnow

log = structlog.get_logger()
KEPT_FOR = timedelta(days=30)
MOST = 400_000  # rows; of e5 about 330 MB
_ASKED_AT_ONCE = 500
_LOOKED_AT_EVERY = 10_000  # rows kept
_STORED = np.float16  # half the room; the rounding is far below what a word changes
_PATIENCE = 5.0  # seconds for another worker that is writing

_TABLE = """
create table if not exists vector (
    digest blob primary key, day integer not null, row blob not null
) without rowid;
create index if not exists vector_by_day on vector (day);
"""


class KeptVectors:
    """An encoder that looks up what it, or another worker, encoded before.

    Rows are rounded alike whether they were kept or not, so that an answer never depends on
    what was asked before. Where the file cannot be used, everything is encoded.
    """

    def __init__(self, encoder: Encoder, path: Path, *, secret: str) -> None:
        self._encoder = encoder
        self.name, self.version = encoder.name, encoder.version
        self.dimensions, self.is_slow = encoder.dimensions, encoder.is_slow
        self._path = path
        # Of one version of one encoder: another's rows are never found.
        self._secret = hashlib.sha256(f"{secret}|{self.name}|{self.version}".encode()).digest()
        self._one_at_a_time = threading.Lock()
        self._until_looked = 0  # rows that may still be kept before their number is looked at

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """See Encoder."""
        digests = [self._digest(text) for text in texts]
        with self._one_at_a_time:
            known = self._look_up(list(dict.fromkeys(digests)))
            missing = {d: t for d, t in zip(digests, texts, strict=True) if d not in known}
            if missing:
                rows = self._encoder.encode(list(missing.values())).astype(_STORED)
                fresh = dict(zip(missing, rows, strict=True))
                self._keep(fresh)
                known |= fresh
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.stack([known[digest] for digest in digests]).astype(np.float32)

    def _digest(self, text: str) -> bytes:
        raw = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(raw, key=self._secret, digest_size=16).digest()

    def _look_up(self, digests: Sequence[bytes]) -> dict[bytes, npt.NDArray[np.float16]]:
        found: dict[bytes, npt.NDArray[np.float16]] = {}
        try:
            with closing(self._open()) as file:
                for start in range(0, len(digests), _ASKED_AT_ONCE):
                    part = digests[start : start + _ASKED_AT_ONCE]
                    marks = ",".join("?" * len(part))
                    rows = file.execute(
                        f"select digest, row from vector where digest in ({marks})",  # noqa: S608 - marks only
                        part,
                    )
                    found |= {digest: np.frombuffer(row, _STORED) for digest, row in rows}
        except sqlite3.Error as problem:
            log.warning("vectors.not_read", error=type(problem).__name__)
            return {}
        return {d: row for d, row in found.items() if row.shape == (self.dimensions,)}

    def _keep(self, fresh: dict[bytes, npt.NDArray[np.float16]]) -> None:
        today = utcnow().date().toordinal()
        rows = [(digest, today, row.tobytes()) for digest, row in fresh.items()]
        try:
            with closing(self._open()) as file, file:
                file.executemany("insert or replace into vector values (?, ?, ?)", rows)
                self._until_looked -= len(rows)
                if self._until_looked <= 0:
                    self._until_looked = _LOOKED_AT_EVERY
                    self._forget(file, today)
        except sqlite3.Error as problem:
            log.warning("vectors.not_kept", error=type(problem).__name__)

    def _forget(self, file: sqlite3.Connection, today: int) -> None:
        file.execute("delete from vector where day < ?", (today - KEPT_FOR.days,))
        (count,) = file.execute("select count(*) from vector").fetchone()
        if count > MOST:
            # The oldest tenth goes at once, so that this does not happen with every batch.
            file.execute(
                "delete from vector where digest in"
                " (select digest from vector order by day limit ?)",
                (count - MOST + MOST // 10,),
            )

    def _open(self) -> sqlite3.Connection:
        """Opened for each batch, which takes seconds: a connection does not survive a fork."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        file = sqlite3.connect(self._path, timeout=_PATIENCE)
        if is_new:
            os.chmod(self._path, 0o600)
            file.execute("pragma journal_mode = wal")
        file.executescript(_TABLE)
        file.execute("pragma synchronous = off")  # what is lost is computed again
        return file


def encoder_named(name: str) -> Encoder:
    """The encoder of that name; the slow one remembers. Raises EncoderUnavailable."""
    encoder = load_encoder(name)
    if not encoder.is_slow:
        return encoder
    settings = current_app.config["SETTINGS"]
    return _kept(name, settings.data_dir / "vectors.sqlite3", settings.secret_key)


@lru_cache(maxsize=4)
def _kept(name: str, path: Path, secret: str) -> Encoder:
    return KeptVectors(load_encoder(name), path, secret=secret)
