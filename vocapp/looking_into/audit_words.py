"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "response.original_shown": _l("looked at the original of a comment"),
}
