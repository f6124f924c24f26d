"""Pages: in which currency sums stand, by which rates, and the gross margin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from surveys.periods import local_day
from vocapp.database import utcnow
from vocapp.people.money import queries, service
from vocapp.people.money.forms import LinesForm, MoneyForm, RateForm, RemoveForm
from vocapp.people.money.service import Resettled, Restated, Settings
from vocapp.people.money.wording import rate_text
from vocapp.people.parsing import currency_names
from vocapp.problems import BadInput
from vocapp.translating import current_locale, ngettext
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("money", __name__, template_folder="templates")
_MOST_TO_UNDO = 40  # what undoes more does not fit into an address


@blueprint.route("/settings/money", methods=["GET", "POST"])
@signed_in("admin")
def settings() -> Any:
    """The reporting currency, the margin, and the rates that were stated."""
    form = MoneyForm(data=_stored())
    if not form.validate_on_submit():
        return _page(form=form), 422 if form.is_submitted() else 200
    try:
        currency, margin = form.read()
        changed = service.save_settings(
            current_workspace.id, currency=currency, margin=margin,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        _show_on(form, problem)
        return _page(form=form), problem.status
    say_done(_("The settings have been saved."), _settings_token(changed) if changed else None)
    return _back()


@blueprint.post("/settings/money/rates")
@signed_in("admin")
def state() -> Any:
    """State one rate."""
    form = RateForm()
    if not form.validate_on_submit():
        return _page(rate_form=form), 422
    try:
        rate = form.read()
        changed = service.state_rates(
            current_workspace.id, [rate], actor_user_id=current_user.id, now=utcnow()
        )
    except BadInput as problem:
        _show_on(form, problem)
        return _page(rate_form=form), problem.status
    text = _("The rate of %(currency)s has been saved. Figures are computed anew by it.",
             currency=rate.currency)  # fmt: skip
    say_done(text, _token(changed) if changed else None)
    return _back()


@blueprint.post("/settings/money/rates/lines")
@signed_in("admin")
def state_lines() -> Any:
    """State many rates; all or none."""
    form = LinesForm()
    places: list[int] = []
    if not form.validate_on_submit():
        return _page(lines_form=form), 422
    try:
        rates, places = form.read()
        changed = service.state_rates(
            current_workspace.id, rates, actor_user_id=current_user.id, now=utcnow()
        )
    except BadInput as problem:
        form.lines.errors = [_line_words(e.field, places) for e in problem.errors[:10]]
        return _page(lines_form=form), problem.status
    text = ngettext("%(num)d rate has been saved.", "%(num)d rates have been saved.", len(changed))
    if len(changed) > _MOST_TO_UNDO:
        notice(text)
    else:
        say_done(text, _token(changed) if changed else None)
    return _back()


@blueprint.post("/settings/money/rates/remove")
@signed_in("admin")
def remove() -> Any:
    form = RemoveForm()
    if not form.validate_on_submit() or form.since.data is None:
        abort(404)
    changed = service.remove_rate(
        current_workspace.id, form.currency.data or "", form.since.data,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    say_done(
        _("The rate of %(currency)s is removed.", currency=changed.currency), _token([changed])
    )
    return _back()


@blueprint.post("/settings/money/undo")
@signed_in("admin")
def undo() -> Any:
    """Put back what was stated or chosen, unless it is otherwise since."""
    token, actor, now = request.args.get("token", ""), current_user.id, utcnow()
    with said_undone():
        told = read_undo(token, "money", current_workspace.id, actor)
        if "settings" in told:
            before, after = (Settings(*each) for each in told["settings"])
            service.take_back_settings(
                current_workspace.id, Resettled(before, after), actor_user_id=actor, now=now
            )
        else:
            rates = [_restated(told["base"], *each) for each in told["rates"]]
            service.take_back(current_workspace.id, rates, actor_user_id=actor, now=now)
    return _back()


def _back() -> Response:
    return redirect(url_for(".settings"), 303)


def _settings_token(changed: Resettled) -> str:
    return undo_token(
        "money", current_workspace.id, current_user.id, settings=[changed.before, changed.after]
    )


def _token(changed: Sequence[Restated]) -> str:
    return undo_token(
        "money", current_workspace.id, current_user.id, base=changed[0].base,
        rates=[
            [each.currency, each.since.isoformat(), _digits(each.before), _digits(each.after)]
            for each in changed
        ],
    )  # fmt: skip


def _digits(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate:f}"


def _restated(
    base: str, currency: str, since: str, before: str | None, after: str | None
) -> Restated:
    rates = (None if each is None else Decimal(each) for each in (before, after))
    return Restated(base, currency, date.fromisoformat(since), *rates)


def _stored() -> dict[str, str]:
    found = queries.money(current_workspace.id)
    margin = "" if found.margin is None else f"{(found.margin * 100).normalize():f}"
    return {"currency": found.currency or "", "margin": margin}


def _page(
    form: MoneyForm | None = None,
    rate_form: RateForm | None = None,
    lines_form: LinesForm | None = None,
) -> str:
    found = queries.money(current_workspace.id)
    today = local_day(utcnow(), current_workspace.time_zone)
    held = {each.currency: each for each in found.rates.of_month(today)} if found.rates else {}
    return render_template(
        "money/settings.html",
        form=form or MoneyForm(formdata=None, data=_stored()),
        rate_form=rate_form
        or RateForm(formdata=None, data={"since": today.replace(month=1, day=1)}),
        lines_form=lines_form or LinesForm(formdata=None),
        wrong=next((each for each in (form, rate_form, lines_form) if each and each.errors), None),
        money=found,
        lines=queries.rate_lines(found),
        held=held,
        rate_text=rate_text,
        missing=queries.without_rate(current_workspace.id, found, today),
        currency_names=currency_names(current_locale()),
    )


def _show_on(form: FlaskForm, problem: BadInput) -> None:
    for error in problem.errors:
        name = error.field.rpartition(".")[2]
        form[name].errors = [_words(name)]


def _words(name: str) -> str:
    return {
        "currency": _("This is no currency that can be chosen here: enter a code such as JPY."),
        "margin": _(
            "Enter a number above 0 and up to 100, with two digits after the point at most."
        ),
        "rate": _(
            "Enter a number above 0, such as 0.0061, with 12 digits after the point at most."
        ),
        "since": _("Enter a day from 1990 to 2200."),
    }.get(name, _("Enter currency, day and rate, separated by commas."))


def _line_words(field: str, places: list[int]) -> str:
    """A mistake with its line: "rates[0].rate" of what was read, or "3.rate" of what could not."""
    where, _dot, name = field.rpartition(".")
    if where.startswith("rates["):
        where = str(places[int(where.removeprefix("rates[").rstrip("]"))])
    words = _words(name)
    return _("Line %(line)s: %(words)s", line=where, words=words) if where else words
