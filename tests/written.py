"""Whether rows may have changed, told from the statements that ran.

Walks over all routes look after each call whether it changed rows of others. Reading every table
takes longer than the call; most calls are refused and write nothing, so that it need not be done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event

# Whatever does not begin so is taken for one that writes.
_READS = ("SELECT", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ", "SHOW")
_count = 0


@event.listens_for(Engine, "before_cursor_execute")
def _on_statement(_c: Any, _cursor: Any, statement: str, _p: Any, _x: Any, _m: bool) -> None:
    global _count
    if not statement.lstrip().upper().startswith(_READS):
        _count += 1


def statements() -> int:
    """How many statements that may write this process has run."""
    return _count


class KeptDigest:
    """Made anew only if something may have been written since it was made."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make, self._at, self._value = make, -1, ""

    def __call__(self) -> str:
        if self._at != _count:
            self._value = self._make()
            self._at = _count
        return self._value
