"""Pages: a file is chosen, checked, imported, and what became of its rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vocapp.authoring.queries import SurveySummary, list_surveys, survey_by_key
from vocapp.connecting.importing import keeping, queries, wording
from vocapp.connecting.importing.keeping import MAX_FILE_BYTES, NewFile
from vocapp.connecting.importing.kinds import KINDS
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("file_imports", __name__, template_folder="templates")
_MOST_SURVEYS = 200
_PASTED = "pasted.csv"


@blueprint.url_value_preprocessor
def _take_long_text(*_: object) -> None:
    """Pasted rows are as long as a file; the token of the form is read before any view."""
    request.max_form_memory_size = MAX_FILE_BYTES + 2**20


@blueprint.errorhandler(413)
def _too_large(_: Exception) -> Response:
    """The request was not read, so nothing that was typed is known."""
    notice(wording.reason("is too large"), kind="error")
    return redirect(url_for(".show"), 303)


@blueprint.route("/settings/imports", methods=["GET", "POST"])
@signed_in("admin")
def show() -> Any:
    """Choosing a file, and the files of the last two weeks."""
    if request.method == "GET":
        return _page(request.args.get("kind", ""))
    errors: dict[str, str] = {}
    kind = request.form.get("kind", "")
    if kind not in KINDS:
        errors["kind"] = _("Choose what the file tells of.")
    name, content = _sent()
    if not content.strip():
        errors["file"] = _("Choose a file, or paste its rows below.")
    survey_key = request.form.get("survey") or None if kind == "responses" else None
    if survey_key is not None and not _is_survey(survey_key):
        errors["survey"] = _("This survey is not there any more.")
    if errors:
        return _page(kind, errors), 422
    new = NewFile(
        kind=kind, name=name, content=content, time_zone=current_workspace.time_zone,
        survey_key=survey_key,
        follow_up=kind == "responses" and request.form.get("follow_up") == "1",
    )  # fmt: skip
    try:
        made = keeping.keep_file(
            current_workspace.id, new, actor_user_id=current_user.id, now=utcnow()
        )
    except BadInput as problem:
        return _page(kind, {"file": wording.file_fault(problem.errors[0])}), problem.status
    return redirect(url_for(".one", import_id=made), 303)


def _sent() -> tuple[str, bytes]:
    """Name and content of the chosen file, else of what was pasted."""
    upload = request.files.get("file")
    if upload and upload.filename:
        return upload.filename[:200], upload.stream.read(MAX_FILE_BYTES + 1)
    return _PASTED, request.form.get("text", "").encode("utf-8", "replace")


def _is_survey(key: str) -> bool:
    try:
        survey_by_key(current_workspace.id, key)
    except NotFound:
        return False
    return True


def _page(kind: str, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "importing/imports.html",
        kind=kind,
        kinds=list(wording.KIND_NAMES.items()),
        errors=errors or {},
        typed=request.form,
        surveys=[(each.key, each.name) for each in _surveys()],
        files=queries.kept_files(current_workspace.id),
        words=wording,
        days=keeping.KEPT.days,
    )


def _surveys() -> list[SurveySummary]:
    surveys = list_surveys(current_workspace.id, limit=_MOST_SURVEYS)
    return [each for each in surveys if each.published_version is not None]


@blueprint.get("/settings/imports/<uuid:import_id>")
@signed_in("admin")
def one(import_id: UUID) -> str:
    """How the file is read, what its rows would do or did, and which are refused and why."""
    found = queries.one_file(current_workspace.id, import_id)
    return render_template(
        "importing/import.html", found=found, kept=found.kept, words=wording,
        columns=_columns(found),
    )  # fmt: skip


def _columns(found: queries.OneFile) -> list[tuple[str, str, bool, list[str]]]:
    """For each column: its name, what it is taken for, whether that is an attribute because the
    name is not known, and its first values."""
    if found.sample is None or found.columns is None:
        return []
    unknown = set(found.columns.unknown)
    return [
        (
            name,
            wording.field_name(field),
            name in unknown,
            [row[place] for row in found.sample.rows if place < len(row) and row[place].strip()],
        )
        for place, (name, field) in enumerate(
            zip(found.columns.header, found.columns.fields, strict=True)
        )
    ]


@blueprint.post("/settings/imports/<uuid:import_id>/begin")
@signed_in("admin")
def begin(import_id: UUID) -> Response:
    """Import what was checked; pressed twice, it is done once."""
    try:
        keeping.begin_import(
            current_workspace.id, import_id, actor_user_id=current_user.id, now=utcnow()
        )
    except Conflict:
        notice(_("Nothing was changed: this file is being imported, or was."), kind="info")
    return redirect(url_for(".one", import_id=import_id), 303)


@blueprint.post("/settings/imports/<uuid:import_id>/go-on")
@signed_in("admin")
def go_on(import_id: UUID) -> Response:
    """Try again what was given up."""
    keeping.go_on(current_workspace.id, import_id, now=utcnow())
    return redirect(url_for(".one", import_id=import_id), 303)


@blueprint.post("/settings/imports/<uuid:import_id>/remove")
@signed_in("admin")
def remove(import_id: UUID) -> Response:
    """Take the file away; what was imported from it stays."""
    try:
        keeping.remove_file(
            current_workspace.id, import_id, actor_user_id=current_user.id, now=utcnow()
        )
    except Conflict:
        notice(_("The file is being imported. Remove it when that is done."), kind="warning")
        return redirect(url_for(".one", import_id=import_id), 303)
    notice(_("The file has been removed. What was imported from it stays."))
    return redirect(url_for(".show"), 303)


@blueprint.get("/settings/imports/<uuid:import_id>/refused.csv")
@signed_in("admin")
def refused(import_id: UUID) -> Response:
    """The rows that were refused, each with its line and reason, to be corrected and imported."""
    return Response(
        queries.refused_rows(current_workspace.id, import_id),
        content_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="refused.csv"'},
    )
