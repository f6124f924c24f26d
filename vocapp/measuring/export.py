"""Reads: rows for files, a few at a time, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.scoring import category_of
from vocapp.authoring.models import Question, Survey
from vocapp.authoring.queries import SurveySummary
from vocapp.collecting.models import Answer, Response
from vocapp.collecting.queries import responses_with_people
from vocapp.database import snapshot
from vocapp.problems import Forbidden

_BATCH = 500
# Spreadsheets take text that begins so for a formula (OWASP, "CSV Injection"); also in the
# full-width forms, which some of them fold.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "−")
COLUMNS = (
    "id", "survey", "survey_version", "score", "category", "comment", "answers", "channel",
    "locale", "answered_at", "received_at", "revision", "contact_external_id", "contact_email",
    "contact_name", "account_external_id", "account_name", "attributes",
)  # fmt: skip


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front.

    >>> safe_cell("=1+1"), safe_cell(" @x"), safe_cell("ok"), safe_cell(-3.5), safe_cell(None)
    ("'=1+1", "' @x", 'ok', -3.5, None)
    """
    if isinstance(value, str) and value.lstrip(" \u3000\ufeff").startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


class _Line:
    """A file that keeps what is written only until it is taken."""

    def __init__(self) -> None:
        self._text = ""

    def write(self, text: str) -> int:
        self._text += text
        return len(text)

    def take(self) -> str:
        text, self._text = self._text, ""
        return text


def csv_lines(rows: Iterable[Sequence[Any]], *, bom: bool = False) -> Iterator[str]:
    """Lines of a CSV file (RFC 4180), one at a time; with a byte order mark Excel reads UTF-8.

    >>> list(csv_lines([["a", "b"], ["=1", None]]))
    ['a,b\\r\\n', "'=1,\\r\\n"]
    """
    line = _Line()
    writer = csv.writer(line)
    for number, row in enumerate(rows):
        writer.writerow([safe_cell(value) for value in row])
        yield ("\ufeff" if bom and number == 0 else "") + line.take()


def response_lines(
    workspace_id: UUID, *, survey: SurveySummary | None = None, file_format: str = "csv"
) -> Iterator[str]:
    """Lines of a file with the responses of a survey, or of all that are not confidential.

    file_format: csv or jsonl, ValueError otherwise. Raises Forbidden for a confidential survey,
    whose single answers are shown to nobody. Memory does not grow with the number of responses.
    """
    if file_format not in {"csv", "jsonl"}:
        raise ValueError(f"format: expected csv or jsonl, got {file_format!r}")
    if survey is not None and survey.confidential:
        raise Forbidden("Single answers of a confidential survey are not shown.")
    records = _records(workspace_id, survey.id if survey else None)
    if file_format == "jsonl":
        return (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    rows = (_flat(record) for record in records)
    return csv_lines(_with_heading(rows), bom=True)


def _with_heading(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield COLUMNS
    yield from rows


def _flat(record: dict[str, Any]) -> list[Any]:
    return [
        json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict) else value
        for value in (record[name] for name in COLUMNS)
    ]


def _records(workspace_id: UUID, survey_id: UUID | None) -> Iterator[dict[str, Any]]:
    """Responses in the order of their ids, all of one snapshot."""
    with snapshot() as session:
        last: UUID | None = None
        while batch := _batch(session, workspace_id, survey_id, last):
            ids = [row.Response.id for row in batch]
            answers = _answers(session, workspace_id, ids)
            for row in batch:
                yield _record(row, answers.get(row.Response.id, []))
            last = ids[-1]
            session.expunge_all()


def _batch(
    session: Session, workspace_id: UUID, survey_id: UUID | None, last: UUID | None
) -> Sequence[Any]:
    query = (
        responses_with_people(workspace_id)
        .where(Survey.confidential.is_(False))
        .order_by(Response.id)
        .limit(_BATCH)
    )
    if survey_id is not None:
        query = query.where(Response.survey_id == survey_id)
    if last is not None:
        query = query.where(Response.id > last)
    rows: Sequence[Any] = session.execute(query).all()
    return rows


def _answers(
    session: Session, workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, list[tuple[str, Any, bool]]]:
    """Question key, value, whether it is open text; by response, in question order."""
    rows = session.execute(
        select(Answer.response_id, Question.key, Answer.number, Answer.option, Answer.text)
        .join(
            Question,
            (Question.workspace_id == Answer.workspace_id) & (Question.id == Answer.question_id),
        )
        .where(Answer.workspace_id == workspace_id, Answer.response_id.in_(ids))
        .order_by(Answer.response_id, Question.id)
    )
    found: dict[UUID, list[tuple[str, Any, bool]]] = {}
    for response_id, key, number, option, text in rows:
        value = next((v for v in (number, option, text) if v is not None), None)
        found.setdefault(response_id, []).append((key, value, text is not None))
    return found


def _record(row: Any, answers: list[tuple[str, Any, bool]]) -> dict[str, Any]:
    response, contact, account = row.Response, row.Contact, row.Account
    has_score = response.score is not None
    return {
        "id": str(response.id),
        "survey": row.Survey.key,
        "survey_version": response.survey_version,
        "score": response.score,
        "category": category_of(row.Survey.kind, response.score) if has_score else None,
        "comment": next((value for _, value, is_text in answers if is_text), None),
        "answers": {key: value for key, value, _ in answers},
        "channel": response.channel,
        "locale": response.locale,
        "answered_at": response.answered_at.isoformat(),
        "received_at": response.received_at.isoformat(),
        "revision": response.revision,
        "contact_external_id": contact.external_id if contact else None,
        "contact_email": contact.email if contact else None,
        "contact_name": contact.name if contact else None,
        "account_external_id": account.external_id if account else None,
        "account_name": account.name if account else None,
        "attributes": response.attributes,
    }
