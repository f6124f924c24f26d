"""Files: the answers of a list, made while they are sent."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, stream_with_context
from werkzeug.wrappers import Response

from vocapp.authoring.queries import SurveySummary
from vocapp.connecting.exporting.chosen import ChosenAnswers
from vocapp.connecting.exporting.service import csv_file, json_lines
from vocapp.database import utcnow
from vocapp.looking_into.finding import all_answers
from vocapp.looking_into.parameters import asked_for
from vocapp.looking_into.selection import Selection
from vocapp.looking_into.views import survey_to_look_into
from vocapp.measuring.queries import reading
from vocapp.workspaces.access import current_workspace, signed_in

blueprint = Blueprint("exporting", __name__)
_BATCH = 500


@blueprint.get("/results/<key>/answers.csv")
@signed_in("product", "success")
def export_csv(key: str) -> Response:
    """The answers behind a number as a table that spreadsheets open."""
    survey = survey_to_look_into(key)
    return _file(survey, "csv", "text/csv; charset=utf-8")


@blueprint.get("/results/<key>/answers.jsonl")
@signed_in("product", "success")
def export_jsonl(key: str) -> Response:
    """The answers behind a number, one object a line."""
    survey = survey_to_look_into(key)
    return _file(survey, "jsonl", "application/jsonl; charset=utf-8")


def _file(survey: SurveySummary, name: str, content_type: str) -> Response:
    lines = _lines(survey, asked_for(survey).selection, name)
    return Response(
        stream_with_context(lines),
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{survey.key}-answers.{name}"'},
    )


def _lines(survey: SurveySummary, selection: Selection, name: str) -> Iterator[str]:
    """The whole file is read in one snapshot, so that its parts belong together."""
    zone = current_workspace.time_zone
    with reading(survey, time_zone=zone, now=utcnow()) as opened:
        answers = ChosenAnswers(
            opened.session,
            survey.workspace_id,
            survey.id,
            lambda: all_answers(opened, selection, batch=_BATCH),
        )
        yield from csv_file(answers, excel=True) if name == "csv" else json_lines(answers)
