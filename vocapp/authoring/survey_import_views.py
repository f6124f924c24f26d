"""Pages: a survey of LimeSurvey or SurveyJS is looked at, then becomes a draft of ours."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from surveys.definitions import from_json
from surveys.imported_survey import Imported, LeftOut, NoSurvey
from surveys.importing_limesurvey import read_lss
from surveys.importing_surveyjs import read_surveyjs
from surveys.questions import localised
from vocapp.authoring import drafting, service
from vocapp.authoring.queries import list_surveys
from vocapp.authoring.views import LanguageName
from vocapp.database import utcnow
from vocapp.problems import BadInput
from vocapp.translating import current_locale
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("survey_imports", __name__, template_folder="templates")

MAX_FILE_BYTES = 2_000_000


@blueprint.get("/surveys/import")
@signed_in("product")
def choose() -> str:
    """Which file it is."""
    return render_template("authoring/import_survey.html", error=None)


@blueprint.post("/surveys/import")
@signed_in("product")
def take() -> Any:
    """Look at what a file holds; the second press makes it a draft."""
    request.max_form_memory_size = 2 * MAX_FILE_BYTES
    content = _sent()
    try:
        found = _read(content)
    except BadInput as problem:
        error = problem.errors[0].message
        return render_template("authoring/import_survey.html", error=error), problem.status
    if request.form.get("do") != "create":
        return _preview(found, content)
    return redirect(url_for("authoring.edit_survey", key=_create(found)), 303)


def _sent() -> bytes:
    """The file as it was chosen, or as the page of the preview sends it again."""
    upload = request.files.get("file")
    if upload and upload.filename:
        return upload.stream.read(MAX_FILE_BYTES + 1)
    try:
        return base64.b64decode(request.form.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _read(content: bytes) -> Imported:
    if not content.strip():
        raise BadInput.of("file", _("Choose a file."))
    if len(content) > MAX_FILE_BYTES:
        raise BadInput.of("file", _("The file is larger than 2 MB."))
    is_xml = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    try:
        return read_lss(content) if is_xml else read_surveyjs(content)
    except NoSurvey as exc:
        why = _("The file cannot be read: %(why)s", why=str(exc))
        raise BadInput.of("file", why) from exc


def _create(found: Imported) -> str:
    taken = {survey.key for survey in list_surveys(current_workspace.id, limit=1000)}
    key = drafting.key_from_name(found.name, taken)
    new = service.NewSurvey(
        key=key,
        name=found.name,
        kind=found.definition["kind"],
        languages=found.definition["languages"],
        publish=False,
        questions=found.definition["questions"],
    )
    service.create_survey(current_workspace.id, new, actor_user_id=current_user.id, now=utcnow())
    notice(_("The survey has been created as a draft. Look through its questions."))
    return key


def _preview(found: Imported, content: bytes) -> str:
    return render_template(
        "authoring/import_preview.html",
        name=found.name,
        definition=from_json(found.definition),
        languages=[LanguageName.of(tag).name for tag in found.definition["languages"]],
        left_out=[(each.what, reason_words(each)) for each in found.left_out],
        content=base64.b64encode(content).decode(),
        say=lambda texts: localised(texts, language=str(current_locale())),
    )


def reason_words(each: LeftOut) -> str:
    """Why a part of another product's survey could not be taken as it was."""
    words = {
        "kind": _("Left out: there is no such kind of question (%(kind)s).", kind=each.detail),
        "logic": _("Taken without its condition: when it is asked has to be set again."),
        "no_text": _("Left out: it has no wording."),
        "no_options": _("Left out: it has no options."),
        "other_option": _("Taken without the field for “other”."),
        "validation": _("Taken without what its answers have to be (%(what)s).", what=each.detail),
        "second_scale": _("Taken as a choice of its numbers: a survey has one score."),
        "too_many": _("Left out: there are too many of them."),
        "too_long": _("Shortened: its text is too long."),
        "languages": _("This language could not be taken."),
        "placeholder": _("{%(name)s} is no placeholder here and stands in square brackets: replace "
                         "it.", name=each.detail),
        "score_added": _("There is no scale in it, so the question 0–10 was added at the end."),
        "not_storable": _("Left out: %(why)s", why=each.detail),
    }  # fmt: skip
    return words[each.reason]
