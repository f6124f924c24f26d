"""What is typed on the page of a filter: the draft itself, and under which name it is kept."""

from __future__ import annotations

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from surveys.filter_drafts import (
    Draft,
    Path,
    Row,
    from_fields,
    path_of,
    with_part,
    without_part,
)
from vocapp.measuring.segments.service import MAX_DESCRIPTION, MAX_NAME
from vocapp.translating import lazy_gettext as _l


class SegmentForm(FlaskForm):
    """version: what the change was made of."""

    name = StringField(_l("Name"), [InputRequired(_l("Enter a name.")), Length(max=MAX_NAME)])
    description = TextAreaField(_l("Description"), [Length(max=MAX_DESCRIPTION)])
    version = HiddenField()


def draft_sent(form: MultiDict[str, str]) -> Draft:
    """The draft of a form, changed as the pressed button says: `do` is `add-row:1`, `add-group:`,
    `remove:1.0` (what stands after the colon is the way to the part), or anything else."""
    draft = from_fields(dict(form.lists()))
    action, _, text = form.get("do", "").partition(":")
    path = path_of(text)
    return draft if path is None else _changed(draft, action, path)


def _changed(draft: Draft, action: str, path: Path) -> Draft:
    match action:
        case "add-row":
            return with_part(draft, path, Row())
        case "add-group":
            # A group of the other kind, or it would say nothing new.
            join = "all" if _join_at(draft, path) == "any" else "any"
            return with_part(draft, path, Draft(join, (Row(),)))  # type: ignore[arg-type]
        case "remove":
            return without_part(draft, path)
    return draft


def _join_at(draft: Draft, path: Path) -> str:
    for number in path:
        part = draft.parts[number] if number < len(draft.parts) else None
        if not isinstance(part, Draft):
            break
        draft = part
    return draft.join
