"""Pages: what changed between two versions of a survey, what publishing would change, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.questions import localised
from surveys.survey_diff import Break
from vocapp.authoring import service
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.authoring.versions import DRAFT, Comparison, compared, versions_of
from vocapp.authoring.views import LanguageName
from vocapp.database import utcnow
from vocapp.problems import NotFound
from vocapp.translating import current_locale
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("versions", __name__, template_folder="templates")


@blueprint.get("/surveys/<key>/versions/diff")
@signed_in()
def diff(key: str) -> str:
    """What is different between any two versions, or a version and the draft."""
    survey = survey_by_key(current_workspace.id, key)
    lines = versions_of(survey)
    before = _asked("from", survey.published_version or DRAFT)
    after = _asked("to", DRAFT)
    names: list[int | str] = [*(line.number for line in lines), DRAFT]
    return render_template(
        "authoring/version_diff.html",
        before=before,
        after=after,
        choices=[(name, _version_name(name)) for name in names],
        **_shown(survey, compared(survey, before, after)),
    )


@blueprint.get("/surveys/<key>/publish")
@signed_in("product")
def review(key: str) -> str:
    """What publishing changes, before it is done."""
    survey = survey_by_key(current_workspace.id, key)
    before = survey.published_version or DRAFT
    found = compared(survey, before, DRAFT)
    return render_template(
        "authoring/publish.html",
        next_number=(survey.published_version or 0) + 1,
        seen=service.digest_of(found.after),
        **_shown(survey, found),
    )


@blueprint.post("/surveys/<key>/versions/<int:number>/restore")
@signed_in("product")
def restore(key: str, number: int) -> Response:
    """A version becomes the draft again."""
    survey = survey_by_key(current_workspace.id, key)
    service.restore_version(
        survey.workspace_id, survey.id, number, actor_user_id=current_user.id, now=utcnow()
    )
    notice(
        _("Version %(number)s is the draft now. What is published stays as it is.", number=number),
        undo_url=url_for("drafts.undo", key=key),
    )
    return redirect(url_for("authoring.edit_survey", key=key), 303)


def _asked(name: str, otherwise: int | str) -> int | str:
    """Which version a parameter names. Raises NotFound."""
    text = request.args.get(name) or str(otherwise)
    if text == DRAFT:
        return DRAFT
    if not text.isdecimal() or len(text) > 6:
        raise NotFound(f"The survey has no version {text[:20]!r}.")
    return int(text)


def _version_name(version: int | str) -> str:
    return _("The draft") if version == DRAFT else _("Version %(number)s", number=version)


def _shown(survey: SurveySummary, found: Comparison) -> dict[str, Any]:
    """What the parts of a difference are drawn with."""
    return {
        "survey": survey,
        "diff": found.diff,
        "breaks": [(each, _break_words(each, found)) for each in found.breaks],
        "language_name": lambda tag: LanguageName.of(tag).name,
        "say": _say,
        "shown_value": _shown_value,
    }


def _say(texts: Mapping[str, str]) -> str:
    return localised(texts, language=str(current_locale()))


def _shown_value(value: Any) -> str:
    """A value that is no text by language."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return str(value)


def _break_words(each: Break, found: Comparison) -> str:
    """One sentence of what a change does to a trend."""
    of_question = [
        entry
        for definition in (found.before, found.after)
        for entry in definition["questions"]
        if entry["key"] == each.question
    ]
    parts = {"row": "rows", "column": "columns"}.get(each.code.partition("_")[0], "options")
    labels = {part["key"]: part["label"] for entry in of_question for part in entry.get(parts, ())}
    question = _say(of_question[0]["text"])
    option = _say(labels.get(each.option or "", {}))
    words = {
        "score_replaced": _("The score comes from another question: its trend ends here."),
        "kind_changed": _("“%(question)s” is answered on another scale.", question=question),
        "ends_swapped": _("The ends of the score's scale are swapped: the same number would mean "
                          "the opposite."),
        "ends_changed": _("The ends of the score's scale have other words. If they mean something "
                          "else, scores before and after cannot be compared."),
        "score_reworded": _("The question of the score has other words. If it asks something "
                            "else, scores before and after cannot be compared."),
        "question_removed": _("“%(question)s” is no longer asked: its trend ends here.",
                              question=question),
        "option_removed": _("“%(option)s” can no longer be chosen in “%(question)s”: the shares of "
                            "the others are no longer the same.", option=option, question=question),
        "option_reworded": _("An option of “%(question)s” has other words: “%(option)s”. If it "
                             "means something else, it has to be a new option.",
                             option=option, question=question),
        "row_removed": _("“%(row)s” is no longer a row of “%(question)s”: its trend ends here.",
                         row=option, question=question),
        "row_reworded": _("A row of “%(question)s” has other words: “%(row)s”. If it means "
                          "something else, it has to be a new row.", row=option, question=question),
        "column_removed": _("“%(column)s” can no longer be chosen in the rows of “%(question)s”: "
                            "the shares of the others are no longer the same.",
                            column=option, question=question),
        "column_reworded": _("A column of “%(question)s” has other words: “%(column)s”. If it "
                             "means something else, it has to be a new column.",
                             column=option, question=question),
    }  # fmt: skip
    return words[each.code]
