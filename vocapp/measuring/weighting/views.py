"""Pages: what share of all customers each group has."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from surveys.attributes import OTHER
from vocapp import ui
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.database import utcnow
from vocapp.measuring.queries import reading
from vocapp.measuring.reportable import reportable_set
from vocapp.measuring.weighting import service
from vocapp.measuring.weighting.queries import known_shares, values_answered
from vocapp.problems import BadInput
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("weighting", __name__, template_folder="../templates")
_SHARE = "share."  # before a value in the form


@blueprint.get("/results/<key>/shares")
@signed_in("admin")
def edit_shares(key: str) -> str:
    """The shares that are known, and those of one attribute to be typed."""
    survey = survey_by_key(current_workspace.id, key)
    shares = known_shares(survey)
    names = [item.name for item in reportable_set(current_workspace.id)]
    asked = request.args.get("attribute", "")
    chosen = asked if asked in names or asked in shares else next(iter(shares), names[0])
    return _page(survey, chosen, {})


def _page(
    survey: SurveySummary, attribute: str, typed: dict[str, str], error: str | None = None
) -> str:
    shares = known_shares(survey)
    names = [item.name for item in reportable_set(current_workspace.id)]
    with reading(survey, time_zone=current_workspace.time_zone, now=utcnow()) as opened:
        answered = [] if survey.confidential else values_answered(opened, attribute)
    known = shares.get(attribute, {})
    in_all = sum(n for _value, n in answered)
    counts = dict(answered) | {value: 0 for value in known if value not in dict(answered)}
    return render_template(
        "measuring/shares.html",
        survey=survey,
        attribute=attribute,
        name=attribute_name(attribute),
        choices=[(each, attribute_name(each)) for each in dict.fromkeys([*names, *shares])],
        rows=[
            {
                "value": value, "label": value_name(attribute, value),
                "answered": n / in_all if in_all else 0.0,
                "share": typed.get(value, f"{known[value]:g}" if value in known else ""),
            }
            for value, n in counts.items()
            if value != OTHER
        ],
        shares=[
            (each, attribute_name(each), [(value_name(each, v), s) for v, s in of.items()])
            for each, of in shares.items()
        ],
        error=error,
        prefix=_SHARE,
    )  # fmt: skip


@blueprint.post("/results/<key>/shares")
@signed_in("admin")
def change_shares(key: str) -> Any:
    """Save the shares of an attribute, or take them back: what the pressed button says."""
    survey = survey_by_key(current_workspace.id, key)
    attribute = request.form.get("attribute", "")
    here = url_for(".edit_shares", key=key, attribute=attribute)
    who, now = current_user.id, utcnow()
    if request.form.get("action") == "remove":
        service.remove_shares(survey, attribute, actor_user_id=who, now=now)
        ui.notice(_("The score is no longer weighted by %(name)s.", name=attribute_name(attribute)))
        return redirect(here, 303)
    typed = {
        name.removeprefix(_SHARE): value.strip()
        for name, value in request.form.items()
        if name.startswith(_SHARE) and value.strip()
    }
    try:
        shares = _numbers(typed)
        service.set_shares(survey, attribute, shares, actor_user_id=who, now=now)
    except BadInput as problem:
        return _page(survey, attribute, typed, _in_words(problem)), 422
    ui.notice(_("Saved. The weighted score stands beside the one as answered."))
    return redirect(url_for("measuring.survey_results", key=key), 303)


def _numbers(typed: dict[str, str]) -> dict[str, float]:
    try:
        return {value: float(text.replace("%", "")) for value, text in typed.items()}
    except ValueError as exc:
        raise BadInput.of("shares", "expected numbers") from exc


def _in_words(problem: BadInput) -> str:
    """What would do, for the field that is wrong."""
    if problem.errors[0].field == "survey":
        return _("A confidential survey is not weighted.")
    if problem.errors[0].field == "attribute":
        return ngettext(
            "A score can be weighted by at most %(num)s attribute. Remove one first.",
            "A score can be weighted by at most %(num)s attributes. Remove one first.",
            service.MOST_ATTRIBUTES,
        )
    return _("Enter shares of at least two groups, numbers above 0 that are 100 together.")
