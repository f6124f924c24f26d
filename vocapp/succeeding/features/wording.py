"""The screen of features in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping

from vocapp.succeeding.features.queries import Feature, Point, Screen, Side
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.formats import number, percent

_YEAR = 360  # days after the window at which shares are told, as far as anybody got
_LEAST_AT_RISK = 10
_MONTH = 30
_MOST_NAMED = 5

VERDICTS: Mapping[str, object] = {
    "longer": _l("stay longer"),
    "shorter": _l("leave sooner"),
    "unclear": _l("no clear difference"),
}
REASONS: Mapping[str, object] = {
    "few_users": _l("Fewer than 20 customers used it in their first days."),
    "few_others": _l("Fewer than 20 customers did not use it in their first days."),
    "few_comparable": _l(
        "Too few customers left who are alike in plan and year: at least 10 would have to be "
        "expected of either side."
    ),
}
LISTS: Mapping[str, object] = {
    "all": _l("All that were compared"),
    "used": _l("Used it in their first days"),
    "used_lost": _l("Used it, and left later"),
    "not_used": _l("Did not use it in their first days"),
    "not_used_lost": _l("Did not use it, and left later"),
    "not_used_here": _l("Did not use it, and are still there"),
}


def window_choices(windows: tuple[int, ...]) -> list[tuple[str, str]]:
    return [(str(days), _("the first %(days)s days", days=days)) for days in windows]


def told_points(feature: Feature) -> tuple[Point, Point] | None:
    """Of users and others the latest day, a year at most, on which enough of both are watched."""
    days = sorted(
        (each.day for each in feature.users.points if 0 < each.day <= _YEAR), reverse=True
    )
    for day in days:
        users, others = feature.users.at(day), feature.others.at(day)
        if users and others and min(users.at_risk, others.at_risk) >= _LEAST_AT_RISK:
            return users, others
    return None


def months(day: int) -> str:
    count = day // _MONTH
    return ngettext("%(count)s month", "%(count)s months", count, count=number(count))


def between(point: Point) -> str:
    return _("%(low)s to %(high)s", low=percent(point.low), high=percent(point.high))


def ratio_words(feature: Feature) -> str:
    """How often users leave for each time that others do."""
    return number(feature.ratio, 2) if feature.ratio is not None else _("beyond measure")


def ratio_range(feature: Feature) -> str:
    if feature.low is None:
        return ""
    if feature.high is None:
        return _("at least %(low)s", low=number(feature.low, 2))
    return _("%(low)s to %(high)s", low=number(feature.low, 2), high=number(feature.high, 2))


def screen_words(screen: Screen) -> str:
    """What was found, as a suggestion and not as a cause."""
    longer = [each.name for each in screen.compared if each.verdict == "longer"]
    shorter = [each.name for each in screen.compared if each.verdict == "shorter"]
    if not screen.compared:
        return _("No feature could be compared yet: too few customers, or too few of them left.")
    if not longer and not shorter:
        return _(
            "Of no feature can it be told whether those stay longer who used it in their first "
            "%(days)s days.", days=screen.window_days,
        )  # fmt: skip
    told = []
    if longer:
        told.append(
            _(
                "Customers who used these in their first %(days)s days stayed longer than like "
                "ones who did not: %(names)s.",
                days=screen.window_days, names=_named(longer),
            )
        )  # fmt: skip
    if shorter:
        told.append(
            _(
                "Customers who used these left sooner than like ones who did not: %(names)s.",
                names=_named(shorter),
            )
        )
    return " ".join(told)


def _named(names: list[str]) -> str:
    shown = _(", ").join(names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return _("%(names)s and %(count)s more", names=shown, count=more) if more > 0 else shown


def curve_words(feature: Feature, window_days: int) -> str:
    """What the picture of a feature shows."""
    told = told_points(feature)
    if told is None:
        return _("Too few customers are watched long enough to compare how many are still there.")
    users, others = told
    return _(
        "%(months)s after their first %(days)s days, %(users)s of those who used %(feature)s are "
        "still there (%(users_range)s), of the others %(others)s (%(others_range)s).",
        months=months(users.day), days=window_days, feature=feature.name,
        users=percent(users.survival), users_range=between(users),
        others=percent(others.survival), others_range=between(others),
    )  # fmt: skip


def median_words(side: Side) -> str:
    """How long until half have left."""
    if side.median is None:
        return _("more than half are still there")
    return _("half left within %(months)s", months=months(round(side.median)))
