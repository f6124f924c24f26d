"""The page of lifetime values: by which formula, from which factors, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for

from vocapp.database import utcnow
from vocapp.people.money.wording import rates_text
from vocapp.spreadsheets import csv_lines
from vocapp.succeeding.figures import purchases, queries, waiting, wording
from vocapp.succeeding.figures.choosing import (
    chosen_currency,
    code_of,
    month_asked,
    month_choices,
)
from vocapp.succeeding.figures.converting import ALL
from vocapp.succeeding.figures.kept import BeingSummed
from vocapp.succeeding.figures.purchases import Buyer
from vocapp.ui.formats import month_name
from vocapp.workspaces.access import current_workspace, signed_in

blueprint = Blueprint("lifetime", __name__, template_folder="../templates")
blueprint.register_error_handler(BeingSummed, waiting.show)
_PAGE = 100


@blueprint.get("/figures/lifetime")
@signed_in()
def show() -> str:
    """What a customer is worth: by subscriptions, and by single purchases."""
    now = utcnow()
    month, time_zone = month_asked(now), current_workspace.time_zone
    told = queries.figures(current_workspace.id, [month], time_zone=time_zone, now=now)
    own = told.months[-1]
    chosen = chosen_currency(own)
    bought = purchases.bought(current_workspace.id, month, time_zone=time_zone, now=now)
    code = code_of(own, chosen)
    return render_template(
        "succeeding/lifetime.html",
        month=month,
        month_text=month_name(month),
        month_choices=month_choices(now),
        span=(month_name(bought.months[0]), month_name(month)),
        own=own,
        subscribed=own.of_currency(chosen),
        chosen=chosen,
        currency=code,
        currency_choices=wording.currency_choices(
            own.currencies, own.converted.currency if own.converted else None
        ),
        conversion=own.converted if chosen == ALL else None,
        rates_text=rates_text,
        margin=told.margin,
        as_of=told.as_of,
        bought=bought,
        behind=lambda which, currency=chosen: url_for(
            "figures.behind", month=f"{month:%Y-%m}", which=which, currency=currency
        ),
        behind_currency=lambda code: url_for(
            "figures.behind", month=f"{month:%Y-%m}", which="end", currency=code
        ),
        buyers=lambda which: url_for(".buyers", month=f"{month:%Y-%m}", which=which),
    )


@blueprint.get("/figures/lifetime/buyers")
@signed_in()
def buyers() -> Any:
    """The accounts behind purchases; as CSV with format=csv."""
    now = utcnow()
    month, which = month_asked(now), request.args.get("which", purchases.BOUGHT)
    if which not in purchases.LISTS:
        abort(404)
    is_csv = request.args.get("format") == "csv"
    page = max(1, request.args.get("page", 1, type=int))
    told, found, total = purchases.buyers(
        current_workspace.id, month, which, time_zone=current_workspace.time_zone, now=now,
        skipped=0 if is_csv else (page - 1) * _PAGE, limit=None if is_csv else _PAGE,
    )  # fmt: skip
    if is_csv:
        return _csv(found, told.currency, which)
    kept: dict[str, Any] = {"month": f"{month:%Y-%m}"}
    address = partial(url_for, ".buyers", which=which, **kept)
    return render_template(
        "succeeding/lifetime_buyers.html",
        title=wording.BUYERS[which],
        which=which,
        list_choices=list(wording.BUYERS.items()),
        span=(month_name(told.months[0]), month_name(month)),
        rows=found,
        first=(page - 1) * _PAGE + 1,
        total=total,
        currency=told.currency,
        kept=kept,
        back=url_for(".show", **kept),
        csv_url=address(format="csv"),
        first_url=address() if page > 1 else None,
        next_url=address(page=page + 1) if total > page * _PAGE else None,
    )


def _csv(rows: Sequence[Buyer], currency: str | None, which: str) -> Response:
    table: list[list[Any]] = [["account", "name", "currency", "purchases", "amount"]]
    table += [
        [row.external_id, row.name, currency, row.purchases, row.amount_minor] for row in rows
    ]
    response = Response(csv_lines(table, bom=True), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="buyers-{which}.csv"'
    return response
