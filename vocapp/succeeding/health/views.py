"""The page of the weights: by segment, what would change, and earlier versions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from surveys.health import COMPONENTS
from surveys.health_schemes import Scheme
from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.people.health_changes import HEALTH_DAILY
from vocapp.problems import Conflict
from vocapp.succeeding.health import schemes, wording
from vocapp.succeeding.health.reweighing import Preview, preview, segmentings
from vocapp.succeeding.health.weight_forms import WeightsForm
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.ui.attribute_names import attribute_name
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.navigation import may_open
from vocapp.workspaces.queries import members
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("health_weights", __name__, template_folder="templates")


@blueprint.get("/health-score/weights")
@signed_in()
def show() -> str:
    """What counts now, and what did before."""
    with snapshot() as session:
        scheme = schemes.scheme_in_force(session, current_workspace.id)
        number = schemes.number_of(session, current_workspace.id)
    return _page(WeightsForm.of(scheme, number))


@blueprint.post("/health-score/weights/own")
@signed_in("admin")
def save() -> Any:
    """Other columns, a look at what would change, or saving; what was typed stays."""
    with snapshot() as session:
        now = schemes.scheme_in_force(session, current_workspace.id)
        known = {each.attribute: each.values for each in segmentings(session, current_workspace.id)}
    if now.attribute:  # also where no account has its values any more
        known[now.attribute] = list(dict.fromkeys([*now.by_value, *known.get(now.attribute, ())]))
    form = WeightsForm.of_post(request.form, request.form.getlist("segment"))
    if form.attribute not in known:
        form.attribute, form.columns = None, form.columns[:1]
    what = request.form.get("do")
    if what == "columns":
        wanted = request.form.get("by") or None
        wanted = wanted if wanted in known else None
        return _page(form.resegmented(wanted, known.get(wanted or "", ())))
    scheme = form.read(now)
    if scheme is None:
        return _page(form), 422
    if what != "save":
        with snapshot() as session:
            return _page(form, found=preview(session, current_workspace.id, scheme))
    try:
        token = schemes.use_own(
            current_workspace.id, scheme, why=form.why, base=form.base,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(
            _("Somebody changed the weights meanwhile. Look at what counts now, then save again."),
            kind="warning",
        )
        with snapshot() as session:
            form.base = schemes.number_of(session, current_workspace.id)
        return _page(form), 409
    return _done(_("These weights count from now on. All scores are being worked out anew."), token)


@blueprint.post("/health-score/weights/put-back")
@signed_in("admin")
def put_back() -> Any:
    """Let an earlier version count again."""
    given = request.form.get("number", "")
    number = int(given) if given.isdecimal() and len(given) < 9 else 0
    token = schemes.put_back(
        current_workspace.id, number, actor_user_id=current_user.id, now=utcnow()
    )
    return _done(
        _("Version %(number)s counts again. All scores are being worked out anew.", number=number),
        token,
    )


def _done(text: str, token: str | None) -> Any:
    outbox.ring(HEALTH_DAILY)
    say_done(text, token)
    return redirect(url_for(".show"), 303)


@blueprint.post("/health-score/weights/own/undo")
@signed_in("admin")
def undo() -> Any:
    """Let what counted before count again, unless it was changed since."""
    return undone()


def undone() -> Any:
    """Take back the change of weights that the request names, and show the page of its blueprint:
    weights are changed here, and where the back-test offers learnt ones."""
    with said_undone():
        schemes.undo(
            current_workspace.id, request.args.get("token", ""), actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
    outbox.ring(HEALTH_DAILY)
    return redirect(url_for(".show"), 303)


def _page(form: WeightsForm, *, found: Preview | None = None) -> str:
    with snapshot() as session:
        choices = segmentings(session, current_workspace.id)
        changes = schemes.versions(session, current_workspace.id)
        scheme = schemes.scheme_in_force(session, current_workspace.id)
    names = [each.attribute for each in choices]
    if form.attribute and form.attribute not in names:
        names.append(form.attribute)
    return render_template(
        "weights/page.html",
        form=form,
        components=COMPONENTS,
        words=wording,
        attributes=[("", _("All accounts alike")), *((n, attribute_name(n)) for n in names)],
        attribute_name=attribute_name,
        found=found,
        changes=[(each, Scheme.from_json(each.scheme)) for each in changes],
        scheme=scheme,
        people={each.user_id: each.name for each in members(current_workspace.id)},
        may_change=may_open("health_weights.save"),
    )
