"""The page that says where a brand loses people on the way from knowing to recommending it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from surveys.journey import CONVERSIONS, STAGES, Journey
from surveys.periods import local_day
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.database import utcnow
from vocapp.measuring.answer_links import AnswerLinks, links_of
from vocapp.measuring.forms import PeriodForm
from vocapp.measuring.journey import queries, wording
from vocapp.measuring.journey.charts import charts_of
from vocapp.measuring.journey.queries import Asked, Group, Told
from vocapp.measuring.journey.stages import ASKED
from vocapp.measuring.reportable import reportable_set
from vocapp.spreadsheets import csv_lines
from vocapp.translating import gettext as _
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.ui.chart_files import chart_file
from vocapp.workspaces.access import current_workspace, signed_in

blueprint = Blueprint("journey", __name__, template_folder="../templates")


@dataclass(frozen=True, slots=True)
class Row:
    """A segment or a brand of a table. differs: rate → "above", "below" or None."""

    label: str
    group: Group
    links: AnswerLinks | None
    value: str | None = None
    by: str | None = None
    url: str | None = None

    @property
    def journey(self) -> Journey:
        return self.group.journey

    def link(self, at: Sequence[str], not_at: Sequence[str] = ()) -> str | None:
        by = {self.by: self.value} if self.by else {}
        return self.links.stages(at, not_at, by) if self.links else None

    def side(self, rate: str) -> str | None:
        contrast = self.group.contrasts.get(rate)
        if contrast is None or not contrast.differs:
            return None
        return "above" if (contrast.change.value or 0) > 0 else "below"


@blueprint.get("/results/<key>/journey")
@signed_in()
def show(key: str) -> str:
    """The five stages, how many go from each to the next, and whose path it is like."""
    survey = survey_by_key(current_workspace.id, key)
    if survey.confidential:
        return render_template("measuring/journey_hidden.html", survey=survey)
    form, asked = _asked()
    told = queries.journey_of(survey, asked)
    links = links_of(survey, form.parameters())
    return render_template(
        "measuring/journey.html",
        survey=survey,
        form=form,
        by=asked.by.name if asked.by else "",
        by_name=attribute_name(asked.by.name) if asked.by else "",
        by_choices=_choices(),
        told=told,
        own=told.own,
        link=_link_of(links),
        charts=charts_of(told.own, told.shape, link=_link_of(links)),
        chart_address=lambda name: partial(url_for, ".chart", key=key, name=name, **_kept(form)),
        segments=_segment_rows(told, asked, links),
        brands=_brand_rows(told, form),
        rates=wording.RATES,
        rates_of=wording.rates_of,
        sources=_SOURCES,
        step_names=[
            wording.step_name(name, *stages)
            for name, stages in zip(CONVERSIONS, pairwise(STAGES), strict=True)
        ],
        words=wording,
        csv_url=url_for(".file", key=key, **_kept(form, by=asked.by and asked.by.name)),
        all_time=url_for(".show", key=key, period="all"),
        asked_place=ASKED,
    )


# The stages that the people of a rate are at.
_SOURCES: Mapping[str, tuple[str, str]] = {
    **dict(zip(CONVERSIONS, pairwise(STAGES), strict=True)),
    "par": ("aware", "act"),
    "bar": ("aware", "advocate"),
}


@blueprint.get("/results/<key>/journey/charts/<name>.<ending>")
@signed_in()
def chart(key: str, name: str, ending: str) -> Response:
    """A chart of the page as SVG or CSV."""
    survey = survey_by_key(current_workspace.id, key)
    form, asked = _asked()
    told = queries.journey_of(survey, asked)
    found = charts_of(told.own, told.shape, link=_link_of(links_of(survey, form.parameters())))
    return chart_file(found, name, ending, stem=survey.key)


@blueprint.get("/results/<key>/journey.csv")
@signed_in()
def file(key: str) -> Response:
    """All numbers of the page: of all, of each segment, of each other brand."""
    survey = survey_by_key(current_workspace.id, key)
    _form, asked = _asked()
    told = queries.journey_of(survey, asked)
    groups: list[tuple[str, str, Journey]] = [("all", survey.key, told.own)]
    groups += [(asked.by.name, value or "", group.journey)
               for value, group in told.segments.items() if asked.by]  # fmt: skip
    groups += [("survey", each.survey.key, each.group.journey) for each in told.brands]
    table: list[list[Any]] = [_heading(), *(_line(*each) for each in groups)]
    response = Response(csv_lines(table, bom=True), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{survey.key}-journey.csv"'
    return response


def _heading() -> list[str]:
    rates = [f"{name}{part}" for name in wording.RATES for part in ("", "_low", "_high")]
    return ["group", "value", "asked", *STAGES, *rates]


def _line(group: str, value: str, journey: Journey) -> list[Any]:
    rates = wording.rates_of(journey).values()
    shares = [part for each in rates for part in (each.value, each.low, each.high)]
    return [group, value, journey.asked, *journey.counts.values(), *shares]


def _asked() -> tuple[PeriodForm, Asked]:
    form = PeriodForm(request.args)
    since, until = form.days(local_day(utcnow(), current_workspace.time_zone))
    by = queries.reportable_of(request.args.get("by", ""), reportable_set(current_workspace.id))
    return form, Asked(since, until, current_workspace.time_zone, by)


def _kept(form: PeriodForm, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in (form.parameters() | more).items() if value}


def _choices() -> list[tuple[str, str]]:
    names = [item.name for item in reportable_set(current_workspace.id)]
    return [("", _("Not split")), *((name, attribute_name(name)) for name in names)]


def _link_of(links: AnswerLinks | None) -> Any:
    return lambda at, not_at=(): links.stages(at, not_at) if links else None


def _segment_rows(told: Told, asked: Asked, links: AnswerLinks | None) -> list[Row]:
    if asked.by is None:
        return []
    name = asked.by.name
    return [
        Row(value_name(name, value), group, links, value, name)
        for value, group in told.segments.items()
    ]


def _brand_rows(told: Told, form: PeriodForm) -> list[Row]:
    parameters: dict[str, Any] = form.parameters()
    return [
        Row(each.survey.name, each.group, links_of(each.survey, parameters),
            url=url_for(".show", key=each.survey.key, **parameters))
        for each in told.brands
    ]  # fmt: skip


def journey_url(survey: SurveySummary, parameters: Mapping[str, str]) -> str | None:
    """Where the journey of a survey is shown; None for one that does not ask it."""
    if not queries.asks_journey(survey):
        return None
    kept: dict[str, Any] = {
        name: parameters[name] for name in ("period", "since", "until") if name in parameters
    }
    return url_for("journey.show", key=survey.key, **kept)
