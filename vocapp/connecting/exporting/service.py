"""Use case: write the answers of a workspace to a file, in memory that does not grow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO
from uuid import UUID

from vocapp.authoring.queries import SurveySummary
from vocapp.connecting.exporting import parquet
from vocapp.connecting.exporting.cells import attribute_cell
from vocapp.connecting.exporting.queries import Answers, Names
from vocapp.connecting.importing.columns import ANSWER, ATTRIBUTE
from vocapp.database import snapshot
from vocapp.problems import Forbidden
from vocapp.spreadsheets import csv_lines, plain_cell, safe_cell

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
    file_format: str = "csv",
    excel: bool = False,
) -> None:
    """Write the answers to a survey, or all that are not confidential.

    excel: a byte order mark, and text that a spreadsheet would run is marked. Raises
    Forbidden for a confidential survey, ValueError for an unknown format or one that is
    not installed.
    """
    if file_format not in FORMATS:
        raise ValueError(f"format: expected {', '.join(FORMATS)}, got {file_format!r}")
    if excel and file_format != "csv":
        raise ValueError("--excel is a way to write csv")
    if survey is not None and survey.confidential:
        raise Forbidden("Single answers of a confidential survey are not shown.")
    with snapshot() as session:
        answers = Answers(session, workspace_id, survey.id if survey else None)
        if file_format == "parquet":
            parquet.write(answers, answers.names(), COLUMNS, out)
            return
        lines = json_lines(answers) if file_format == "jsonl" else csv_file(answers, excel=excel)
        for line in lines:
            out.write(line.encode())


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
            *(record["answers"].get(key) for key in names.answers),
            *(attribute_cell(record["attributes"].get(name)) for name in names.attributes),
        ]
