"""The picture of one feature: how many are still there of those who used it and of the others."""

from __future__ import annotations

from typing import Any

from vocapp.succeeding.features import wording
from vocapp.succeeding.features.queries import Feature, Point, Screen, Side
from vocapp.translating import gettext as _
from vocapp.ui import curves
from vocapp.ui.chart_files import Chart, Column

_MONTH = 30
_LEAST_DRAWN = 5  # watched; what is left of fewer moves by leaps


def survival_chart(screen: Screen, feature: Feature) -> Chart:
    """Both curves, and a table with the number still watched beside each share."""
    labels = (_("Used it"), _("Did not"))
    return Chart(
        name="survival",
        title=_("%(feature)s: who is still there", feature=feature.name),
        words=wording.curve_words(feature, screen.window_days),
        shape="curves",
        metric="share",
        columns=(
            Column(_("Months after the first days")),
            *(each for label in labels for each in _columns(label)),
        ),
        rows=_rows(feature),
        values={
            "picture": curves.picture(
                [_curve(label, side)
                 for label, side in zip(labels, (feature.users, feature.others), strict=True)]
            ),
            "x_label": _("Months after the first %(days)s days", days=screen.window_days),
        },
        source=_("Associated, not caused."),
    )  # fmt: skip


def _columns(label: str) -> tuple[Column, ...]:
    return (
        Column(_("%(who)s: still there", who=label), "share"),
        Column(_("Low (95%)"), "share"),
        Column(_("High (95%)"), "share"),
        Column(_("%(who)s: watched", who=label), "count"),
    )


def _curve(label: str, side: Side) -> curves.Curve:
    return curves.Curve(
        label,
        [
            curves.CurvePoint(each.day, each.survival, each.low, each.high)
            for each in side.points
            if each.at_risk >= _LEAST_DRAWN
        ],
    )


def _rows(feature: Feature) -> list[list[Any]]:
    days = sorted({each.day for side in (feature.users, feature.others) for each in side.points})
    return [
        [str(day // _MONTH), *_cells(feature.users.at(day)), *_cells(feature.others.at(day))]
        for day in days
    ]


def _cells(point: Point | None) -> list[Any]:
    """Nothing where nobody is watched any more."""
    if point is None:
        return [None] * 4
    return [point.survival, point.low, point.high, point.at_risk]
