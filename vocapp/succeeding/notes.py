"""Notes that people add to what was done for a customer."""

from __future__ import annotations

from vocapp.problems import FieldError
from vocapp.translating import gettext as _

MAX_NOTE = 5_000


def note_errors(note: str) -> list[FieldError]:
    """What is wrong with a note, if anything."""
    if len(note) <= MAX_NOTE:
        return []
    return [FieldError("note", f"expected at most {MAX_NOTE} characters")]


def too_long() -> str:
    """The same as a page says it."""
    return _("A note has at most %(count)s characters.", count=MAX_NOTE)
