"""What was worked out of counted answers, remembered by this process while it still holds.

An entry is held under a name and belongs to a token, the state of everything that it was worked
out from. Whoever asks reads the state of now in the same snapshot as everything else; with
another state the entry is not found. So it is never out of date, however many processes write.

It holds sums and codes, no values and nobody's answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any

MOST_BYTES = 64_000_000


class Memory:
    """Entries up to a number of bytes; those that were not asked for longest go first."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._bytes = most_bytes, 0
        self._entries: OrderedDict[Hashable, tuple[Hashable, Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, name: Hashable, token: Hashable) -> Any:
        """What is remembered under this name for this state; None: nothing is."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or entry[0] != token:
                return None
            self._entries.move_to_end(name)
            return entry[1]

    def put(self, name: Hashable, token: Hashable, value: Any, size: int) -> None:
        """Remember it in place of what has this name. size: its bytes, about."""
        with self._lock:
            former = self._entries.pop(name, None)
            self._bytes += size - (former[2] if former else 0)
            self._entries[name] = (token, value, size)
            while self._bytes > self._most:
                self._bytes -= self._entries.popitem(last=False)[1][2]


remembered = Memory(MOST_BYTES)
