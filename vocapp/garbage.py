"""How often Python looks for cycles of objects that nothing refers to any more."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 50_000
_ROUNDS = 20


def collect_rarely() -> None:
    """Leave what was loaded at the start alone, and look at the rest less often.

    A batch or a long page makes tens of thousands of objects that are gone after it. Looking
    for cycles after every 700 of them, and again and again through all modules that are loaded,
    was half of the time that counting takes. Called once everything is loaded, before processes
    are forked: they then share that memory. Later calls do nothing.
    """
    if gc.get_freeze_count():
        return
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _ROUNDS, _ROUNDS)
