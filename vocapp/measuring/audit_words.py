"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "segment.saved": _l("saved a segment"),
    "segment.changed": _l("changed a segment"),
    "segment.removed": _l("removed a segment"),
    "segment.restored": _l("put a segment back"),
    "segments.reportable_changed": _l("changed the reportable attributes"),
    "trend_note.added": _l("added a note on the course"),
    "trend_note.changed": _l("changed a note on the course"),
    "trend_note.removed": _l("removed a note on the course"),
    "trend_note.restored": _l("put a note on the course back"),
    "weighting.shares_set": _l("set known shares of customers"),
    "weighting.shares_removed": _l("removed known shares of customers"),
}

NAMES = {
    "attribute": _l("Attribute"),
    "surveys": _l("Surveys"),
}
