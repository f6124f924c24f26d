"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "held_answers.counted": _l("let held answers count"),
    "held_answers.put_aside": _l("put held answers aside"),
    "held_answers.held": _l("took back that answers were put aside"),
    "targeting_rule.added": _l("added a targeting rule"),
    "targeting_rule.changed": _l("changed a targeting rule"),
    "targeting_rule.moved": _l("changed the order of targeting rules"),
    "targeting_rule.removed": _l("removed a targeting rule"),
    "targeting_rule.paused": _l("paused a targeting rule"),
    "targeting_rule.resumed": _l("let a targeting rule work again"),
}

NAMES = {
    "targeting_rule": _l("Targeting rule"),
    "response": _l("Answer"),
    "answers": _l("Answers"),
}
