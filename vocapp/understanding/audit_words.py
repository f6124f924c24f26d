"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "theme.added": _l("added a theme"),
    "theme.changed": _l("changed a theme"),
    "theme.change_undone": _l("took back a change to a theme"),
    "theme.archived": _l("archived a theme"),
    "theme.restored": _l("put an archived theme back"),
    "theme.removed": _l("removed a theme"),
    "theme.merged": _l("merged a theme into another one"),
    "theme.merge_undone": _l("took back the merging of themes"),
    "theme.split": _l("split a theme"),
    "theme.imported": _l("imported themes"),
    "theme.pack_added": _l("added a starter pack of themes"),
    "theme_candidate.accepted": _l("made a theme of what was new"),
    "theme_candidate.merged": _l("put what was new to a theme"),
    "theme_candidate.dismissed": _l("dismissed what was new"),
    "theme_candidate.taken_back": _l("took a decision about what was new back"),
    "theme_model.promoted": _l("let a better theme model serve"),
    "theme_model.rolled_back": _l("let a former theme model serve"),
    "theme_model.setting_changed": _l("changed when the theme model learns"),
    "theme_model.rethemed": _l("had the past judged anew"),
    "theme_model.retheming_undone": _l("took judging the past anew back"),
}

NAMES = {
    "theme": _l("Theme"),
    "comments": _l("Comments"),
    "parent": _l("Under"),
}
