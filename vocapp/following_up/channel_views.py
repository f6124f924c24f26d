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
    """What may be changed of a channel later; no address: the one it has."""

    name = StringField(_l("Name"), [InputRequired(_l("Enter a name.")), Length(max=200)])
    target = StringField(_l("Address"), [Length(max=2000)])
    team = SelectField(_l("Team"), choices=choices_of([("", _l("All teams")),
                                                       *wording.TEAMS.items()]))  # fmt: skip
    with_comment = BooleanField(_l("With the comment, personal data replaced"))

    def said(self, kind: str) -> NewChannel:
        """What was typed."""
        return NewChannel(
            kind=kind, name=str(self.name.data), target=self.target.data or "",
            team=self.team.data or None, with_comment=bool(self.with_comment.data),
        )  # fmt: skip

    def mark(self, problem: BadInput) -> None:
        """Say at each field what is wrong with it."""
        for error in problem.errors:
            self[error.field].errors = [_bad_words(error.field)]


class NewChannelForm(ChannelForm):
    """A new channel."""

    kind = SelectField(_l("Way"), choices=choices_of(KINDS.items()))
    target = StringField(_l("Address"), [InputRequired(_l("Enter an address.")), Length(max=2000)])


@blueprint.route("/settings/routing/channels", methods=["GET", "POST"])
@signed_in("admin")
def channel_list() -> Any:
    """All channels and a form for a new one; a webhook's secret is on this answer only."""
    form = NewChannelForm()
    if not form.validate_on_submit():
        return _page(form), 422 if form.is_submitted() else 200
    try:
        made = channels.add_channel(
            current_workspace.id, form.said(form.kind.data), actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        form.mark(problem)
        return _page(form), problem.status
    except Conflict as problem:
        most = channels.MAX_CHANNELS
        notice(_("A workspace has at most %(count)s channels.", count=most), kind="error")
        return _page(form), problem.status
    return _page(NewChannelForm(formdata=None), secret=made.secret or ""), 201


def _bad_words(field: str) -> str:
    if field == "target":
        return str(
            _("Enter an https address outside your network, at port 443 or one from 1024 up, or "
              "for e-mail an address or “owner”.")
        )  # fmt: skip
    return str(_("This cannot be used. Look at it again."))


def _page(form: NewChannelForm, *, secret: str = "") -> str:
    with snapshot() as session:
        rows = channels.channels_of(session, current_workspace.id)
        troubles = channels.troubles(session, current_workspace.id)
    return render_template(
        "following_up/channels.html", form=form, channels=rows, troubles=troubles, kinds=KINDS,
        teams=wording.TEAMS, secret=secret,
    )  # fmt: skip


@blueprint.route("/settings/routing/channels/<uuid:channel_id>", methods=["GET", "POST"])
@signed_in("admin")
def edit_channel(channel_id: UUID) -> Any:
    """Another name, address or team; its address is not shown, as whoever has it may write."""
    with snapshot() as session:
        channel = channels.channel_of(session, current_workspace.id, channel_id)
    shown = {"name": channel.name, "team": channel.team or "", "with_comment": channel.with_comment}
    form = ChannelForm(data=shown)
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            channels.edit_channel(
                current_workspace.id, channel_id, form.said(channel.kind),
                actor_user_id=current_user.id, now=utcnow(),
            )  # fmt: skip
        except BadInput as problem:
            form.mark(problem)
        else:
            notice(_("Saved. Send a test to see that it arrives."))
            return redirect(url_for(".channel_list"), 303)
    page = render_template(
        "following_up/channel.html", form=form, channel=channel, kinds=KINDS,
        where=channels.where_to(channel),
    )  # fmt: skip
    return page, status


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
