"""The page that says how soon people were contacted and whether they recovered."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for

from surveys.periods import local_day
from vocapp.database import utcnow
from vocapp.following_up.closing_loop import queries, wording
from vocapp.following_up.closing_loop.cases import Asked, may_split_by
from vocapp.following_up.closing_loop.cases_behind import LISTS, Behind, cases_behind
from vocapp.following_up.closing_loop.charts import charts_of
from vocapp.following_up.closing_loop.forms import LoopForm
from vocapp.following_up.queries import theme_labels
from vocapp.following_up.rooms import follow_up_rooms
from vocapp.following_up.wording import STATES
from vocapp.measuring.filter_wording import filter_in_words
from vocapp.measuring.segments.queries import Segment, find_segment, segments
from vocapp.spreadsheets import csv_lines
from vocapp.translating import gettext as _
from vocapp.ui.chart_files import chart_file
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.queries import members

blueprint = Blueprint("closing_loop", __name__, template_folder="../templates")
blueprint.add_app_template_global(follow_up_rooms)

_PAGE = 200
_MOST_SEGMENTS = 200
NOBODY = "~"  # in addresses: cases without a value


@blueprint.get("/follow-ups/closed-loop")
@signed_in(within_own_accounts=True)
def show() -> str:
    """Whether contacting people helped."""
    form, asked = _asked()
    told = queries.closed_loop(
        current_workspace.id, asked, reach=current_user.reach, now=utcnow()
    )  # fmt: skip
    return render_template(
        "following_up/closed_loop.html",
        form=form,
        by=asked.by or "",
        by_name=wording.split_name(asked.by) if asked.by else "",
        by_choices=wording.split_choices(asked.by or ""),
        segment_choices=_segment_choices(form.chosen),
        segment_words=filter_in_words(form.chosen.filter) if form.chosen else "",
        without_segment=url_for(".show", **_kept(form, by=asked.by, segment=None)),
        told=told,
        own=told.overall,
        charts=charts_of(told.overall),
        chart_address=lambda name: partial(url_for, ".chart", name=name, **_kept(form)),
        behind=partial(_address, form),
        group_name=_group_names(asked),
        group_address=lambda value, which: _address(
            form, which, by=asked.by, value=NOBODY if value is None else value
        ),
        outcomes=wording.OUTCOMES,
        median_words=wording.median_words,
        median_range=wording.median_range,
        difference_words=wording.difference_words,
        asked_words=wording.asked_words,
        between=wording.between,
    )


@blueprint.get("/follow-ups/closed-loop/charts/<name>.<ending>")
@signed_in(within_own_accounts=True)
def chart(name: str, ending: str) -> Response:
    """A chart of the page as SVG or CSV."""
    _form, asked = _asked(split=False)
    told = queries.closed_loop(current_workspace.id, asked, reach=current_user.reach, now=utcnow())
    return chart_file(charts_of(told.overall), name, ending, stem="closed-loop")


@blueprint.get("/follow-ups/closed-loop/cases")
@signed_in(within_own_accounts=True)
def behind() -> Any:
    """The follow-ups behind a figure; as CSV with format=csv."""
    form, asked = _asked()
    which, value = request.args.get("which", "all"), request.args.get("value")
    if which not in LISTS:
        abort(404)
    is_split = bool(asked.by and value)
    value = None if value == NOBODY else value
    rows = cases_behind(
        current_workspace.id, asked, which, value=value, is_split=is_split,
        reach=current_user.reach, now=utcnow(),
    )  # fmt: skip
    if request.args.get("format") == "csv":
        return _csv(rows, which)
    return render_template(
        "following_up/closed_loop_cases.html",
        form=form,
        which=which,
        title=wording.LISTS[which],
        list_choices=list(wording.LISTS.items()),
        rows=rows[:_PAGE],
        total=len(rows),
        states=STATES,
        segment=_group_names(asked)(value) if is_split else None,
        kept=_kept(form, by=asked.by, value=request.args.get("value")),
        back=url_for(".show", **_kept(form, by=asked.by)),
        csv_url=_address(
            form, which, by=asked.by, value=request.args.get("value"), format="csv"
        ),
    )  # fmt: skip


def _asked(*, split: bool = True) -> tuple[LoopForm, Asked]:
    key = request.args.get("segment", "")
    # Segments are of the results of the whole workspace, and may name customers.
    segment = None if current_user.only_own_accounts else find_segment(current_workspace.id, key)
    form = LoopForm(request.args, segment=segment)
    since, until = form.days(local_day(utcnow(), current_workspace.time_zone))
    by = request.args.get("by", "").strip() if split else ""
    return form, Asked(
        since, until, current_workspace.time_zone, by if may_split_by(by) else None,
        segment.filter if segment else None,
    )  # fmt: skip


def _segment_choices(chosen: Segment | None) -> list[tuple[str, str]]:
    """None where there is none to choose."""
    if current_user.only_own_accounts:
        return []
    found = segments(current_workspace.id, limit=_MOST_SEGMENTS)
    if chosen and chosen.key not in {each.key for each in found}:
        found.append(chosen)
    return [("", _("All follow-ups")), *((each.key, each.name) for each in found)] if found else []


def _kept(form: LoopForm, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in (form.parameters() | more).items() if value}


def _address(form: LoopForm, which: str, **more: Any) -> str:
    return url_for(".behind", **_kept(form, which=which, **more))


def _group_names(asked: Asked) -> Any:
    by = asked.by or ""
    people = {str(each.user_id): each.name for each in members(current_workspace.id)}
    themes = theme_labels(current_workspace.id) if by == "theme" else {}
    return lambda value: wording.group_name(by, value, people, themes)


def _csv(rows: list[Behind], which: str) -> Response:
    table: list[list[Any]] = [
        ["id", "state", "account", "contact", "owner", "opened_at", "first_contact_at",
         "resolved_at", "score", "next_score"],
    ]  # fmt: skip
    table += [
        [
            str(row.id), row.state, row.account, row.contact, row.owner, row.opened_at.isoformat(),
            row.first_contact_at and row.first_contact_at.isoformat(),
            row.resolved_at and row.resolved_at.isoformat(), row.before, row.after,
        ]
        for row in rows
    ]  # fmt: skip
    response = Response(csv_lines(table, bom=True), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="follow-ups-{which}.csv"'
    return response
