"""The page of renewals: board, calendar and list, and saying what will become of one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for

from surveys.renewals import CATEGORIES, COMMIT_FROM, LIKELY_FROM, Category
from surveys.subscriptions import Rates
from vocapp.api_documents import read_cursor
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.signing import sign
from vocapp.spreadsheets import csv_lines
from vocapp.succeeding import notes
from vocapp.succeeding.health import wording as health_wording
from vocapp.succeeding.renewals import queries, service, wording
from vocapp.succeeding.renewals.deciding import RECENT_DAYS, OfLate
from vocapp.succeeding.renewals.keeping import see_to_keeping
from vocapp.succeeding.renewals.queries import Upcoming
from vocapp.succeeding.renewals.reading import EVERYBODY, Narrowed, Renewal, Segment, can_split
from vocapp.succeeding.renewals.recorded import Past, recorded_months
from vocapp.succeeding.renewals.splitting import Part, attributes_in_use, split
from vocapp.succeeding.service import OWNER_ROLES
from vocapp.succeeding.touchpoints import wording as touch_wording
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui import notice
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.coming_back import next_path
from vocapp.workspaces.queries import members
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("renewals", __name__, template_folder="../templates")

_DAYS, _USUAL_DAYS = (30, 60, 90, 180, 365), 90
_MOST_CARDS, _MOST_DECIDED, _MOST_OF_MONTH, _PAGE = 25, 10, 20, 50
_VIEWS = ("board", "calendar", "list")


@blueprint.get("/renewals")
@signed_in(within_own_accounts=True)
def show() -> Any:
    """Which renewals come, how likely, and what of the revenue will be kept."""
    see_to_keeping(current_workspace.id, now=utcnow())
    if request.args.get("format") == "csv":
        return _csv(_upcoming().each(category=_category(), month=_month()))
    return _page()


def _page(**typed: Any) -> str:
    """typed: of a form that could not be saved: `key` of the account, `note` and `error`."""
    view, found = _view(), _upcoming()
    rates = queries.rates_now(
        current_workspace.id, time_zone=current_workspace.time_zone, now=utcnow()
    )
    parts = {"board": _board, "calendar": _calendar, "list": _list}[view](found, rates)
    return render_template(
        f"succeeding/renewals/{view}.html",
        **parts,
        by=_by(),
        by_choices=_by_choices(),
        segment=_narrowed().segment,
        parts=_parts(found, rates, parts.get("past")),
        part_url=lambda part: url_for(".show", **_kept(value=part.value or "")),
        split_url=url_for(".show", **_kept(value=None, view=view if view != "list" else None)),
        attribute_name=attribute_name,
        value_name=value_name,
        view=view,
        basis=found.chances[None],
        known=queries.count_known(current_workspace.id, reach=current_user.reach),
        thresholds=(COMMIT_FROM, LIKELY_FROM),
        words=wording,
        health_words=health_wording,
        touch_words=touch_wording,
        days=_days(),
        tabs_of=[(name, url_for(".show", **_kept(view=key, month=None, category=None)),
                  key == view)
                 for key, name in (("board", _("Board")), ("calendar", _("Calendar")),
                                   ("list", _("List")))],
        day_choices=[(n, ngettext("Next %(num)d day", "Next %(num)d days", n)) for n in _DAYS],
        owner=request.args.get("owner", ""),
        owner_choices=_owner_choices(),
        plan=request.args.get("plan", ""),
        plan_choices=[("", _("All")), *((each, each) for each in queries.plans_in_use(
            current_workspace.id, reach=current_user.reach))],
        category=_category() or "",
        category_choices=[("", _("All")), *wording.CATEGORIES.items()],
        is_filtered=_narrowed() != EVERYBODY or bool(_category() or _month()),
        csv_url=url_for(".show", **_kept(format="csv")),
        list_url=lambda **of: url_for(".show", **_kept(view="list", **of)),
        here=url_for(".show", **_kept()),
        may_say=current_user.role in OWNER_ROLES,
        most_note=notes.MAX_NOTE,
        typed=typed,
    )  # fmt: skip


def _board(found: Upcoming, rates: Rates | None) -> dict[str, Any]:
    """The first of each category, and what was decided of late."""
    columns = [(each, _first_of(found, each), found.count(each)) for each in CATEGORIES]
    shown = [row for _category, rows, _total in columns for row in rows]
    return {
        "total": found.n,
        "columns": columns,
        "told": found.told(rates),
        "of_late": _of_late(),
        "recent_days": RECENT_DAYS,
        "steps": queries.next_steps(current_workspace.id, shown),
        "speakers": queries.speakers(shown),
        "past": _past(),
    }


def _first_of(found: Upcoming, category: Category) -> list[Renewal]:
    return found.rows(category=category, limit=_MOST_CARDS) if found.count(category) else []


def _calendar(found: Upcoming, rates: Rates | None) -> dict[str, Any]:
    """The coming year by month, with the first of each."""
    return {
        "total": found.n,
        "months": found.calendar(rates, limit=_MOST_OF_MONTH),
        "told": found.told(rates),
        "past": _past(),
    }


def _list(found: Upcoming, _rates: Rates | None) -> dict[str, Any]:
    """All of a month, or of the days asked for, page by page."""
    after, month = read_cursor(request.args.get("cursor"), queries.place_of), _month()
    rows = found.rows(category=_category(), month=month, after=after, limit=_PAGE + 1)
    following = queries.cursor_of(rows[_PAGE - 1]) if len(rows) > _PAGE else None
    return {
        "total": len(rows),
        "rows": rows[:_PAGE],
        "month": month,
        "next_url": url_for(".show", **_kept(cursor=sign("cursor", following)))
        if following
        else None,
        "first_url": url_for(".show", **_kept()) if after else None,
    }


@blueprint.post("/renewals/of/<path:external_id>")
@signed_in("success", within_own_accounts=True)
def say(external_id: str) -> Any:
    """A person's word goes before the forecast."""
    category, note = request.form.get("category", ""), request.form.get("note", "")
    try:
        token = service.say(
            current_workspace.id, external_id, category, note=note, reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(_("Nothing was saved: no renewal of this account is known any more."),
               kind="warning")  # fmt: skip
        return _back()
    except BadInput as problem:
        wrong = {error.field for error in problem.errors}
        error = notes.too_long() if "note" in wrong else _("Choose one of the columns.")
        return _page(key=external_id, note=note, error=error), 422
    text = (
        _("The forecast stands again.")
        if category == service.AS_FORECAST
        else _("Now counted as: %(category)s.", category=wording.CATEGORIES[category])
    )
    say_done(text, token)
    return _back()


@blueprint.post("/renewals/undo")
@signed_in("success", within_own_accounts=True)
def undo() -> Any:
    """Put back what was said before, unless somebody spoke since."""
    with said_undone():
        service.undo(
            current_workspace.id, request.args.get("token", ""), reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    return _back()


def _back() -> Any:
    return redirect(next_path() or url_for(".show"), 303)


# --- reading the address ------------------------------------------------------------------


def _view() -> str:
    asked = request.args.get("view", "board")
    return asked if asked in _VIEWS else "board"


def _days() -> int:
    asked = request.args.get("days", type=int)
    return asked if asked in _DAYS else _USUAL_DAYS


def _narrowed() -> Narrowed:
    try:
        owner = UUID(request.args.get("owner", ""))
    except ValueError:
        owner = None
    value = _value()
    segment = Segment.named(_by(), value) if _by() and value is not None else None
    plan = request.args.get("plan", "").replace("\0", " ")
    return Narrowed(owner, plan or None, segment)


def _by() -> str:
    """The attribute by which it is split, or of which one value is looked at; "" for none."""
    asked = request.args.get("by", "").strip()[:100]
    return asked if can_split(asked) else ""


def _value() -> str | None:
    """The value that is looked at; of the form, where another attribute may be chosen beside it,
    only while it is one of that."""
    value, of = request.args.get("value"), request.args.get("value_of")
    return value if of in {None, _by()} else None


def _kept(**changed: Any) -> dict[str, Any]:
    names = ("view", "days", "owner", "plan", "by", "category", "month")
    kept = {name: request.args.get(name) for name in names} | {"value": _value()} | changed
    if not kept["by"]:
        kept["value"] = None
    return {
        name: value
        for name, value in kept.items()
        if value or (name == "value" and value is not None)  # empty: accounts without a value
    }


def _category() -> Category | None:
    """Of the list; the board has them all."""
    asked = request.args.get("category")
    return next((each for each in CATEGORIES if each == asked and _view() == "list"), None)


def _month() -> date | None:
    """Of the list: the first day of the one it is narrowed to, which the calendar has."""
    try:
        found = date.fromisoformat(request.args.get("month", "") + "-01")
    except ValueError:
        return None
    is_near = abs((found - utcnow().date()).days) <= queries.YEAR_DAYS + 31
    return found if is_near and _view() == "list" else None


# --- reading what is shown ----------------------------------------------------------------


def _upcoming() -> Upcoming:
    """Of the days asked for; of a whole year in the calendar, and where a month of it is listed."""
    is_year = _view() == "calendar" or _month() is not None
    return queries.upcoming(
        current_workspace.id, days=queries.YEAR_DAYS if is_year else _days(),
        reach=current_user.reach, time_zone=current_workspace.time_zone, now=utcnow(),
        narrowed=_narrowed(), by=_split_by(),
    )  # fmt: skip


def _of_late() -> OfLate:
    return queries.of_late(
        current_workspace.id, reach=current_user.reach, time_zone=current_workspace.time_zone,
        now=utcnow(), narrowed=_narrowed(), limit=_MOST_DECIDED,
    )  # fmt: skip


def _past() -> Past | None:
    """Nothing for whoever sees only own accounts: it is of all of them."""
    if current_user.only_own_accounts:
        return None
    return recorded_months(
        current_workspace.id, time_zone=current_workspace.time_zone, now=utcnow(),
        segment=_narrowed().segment, by=_split_by(),
    )  # fmt: skip


def _split_by() -> str | None:
    """The attribute by whose values the page is split."""
    is_split = _narrowed().segment is None and _view() != "list"
    return (_by() or None) if is_split else None


def _parts(found: Upcoming, rates: Rates | None, past: Past | None) -> list[Part] | None:
    """By the values of the attribute that is asked for; None: not split, or into too many."""
    if found.by is None:
        return None
    try:
        return split(found, rates=rates, past=past.by_value if past else {})
    except BadInput:
        return None


def _by_choices() -> list[tuple[str, str]]:
    names = attributes_in_use(current_workspace.id, reach=current_user.reach)
    names += [_by()] if _by() and _by() not in names else []
    return [("", _("Not split")), *((name, attribute_name(name)) for name in names)]


def _owner_choices() -> list[tuple[str, str]]:
    colleagues = [
        (str(each.user_id), each.name)
        for each in members(current_workspace.id)
        if each.role in OWNER_ROLES
    ]
    return [("", _("Everybody")), *colleagues]


def _csv(rows: Iterable[Renewal]) -> Response:
    table: list[list[Any]] = [[
        "account", "name", "renewal_on", "days_left", "mrr", "currency", "health", "band",
        "chance", "chance_low", "chance_high", "category", "said_by_person", "owner",
    ]]  # fmt: skip
    table += [
        [
            row.account.external_id, row.account.name, row.due_on.isoformat(), row.days_left,
            row.account.mrr_minor, row.account.currency, row.health.score, row.health.band,
            f"{row.chance.value:.4f}", f"{row.chance.low:.4f}", f"{row.chance.high:.4f}",
            row.category, int(row.word is not None), row.owner,
        ]
        for row in rows
    ]  # fmt: skip
    response = Response(csv_lines(table, bom=True), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="renewals.csv"'
    return response
