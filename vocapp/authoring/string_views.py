"""Pages: the languages of a survey side by side, how complete they are, and files in and out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from surveys import journey_survey, standard_wording
from surveys.definition_leaves import Path, texts_of
from surveys.definitions import DefinitionError, standard_definition, to_json
from surveys.languages import fitting_language
from surveys.survey_strings import (
    Line,
    Plan,
    StringProblem,
    completeness,
    name_of,
    plan,
    with_language,
    without_language,
)
from surveys.xliff import xliff_of
from vocapp.authoring import service
from vocapp.authoring.queries import SurveySummary, draft_of, survey_by_key
from vocapp.authoring.standard_questions import has_standard_words, standard_words
from vocapp.authoring.string_files import MAX_FILE_BYTES, csv_of, read_strings
from vocapp.authoring.views import LanguageName, somebody_else
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("strings", __name__, template_folder="templates")

_SHOWN_CHANGES = 200


@dataclass(frozen=True, slots=True)
class TextRow:
    """One text beside its translation. number: of its question, None for other texts."""

    name: str
    number: int | None
    field: Path
    source: str
    text: str


@blueprint.get("/surveys/<key>/languages")
@signed_in("product")
def languages(key: str) -> str:
    """The survey's languages, and one of them beside the main one."""
    return _page(survey_by_key(current_workspace.id, key), _chosen(key))


@blueprint.post("/surveys/<key>/languages")
@signed_in("product")
def save(key: str) -> Any:
    """Store the words of one language; nothing is stored while one of them cannot be."""
    survey, language = survey_by_key(current_workspace.id, key), _chosen(key)
    draft = draft_of(survey.workspace_id, survey.id)
    typed = {row.name: request.form.get(f"t.{row.name}") for row in _rows(draft, language)}
    lines = [
        Line(number, name, language, text)
        for number, (name, text) in enumerate(typed.items(), 1)
        if text is not None
    ]
    found = plan(draft, lines, empty_removes=True)
    if found.problems:
        errors = {problem.name: problem_words(problem) for problem in found.problems}
        return _page(survey, language, typed=typed, errors=errors), BadInput.status
    try:
        _store(survey, found.definition, seen=request.form.get("seen"))
    except Conflict as problem:
        errors = {"": somebody_else(survey)}
        return _page(survey, language, typed=typed, errors=errors), problem.status
    notice(_("The words have been saved in the draft. Publish it to ask in them."))
    return redirect(url_for(".languages", key=key, language=language), 303)


@blueprint.get("/surveys/<key>/languages/texts.csv")
@signed_in("product")
def csv_file(key: str) -> AnyResponse:
    """All texts in all languages."""
    survey = survey_by_key(current_workspace.id, key)
    content = csv_of(draft_of(survey.workspace_id, survey.id))
    return _file(content, "text/csv; charset=utf-8", f"{survey.key}.csv")


@blueprint.get("/surveys/<key>/languages/<language>.xlf")
@signed_in("product")
def xliff_file(key: str, language: str) -> AnyResponse:
    """From the main language into another, for translation tools."""
    survey = survey_by_key(current_workspace.id, key)
    draft = draft_of(survey.workspace_id, survey.id)
    if language not in draft["languages"][1:]:
        abort(404)
    content = xliff_of(draft, language=language, survey=survey.key)
    return _file(content, "application/xliff+xml", f"{survey.key}.{language}.xlf")


def _file(content: str, kind: str, name: str) -> AnyResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return AnyResponse(content.encode(), content_type=kind, headers=headers)


@blueprint.post("/surveys/<key>/languages/import")
@signed_in("product")
def import_file(key: str) -> Any:
    """Look at what a file would change; the second press does it."""
    request.max_form_memory_size = 2 * MAX_FILE_BYTES
    survey = survey_by_key(current_workspace.id, key)
    content = _sent()
    try:
        lines = read_strings(content)
    except BadInput as problem:
        errors = {"file": problem.errors[0].message}
        return _page(survey, _chosen(key), errors=errors), problem.status
    draft = draft_of(survey.workspace_id, survey.id)
    found = plan(draft, lines)
    if request.form.get("do") == "import":
        if request.form.get("seen") == service.digest_of(draft):
            _store(survey, found.definition)
            notice(
                _("%(count)s texts have been taken into the draft.", count=len(found.changes)),
                undo_url=url_for("drafts.undo", key=key),
            )
            return redirect(url_for(".languages", key=key), 303)
        notice(_("The draft was changed meanwhile. This is what changes now."), kind="warning")
    return _preview(survey, found, content, seen=service.digest_of(draft))


def _sent() -> bytes:
    """The file as it was chosen, or as the page of the preview sends it again."""
    upload = request.files.get("file")
    if upload and upload.filename:
        return upload.stream.read(MAX_FILE_BYTES + 1)
    try:
        return base64.b64decode(request.form.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _preview(survey: SurveySummary, found: Plan, content: bytes, *, seen: str) -> str:
    places = {name_of(path): path for path in texts_of(draft_of(survey.workspace_id, survey.id))}
    return render_template(
        "authoring/strings_import.html",
        survey=survey,
        changes=found.changes[:_SHOWN_CHANGES],
        more=max(0, len(found.changes) - _SHOWN_CHANGES),
        count=len(found.changes),
        problems=[(each, problem_words(each)) for each in found.problems[:_SHOWN_CHANGES]],
        places=places,
        language_name=lambda tag: LanguageName.of(tag).name,
        content=base64.b64encode(content).decode(),
        seen=seen,
    )


@blueprint.post("/surveys/<key>/languages/add")
@signed_in("product")
def add(key: str) -> Any:
    """Room for another language; our own questions come in its words where we have them."""
    survey = survey_by_key(current_workspace.id, key)
    tag = request.form.get("new_language", "").strip()
    draft = draft_of(survey.workspace_id, survey.id)
    try:
        wider = with_language(draft, tag, known=_our_words(draft, tag))
    except DefinitionError:
        wrong = _("Not a language code, or there already: %(code)s", code=tag[:40])
        return _page(survey, _chosen(key), errors={"new_language": wrong}), BadInput.status
    _store(survey, wider)
    notice(_("There is room for another language now."))
    return redirect(url_for(".languages", key=key, language=tag), 303)


def _our_words(draft: Mapping[str, Any], tag: str) -> dict[str, str]:
    """The product's own wording: in the survey's main language → in another."""
    first = draft["languages"][0]
    pair = (first, tag)
    if not all(map(has_standard_words, pair)):
        return {}
    ours = [standard_definition(draft["kind"], pair, words_in=standard_words)]
    if all(each.partition("-")[0].lower() in standard_wording.LANGUAGES for each in pair):
        ours.append(journey_survey.template(pair))
    texts = (text for each in ours for text in texts_of(to_json(each)).values())
    return {text[first]: text[tag] for text in texts if first in text and tag in text}


@blueprint.post("/surveys/<key>/languages/remove")
@signed_in("product")
def remove(key: str) -> Any:
    """A language goes from the draft, with its words."""
    survey = survey_by_key(current_workspace.id, key)
    draft = draft_of(survey.workspace_id, survey.id)
    tag = request.form.get("language", "")
    if tag not in draft["languages"]:
        abort(404)
    try:
        narrower = without_language(draft, tag)
    except DefinitionError as exc:
        why = _("This language cannot go: %(field)s has words in no other.", field=exc.field)
        notice(why, kind="error")
        return redirect(url_for(".languages", key=key), 303)
    _store(survey, narrower)
    notice(
        _("The language is no longer in the draft. What is published stays as it is."),
        undo_url=url_for("drafts.undo", key=key),
    )
    return redirect(url_for(".languages", key=key), 303)


def _store(
    survey: SurveySummary, definition: Mapping[str, Any], *, seen: str | None = None
) -> None:
    service.save_draft(
        survey.workspace_id, survey.id, definition, seen=seen,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip


def _chosen(key: str) -> str:
    """The language to write in: the one asked for, else the first translation."""
    survey = survey_by_key(current_workspace.id, key)
    asked = request.values.get("language")
    translations = survey.languages[1:] or survey.languages
    return fitting_language(asked, survey.languages) or translations[0]


def _rows(draft: Mapping[str, Any], language: str) -> list[TextRow]:
    places = {entry["key"]: number for number, entry in enumerate(draft["questions"], 1)}
    first = draft["languages"][0]
    rows = []
    for path, texts in texts_of(draft).items():
        in_question = path[0] == "questions"
        rows.append(
            TextRow(
                name=name_of(path),
                number=places[path[1]] if in_question else None,
                field=path[2:] if in_question else path,
                source=texts.get(first, ""),
                text=texts.get(language, ""),
            )
        )
    return rows


def _page(
    survey: SurveySummary,
    language: str,
    *,
    typed: Mapping[str, str | None] | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    draft = draft_of(survey.workspace_id, survey.id)
    tags: list[str] = draft["languages"]
    return render_template(
        "authoring/strings.html",
        survey=survey,
        main=LanguageName.of(tags[0]),
        language=LanguageName.of(language),
        languages=[(LanguageName.of(each.language), each) for each in completeness(draft)],
        rows=_rows(draft, language),
        typed=typed or {},
        errors=errors or {},
        seen=service.digest_of(draft),
    )


def problem_words(problem: StringProblem) -> str:
    """Why a line is not taken, or should be looked at."""
    words = {
        "unknown_name": _("The survey has no such text."),
        "unknown_language": _("The survey is not asked in %(language)s. Add the language first.",
                              language=problem.language[:40]),
        "placeholder_lost": _("%(names)s is missing in the translation.", names=problem.detail),
        "placeholder_new": _("%(names)s does not stand in the main language.",
                             names=problem.detail),
        "twice": _("The file has another text for it further up."),
        "not_storable": _("This cannot be stored: %(why)s", why=problem.detail),
        "source_changed": _("The main language says something else by now. Taken all the same: "
                            "look at it."),
    }  # fmt: skip
    return words[problem.code]
