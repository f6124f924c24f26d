"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "contact.data_told": _l("made a file of what is kept of a person"),
    "file_import.begun": _l("had a file imported"),
    "file_import.done": _l("a file was imported"),
    "file_import.removed": _l("removed a file that had been brought for importing"),
    "hook_source.added": _l("added an address for incoming webhooks"),
    "hook_source.changed": _l("changed an address for incoming webhooks"),
    "hook_source.removed": _l("removed an address for incoming webhooks"),
    "hook_source.refusals_cleared": _l("cleared a list of rejected messages"),
}

NAMES = {
    "file_import": _l("File"),
    "file_kind": _l("Kind"),
    "rows": _l("Rows"),
    "rows_new": _l("New records"),
    "rows_changed": _l("Changed"),
    "rows_refused": _l("Refused"),
}
