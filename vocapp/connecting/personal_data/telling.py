"""Everything that is kept of a person, as data that other software can read.

The right of access and the right to data portability (GDPR, Articles 15 and 20). What is told is
every row that leads to the person by foreign keys, so that a table that comes to hold something of
people is told of without anybody thinking of it; a test compares it with what is found in the
database by searching it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, Table, and_, or_, select, tuple_
from sqlalchemy.orm import Session

from vocapp.authoring.models import Question, Survey, SurveyVersion
from vocapp.distributing.asking.queries import Bar
from vocapp.distributing.models import Invitation
from vocapp.extensions import db
from vocapp.people.models import Account, Contact
from vocapp.resealing import holds_files
from vocapp.understanding.models import Theme
from vocapp.workspaces.models import User

# What was worked out for the service's own use from rows that are told, or guards them.
LEFT_OUT = frozenset(
    {
        "candidate_comment",  # which comments a proposed theme was drawn from
        "case_presence",  # which colleague looks at a follow-up now
        "contact_name",  # beginnings of the name, to find it by
        "doubt",  # how sure the classifier is of a comment
        "idempotency_key",
        "merge_suggestion",  # also of somebody else
        "merged_response",  # how a merge of themes is taken back
        "replaced_themes",
        "review",  # that a colleague read a comment
        "text_print",  # a keyed hash of a comment
        "theme_lesson",  # what the classifier learned from a comment
        "triage_turn",
    }
)
_WITHHELD = frozenset(
    {
        "workspace_id",
        "code",  # of a link in a text message: whoever has it can answer
        "counted", "likeness", "fact_as_of",
    }
)  # fmt: skip
# What an id of these stands for is told beside it.
_NAMES: Mapping[str, ColumnElement[Any]] = {
    "survey": Survey.__table__.c.key,
    "question": Question.__table__.c.key,
    "theme": Theme.__table__.c.key,
    "account": Account.__table__.c.name,
    "user_account": User.__table__.c.name,
}
# Nobody is shown who answered a confidential survey.
_SHEETS = frozenset({"response", "held_answer"})

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Part:
    """A table and which of its rows are of the person."""

    table: Table
    rows: ColumnElement[bool]


def parts_of(workspace_id: UUID, contact_id: UUID) -> list[Part]:
    """Every table with something of a person; a table after those that lead to it."""
    contact = Contact.__table__
    assert isinstance(contact, Table)
    found = {contact: and_(contact.c.workspace_id == workspace_id, contact.c.id == contact_id)}
    for table in db.metadata.sorted_tables:
        links = [] if table.name in LEFT_OUT else _links(table, found)
        if links and table not in found:
            found[table] = and_(table.c.workspace_id == workspace_id, or_(*links))
            if table.name in _SHEETS:
                found[table] &= table.c.survey_id.not_in(_confidential(workspace_id))
            elif table.name == "link_fetch":  # it has the score that was pressed in the mail
                asked = select(Invitation.id).where(
                    Invitation.workspace_id == workspace_id,
                    Invitation.survey_id.in_(_confidential(workspace_id)),
                )
                found[table] &= table.c.invitation_id.not_in(asked)
    return [Part(table, rows) for table, rows in found.items()]


def _links(table: Table, found: Mapping[Table, ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """By which columns rows lead to rows that are of the person."""
    return [
        column.in_(select(target).where(found[target.table]))
        for column, target in _references(table)
        if target.table in found and target.table is not table
    ]


def _references(table: Table) -> Iterator[tuple[Column[Any], Column[Any]]]:
    """Column and the column that it refers to, beside the workspace of both."""
    for constraint in table.foreign_key_constraints:
        for element in constraint.elements:
            if element.column.name == "id" and element.parent.name != "workspace_id":
                yield element.parent, element.column


def _confidential(workspace_id: UUID) -> Select[Any]:
    return select(Survey.id).where(Survey.workspace_id == workspace_id, Survey.confidential)


def lines_of(
    session: Session, contact: Contact, bars: Sequence[Bar], *, now: datetime
) -> Iterator[str]:
    """One JSON object, piece by piece: `kept` has a list of rows for each table.

    Ids stand for the same thing everywhere in it. `definitions` has the surveys that were
    answered, in the versions in which they were; `barred` what is not written to.
    """
    yield f'{{"made_at": {_json(now)},\n"kept": {{'
    parts = parts_of(contact.workspace_id, contact.id)
    for number, part in enumerate(parts):
        yield f'{"," if number else ""}\n"{part.table.name}": ['
        for place, row in enumerate(_rows(session, part)):
            yield f"{',' if place else ''}\n{_json(row)}"
        yield "]"
    yield f'}},\n"barred": {_json([asdict(bar) for bar in bars])}'
    yield f',\n"definitions": {_json(_definitions(session, contact.workspace_id, parts))}}}\n'


def _rows(session: Session, part: Part) -> Iterator[dict[str, Any]]:
    table = part.table
    told = [column for column in table.columns if _is_told(column.name)]
    names = [
        select(_NAMES[target.table.name])
        .where(target == column, *_same_workspace(table, target.table))
        .scalar_subquery()
        .label(column.name.removesuffix("_id"))
        for column, target in _references(table)
        if target.table.name in _NAMES
    ]
    query = select(*told, *names).where(part.rows).order_by(*table.primary_key)
    batch = 1 if holds_files(table) else _BATCH  # a file may have megabytes
    for row in session.execute(query, execution_options={"yield_per": batch}).mappings():
        yield dict(row)


def _is_told(column: str) -> bool:
    return column not in _WITHHELD and not column.endswith("digest")


def _same_workspace(table: Table, other: Table) -> list[ColumnElement[bool]]:
    if "workspace_id" not in other.c:
        return []  # colleagues may belong to several
    return [other.c.workspace_id == table.c.workspace_id]


def _definitions(
    session: Session, workspace_id: UUID, parts: Sequence[Part]
) -> list[dict[str, Any]]:
    answered = next(part for part in parts if part.table.name == "response")
    versions = select(answered.table.c.survey_id, answered.table.c.survey_version)
    rows = session.execute(
        select(Survey.key, SurveyVersion.number, SurveyVersion.definition)
        .join(
            SurveyVersion,
            (SurveyVersion.workspace_id == Survey.workspace_id)
            & (SurveyVersion.survey_id == Survey.id),
        )
        .where(
            Survey.workspace_id == workspace_id,
            tuple_(SurveyVersion.survey_id, SurveyVersion.number).in_(
                versions.where(answered.rows)
            ),
        )
        .order_by(Survey.key, SurveyVersion.number)
    )
    return [{"survey": key, "version": n, "definition": told} for key, n, told in rows]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
