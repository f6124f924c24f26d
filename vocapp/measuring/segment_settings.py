"""The page of settings on which attributes become reportable."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for

from surveys.attributes import BANDS_OF_THEIR_OWN, Reportable, Reportables, as_edges
from vocapp.database import utcnow
from vocapp.measuring import reportable
from vocapp.measuring.attribute_costs import attribute_costs, cells_per_answer
from vocapp.measuring.attributes import MAX_REPORTABLE, MAX_VALUES
from vocapp.measuring.sample_keeping import latest_sample
from vocapp.measuring.views import blueprint
from vocapp.problems import BadInput
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.workspaces.access import current_user, current_workspace, signed_in


@blueprint.route("/settings/segments", methods=["GET", "POST"])
@signed_in("admin")
def segment_settings() -> Any:
    """Which attributes have cells; what each costs, before anything is saved."""
    current = reportable.reportable_set(current_workspace.id)
    if request.method == "GET":
        return _page(current, current, None), 200
    wanted, unreadable = _parsed()
    if error := _error(wanted, unreadable):
        return _page(current, current, error), BadInput.status
    if request.form.get("action") != "save":
        return _page(current, wanted, None), 200
    changed = reportable.change_reportable(
        current_workspace.id, wanted, actor_user_id=current_user.id, now=utcnow()
    )
    if changed:
        notice(_("Saved. All answers are being counted anew; scores stay in view meanwhile."))
    else:
        notice(_("These attributes were reportable already."))
    return redirect(url_for(".segment_settings"), 303)


def _parsed() -> tuple[Reportables, list[str]]:
    """The choice of the form, and the attributes whose bands cannot be read."""
    wanted, unreadable = [], []
    for name in dict.fromkeys(request.form.getlist("attribute")):
        text = request.form.get(f"edges:{name}", "")
        try:
            numbers = [float(part) for part in text.replace("、", ",").split(",") if part.strip()]
        except ValueError:
            numbers = []
            unreadable.append(name)
        wanted.append(Reportable(name, as_edges(numbers)))
    return tuple(wanted), unreadable


def _error(wanted: Reportables, unreadable: list[str]) -> str:
    """What is wrong, in words; empty where nothing is."""
    if unreadable:
        name = attribute_name(unreadable[0])
        return _("%(name)s: write numbers with commas between them, such as 10, 50.", name=name)
    if not 1 <= len(wanted) <= MAX_REPORTABLE:
        return _("Choose between one and %(count)s attributes.", count=MAX_REPORTABLE)
    try:
        reportable.check_reportable(wanted)
    except BadInput as problem:
        place = int(problem.errors[0].field.partition("[")[2].partition("]")[0])
        name = attribute_name(wanted[place].name)
        return _(
            "%(name)s: its bands need ascending numbers, at most %(count)s.",
            name=name, count=reportable.MAX_EDGES,
        )  # fmt: skip
    return ""


def _page(current: Reportables, wanted: Reportables, error: str | None) -> str:
    latest = latest_sample(
        current_workspace.id, time_zone=current_workspace.time_zone, now=utcnow()
    )
    return render_template(
        "measuring/segment_settings.html",
        found=attribute_costs(latest.sample, wanted),
        cells_now=cells_per_answer(latest.sample, current),
        latest=latest,
        is_preview=wanted != current,
        error=error,
        name=attribute_name,
        value=value_name,
        edges=lambda item: ", ".join(f"{edge:g}" for edge in item.edges),
        own_bands=BANDS_OF_THEIR_OWN,
        most=MAX_REPORTABLE,
        most_values=MAX_VALUES,
    )
