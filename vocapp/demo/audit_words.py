"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "demo.filled": _l("filled the demo"),
}
