"""What touchpoints sent by themselves, or did not, in the reader's language."""

from __future__ import annotations

from datetime import date

from vocapp.succeeding.playbooks import wording as playbook_wording
from vocapp.succeeding.playbooks.wording import letter_state
from vocapp.succeeding.touchpoints.queries import Row
from vocapp.succeeding.touchpoints.wording import model_of_reader
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l

__all__ = ["by_itself_words", "letter_state", "not_sent_words"]

_LEFT_TO_A_PERSON = {
    "switched_off": _l("Sending by itself was switched off before."),
    "taken_over": _l("A person did it before."),
    "planned_again": _l("It went out by itself before, and somebody planned it again."),
    "has_owner": _l("Somebody looks after the account by now."),
}


def not_sent_words(reason: str | None) -> str:
    """Why a touchpoint or a letter of it did not go out by itself."""
    if reason in _LEFT_TO_A_PERSON:
        return str(_LEFT_TO_A_PERSON[reason])
    return playbook_wording.not_sent_words(reason)


def by_itself_words(row: Row, today: date) -> str:
    """What is to be said of a planned contact that goes out by itself, or was to; empty else."""
    if row.sending is None:
        in_force = model_of_reader()
        touchpoint = in_force.touchpoint(row.plan.touch_key)
        goes = touchpoint is not None and touchpoint.sends is not None
        in_time = (today - row.plan.due_on).days <= in_force.model.grace_days
        is_tech = row.account.owner_user_id is None
        return _("Goes out by itself") if goes and in_time and is_tech else ""
    if row.sending.state == "dropped":
        return _("Not sent by itself: %(why)s", why=not_sent_words(row.sending.reason))
    return _("Is being sent by itself")
