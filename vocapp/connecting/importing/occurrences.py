"""How often something stands in a file that is read once, from its beginning."""

from __future__ import annotations

import sqlite3


class Occurrences:
    """How often each content came before, counted in a temporary file, not in memory."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.execute("CREATE TABLE seen (content BLOB PRIMARY KEY, n INT) WITHOUT ROWID")
        self._file.execute("BEGIN")

    def next(self, content: bytes) -> int:
        """1 for the first, 2 for the second …"""
        (n,) = self._file.execute(
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
            (content,),
        ).fetchone()
        return int(n)

    def knows(self, content: bytes) -> bool:
        """Whether it came before."""
        found = self._file.execute("SELECT 1 FROM seen WHERE content = ?", (content,))
        return found.fetchone() is not None
