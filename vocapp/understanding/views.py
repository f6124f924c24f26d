"""The product manager's pages: themes, the sentences behind them, corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from markupsafe import Markup

from surveys.effects import Effect
from surveys.periods import day_bounds
from vocapp import ui
from vocapp.api_documents import PAGE_SIZE, moment_and_id, read_cursor
from vocapp.authoring.queries import SurveySummary, list_surveys, survey_by_key
from vocapp.collecting.queries import refuse_if_confidential
from vocapp.database import utcnow
from vocapp.problems import Forbidden, Problem
from vocapp.signing import sign
from vocapp.translating import gettext
from vocapp.ui.chart_files import Chart, chart_file
from vocapp.ui.formats import signed_points
from vocapp.understanding import queries, service
from vocapp.understanding.discovery.queries import count_waiting
from vocapp.understanding.originals import original_url
from vocapp.understanding.queries import ThemeRow, ThemesPage
from vocapp.understanding.rooms import theme_rooms
from vocapp.understanding.shown import themes_are_less_certain
from vocapp.understanding.theme_charts import effects_chart
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.coming_back import next_path

blueprint = Blueprint("understanding", __name__, template_folder="templates")
blueprint.add_app_template_global(theme_rooms)
blueprint.add_app_template_global(original_url)
blueprint.add_app_template_global(themes_are_less_certain, "is_less_certain")
PERIODS = (30, 90, 365)
ORDERS = ("effect", "volume", "growth")
ALL_SURVEYS = ""


@dataclass(frozen=True, slots=True)
class AskedThemes:
    """What the address asks for: the themes of one survey, or of all (chosen None)."""

    days: int
    surveys: Sequence[SurveySummary]
    chosen: SurveySummary | None
    page: ThemesPage | None  # None: a confidential survey shows no themes

    @property
    def survey_key(self) -> str:
        return self.chosen.key if self.chosen else ALL_SURVEYS

    def bars(self) -> list[dict[str, Any]]:
        """The rows of the chart; none where there is no one score to have an effect on."""
        rows = [row for row in self.page.rows if row.n] if self.page and self.page.kind else []
        return effect_bars(rows, days=self.days, survey=self.survey_key)


def _asked_themes() -> AskedThemes:
    days = _days()
    surveys = list_surveys(current_workspace.id, limit=200)
    chosen = _chosen_survey(surveys, days=days)
    if chosen and chosen.confidential:
        return AskedThemes(days, surveys, chosen, None)
    page = queries.themes_page(
        current_workspace.id,
        time_zone=current_workspace.time_zone,
        now=utcnow(),
        days=days,
        survey_id=chosen.id if chosen else None,
    )
    return AskedThemes(days, surveys, chosen, page)


def _charts(asked: AskedThemes) -> dict[str, Chart]:
    """The charts of the page by name; none where it shows none."""
    if asked.page is None:
        return {}
    name = asked.chosen.name if asked.chosen else None
    found = effects_chart(asked.page, asked.bars(), survey=name)
    return {found.name: found}


@blueprint.get("/themes/charts/<name>.<ending>")
@signed_in()
def chart(name: str, ending: str) -> Response:
    """The chart of the page of themes as SVG or CSV, for what the page's address asks."""
    asked = _asked_themes()
    return chart_file(_charts(asked), name, ending, stem=asked.survey_key or "themes")


@blueprint.get("/themes")
@signed_in()
def themes() -> str:
    """Themes ranked by what they cost or bring."""
    service.make_sure_of_themes(current_workspace.id, now=utcnow())
    asked = _asked_themes()
    page, days, survey_key = asked.page, asked.days, asked.survey_key
    choices = [(ALL_SURVEYS, gettext("All surveys")), *((s.key, s.name) for s in asked.surveys)]
    if page is None:
        return render_template(
            "understanding/themes_hidden.html",
            survey=asked.chosen, survey_choices=choices, days=days,
        )  # fmt: skip
    order = _order_of(page)
    rows = sorted((row for row in page.rows if row.n), key=_order(order))
    return render_template(
        "understanding/themes.html",
        page=page,
        rows=rows,
        silent=[row for row in page.rows if not row.n],
        days=days,
        order=order,
        survey_choices=choices,
        leaves_out=asked.chosen is None and any(each.confidential for each in asked.surveys),
        survey=survey_key,
        label=label_of,
        bars=asked.bars(),
        charts=_charts(asked),
        chart_address=partial(
            url_for, "understanding.chart", name="effects", days=days, survey=survey_key
        ),
        points=effect_in_words,
        is_new=is_new,
        emerging=count_waiting(current_workspace.id) if _may_correct() else 0,
        may_correct=_may_correct(),
    )


def _chosen_survey(surveys: Sequence[SurveySummary], *, days: int) -> SurveySummary | None:
    """The survey asked for; where none is, the one with the most comments; None: all of them."""
    key = request.args.get("survey")
    if key is not None:
        return next((survey for survey in surveys if survey.key == key), None)
    busiest = queries.busiest_survey(
        current_workspace.id, time_zone=current_workspace.time_zone, now=utcnow(), days=days
    )
    return next((survey for survey in surveys if survey.id == busiest), None)


def _order_of(page: ThemesPage) -> str:
    """By effect unless something else is asked for, or there is no one score to have one on."""
    order = request.args.get("order", ORDERS[0])
    if order not in ORDERS:
        order = ORDERS[0]
    return "volume" if order == "effect" and page.rows and page.kind is None else order


def _order(order: str) -> Any:
    if order == "volume":
        return lambda row: (-row.n, row.key)
    if order == "growth":
        return lambda row: (-(row.n - row.previous_n), row.key)
    return lambda row: (row.effect.points if row.effect else 0.0, -row.n)


def _days() -> int:
    days = request.args.get("days", type=int, default=90)
    return days if days in PERIODS else 90


def label_of(theme: ThemeRow | Any) -> str:
    """A theme's name in the reader's language."""
    return text_in_language(theme.label)


def effect_in_words(effect: Effect | None) -> str:
    """Points with their interval."""
    if effect is None:
        return signed_points(None)
    low, high = signed_points(effect.low), signed_points(effect.high)
    return gettext(
        "%(points)s (%(low)s to %(high)s)", points=signed_points(effect.points), low=low, high=high
    )


def effect_bars(
    rows: list[ThemeRow], *, days: int, survey: str, most: int = 8
) -> list[dict[str, Any]]:
    """The themes that move the score most, as rows of a chart; unclear ones last and pale."""
    moving = [(row, row.effect) for row in rows if row.effect is not None]
    strongest = sorted(moving, key=lambda each: (not each[0].is_clear, -abs(each[1].points)))[:most]
    return [
        {
            "label": label_of(row),
            "value": effect.points,
            "low": effect.low,
            "high": effect.high,
            "share": row.share,
            "text": signed_points(effect.points),
            "url": url_for("understanding.theme", key=row.key, days=days, survey=survey),
            "is_new": is_new(row),
            "is_pale": not row.is_clear,
        }
        for row, effect in sorted(strongest, key=lambda each: each[1].points)
    ]


def is_new(row: ThemeRow) -> bool:
    """Hardly mentioned before, and now by several."""
    return row.previous_n == 0 and row.n >= 5


def text_in_language(texts: dict[str, str]) -> str:
    """The text in the reader's language, else in English, else in any."""
    language = str(get_locale())[:2]
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


@blueprint.get("/themes/<key>")
@signed_in()
def theme(key: str) -> str:
    """One theme: how often, for whom, and what people wrote."""
    chosen = _survey_named(request.args.get("survey"))
    row, page = queries.theme_summary(
        current_workspace.id,
        key,
        time_zone=current_workspace.time_zone,
        now=utcnow(),
        days=_days(),
        survey_id=chosen.id if chosen else None,
    )
    cursor = read_cursor(request.args.get("cursor"), moment_and_id)
    sentiment = request.args.get("sentiment")
    is_before = request.args.get("list") == "before"
    copies_of = request.args.get("alike", type=UUID)
    zone = current_workspace.time_zone
    days = (page.since - (page.until - page.since), page.since) if is_before else (
        page.since, page.until
    )  # fmt: skip
    verbatims = queries.verbatims_of_theme(
        current_workspace.id,
        key,
        limit=PAGE_SIZE + 1,
        before=cursor,
        sentiment=sentiment if sentiment in {"positive", "neutral", "negative", "mixed"} else None,
        survey_id=chosen.id if chosen else None,
        since=day_bounds(days[0], zone)[0],
        until=day_bounds(days[1], zone)[0],
        copies=copies_of or "once",
    )
    shown = verbatims[:PAGE_SIZE]
    last = shown[-1] if len(verbatims) > PAGE_SIZE else None
    return render_template(
        "understanding/theme.html",
        theme=row,
        page=page,
        days=_days(),
        sentiment=sentiment,
        survey=chosen,
        address=partial(
            url_for, ".theme", key=key, days=_days(), survey=chosen.key if chosen else None
        ),
        is_before=is_before,
        copies_of=copies_of,
        listed=sum(1 + verbatim.alike for verbatim in shown),
        first_day=days[0],
        last_day=days[1] - timedelta(days=1),
        verbatims=[(verbatim, queries.marked(verbatim, key)) for verbatim in shown],
        next_cursor=sign("cursor", [last.answered_at.isoformat(), str(last.response_id)])
        if last
        else None,
        first=not cursor,
        other_themes=partial(
            _other_themes,
            {
                each: _OPTION.format(each, text_in_language(label))
                for each, label in queries.theme_choices(current_workspace.id)
            },
        ),
        # The same few addresses stand with every comment.
        theme_url=cache(lambda key: url_for(".theme", key=key)),
        label=label_of,
        points=effect_in_words,
        in_language=text_in_language,
        may_correct=_may_correct(),
    )


_OPTION = Markup('<option value="{}">{}</option>')


def _other_themes(options: Mapping[str, Markup], present: Sequence[str]) -> Markup:
    """The themes that a comment does not have, to choose one. A page has a thousand of these
    options: each is written once, and they are joined here and not piece by piece by Jinja."""
    return Markup("").join(option for key, option in options.items() if key not in present)


def _survey_named(key: str | None) -> SurveySummary | None:
    """None for all surveys. Raises NotFound."""
    return survey_by_key(current_workspace.id, key) if key else None


def _may_correct() -> bool:
    return current_user.role in {"admin", "product"}


@blueprint.post("/responses/<uuid:response_id>/themes")
@signed_in("product")
def correct(response_id: UUID) -> Any:
    """One press on a verbatim: this theme belongs here, or it does not."""
    key, verdict = request.form.get("theme", ""), request.form.get("verdict", "")
    refuse_if_confidential(current_workspace.id, response_id)
    try:
        service.correct_theme(
            current_workspace.id,
            response_id,
            key,
            verdict,
            user_id=current_user.id,
            now=utcnow(),
        )
    except Forbidden:
        raise
    except Problem as problem:
        flash(problem.detail, "error")
    else:
        words = {
            "add": gettext("The theme was added. It is kept as a label."),
            "remove": gettext("The theme was removed. It is kept as a label."),
            "confirm": gettext("The theme was confirmed. It is kept as a label."),
        }
        ui.notice(
            words[verdict],
            undo_url=url_for(
                "understanding.withdraw", response_id=response_id, theme=key, next=_back()
            ),
        )
    return redirect(_back())


@blueprint.post("/responses/<uuid:response_id>/themes/<theme>/withdraw")
@signed_in("product")
def withdraw(response_id: UUID, theme: str) -> Any:
    """Undo a correction: the model judges again."""
    service.withdraw_correction(current_workspace.id, response_id, theme, now=utcnow())
    ui.notice(gettext("Undone. The comment is being judged again."))
    return redirect(_back())


def _back() -> str:
    return next_path() or url_for("understanding.themes")
