"""Pages: dated notes that stand on the course of every score."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import DateField, StringField
from wtforms.validators import InputRequired, Length

from vocapp import ui
from vocapp.database import utcnow
from vocapp.measuring import notes
from vocapp.measuring.forms import check_day
from vocapp.problems import BadInput
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("noting", __name__, template_folder="templates")


class NoteForm(FlaskForm):
    """A day and what happened on it."""

    day = DateField(_l("Day"), [InputRequired(_l("Enter a day."))])
    words = StringField(
        _l("What happened"),
        [InputRequired(_l("Say what happened.")), Length(max=notes.MAX_WORDS)],
    )

    def validate_day(self, field: DateField) -> None:
        check_day(field.data)


@blueprint.get("/trend-notes")
@signed_in("admin", "product")
def list_notes() -> str:
    """All notes, and one to be added."""
    return _page(NoteForm(formdata=None))


def _page(form: NoteForm, *, editing: UUID | None = None) -> str:
    return render_template(
        "measuring/notes.html",
        form=form,
        editing=editing,
        rows=notes.trend_notes(current_workspace.id),
        most_words=notes.MAX_WORDS,
    )


@blueprint.post("/trend-notes")
@signed_in("admin", "product")
def add_note() -> Any:
    form = NoteForm()
    if not form.validate_on_submit():
        return _page(form), 422
    notes.add_note(
        current_workspace.id, form.day.data, form.words.data,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    ui.notice(_("Noted. It stands on the course of every survey."))
    return redirect(url_for(".list_notes"), 303)


@blueprint.get("/trend-notes/<uuid:note_id>")
@signed_in("admin", "product")
def edit_note(note_id: UUID) -> str:
    note = notes.trend_note(current_workspace.id, note_id)
    return _page(NoteForm(formdata=None, day=note.day, words=note.words), editing=note_id)


@blueprint.post("/trend-notes/<uuid:note_id>")
@signed_in("admin", "product")
def change_note(note_id: UUID) -> Any:
    """Save, remove or restore a note: what the pressed button says."""
    action = request.form.get("action", "save")
    workspace_id, who, now = current_workspace.id, current_user.id, utcnow()
    if action == "save":
        form = NoteForm()
        if not form.validate_on_submit():
            return _page(form, editing=note_id), 422
        notes.change_note(
            workspace_id, note_id, form.day.data, form.words.data, actor_user_id=who, now=now
        )
        ui.notice(_("Saved."))
    elif action == "remove":
        notes.remove_note(workspace_id, note_id, removed=True, actor_user_id=who, now=now)
        ui.notice(_("The note is removed."), undo_url=url_for(".restore_note", note_id=note_id))
    else:
        raise BadInput.of("action", "expected save or remove")
    return redirect(url_for(".list_notes"), 303)


@blueprint.post("/trend-notes/<uuid:note_id>/restore")
@signed_in("admin", "product")
def restore_note(note_id: UUID) -> Any:
    """Undo the removal."""
    notes.remove_note(
        current_workspace.id, note_id, removed=False, actor_user_id=current_user.id, now=utcnow()
    )
    ui.notice(_("Undone."))
    return redirect(url_for(".list_notes"), 303)
