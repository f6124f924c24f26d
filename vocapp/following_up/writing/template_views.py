"""Pages: the reply templates of the workspace."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from surveys.letters import GAPS
from vocapp.database import snapshot, utcnow
from vocapp.following_up.views import blueprint
from vocapp.following_up.writing import reply_templates
from vocapp.following_up.writing.reply_templates import (
    MAX_BODY,
    MAX_NAME,
    MAX_SUBJECT,
    Wanted,
)
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui import notice
from vocapp.ui.formats import language_choices
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone

GAP_WORDS = {
    "greeting": _l("Hello Mika, / Mika 様"),
    "name": _l("the person's name"),
    "account": _l("their company"),
    "score": _l("the score they gave"),
    "answered_on": _l("the day of the answer"),
    "workspace": _l("the name of this workspace"),
    "sender": _l("your name"),
}
assert set(GAP_WORDS) == set(GAPS)
_FIRST = ("en", "ja")  # of the languages offered, as the product speaks them


class TemplateForm(FlaskForm):
    """A reply template."""

    name = StringField(_l("Name"), [InputRequired(_l("Enter a name.")), Length(max=MAX_NAME)])
    language = SelectField(_l("Language"))
    subject = StringField(
        _l("Subject"), [InputRequired(_l("Enter a subject.")), Length(max=MAX_SUBJECT)]
    )
    body = TextAreaField(_l("Text"), [InputRequired(_l("Enter a text.")), Length(max=MAX_BODY)])

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.language.choices = language_choices(*_FIRST)


@blueprint.route("/settings/reply-templates", methods=["GET", "POST"])
@signed_in("success")
def reply_template_list() -> Any:
    """All templates, and a form for a new one."""
    form = TemplateForm(data=None if request.method == "POST" else {"language": _spoken()})
    if form.validate_on_submit() and _saved(form):
        notice(_("The template has been added."))
        return redirect(url_for(".reply_template_list"), 303)
    with snapshot() as session:
        rows = reply_templates.stored_templates(session, current_workspace.id)
    page = render_template(
        "following_up/reply_templates.html", form=form, templates=rows, gaps=GAP_WORDS
    )
    return page, 422 if form.is_submitted() else 200


def _spoken() -> str:
    return str(get_locale()).partition("_")[0]


@blueprint.route("/settings/reply-templates/<uuid:template_id>", methods=["GET", "POST"])
@signed_in("success")
def edit_reply_template(template_id: UUID) -> Any:
    row = reply_templates.template_of(current_workspace.id, template_id)
    form = TemplateForm(obj=row)
    if form.validate_on_submit() and _saved(form, template_id):
        notice(_("Saved."))
        return redirect(url_for(".reply_template_list"), 303)
    page = render_template(
        "following_up/reply_template.html", form=form, template=row, gaps=GAP_WORDS
    )
    return page, 422 if form.is_submitted() else 200


def _saved(form: TemplateForm, template_id: UUID | None = None) -> bool:
    wanted = Wanted(form.name.data, form.language.data, form.subject.data, form.body.data)
    try:
        reply_templates.save_template(
            current_workspace.id, wanted, template_id=template_id,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        for error in problem.errors:
            form[error.field].errors = [_wrong_words(error.field, error.message)]
        return False
    except Conflict:
        form.form_errors.append(_too_many())
        return False
    return True


def _wrong_words(field: str, message: str) -> str:
    if message.startswith("unknown: "):
        return str(_("%(gap)s is not known; the list below says what is.", gap=message[9:]))
    if field == "name" and "another" in message:
        return str(_("Another template of this language has this name."))
    return str(_("This cannot be used. Look at it again."))


def _too_many() -> str:
    most = reply_templates.MAX_TEMPLATES
    return str(_("A workspace has at most %(count)s reply templates.", count=most))


@blueprint.post("/settings/reply-templates/offered")
@signed_in("success")
def take_offered_templates() -> Any:
    """The offered ones become the workspace's, to be changed as it likes."""
    try:
        count = reply_templates.add_offered(
            current_workspace.id, actor_user_id=current_user.id, now=utcnow()
        )
    except Conflict:
        notice(_too_many(), kind="error")
    else:
        notice(
            ngettext("%(num)s template was added.", "%(num)s templates were added.", count)
            if count
            else _("All of them are here already.")
        )
    return redirect(url_for(".reply_template_list"), 303)


@blueprint.post("/settings/reply-templates/<uuid:template_id>/remove")
@signed_in("success")
def remove_reply_template(template_id: UUID) -> Any:
    reply_templates.remove_template(
        current_workspace.id, template_id, actor_user_id=current_user.id, now=utcnow()
    )
    token = undo_token("reply_template", current_workspace.id, current_user.id, id=template_id.hex)
    notice(_("The template has been removed."), undo_url=url_for(".undo_template", token=token))
    return redirect(url_for(".reply_template_list"), 303)


@blueprint.post("/settings/reply-templates/undo/<token>")
@signed_in("success")
def undo_template(token: str) -> Any:
    with said_undone():
        told = read_undo(token, "reply_template", current_workspace.id, current_user.id)
        reply_templates.put_back(
            current_workspace.id, UUID(told["id"]), actor_user_id=current_user.id, now=utcnow()
        )
    return redirect(url_for(".reply_template_list"), 303)
