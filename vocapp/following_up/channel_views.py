"""Where it is told that a rule opened or moved a follow-up; for administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from vocapp.database import snapshot, utcnow
from vocapp.following_up import channels, wording
from vocapp.following_up.channels import NewChannel
from vocapp.following_up.views import blueprint
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui import notice
from vocapp.ui.choices import choices_of
from vocapp.workspaces.access import current_user, current_workspace, signed_in

KINDS = {
    "slack": _l("Slack or the like"), "webhook": _l("Webhook, signed"), "email": _l("E-mail"),
}  # fmt: skip


class ChannelForm(FlaskForm):
    """A new channel."""

    name = StringField(_l("Name"), [InputRequired(_l("Enter a name.")), Length(max=200)])
    kind = SelectField(_l("Way"), choices=choices_of(KINDS.items()))
    target = StringField(_l("Address"), [InputRequired(_l("Enter an address.")), Length(max=2000)])
    team = SelectField(_l("Team"), choices=choices_of([("", _l("All teams")),
                                                       *wording.TEAMS.items()]))  # fmt: skip
    with_comment = BooleanField(_l("With the comment, personal data replaced"))


@blueprint.route("/settings/routing/channels", methods=["GET", "POST"])
@signed_in("admin")
def channel_list() -> Any:
    """All channels and a form for a new one; a webhook's secret is on this answer only."""
    form = ChannelForm()
    if not form.validate_on_submit():
        return _page(form), 422 if form.is_submitted() else 200
    new = NewChannel(
        kind=form.kind.data, name=form.name.data, target=form.target.data,
        team=form.team.data or None, with_comment=form.with_comment.data,
    )  # fmt: skip
    try:
        made = channels.add_channel(
            current_workspace.id, new, actor_user_id=current_user.id, now=utcnow()
        )
    except BadInput as problem:
        for error in problem.errors:
            form[error.field].errors = [_bad_words(error.field)]
        return _page(form), problem.status
    except Conflict as problem:
        most = channels.MAX_CHANNELS
        notice(_("A workspace has at most %(count)s channels.", count=most), kind="error")
        return _page(form), problem.status
    return _page(ChannelForm(formdata=None), secret=made.secret or ""), 201


def _bad_words(field: str) -> str:
    if field == "target":
        return str(
            _("Enter an https address outside your network, or for e-mail an address or “owner”.")
        )
    return str(_("This cannot be used. Look at it again."))


def _page(form: ChannelForm, *, secret: str = "") -> str:
    with snapshot() as session:
        rows = channels.channels_of(session, current_workspace.id)
        troubles = channels.troubles(session, current_workspace.id)
    return render_template(
        "following_up/channels.html", form=form, channels=rows, troubles=troubles, kinds=KINDS,
        teams=wording.TEAMS, secret=secret,
    )  # fmt: skip


@blueprint.post("/settings/routing/channels/<uuid:channel_id>/change")
@signed_in("admin")
def change_channel(channel_id: UUID) -> Response:
    """On, off, away, or a test."""
    action: Any = request.form.get("action", "")
    said = {
        "on": _("The channel is in use."),
        "off": _("The channel is switched off."),
        "remove": _("The channel has been removed."),
        "test": _("A test is on its way. If it fails, it says so here."),
    }
    if action not in said:
        raise BadInput.of("action", "expected on, off, remove or test")
    channels.change_channel(
        current_workspace.id, channel_id, action, actor_user_id=current_user.id, now=utcnow()
    )
    notice(said[action])
    return redirect(url_for(".channel_list"), 303)
