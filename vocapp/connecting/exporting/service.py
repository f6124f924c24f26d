"""Use case: write the answers of a workspace to a file, in memory that does not grow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from surveys.answer_cells import as_cell
from vocapp.authoring.queries import SurveySummary, list_surveys
from vocapp.connecting.exporting import parquet
from vocapp.connecting.exporting.cells import attribute_cell
from vocapp.connecting.exporting.chosen import SelectedAnswers
from vocapp.connecting.exporting.queries import Answers, Names
from vocapp.connecting.importing.columns import ANSWER, ATTRIBUTE
from vocapp.database import snapshot, utcnow
from vocapp.extensions import db
from vocapp.looking_into.finding import all_answers
from vocapp.looking_into.selection import Selection
from vocapp.measuring.asking import Ask
from vocapp.measuring.queries import reading
from vocapp.measuring.segments.queries import Segment
from vocapp.problems import Forbidden
from vocapp.spreadsheets import csv_lines, plain_cell, safe_cell
from vocapp.workspaces.models import Workspace

_BATCH = 500
FORMATS = ("csv", "jsonl", "parquet")
# One row an answer; then a column for each further question and for each attribute.
COLUMNS = (
    "id", "survey", "survey_version", "score", "category", "comment", "sentiment", "themes",
    "language", "channel", "invitation_id", "locale", "answered_at", "received_at", "revision",
    "contact_external_id", "contact_email", "contact_name", "account_external_id", "account_name",
)  # fmt: skip


def export_responses(
    workspace_id: UUID,
    out: BinaryIO,
    *,
    survey: SurveySummary | None = None,
    segment: Segment | None = None,
    file_format: str = "csv",
    excel: bool = False,
) -> None:
    """Write the answers to a survey, or all that are not confidential.

    segment: only the answers that its numbers count. excel: a byte order mark, and text that a
    spreadsheet would run is marked. Raises Forbidden for a confidential survey, ValueError for an
    unknown format or one that is not installed.
    """
    if file_format not in FORMATS:
        raise ValueError(f"format: expected {', '.join(FORMATS)}, got {file_format!r}")
    if excel and file_format != "csv":
        raise ValueError("--excel is a way to write csv")
    if survey is not None and survey.confidential:
        raise Forbidden("Single answers of a confidential survey are not shown.")
    with snapshot() as session:
        survey_id = survey.id if survey else None
        answers = (
            Answers(session, workspace_id, survey_id)
            if segment is None
            else SelectedAnswers(
                session, workspace_id, survey_id, partial(_counted, workspace_id, survey, segment)
            )
        )
        if file_format == "parquet":
            parquet.write(answers, answers.names(), COLUMNS, out)
            return
        lines = json_lines(answers) if file_format == "jsonl" else csv_file(answers, excel=excel)
        for line in lines:
            out.write(line.encode())


def _counted(
    workspace_id: UUID, survey: SurveySummary | None, segment: Segment
) -> Iterator[list[UUID]]:
    """The ids of the answers that the numbers of a segment count, survey by survey."""
    zone = db.session.get_one(Workspace, workspace_id).time_zone
    selection = Selection(Ask(filter=segment.filter))
    for each in [survey] if survey else _surveys(workspace_id):
        if each.confidential:
            continue
        with reading(each, time_zone=zone, now=utcnow()) as opened:
            yield from all_answers(opened, selection, batch=_BATCH)


def _surveys(workspace_id: UUID) -> Iterator[SurveySummary]:
    surveys = list_surveys(workspace_id)
    while surveys:
        yield from surveys
        surveys = list_surveys(workspace_id, after=surveys[-1].id)


def json_lines(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One object a line."""
    return (json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def csv_file(answers: Answers, *, excel: bool) -> Iterator[str]:
    """Lines of a table with a column for each further question and each attribute."""
    names = answers.names()
    rows = _rows(answers, names)
    return csv_lines(rows, bom=excel, cell=safe_cell if excel else plain_cell)


def _rows(answers: Answers, names: Names) -> Iterator[Sequence[Any]]:
    heading = [f"{ANSWER}{key}" for key in names.answers]
    yield [*COLUMNS, *heading, *(f"{ATTRIBUTE}{name}" for name in names.attributes)]
    for record in answers:
        shown = record | {"themes": ";".join(theme["key"] for theme in record["themes"])}
        yield [
            *(shown[name] for name in COLUMNS),
            *(as_cell(record["answers"].get(key)) for key in names.answers),
            *(attribute_cell(record["attributes"].get(name)) for name in names.attributes),
        ]
