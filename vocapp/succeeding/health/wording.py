"""Bands, components and reasons in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from surveys.health import COMPONENTS, WEIGHTS, Bands, Component, Move
from vocapp.measuring.filter_wording import filter_in_words
from vocapp.succeeding.health.queries import UNKNOWN, Change, Shown, Weighed
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.formats import local_date, number, percent, signed_points

BANDS = {"risk": _l("At risk"), "watch": _l("To watch"), "good": _l("Good")}
BAND_SIGNS = {"risk": "−", "watch": "=", "good": "+"}
BAND_CLASSES = {"risk": "detractor", "watch": "passive", "good": "promoter"}
BAND_CHOICES = [("", _l("All")), *BANDS.items(), (UNKNOWN, _l("Not known"))]
PARTS = {
    "survey": _l("What they say"),
    "usage": _l("Use"),
    "onboarding": _l("Getting started"),
    "support": _l("Follow-ups"),
    "relationship": _l("Relationship"),
    "goals": _l("Success goals"),
    "payment": _l("Payment"),
}
_METRICS = {"nps": "NPS", "csat": "CSAT", "ces": "CES"}
_PLAIN = {
    "active_people_new": _l("People are active, nobody was before"),
    "active_people_none": _l("Nobody is active, now or before"),
    "usage_new": _l("It is used, it was not before"),
    "usage_none": _l("It is not used, now or before"),
    "set_up": _l("Onboarding is complete"),
    "has_owner": _l("Somebody looks after this account"),
    "no_owner": _l("Nobody looks after this account"),
    "champion_left": _l("The person who stood up for us has left"),
    "champion_stays": _l("The person who stands up for us is still there"),
    "downgraded": _l("Pays less than 90 days ago"),
    "not_downgraded": _l("Pays as much as 90 days ago, or more"),
}


def coverage_text(shown: Shown) -> str:
    """How much of what makes up the score is known, in a sentence."""
    values = {"known": shown.known, "all": len(COMPONENTS), "share": percent(shown.coverage)}
    if shown.score is None:
        return _("Too little is known for a score: %(known)s of %(all)s parts.", **values)
    return _("%(known)s of %(all)s parts are known: %(share)s of the weight.", **values)


def limits_text(bands: Bands) -> str:
    """Where bands begin, and when they are left."""
    values = {"risk": number(bands.risk_below), "good": number(bands.good_from)}
    text = _("At risk below %(risk)s, good from %(good)s on.", **values)
    if not bands.margin:
        return text
    left = ngettext(
        "A band is left %(num)d point beyond its limit.",
        "A band is left %(num)d points beyond its limit.", int(bands.margin),
    )  # fmt: skip
    return _("%(limits)s %(left)s", limits=text, left=left)


def change_text(change: Change) -> str:
    """What changed for all accounts on a day, and what that may have done."""
    day = local_date(change.day)
    if not change.bands:
        return _(
            "Other weights count since %(day)s: the score may have moved with nothing else having "
            "changed.", day=day,
        )  # fmt: skip
    if not change.weights:
        return _(
            "Bands have other limits since %(day)s: the band may be another with the same score.",
            day=day,
        )
    return _(
        "Other weights and other limits of bands count since %(day)s: score and band may have "
        "moved with nothing else having changed.", day=day,
    )  # fmt: skip


def weighed_text(weighed: Weighed, *, with_conditions: bool) -> str:
    """By which segment's weights an account is weighed. Conditions may name other customers."""
    if weighed.filter is None:
        return _("It has the weights of all others: it is in no segment.")
    if not with_conditions:
        return _(
            "It has the weights of segment %(number)s of %(of)s.", number=weighed.number,
            of=weighed.of,
        )  # fmt: skip
    return _(
        "It has the weights of segment %(number)s: %(words)s.", number=weighed.number,
        words=filter_in_words(weighed.filter),
    )  # fmt: skip


def reasons_text(component: Component) -> list[str]:
    """What is known of a component, each in a sentence; empty where nothing is."""
    return [reason_text(each) for each in component.reasons]


def reason_text(code: str) -> str:
    """A reason such as ``usage_down:-34`` in words."""
    name, *values = code.split(":")
    if name in _PLAIN:
        return str(_PLAIN[name])
    return _SAID[name](values)


def moves_text(shown: Shown) -> list[str]:
    """What moved the score by a point or more, the largest first."""
    return [_move(each) for each in shown.moves or () if abs(each.points) >= 1]


def _move(move: Move) -> str:
    part = _("Other weights") if move.key == WEIGHTS else PARTS[move.key]
    return _("%(part)s %(points)s", part=part, points=signed_points(move.points))


def history_text(shown: Shown) -> str:
    """The course of the score in a sentence, for those who do not see it."""
    known = [score for score in shown.history if score is not None]
    if len(known) < 2:
        return _("There is no course to show yet.")
    return _(
        "From %(first)s to %(last)s in %(days)s days; lowest %(low)s, highest %(high)s.",
        first=known[0], last=known[-1], days=len(shown.history), low=min(known), high=max(known),
    )  # fmt: skip


# --- reasons with numbers -----------------------------------------------------------------


def _percent(hundredths: str | int) -> str:
    return percent(abs(int(hundredths)) / 100)


def _score(values: Sequence[str]) -> str:
    return _("Last answer: %(metric)s %(score)s", metric=_METRICS[values[0]], score=values[1])


def _score_low(values: Sequence[str]) -> str:
    return _("Low last answer: %(metric)s %(score)s", metric=_METRICS[values[0]], score=values[1])


def _score_change(values: Sequence[str]) -> str:
    metric, by = _METRICS[values[0]], int(values[1])
    if by == 0:
        return _("%(metric)s: the same as this person said before", metric=metric)
    if by > 0:
        return _("%(metric)s: %(by)s more than this person said before", metric=metric, by=by)
    return _("%(metric)s: %(by)s less than this person said before", metric=metric, by=-by)


def _active_people(values: Sequence[str]) -> str:
    by = int(values[0])
    if by == 0:
        return _("Active people: as many as in the months before")
    if by > 0:
        return _("Active people: %(share)s more than in the months before", share=_percent(by))
    return _("Active people: %(share)s fewer than in the months before", share=_percent(by))


def _use(values: Sequence[str]) -> str:
    by = int(values[0])
    if by == 0:
        return _("Use: as much as in the months before")
    if by > 0:
        return _("Use: %(share)s more than in the months before", share=_percent(by))
    return _("Use: %(share)s less than in the months before", share=_percent(by))


def _no_login(values: Sequence[str]) -> str:
    days = int(values[0])
    if days == 0:
        return _("Logged in today")
    return ngettext("No log-in for %(num)d day", "No log-in for %(num)d days", days)


def _open_cases(values: Sequence[str]) -> str:
    n = int(values[0])
    if n == 0:
        return _("No follow-up is open")
    return ngettext("%(num)d follow-up is open", "%(num)d follow-ups are open", n)


def _overdue_cases(values: Sequence[str]) -> str:
    n = int(values[0])
    if n == 0:
        return _("None is overdue")
    return ngettext("%(num)d is overdue", "%(num)d are overdue", n)


def _oldest_case(values: Sequence[str]) -> str:
    days = int(values[0])
    if days == 0:
        return _("The oldest was opened today")
    return ngettext("The oldest waits %(num)d day", "The oldest waits %(num)d days", days)


def _no_touch(values: Sequence[str]) -> str:
    days = int(values[0])
    if days == 0:
        return _("We were in touch today")
    return ngettext("Last in touch %(num)d day ago", "Last in touch %(num)d days ago", days)


def _not_set_up(values: Sequence[str]) -> str:
    days = int(values[0])
    return ngettext(
        "Onboarding not complete %(num)d day after the start",
        "Onboarding not complete %(num)d days after the start",
        days,
    )


def _invoice(values: Sequence[str]) -> str:
    days = int(values[0])
    if days == 0:
        return _("No invoice is overdue")
    return ngettext("An invoice is %(num)d day overdue", "An invoice is %(num)d days overdue", days)


def _goals_missed(values: Sequence[str]) -> str:
    return _("%(missed)s of %(all)s success goals missed", missed=values[0], all=values[1])


def _goals_behind(values: Sequence[str]) -> str:
    return _("%(behind)s of %(all)s success goals behind", behind=values[0], all=values[1])


def _goals_fine(values: Sequence[str]) -> str:
    return _("%(fine)s of %(all)s success goals met or on track", fine=values[0], all=values[1])


_SAID: dict[str, Callable[[Sequence[str]], str]] = {
    "score": _score,
    "score_low": _score_low,
    "score_change": _score_change,
    "negative_comments": lambda v: _(
        "Recent comments that are negative: %(share)s", share=_percent(v[0])
    ),
    "active_people_down": _active_people,
    "active_people_up": _active_people,
    "usage_down": _use,
    "usage_up": _use,
    "no_login_days": _no_login,
    "seats_used": lambda v: _("Seats in use: %(share)s", share=_percent(v[0])),
    "not_set_up_days": _not_set_up,
    "open_cases": _open_cases,
    "overdue_cases": _overdue_cases,
    "oldest_case_days": _oldest_case,
    "resolved": lambda v: _(
        "Recent follow-ups that were resolved: %(share)s", share=_percent(v[0])
    ),
    "no_touch_days": _no_touch,
    "goals_missed": _goals_missed,
    "goals_behind": _goals_behind,
    "goals_fine": _goals_fine,
    "invoice_overdue_days": _invoice,
}
