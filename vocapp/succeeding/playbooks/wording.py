"""Playbooks, why they fired, and tasks in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vocapp.distributing.wording import reason_text
from vocapp.succeeding.contacts.wording import role_word
from vocapp.succeeding.health.wording import BANDS
from vocapp.succeeding.playbooks.models import PlaybookTask
from vocapp.succeeding.playbooks.sent_queries import LetterRow
from vocapp.succeeding.touchpoints.wording import REASONS
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext

SKIPS = REASONS
SETTINGS = {
    "points": _l("Health fell by at least so many points"),
    "days": _l("Days since the start of the customer"),
    "until_days": _l("Too late from so many days on"),
    "percent": _l("Use fell by at least so many percent"),
    "recovered_percent": _l("Well again when it is no more than so many percent below"),
    "least_usual": _l("Only of those who usually use it so many times a day"),
    "within_days": _l("It happened within so many days"),
    "quiet_days": _l("The same still within so many days"),
    "feature": _l("Name of the feature"),
}
HELPS = {
    "points": _l(
        "Against four weeks before. It fires again only after half has come back, or when as much "
        "is lost once more."
    ),
    "until_days": _l("So that a new playbook does not call about customers of long ago."),
    "percent": _l("The last four weeks against the customer's own twelve weeks before."),
    "recovered_percent": _l("A figure that wavers about the limit calls nobody twice."),
    "quiet_days": _l("Another one within these days does not fire again."),
    "feature": _l(
        "As usage events carry it in “name”. A feature that nobody used in four weeks never fires."
    ),
}
RENEWAL_DAYS = _l("Days before the renewal")
FACTS = {
    "onboarding_stalled": _l(
        "Needs the day on which a customer started, and what completes onboarding (Settings → "
        "Touchpoints): milestones or log-ins from the product."
    ),
    "health_drop": _l("Needs a health score of four weeks ago and of today."),
    "usage_down": _l("Needs usage events of sixteen weeks."),
    "detractor": _l(
        "Needs answers of people who belong to an account. Confidential surveys are left out."
    ),
    "champion_left": _l(
        "Needs roles of people: it fires when somebody with one of them has left, moved, is "
        "forgotten or has the role no longer. A milestone “champion_left” that is sent counts as "
        "a champion who left."
    ),
    "renewal_in": _l("Needs the day of the renewal."),
    "feature_unused": _l("Needs the day on which a customer started, and usage events with names."),
}  # fmt: skip


def setting_label(kind: str, name: str) -> str:
    """What a setting of a trigger is called in the form."""
    return str(RENEWAL_DAYS if (kind, name) == ("renewal_in", "days") else SETTINGS[name])


def reason_words(reasons: Sequence[str]) -> str:
    """Why it fired, in a sentence; a code that is not known stays what it is."""
    told = dict(reason.split(":", 1) for reason in reasons)
    if "feature_unused" in told:
        return ngettext(
            "%(feature)s not used in %(num)d day since the start",
            "%(feature)s not used in %(num)d days since the start",
            int(told.get("days", 0)),
            feature=told["feature_unused"],
        )
    if "health_drop" in told:
        return ngettext(
            "Health fell by %(num)d point, to %(health)s",
            "Health fell by %(num)d points, to %(health)s",
            int(told["health_drop"]),
            health=told.get("health", "–"),
        )
    if "role_left" in told:
        return ngettext(
            "Somebody left %(num)d day ago: %(role)s", "Somebody left %(num)d days ago: %(role)s",
            int(told.get("role_left_days_ago", 0)), role=role_word(told["role_left"]),
        )  # fmt: skip
    return "; ".join(_one(code, value) for code, value in told.items())


def _one(code: str, value: str) -> str:
    if code == "health_band":
        return _("Health: %(band)s", band=BANDS.get(value, value))
    if code == "usage_down":
        return _("Use is %(percent)s %% below what is usual there", percent=value)
    if code == "no_setup_for_days":
        return ngettext(
            "Onboarding not complete %(num)d day after the start",
            "Onboarding not complete %(num)d days after the start",
            int(value),
        )
    if code == "low_answer_days_ago":
        return ngettext("Low score %(num)d day ago", "Low score %(num)d days ago", int(value))
    if code == "champion_left_days_ago":
        return ngettext(
            "The champion left %(num)d day ago", "The champion left %(num)d days ago", int(value)
        )
    if code == "renewal_in_days":
        return ngettext("Renewal in %(num)d day", "Renewal in %(num)d days", int(value))
    return f"{code}: {value}"


TOUCH_WORDS = {
    "both": _l("All accounts: a person where there is an owner, else by itself"),
    "high": _l("Only accounts that somebody looks after"),
    "tech": _l("Only accounts that nobody looks after (tech-touch)"),
}
STEP_WORDS = {"task": _l("A task"), "email": _l("An e-mail"), "survey": _l("A survey")}
_NOT_SENT = {
    "switched_off": _l("The playbook was switched off before."),
    "recovered": _l("It was well again before."),
    "step_gone": _l("The step was taken out or changed before."),
    "survey_closed": _l("The survey was closed before."),
    "nobody": _l("Nobody there has the role and an e-mail address."),
    "has_owner": _l("Somebody looks after the account by now, and has a task for it."),
    "left_account": _l("The person is no longer at the account."),
    "written_lately": _l("Another playbook or touchpoint wrote to them lately."),
    "day_off": _l("Every day is a day off there."),
}
LETTER_STATES = {
    "scheduled": _l("Goes out soon"),
    "sending": _l("Being sent"),
    "sent": _l("Sent"),
    "answered": _l("Answered"),
    "unknown": _l("Perhaps sent"),
    "not_sent": _l("Not sent"),
    "bounced": _l("Came back"),
}


def gaps_text(gaps: Sequence[str]) -> str:
    """Such as: {name}, {account}."""
    return ", ".join(f"{{{gap}}}" for gap in gaps)


def not_sent_words(reason: str | None) -> str:
    """Why something did not go out; what a mail server said stays as it is."""
    return str(_NOT_SENT[reason]) if reason in _NOT_SENT else reason_text(reason)


def letter_state(letter: LetterRow) -> str:
    """What became of a letter, in a word or two."""
    state = "answered" if letter.is_answered else letter.state
    return str(LETTER_STATES.get(state, state))


def outcome_words(task: PlaybookTask) -> str:
    """Done, or why not."""
    if task.state == "done":
        return _("Done")
    return _("Skipped: %(reason)s", reason=SKIPS[task.reason or "other"])


def step_words(step: dict[str, Any], titles: dict[str, str]) -> str:
    """Such as: Call the customer, after 2 days, 30 minutes; an e-mail says that it is one."""
    when = (
        ngettext("after %(num)d day", "after %(num)d days", step["offset_days"])
        if step["offset_days"]
        else _("at once")
    )
    what = titles[step["key"]]
    if step["kind"] != "task":
        return _(
            "%(kind)s: %(what)s · %(when)s", kind=STEP_WORDS[step["kind"]], what=what, when=when
        )
    return _("%(what)s · %(when)s · %(minutes)s min", what=what, when=when, minutes=step["minutes"])
