"""Pages of the settings: which contacts are planned, one of them, and the default again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from surveys.outreach import GAPS
from surveys.touchpoints import MAX_TOUCHPOINTS, TouchModel, default_model
from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.succeeding.contacts.wording import ROLES
from vocapp.succeeding.playbooks import wording as playbook_words
from vocapp.succeeding.playbooks.step_forms import FIRST_LANGUAGES, published_surveys
from vocapp.succeeding.touchpoints import model_versions, sends_forms, wording
from vocapp.succeeding.touchpoints.looking_ahead import Changes, changes_by
from vocapp.succeeding.touchpoints.model_forms import TouchpointForm
from vocapp.succeeding.touchpoints.model_versions import BY_MODEL, InForce
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.succeeding.touchpoints.moments import campaigns_following
from vocapp.succeeding.touchpoints.planning import HORIZON_DAYS
from vocapp.succeeding.touchpoints.sends_forms import SendsForm
from vocapp.succeeding.touchpoints.stage_forms import StagesForm
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.ui.formats import language_choices, language_name
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone, say_done

_Form = TouchpointForm | StagesForm
blueprint = Blueprint("touch_model", __name__, template_folder="../templates")


@blueprint.get("/settings/touchpoints")
@signed_in("admin")
def show() -> str:
    """Which contacts are planned for every account."""
    in_force = _in_force()
    with snapshot() as session:
        followed = campaigns_following(session, current_workspace.id)
    ours = {each.key for each in default_model().touchpoints}
    gone = [each.key for each in in_force.model.touchpoints if each.key not in ours]
    return render_template(
        "succeeding/touchpoints/model.html",
        followed=followed,
        followed_gone=[name for key in gone for name in followed.get(key, ())],
        in_force=in_force,
        words=wording,
        horizon=HORIZON_DAYS,
        is_full=len(in_force.model.touchpoints) >= MAX_TOUCHPOINTS,
    )


@blueprint.route("/settings/touchpoints/new", methods=["GET", "POST"])
@signed_in("admin")
def add() -> Any:
    """Plan one more."""
    return _edited(None)


@blueprint.route("/settings/touchpoints/<key>", methods=["GET", "POST"])
@signed_in("admin")
def change(key: str) -> Any:
    """Plan one otherwise."""
    if _in_force().touchpoint(key) is None:
        raise NotFound("No such touchpoint.")
    return _edited(key)


@blueprint.route("/settings/onboarding", methods=["GET", "POST"])
@signed_in("admin")
def change_stages() -> Any:
    """Define when onboarding counts as complete, and how long stages last."""
    in_force, form = _in_force(), StagesForm()
    if request.method == "GET":
        form.show(in_force.model, in_force.number)
        return _stages_page(form)
    is_sent = form.validate_on_submit()
    model = form.read(in_force)
    if model is None or not is_sent:
        return _stages_page(form), BadInput.status
    return _looked_at_or_used(in_force, model, form, partial(_stages_page, form))


@blueprint.post("/settings/touchpoints/<key>/remove")
@signed_in("admin")
def remove(key: str) -> Response:
    """Plan one no more; what took place stays."""
    in_force = _in_force()
    name = wording.touch_name(key)
    try:
        model = in_force.without(key)
    except BadInput:
        notice(
            _("One touchpoint has to stay. Change it, or add another one first."), kind="warning"
        )
        return _to_list()
    return _used(in_force, model, _("“%(name)s” is planned no more.", name=name))


@blueprint.post("/settings/touchpoints/default")
@signed_in("admin")
def use_default() -> Response:
    """Plan what the product does by itself."""
    in_force = _in_force()
    return _used(
        in_force, in_force.with_default(), _("The touchpoints of the product are planned.")
    )


@blueprint.post("/settings/touchpoints/undo")
@signed_in("admin")
def undo() -> Response:
    """Plan as before again, unless it was changed since."""
    with said_undone():
        model_versions.undo(
            current_workspace.id, request.args.get("token", ""), actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
    outbox.ring(*BY_MODEL)
    return _to_list()


def _edited(key: str | None) -> Any:
    """The form; a look at what would change; or saving. What was typed stays."""
    in_force, form = _in_force(), TouchpointForm()
    if request.method == "GET":
        touchpoint = in_force.touchpoint(key) if key else None
        form.show(touchpoint, in_force.number)
        return _page(form, sends_forms.from_touchpoint(touchpoint, published_surveys()), key)
    sends = sends_forms.from_request(request.form, published_surveys())
    if request.form.get("do") == "language":
        sends.add_language(request.form.get("another_language", ""))
        return _page(form, sends, key)
    is_sent = form.validate_on_submit()
    model = form.read(in_force, key, _taken(in_force), sends)
    if model is None or not is_sent:
        return _page(form, sends, key), BadInput.status
    return _looked_at_or_used(in_force, model, form, partial(_page, form, sends, key))


def _looked_at_or_used(
    in_force: InForce, model: TouchModel, form: _Form, page: Callable[..., str]
) -> Any:
    """Say what a model would change, where that was asked, else let it count."""
    if request.form.get("do") == "look":
        return page(changes=_changes(in_force, model))
    if form.base.data != str(in_force.number):
        return _overtaken(form, page, in_force.number)
    try:
        return _used(in_force, model, _("Saved."))
    except Conflict:
        return _overtaken(form, page, _in_force().number)


def _overtaken(form: _Form, page: Callable[..., str], number: int) -> tuple[str, int]:
    notice(
        _("Somebody changed the touchpoints meanwhile, so nothing was saved. What you typed is "
          "still in the form; saving again changes this one only."),
        kind="warning",
    )  # fmt: skip
    form.base.data, form.base.raw_data = str(number), None
    return page(), Conflict.status


def _used(in_force: InForce, model: TouchModel, text: str) -> Response:
    """Let a model count, and say what follows."""
    changes = _changes(in_force, model)
    token = model_versions.use_model(
        current_workspace.id, model, base=in_force.number, actor_user_id=current_user.id,
        now=utcnow(),
    )  # fmt: skip
    outbox.ring(*BY_MODEL)
    say_done(wording.two_sentences(text, wording.changes_words(changes)), token)
    return _to_list()


def _page(
    form: TouchpointForm, sends: SendsForm, key: str | None, *, changes: Changes | None = None
) -> str:
    return render_template(
        "succeeding/touchpoints/model_touchpoint.html", form=form, key=key, changes=changes,
        words=wording, sends=sends, grace_days=_in_force().model.grace_days,
        playbook_words=playbook_words, roles=ROLES, gaps=GAPS, language_name=language_name,
        languages=language_choices(*FIRST_LANGUAGES),
    )  # fmt: skip


def _stages_page(form: StagesForm, *, changes: Changes | None = None) -> str:
    return render_template(
        "succeeding/touchpoints/model_stages.html", form=form, changes=changes, words=wording
    )


def _changes(in_force: InForce, model: TouchModel) -> Changes:
    with snapshot() as session:
        return changes_by(
            session, current_workspace.id, in_force.model, model, now=utcnow()
        )  # fmt: skip


def _in_force() -> InForce:
    with snapshot() as session:
        return model_versions.model_in_force(session, current_workspace.id)


def _taken(in_force: InForce) -> set[str]:
    """Keys that stand for something already: also for what took place."""
    ours = {each.key for each in default_model().touchpoints}
    now_planned = {each.key for each in in_force.model.touchpoints}
    with snapshot() as session:
        stored = session.scalars(
            select(TouchpointPlan.touch_key)
            .where(TouchpointPlan.workspace_id == current_workspace.id)
            .distinct()
        ).all()
    return ours | now_planned | set(in_force.former) | set(stored)


def _to_list() -> Response:
    return redirect(url_for(".show"), 303)
