"""The page that says how good the themes are, and on what that stands."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from vocapp.database import utcnow
from vocapp.ui.chart_files import Chart, chart_file
from vocapp.understanding.quality import queries
from vocapp.understanding.quality.charts import calibration_chart, comments, drift_charts
from vocapp.understanding.quality.drift import drift
from vocapp.understanding.quality.queries import ENOUGH, QualityPage
from vocapp.understanding.queries import theme_choices
from vocapp.understanding.views import text_in_language
from vocapp.workspaces.access import current_workspace, signed_in

blueprint = Blueprint("theme_quality", __name__)
PERIODS = (30, 90, 365)


@blueprint.get("/themes/quality")
@signed_in("product")
def show() -> str:
    """Precision, recall, calibration, confusions and drift."""
    days, now = _days(), utcnow()
    page = queries.quality_page(current_workspace.id, now=now, days=days)
    found = _charts(page)
    pair = request.args.get("removed"), request.args.get("added")
    names = {key: text_in_language(label) for key, label in theme_choices(current_workspace.id)}
    return render_template(
        "understanding/quality.html",
        page=page,
        days=days,
        enough=ENOUGH,
        charts=found,
        drifting=[found[name] for name in ("unseen", "confidence", "silent")],
        chart_address=lambda name: partial(url_for, "theme_quality.chart", name=name, days=days),
        here=partial(url_for, "theme_quality.show", days=days),
        name_of=lambda key: names.get(key, key),
        comments=comments,
        pair=pair,
        confused=_confused(pair, days=days) if all(pair) else [],
    )


@blueprint.get("/themes/quality/charts/<name>.<ending>")
@signed_in("product")
def chart(name: str, ending: str) -> Response:
    """A chart of the page as SVG or CSV."""
    page = queries.quality_page(current_workspace.id, now=utcnow(), days=_days())
    return chart_file(_charts(page), name, ending, stem="themes")


def _charts(page: QualityPage) -> dict[str, Chart]:
    months = drift(current_workspace.id, time_zone=current_workspace.time_zone, now=utcnow())
    return {each.name: each for each in (calibration_chart(page), *drift_charts(months))}


def _confused(pair: tuple[str | None, str | None], *, days: int) -> list[Any]:
    removed, added = pair
    return queries.confused_comments(
        current_workspace.id, removed or "", added or "", now=utcnow(), days=days
    )


def _days() -> int:
    days = request.args.get("days", type=int, default=365)
    return days if days in PERIODS else 365
