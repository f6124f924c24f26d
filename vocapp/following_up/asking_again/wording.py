"""Asking again, in words."""

from __future__ import annotations

from vocapp.distributing.wording import reason_text as why_not_asked
from vocapp.following_up.asking_again.queries import Plan
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.formats import weekday_date

_REASONS = {
    "opened_again": _l("The follow-up was opened again."),
    "switched_off": _l("The survey no longer asks again."),
    "answered_meanwhile": _l("The person has answered without being asked again."),
    "too_late": _l("For two months it was not possible."),
}


def reason_text(reason: str | None) -> str:
    """Why it was put off, cancelled, or came to nothing."""
    known = _REASONS.get(reason or "")
    return str(known) if known else why_not_asked(reason)


def plan_words(plan: Plan) -> str:
    """What a case's page says of asking its person again, without the reason."""
    if plan.state == "planned":
        return _("Asked again on %(day)s", day=weekday_date(plan.due_at))
    if plan.state == "cancelled":
        return _("Not asked again: cancelled")
    if plan.state == "not_asked" or plan.invitation_state in {"not_sent", "bounced"}:
        return _("Not asked again")
    if plan.answered_at is not None:
        return _("Asked again, and answered")
    return _("Asked again; no answer yet")
