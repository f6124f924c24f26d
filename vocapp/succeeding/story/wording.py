"""The story of an account in words, in the reader's language."""

from __future__ import annotations

from vocapp.people.events.models import InvoiceChange
from vocapp.people.events.queries import Used
from vocapp.succeeding.contacts.wording import departure_text
from vocapp.succeeding.goals.models import GoalEntry
from vocapp.succeeding.goals.wording import CLOSED
from vocapp.succeeding.health.wording import BANDS
from vocapp.succeeding.playbooks.sent_queries import LetterRow
from vocapp.succeeding.playbooks.wording import letter_state
from vocapp.succeeding.story.models import AccountNote
from vocapp.succeeding.story.queries import BandChange, Event, UseChanged
from vocapp.succeeding.touchpoints.wording import outcome_words, touch_name
from vocapp.succeeding.wording import change_text, milestone_name
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.formats import local_date, money_minor, percent
from vocapp.workspaces.access import CurrentUser

__all__ = [
    "change_text", "departure_text", "letter_state", "milestone_name", "outcome_words",
    "touch_name",
]  # fmt: skip

FILTER_WORDS = {
    "answers": _l("What they say"),
    "cases": _l("Follow-ups and e-mails"),
    "touchpoints": _l("Touchpoints and playbooks"),
    "notes": _l("Notes"),
    "use": _l("Use and milestones"),
    "subscriptions": _l("Subscriptions and invoices"),
    "goals": _l("Success goals"),
    "health": _l("Health"),
    "people": _l("Contacts"),
}
_GOALS = {
    "added": _l("Goal added: %(goal)s"),
    "changed": _l("Goal changed: %(goal)s"),
    "progress": _l("Progress recorded: %(goal)s"),
    "closed": _l("Goal closed: %(goal)s"),
    "reopened": _l("Goal reopened: %(goal)s"),
    "undone": _l("Change of a goal undone: %(goal)s"),
}


def may_remove(user: CurrentUser, note: AccountNote) -> bool:
    """Whoever wrote a note may take it back, and an administrator any."""
    return user.role == "admin" or note.author_user_id == user.id


def sent_text(letter: LetterRow, event: Event) -> str:
    """What a playbook or a touchpoint sent by itself, in a sentence."""
    values = {"who": event.who or "–", "playbook": event.about, "subject": letter.subject or ""}
    if event.touch_key is not None:
        values["touchpoint"] = touch_name(event.touch_key)
        if letter.kind == "survey":
            return _("Survey to %(who)s by touchpoint “%(touchpoint)s”", **values)
        return _("E-mail to %(who)s by touchpoint “%(touchpoint)s”: %(subject)s", **values)
    if letter.kind == "survey":
        return _("Survey to %(who)s by playbook “%(playbook)s”", **values)
    return _("E-mail to %(who)s by playbook “%(playbook)s”: %(subject)s", **values)


def goal_text(entry: GoalEntry, goal: str) -> str:
    """What was done to a goal, in a sentence."""
    state = entry.detail.get("to", {}).get("state")
    if entry.kind == "closed" and state in CLOSED:
        return _("Goal %(state)s: %(goal)s", state=str(CLOSED[state]).lower(), goal=goal)
    return str(_GOALS[entry.kind]) % {"goal": goal}


def invoice_text(row: InvoiceChange) -> str:
    """What was told of an invoice, in a sentence."""
    amount = ""
    if row.amount_minor is not None and row.currency:
        amount = money_minor(row.amount_minor, row.currency)
    values = {"invoice": row.invoice, "amount": f" ({amount})" if amount else ""}
    if row.is_paid:
        return _("Invoice %(invoice)s%(amount)s was paid", **values)
    day = local_date(row.due_on) if row.due_on else ""
    return _("Invoice %(invoice)s%(amount)s is overdue since %(day)s", day=day, **values)


def health_text(row: BandChange) -> str:
    """Into which band the health came, in a sentence."""
    if row.band is None:
        return _("Health: too little is known for a score")
    values = {"band": BANDS[row.band], "score": round(row.score or 0)}
    if row.before is None:
        return _("Health is known: %(band)s (%(score)s)", **values)
    return _("Health: %(before)s → %(band)s (%(score)s)", before=BANDS[row.before], **values)


def trend_text(used: Used) -> str:
    """How much more or less is used than before, such as +20%; of what was used before."""
    change = used.recent / used.before - 1
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    return f"{sign}{percent(abs(change))}"


def use_text(row: UseChanged) -> str:
    """How much less or more a week was used, in a sentence."""
    values = {"share": percent(abs(row.percent) / 100), "day": local_date(row.start)}
    if row.percent < 0:
        return _(
            "Use fell by %(share)s against the weeks before, in the week from %(day)s", **values
        )
    return _("Use rose by %(share)s against the weeks before, in the week from %(day)s", **values)
