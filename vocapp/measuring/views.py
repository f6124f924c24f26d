"""Pages: how we are doing, for whom, and whether it is real."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, render_template, request, url_for

from surveys.periods import day_bounds, local_day, period_end, period_start
from vocapp.api_documents import read_cursor
from vocapp.authoring import queries as authoring
from vocapp.authoring.queries import SurveySummary
from vocapp.database import utcnow
from vocapp.measuring import overview_charts, wording
from vocapp.measuring.answer_links import AnswerLinks, links_of
from vocapp.measuring.asking import Ask
from vocapp.measuring.changes import WhatChanged
from vocapp.measuring.confidential import CONFIDENTIAL_FLOOR
from vocapp.measuring.forms import INTERVALS, PAGE_MIN_N, PERIODS, ResultsForm
from vocapp.measuring.funnel import Funnel
from vocapp.measuring.journey.views import journey_url
from vocapp.measuring.notes import Note, trend_notes
from vocapp.measuring.other_question_words import ShownQuestion, questions_in_words
from vocapp.measuring.other_questions import other_questions
from vocapp.measuring.overview import numbers_of
from vocapp.measuring.quality_wording import QualityWords, quality_in_words
from vocapp.measuring.queries import Figure, Metrics, survey_metrics
from vocapp.measuring.reportable import reportable_set
from vocapp.measuring.response_quality import ResponseQuality
from vocapp.measuring.segments.narrowing import narrowed_by
from vocapp.measuring.segments.queries import find_segment
from vocapp.measuring.watching.showing import watching_shown
from vocapp.measuring.weighting.queries import WeightedScore
from vocapp.measuring.weighting.showing import weighted_shown
from vocapp.signing import sign
from vocapp.translating import gettext as _
from vocapp.ui.attribute_names import attribute_name
from vocapp.ui.chart_files import Chart
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("measuring", __name__, template_folder="templates")
_PER_PAGE = 12
_MOST_SEGMENTS = 100
_MOST_CHANGES = 8
_MOST_PERIODS = 1100  # three years of days
_NO_SCORE = {"value": None, "low": None, "high": None}


@blueprint.get("/results")
@signed_in()
def results() -> str:
    """Every survey with its score, the newest first."""
    form = ResultsForm(request.args)
    ask = form.ask(today_here())
    cursor = read_cursor(request.args.get("cursor"), UUID)
    surveys = authoring.list_surveys(current_workspace.id, limit=_PER_PAGE + 1, after=cursor)
    shown = surveys[:_PER_PAGE]
    more = sign("cursor", str(shown[-1].id)) if len(surveys) > _PER_PAGE else None
    ask = Ask(since=ask.since, until=ask.until, min_n=PAGE_MIN_N)
    return render_template(
        "measuring/results.html",
        rows=[
            (survey, _metrics(survey, ask), links.all() if links else None)
            for survey in shown
            for links in [links_of(survey, _listed_parameters(form))]
        ],
        period=_shown_period(form),
        tabs=[
            (label, url_for("measuring.results", period=value), value == _shown_period(form))
            for value, label in PERIODS
            if value != "custom"
        ],
        next_url=url_for("measuring.results", period=_shown_period(form), cursor=more)
        if more
        else None,
        first_url=url_for("measuring.results", period=_shown_period(form)) if cursor else None,
        min_n=PAGE_MIN_N,
        floor=CONFIDENTIAL_FLOOR,
    )


def _shown_period(form: ResultsForm) -> str:
    chosen = str(form.period.data)
    return chosen if chosen in {"30", "90", "all"} else "365"


def _listed_parameters(form: ResultsForm) -> dict[str, str]:
    """The address of the page's period, without what it does not ask for."""
    return {name: text for name, text in form.parameters().items()
            if name in {"period", "since", "until"}}  # fmt: skip


def today_here() -> Any:
    return local_day(utcnow(), current_workspace.time_zone)


def _metrics(survey: SurveySummary, ask: Ask) -> Metrics:
    return survey_metrics(survey, ask, time_zone=current_workspace.time_zone, now=utcnow())


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page of a survey is made of. points, notes: of the course that is drawn.

    told: what changed, in words and as bars. links: where its numbers lead; None: nowhere.
    """

    form: ResultsForm
    ask: Ask
    interval: str
    metrics: Metrics
    changed: WhatChanged | None
    told: ShownChanges | None
    funnel: Funnel | None
    weighted: WeightedScore | None
    points: list[dict[str, Any]]
    notes: list[Note]
    links: AnswerLinks | None

    @property
    def survey(self) -> SurveySummary:
        return self.metrics.survey

    @property
    def marks(self) -> list[tuple[date, str]]:
        """A point is a whole period, so a note stands at the beginning of the one it fell in."""
        return [(period_start(note.day, self.interval), note.words) for note in self.notes]


def read_overview(key: str) -> Overview:
    """Everything that the address asks for of this survey. Raises NotFound."""
    survey = authoring.survey_by_key(current_workspace.id, key)
    form = form_of(survey)
    ask = form.ask(today_here())
    found = numbers_of(survey, ask, time_zone=current_workspace.time_zone, now=utcnow())
    interval = _interval(survey, ask)
    links = links_of(survey, form.parameters())
    points = _points(found.metrics, interval, links)
    return Overview(
        form=form,
        ask=ask,
        interval=interval,
        metrics=found.metrics,
        changed=found.changed,
        told=_shown_changes(survey.kind, found.changed, links),
        funnel=found.funnel,
        weighted=found.weighted,
        points=points,
        notes=_notes(points, interval),
        links=links,
    )


@blueprint.get("/results/<key>")
@signed_in()
def survey_results(key: str) -> str:
    """One survey: the score, its spread, its course, and for whom it differs."""
    found = read_overview(key)
    survey, form, ask, metrics = found.survey, found.form, found.ask, found.metrics
    parameters = form.parameters()

    def address(endpoint: str = "measuring.survey_results", **changes: Any) -> str:
        return url_for(endpoint, key=key, **{**parameters, **changes})

    return render_template(
        "measuring/survey.html",
        survey=survey,
        form=form,
        ask=ask,
        narrowed=narrowed_by(form),
        metrics=metrics,
        overall=metrics.overall,
        charts=charts_of(found),
        chart_address=lambda name: partial(address, "measuring.chart", name=name),
        changed=found.told,
        answered_before=answered_before(survey, metrics),
        points=found.points,
        other_questions=_other_questions(survey, ask),
        funnel=_shown_funnel(survey, found.funnel, found.links) if found.funnel else None,
        notes=found.notes,
        marks=found.marks,
        may_note=current_user.role in {"admin", "product"},
        hidden_periods=sum(1 for figure in metrics.series if figure.hidden),
        is_running=_is_running(metrics, ask),
        segments=segments_of(metrics, found.links),
        links=found.links,
        **weighted_shown(survey, found.weighted),
        **watching_shown(survey),
        watch_kept=parameters,
        intervals=[
            (label, address(interval=value), value == found.interval)
            for value, label in INTERVALS
            if not survey.confidential or value in {"month", "quarter"}
        ],
        kept={name: value for name, value in parameters.items() if name not in {"by", "by2"}},
        address=address,
        compare_url=address("comparing.compare_results"),
        themes_url=_themes_url(survey, parameters),
        drivers_url=_drivers_url(survey),
        journey_url=journey_url(survey, parameters),
        min_n=PAGE_MIN_N,
        floor=CONFIDENTIAL_FLOOR,
        shown_days=wording.days_name(metrics.since, metrics.until),
        segment_label=" · ".join(attribute_name(name) for name in ask.by),
    )


def _other_questions(survey: SurveySummary, ask: Ask) -> list[ShownQuestion]:
    zone = current_workspace.time_zone
    since = day_bounds(ask.since, zone)[0] if ask.since else None
    until = day_bounds(ask.until, zone)[0] if ask.until else None
    return questions_in_words(other_questions(survey, since=since, until=until))


def charts_of(found: Overview) -> dict[str, Chart]:
    """The charts of the page by name."""
    metrics, ask = found.metrics, found.ask
    changed = found.told
    stages = found.funnel.stages if found.funnel else ()
    drawn = [
        overview_charts.score_chart(metrics, ask),
        overview_charts.distribution_chart(metrics, ask, found.links),
        overview_charts.changes_chart(
            metrics, ask, found.changed,
            changed.rows if changed else [], changed.words if changed else None, found.links,
        ),
        overview_charts.trend_chart(
            metrics, ask, found.points,
            marks=found.marks, interval=found.interval, is_running=_is_running(metrics, ask),
            links=found.links,
        ),
        overview_charts.funnel_chart(
            metrics, ask, found.funnel, [wording.stage_row(stage) for stage in stages],
            found.links,
        ),
        overview_charts.segments_chart(metrics, ask, segments_of(metrics).rows, found.links),
    ]  # fmt: skip
    return {chart.name: chart for chart in drawn}


def form_of(survey: SurveySummary) -> ResultsForm:
    reportable = reportable_set(current_workspace.id)
    segment = find_segment(current_workspace.id, request.args.get("segment", ""))
    return ResultsForm(
        request.args, reportable, confidential=survey.confidential, segment=segment
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownChanges:
    """What changed, in words and as bars; rows: all answers, then the largest changes."""

    verdict: str | None
    words: str | None
    needed: str | None
    period: str
    rows: list[dict[str, Any]]
    shown: int
    in_all: int
    tested: int
    attributes: str


def _shown_changes(
    kind: str, changed: WhatChanged | None, links: AnswerLinks | None
) -> ShownChanges | None:
    if changed is None:
        return None
    overall = changed.overall
    against = wording.against_words(*changed.before)
    return ShownChanges(
        verdict=overall.verdict if overall else None,
        words=wording.change_words(kind, overall, against) if overall else None,
        needed=wording.needed_words(kind, overall.more_needed) if overall else None,
        period=wording.period_name(*changed.before),
        rows=_change_rows(kind, changed, links),
        shown=min(len(changed.segments), _MOST_CHANGES),
        in_all=len(changed.segments),
        tested=changed.tested,
        attributes=_(", ").join(attribute_name(name) for name in changed.attributes),
    )


def _change_rows(
    kind: str, changed: WhatChanged, links: AnswerLinks | None
) -> list[dict[str, Any]]:
    """The bar of all answers, and those of the segments that changed, the largest first."""
    overall = changed.overall
    if overall is None or overall.verdict == "too_few":
        return []
    shown = changed.segments[:_MOST_CHANGES]
    return [
        wording.change_row(kind, {}, overall, overview_charts.change_urls(changed, {}, links)),
        *(
            wording.change_row(
                kind, each.by, each.change, overview_charts.change_urls(changed, each.by, links)
            )
            for each in shown
        ),
    ]


def _shown_funnel(
    survey: SurveySummary, found: Funnel, links: AnswerLinks | None
) -> dict[str, Any] | None:
    """The way from invitation to answer as bars; None where nobody was invited."""
    if not found.hidden and not (found.stages and found.stages[0].count):
        return None
    return {
        "hidden": found.hidden,
        "rows": [
            wording.stage_row(stage, links.invited() if links else None) for stage in found.stages
        ],
        "unknown": _(", ").join(wording.stage_name(name) for name in found.unknown),
        "has_opens": any(stage.name == "opened" for stage in found.stages),
        "quality": _quality_words(survey, found.quality),
        "has_starts": any(stage.name == "started" for stage in found.stages),
    }


def _quality_words(survey: SurveySummary, found: ResponseQuality | None) -> QualityWords | None:
    if found is None:
        return None
    return quality_in_words(survey.kind, found, confidential=survey.confidential)


def answered_before(survey: SurveySummary, metrics: Metrics) -> bool:
    """Whether another period would show something; looked up only where this one is empty."""
    if metrics.overall.hidden or metrics.overall.estimate.n:
        return True
    everything = _metrics(survey, Ask()).overall
    return everything.hidden is not None or everything.estimate.n > 0


def _interval(survey: SurveySummary, ask: Ask) -> str:
    """Confidential surveys show whole months only."""
    return "month" if survey.confidential and ask.interval in {"day", "week"} else ask.interval


def _is_running(metrics: Metrics, ask: Ask) -> bool:
    """Whether the last period of the series is not over yet."""
    today = local_day(utcnow(), metrics.time_zone)
    last = metrics.series[-1].start if metrics.series else None
    return last is not None and last == period_start(today, ask.interval)


def _points(
    metrics: Metrics, interval: str, links: AnswerLinks | None = None
) -> list[dict[str, Any]]:
    """The course without holes: a period without answers is a gap, not a straight line."""
    found = {figure.start: figure for figure in metrics.series if figure.start is not None}
    if not found or all(figure.hidden for figure in found.values()):
        return []
    start, last = min(found), max(found)
    points: list[dict[str, Any]] = []
    while start <= last:
        figure = found.get(start)
        point = _point(figure) if figure else {"start": start, "n": 0, **_NO_SCORE}
        url = links.period(start) if links and figure else None
        points.append(point | {"url": url})
        start = period_end(start, interval)
    return points[-_MOST_PERIODS:]


def _notes(points: list[dict[str, Any]], interval: str) -> list[Note]:
    """The notes of the days that are drawn, oldest first."""
    if not points:
        return []
    end = period_end(points[-1]["start"], interval)
    found = trend_notes(current_workspace.id, since=points[0]["start"], until=end)
    return found[::-1]


def _point(figure: Figure) -> dict[str, Any]:
    found = figure.estimate
    if figure.hidden:
        return {"start": figure.start, "n": None, **_NO_SCORE}
    shown = (None,) * 3 if figure.too_few else (found.value, found.low, found.high)
    return {
        "start": figure.start, "n": found.n,
        **dict(zip(("value", "low", "high"), shown, strict=True)),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segments:
    """Segments as the page shows them; in all: also those beyond the most it can show."""

    rows: list[dict[str, Any]]
    hidden: list[str]
    in_all: int


def segments_of(metrics: Metrics, links: AnswerLinks | None = None) -> Segments:
    shown = [figure for figure in metrics.segments if not figure.hidden]
    largest = sorted(shown, key=lambda figure: -figure.estimate.n)[:_MOST_SEGMENTS]
    rows = [
        {
            **_point(figure),
            "label": wording.segment_name(figure.by),
            "differs": figure.differs,
            "url": links.segment(figure.by) if links else None,
        }
        for figure in largest
    ]
    return Segments(
        rows=rows,
        hidden=[wording.segment_name(figure.by) for figure in metrics.segments if figure.hidden],
        in_all=len(shown),
    )


def _drivers_url(survey: SurveySummary) -> str | None:
    """What moves the score, on a page of the same package as the themes."""
    if survey.confidential or "drivers.show_drivers" not in current_app.view_functions:
        return None
    return url_for("drivers.show_drivers", key=survey.key)


def _themes_url(survey: SurveySummary, parameters: dict[str, str]) -> str | None:
    """What people wrote, on the page of a package that this one must not know."""
    if survey.confidential or "understanding.themes" not in current_app.view_functions:
        return None
    days = parameters.get("period") if parameters.get("period") in {"30", "90"} else "365"
    return url_for("understanding.themes", survey=survey.key, days=days)
