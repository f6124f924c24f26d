"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "survey.created": _l("created a survey"),
    "survey.draft_saved": _l("changed a draft"),
    "survey.published": _l("published a survey"),
    "survey.version_restored": _l("put an earlier version of a survey back as its draft"),
    "survey.closed": _l("closed a survey"),
    "survey.limited": _l("changed the limits of a survey"),
    "survey.links_made": _l("made single-use links"),
    "look.chosen": _l("changed the look of surveys"),
    "look.reset": _l("put the look of surveys back"),
}

NAMES = {
    "survey": _l("Survey"),
    "links": _l("Links"),
}
