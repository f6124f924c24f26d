"""The page that says what moves a survey's score."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, url_for

from surveys.drivers import Effect
from vocapp import ui
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.database import utcnow
from vocapp.problems import NotFound
from vocapp.translating import gettext as _
from vocapp.ui.chart_files import chart_file
from vocapp.understanding.drivers import wording
from vocapp.understanding.drivers.charts import drivers_chart
from vocapp.understanding.drivers.queries import Report, survey_drivers
from vocapp.understanding.drivers.sampling import COMMENT, DAYS
from vocapp.understanding.drivers.service import ask_for_drivers
from vocapp.understanding.views import text_in_language
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("drivers", __name__)
_ANSWERS = "looking_into.answers"


@blueprint.get("/results/<key>/drivers")
@signed_in()
def show_drivers(key: str) -> str:
    """Themes and attributes by how much of the differences between answers goes with them."""
    survey = survey_by_key(current_workspace.id, key)
    if survey.confidential:
        return render_template("understanding/drivers_hidden.html", survey=survey)
    found = survey_drivers(survey, now=utcnow())
    report = found.report
    rows = _rows(report, survey) if report else []
    return render_template(
        "understanding/drivers.html",
        survey=survey,
        report=report,
        is_computing=found.is_computing,
        may_compute=current_user.role in {"admin", "product"},
        last_day=report.until - timedelta(days=1) if report else None,
        days=DAYS,
        rows=rows,
        chart=drivers_chart(survey, report, rows),
        chart_address=partial(url_for, "drivers.chart", key=survey.key),
        left_out=_left_out(report) if report else {},
    )


@blueprint.get("/results/<key>/charts/drivers.<ending>")
@signed_in()
def chart(key: str, ending: str) -> Response:
    """The chart of the page as SVG or CSV; there is none of a confidential survey."""
    survey = survey_by_key(current_workspace.id, key)
    if survey.confidential:
        raise NotFound("there is no such chart")
    report = survey_drivers(survey, now=utcnow()).report
    found = drivers_chart(survey, report, _rows(report, survey) if report else [])
    return chart_file({found.name: found}, found.name, ending, stem=survey.key)


@blueprint.post("/results/<key>/drivers")
@signed_in("product")
def compute_drivers(key: str) -> Any:
    """Compute them now instead of tonight."""
    survey = survey_by_key(current_workspace.id, key)
    if survey.confidential:
        return redirect(url_for("drivers.show_drivers", key=survey.key))
    ask_for_drivers(current_workspace.id, survey.id, now=utcnow())
    ui.notice(_("What moves the score is being computed. Load the page again in a moment."))
    return redirect(url_for("drivers.show_drivers", key=survey.key))


def _rows(report: Report, survey: SurveySummary) -> list[dict[str, Any]]:
    """Drivers as rows of chart and table, the strongest first."""
    return [
        {
            "label": _label(driver.key, report),
            "value": 100 * driver.share,
            "low": 100 * driver.low,
            "high": 100 * driver.high,
            "text": wording.percent_of(driver.share),
            "range": wording.percent_range(driver.low, driver.high),
            "note": wording.direction(driver, survey.kind),
            "is_pale": driver.low == 0,
            "url": _url(driver.key, survey),
            "overlaps": driver.overlaps,
            "effects": [
                wording.effect_row(driver.key, effect, survey.kind)
                | {"answers_url": _answers_url(driver.key, effect, report, survey)}
                for effect in sorted(driver.effects, key=lambda effect: -effect.points)
            ],
        }
        for driver in report.drivers
    ]


def _label(key: str, report: Report) -> str:
    kind, _colon, name = key.partition(":")
    if kind == "theme":
        return text_in_language(report.labels.get(name, {})) or name
    return wording.driver_name(key)


def _url(key: str, survey: SurveySummary) -> str | None:
    kind, _colon, name = key.partition(":")
    if kind != "theme":
        return None
    return url_for("understanding.theme", key=name, days=DAYS, survey=survey.key)


def _answers_url(key: str, effect: Effect, report: Report, survey: SurveySummary) -> str | None:
    """Where the answers of an effect are listed, on a page of a package that is not known here.

    Only those that were here when it was computed. None: of a sample, and of "wrote a comment".
    """
    kind, _colon, name = key.partition(":")
    if kind == COMMENT or report.sampled < report.answers:
        return None
    if _ANSWERS not in current_app.view_functions:
        return None
    which: dict[str, Any] = (
        {"theme": name} if kind == "theme" else {f"in.{name}": effect.level or ""}
    )
    return url_for(
        _ANSWERS, key=survey.key, period="custom", since=report.since.isoformat(),
        until=(report.until - timedelta(days=1)).isoformat(),
        received_by=report.computed_at.isoformat(), **which,
    )  # fmt: skip


def _left_out(report: Report) -> dict[str, list[str]]:
    """Names of what says nothing, by why."""
    found: dict[str, list[str]] = {}
    for key, why in report.left_out:
        found.setdefault(why, []).append(_label(key, report))
    return found
