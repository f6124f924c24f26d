"""Planned contacts in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import g

from surveys.lifecycle import OnboardingRule
from surveys.touchpoints import TouchModel, Touchpoint
from vocapp.extensions import db
from vocapp.succeeding.playbooks.models import PlaybookSending
from vocapp.succeeding.touchpoints.looking_ahead import Changes
from vocapp.succeeding.touchpoints.model_versions import InForce, model_in_force
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.formats import local_date, word_list
from vocapp.workspaces.access import current_workspace

TOUCHES = {
    "setup-check": _l("Does the set-up work?"),
    "first-results": _l("First results"),
    "value-review": _l("Value and plans before the renewal"),
}
ANCHORS = {
    "started_on": _l("Counted from the start on %(day)s"),
    "renewal_on": _l("Counted from the renewal on %(day)s"),
}
KINDS = {
    "call": _l("Call"), "email": _l("E-mail"), "survey": _l("Survey"), "task": _l("Task"),
}  # fmt: skip
WAYS = {"call": _l("Call"), "email": _l("E-mail"), "meeting": _l("Meeting")}
# The days from which touchpoints are counted, within a sentence.
DAYS = {"started_on": _l("the start"), "renewal_on": _l("the renewal")}
STAGE_DAYS = {
    "onboarding": _l("the start"),
    "adoption": _l("the end of getting started"),
    "value": _l("the beginning of regular use"),
    "renewal": _l("the beginning of the time before the renewal"),
    "lost": _l("leaving"),
}
REASONS = {
    "not_needed": _l("Not needed"),
    "in_contact": _l("We are in contact anyway"),
    "unreachable": _l("Nobody could be reached"),
    "other": _l("Another reason"),
}
# What a contact of a kind usually turns out to be, offered first.
USUAL_WAY = {"call": "call", "email": "email", "survey": "email", "task": "meeting"}


def touch_name(key: str) -> str:
    """Words for a touchpoint of this workspace, also for one that its model has no more."""
    in_force = model_of_reader()
    touchpoint = in_force.touchpoint(key)
    own = touchpoint.name if touchpoint else in_force.former.get(key)
    return own or str(TOUCHES.get(key, key))


def anchor_words(plan: TouchpointPlan) -> str:
    """From which day it is counted."""
    touchpoint = model_of_reader().touchpoint(plan.touch_key)
    kind = touchpoint.anchor.kind if touchpoint else ""
    text = ANCHORS.get(kind, _l("Counted from %(day)s"))
    return str(text) % {"day": local_date(plan.anchor_on)}


def model_of_reader() -> InForce:
    """The model of the reader's workspace, read once for a page."""
    if "touch_model" not in g:
        g.touch_model = model_in_force(db.session(), current_workspace.id)
    found: InForce = g.touch_model
    return found


def when_words(touchpoint: Touchpoint) -> str:
    """Such as: 5 days after the start."""
    anchor, days = touchpoint.anchor, touchpoint.offset_days
    if anchor.kind == "milestone":
        day = _("the milestone %(name)s", name=anchor.name)
    elif anchor.kind == "stage":
        day = str(STAGE_DAYS[anchor.name or ""])
    else:
        day = str(DAYS[anchor.kind])
    if days == 0:
        return _("On the day of %(day)s", day=day)
    if days > 0:
        return ngettext("%(num)d day after %(day)s", "%(num)d days after %(day)s", days, day=day)
    return ngettext("%(num)d day before %(day)s", "%(num)d days before %(day)s", -days, day=day)


def whom_words(touchpoint: Touchpoint) -> str:
    """Which accounts it is only for; empty for all."""
    parts = [
        _("%(name)s: %(values)s", name=name, values=_(", ").join(values))
        for name, values in touchpoint.when.get("attribute", {}).items()
    ]
    return _(", ").join(parts)


def due_words(due_on: date, today: date) -> str:
    """Such as: due today, due in 3 days, overdue by 2 days."""
    days = (due_on - today).days
    if days == 0:
        return _("Due today")
    if days > 0:
        return ngettext("Due in %(num)d day", "Due in %(num)d days", days)
    return ngettext("Overdue by %(num)d day", "Overdue by %(num)d days", -days)


def outcome_words(plan: TouchpointPlan, sending: PlaybookSending | None = None) -> str:
    """How it took place, or why not. sending: what went out by itself, or was to."""
    if plan.state == "done" and sending is not None and sending.state == "done":
        return _("Sent by itself: %(kind)s", kind=KINDS[sending.kind])
    if plan.state == "done":
        return str(WAYS[plan.way or "call"])
    return _("Skipped: %(reason)s", reason=REASONS[plan.reason or "other"])


def losing_words(question: str, campaigns: Sequence[str]) -> str | None:
    """What is asked before a touchpoint goes that campaigns follow; None where none does."""
    if not campaigns:
        return None
    told = ngettext(
        "This campaign follows it and would ask nobody any more: %(names)s.",
        "These campaigns follow it and would ask nobody any more: %(names)s.",
        len(campaigns),
        names=word_list(campaigns),
    )
    return two_sentences(told, question)


def rule_words(rule: OnboardingRule) -> str:
    """When onboarding counts as complete, in a sentence."""
    ways = []
    if rule.milestone is not None:
        ways.append(
            ngettext(
                "the milestone %(name)s is reached within %(num)d day of the start",
                "the milestone %(name)s is reached within %(num)d days of the start",
                rule.milestone_days, name=rule.milestone,
            )
        )  # fmt: skip
    if rule.logins is not None:
        ways.append(
            _(
                "there are %(logins)s log-ins within the first %(days)s days",
                logins=rule.logins, days=rule.login_days,
            )
        )  # fmt: skip
    return _("Onboarding counts as complete when %(ways)s.", ways=_(", or ").join(ways))


def onboarding_words() -> str:
    """When onboarding counts as complete in the reader's workspace."""
    return rule_words(model_of_reader().model.lifecycle.onboarding)


def stage_lines(model: TouchModel) -> list[str]:
    """How long the stages last, and how late a contact may be."""
    lifecycle = model.lifecycle
    if lifecycle.value_milestone is None:
        value = _("Regular use begins %(days)s days after the start.", days=lifecycle.adoption_days)
    else:
        value = _("Regular use begins with the milestone %(name)s.", name=lifecycle.value_milestone)
    near = _("The renewal is near %(days)s days before it.", days=lifecycle.renewal_days)
    return [
        value,
        near if lifecycle.renewal_days else _("There is no stage before the renewal."),
        _("Contacts are planned up to %(days)s days after their day.", days=model.grace_days),
    ]


def two_sentences(first: str, second: str) -> str:
    """One after the other, with a space where the language has one."""
    return _("%(first)s %(second)s", first=first, second=second)


def changes_words(changes: Changes) -> str:
    """How many contacts of the coming days another model brings, takes and moves, how many go out
    by themselves, and how many customers have completed onboarding by it."""
    words = _changed_words(changes)
    if changes.done_before != changes.done_after:
        done = _(
            "Customers who completed onboarding: %(before)s now, %(after)s then.",
            before=changes.done_before, after=changes.done_after,
        )  # fmt: skip
        words = two_sentences(done, words)
    if not changes.by_itself:
        return words
    out = ngettext(
        "%(num)d contact of the coming 30 days goes out by itself.",
        "%(num)d contacts of the coming 30 days go out by themselves.",
        changes.by_itself,
    )
    return two_sentences(words, out)


def _changed_words(changes: Changes) -> str:
    if not (changes.come or changes.go or changes.change):
        return _("Of the contacts of the coming 30 days, none changes.")
    parts = []
    if changes.come:
        parts.append(ngettext("%(num)d is added", "%(num)d are added", changes.come))
    if changes.go:
        parts.append(ngettext("%(num)d goes", "%(num)d go", changes.go))
    if changes.change:
        parts.append(
            ngettext(
                "%(num)d has another day or kind", "%(num)d have another day or kind",
                changes.change,
            )
        )  # fmt: skip
    return _("Contacts of the coming 30 days: %(what)s.", what=_(", ").join(parts))
