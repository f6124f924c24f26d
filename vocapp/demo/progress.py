"""What filling says of itself while it goes on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one step is: done of total."""

    step: str
    done: int
    total: int
