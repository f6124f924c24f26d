"""The page that says which features those customers use who stay long, as hints for onboarding."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from vocapp import ui
from vocapp.database import utcnow
from vocapp.problems import NotFound
from vocapp.spreadsheets import csv_lines
from vocapp.succeeding.features import queries, wording
from vocapp.succeeding.features.charts import survival_chart
from vocapp.succeeding.features.keeping import (
    MOST_FEATURES,
    WINDOWS,
    ask_for_screen,
    see_to_keeping,
)
from vocapp.succeeding.features.queries import LISTS, Behind, Feature, Screen
from vocapp.translating import gettext as _
from vocapp.ui.chart_files import chart_file
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.navigation import may_open
from vocapp.workspaces.queries import members

blueprint = Blueprint("features", __name__, template_folder="../templates")

_PAGE = 200
_USUAL = WINDOWS[0]


@blueprint.get("/features")
@signed_in()
def show() -> str:
    """Features by how sure it is that customers who used them stay longer, or leave sooner."""
    now = utcnow()
    see_to_keeping(current_workspace.id, now=now)
    window = _window()
    screen = queries.screen_of(current_workspace.id, window)
    chosen = _chosen(screen)
    return render_template(
        "succeeding/features/screen.html",
        window=window,
        window_choices=wording.window_choices(WINDOWS),
        screen=screen,
        chosen=chosen,
        chart=survival_chart(screen, chosen) if screen and chosen else None,
        chart_address=partial(
            url_for, ".chart", name="survival", window=window,
            feature=chosen.name if chosen else None,
        ),
        is_computing=queries.is_computing(current_workspace.id, now=now),
        may_compute=current_user.role in {"admin", "product", "success"},
        words=wording,
        behind=partial(_address, window),
        most=MOST_FEATURES,
        csv_url=url_for(".file", window=window),
        playbook_url=_playbook_url if may_open("playbooks.new_playbook") else None,
    )  # fmt: skip


@blueprint.post("/features")
@signed_in("product", "success")
def compute() -> AnyResponse:
    """Compute it now instead of tonight."""
    ask_for_screen(current_workspace.id, now=utcnow())
    ui.notice(_("It is being computed. Load the page again in a moment."))
    return redirect(url_for(".show", window=_window()), 303)


@blueprint.get("/features/charts/<name>.<ending>")
@signed_in()
def chart(name: str, ending: str) -> Response:
    """The chart of a feature as SVG or CSV."""
    screen = queries.screen_of(current_workspace.id, _window())
    chosen = _chosen(screen)
    if screen is None or chosen is None:
        raise NotFound("there is no such chart")
    found = survival_chart(screen, chosen)
    return chart_file({found.name: found}, name, ending, stem="features")


@blueprint.get("/features.csv")
@signed_in()
def file() -> Response:
    """All features of a window as they were compared."""
    screen = queries.screen_of(current_workspace.id, _window())
    table: list[list[Any]] = [
        ["feature", "window_days", "used", "used_lost", "not_used", "not_used_lost",
         "hazard_ratio", "low", "high", "p_value", "verdict", "reason"],
    ]  # fmt: skip
    if screen is not None:
        table += [_line(each, screen.window_days) for each in screen.features]
    return _csv(table, "features")


@blueprint.get("/features/accounts")
@signed_in()
def behind() -> Any:
    """The accounts behind a number; as CSV with format=csv."""
    which, feature = request.args.get("which", "all"), request.args.get("feature") or None
    if which not in LISTS:
        abort(404)
    window = _window()
    rows = queries.accounts_behind(current_workspace.id, window, feature, which)
    names = {each.user_id: each.name for each in members(current_workspace.id)}
    if request.args.get("format") == "csv":
        heading: list[Any] = ["account", "name", "plan", "owner", "has_left"]
        return _csv([heading, *(_account_line(row, names) for row in rows)], f"features-{which}")
    return render_template(
        "succeeding/features/accounts.html",
        title=wording.LISTS[which],
        which=which,
        list_choices=[(name, str(label)) for name, label in wording.LISTS.items()
                      if feature or name == "all"],
        feature=feature,
        window=window,
        rows=rows[:_PAGE],
        total=len(rows),
        names=names,
        back=url_for(".show", window=window, feature=feature),
        csv_url=_address(window, which, feature, format="csv"),
    )  # fmt: skip


def _window() -> int:
    given = request.args.get("window", "")
    return int(given) if given in {str(each) for each in WINDOWS} else _USUAL


def _chosen(screen: Screen | None) -> Feature | None:
    """The feature of the address, else the one that is surest."""
    if screen is None:
        return None
    name = request.args.get("feature")
    named = next((each for each in screen.features if each.name == name), None)
    return named or next(iter(screen.features), None)


def _address(window: int, which: str, feature: str | None = None, **more: Any) -> str:
    return url_for(".behind", window=window, which=which, feature=feature, **more)


def _playbook_url(feature: str) -> str:
    return url_for("playbooks.new_playbook", kind="feature_unused", feature=feature)


def _line(each: Feature, window_days: int) -> list[Any]:
    return [
        each.name, window_days, each.users.n, each.users.lost, each.others.n, each.others.lost,
        each.ratio, each.low, each.high, each.p_value, each.verdict, each.reason,
    ]  # fmt: skip


def _account_line(row: Behind, names: dict[Any, str]) -> list[Any]:
    owner = names.get(row.owner_user_id)
    return [row.external_id, row.name, row.plan, owner, row.has_left]


def _csv(table: list[list[Any]], stem: str) -> Response:
    response = Response(csv_lines(table, bom=True), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{stem}.csv"'
    return response
