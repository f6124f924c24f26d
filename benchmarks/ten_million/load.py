"""Fill a database with the data set, by the fast way that each kind of database has.

Workspaces, surveys and themes are made by the services; the many rows go straight into their
tables (`benchmarks.bulk`). Nothing is counted: that is `voc cells rebuild`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from sqlalchemy.engine import Connection

from benchmarks.bulk import bulk_load
from benchmarks.ten_million.columns import Batch
from benchmarks.ten_million.generate import SurveyIds, Tenant, batches
from benchmarks.ten_million.spec import Spec
from benchmarks.ten_million.vocabulary import REPORTABLE, SEAT_EDGES, THEMES
from surveys.attributes import Reportable
from vocapp.authoring.models import Question, Survey
from vocapp.authoring.service import NewSurvey, create_survey
from vocapp.cli import upgrade_database
from vocapp.database import scoped, snapshot, transaction
from vocapp.extensions import db
from vocapp.measuring.attributes import to_stored
from vocapp.measuring.models import ReportableSet
from vocapp.understanding.models import Theme
from vocapp.understanding.service import ensure_themes
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import create_workspace

PASSWORD = "ten million answers"
FILLED = (
    "account", "contact", "contact_identity", "response", "answer", "analysis", "assignment",
    "theme_month", "comment_month",
)  # fmt: skip
Tell = Callable[[str, int, int], None]


class NotEmpty(Exception):
    """The database holds something else, or a load that was interrupted."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """What was loaded, as it is noted beside the data once it is complete."""

    spec: dict[str, Any]
    email: str
    secret_key: str
    seconds: float


def load(app: Flask, spec: Spec, note: Path, *, tell: Tell) -> DataSet:
    """The data set in the app's database: as it was loaded before, or loaded now.

    note: the file that says what was loaded; it is written last, so that an interrupted load is
    never taken for a whole one. tell: of what, how much is done, of how much. A data set of an
    older schema is upgraded. Raises NotEmpty where the database holds anything else.
    """
    with app.app_context():
        upgrade_database(app)
        if note.exists():
            known = DataSet(**json.loads(note.read_text()))
            if known.spec == spec.as_json():
                return known
        with snapshot() as session:
            if session.scalar(select(Workspace.id).limit(1)) is not None:
                raise NotEmpty("the database has other contents: remove it, or choose another")
        began = datetime.now(UTC)
        tenants, email, key = _tenants(spec, tell)
        _fill(spec, tenants, tell)
        took = (datetime.now(UTC) - began).total_seconds()
        made = DataSet(spec.as_json(), email, key, round(took, 1))
        note.write_text(json.dumps({name: getattr(made, name) for name in DataSet.__slots__}))
        return made


# --- what the services make ---------------------------------------------------------------


def _tenants(spec: Spec, tell: Tell) -> tuple[list[Tenant], str, str]:
    """Workspaces with surveys and themes; the first one's admin and secret key."""
    now = datetime.combine(spec.since, time(), tzinfo=UTC)
    tenants, keys = [], []
    for number, answers in enumerate(spec.sizes):
        made = create_workspace(
            name=f"Workspace {number}", email=f"admin{number}@bench.example", password=PASSWORD,
            time_zone=spec.zone(number), now=now,
        )  # fmt: skip
        keys.append(made.secret_key)
        tenants.append(_tenant(spec, number, made.workspace_id, answers, now=now))
        tell("workspaces", number + 1, len(spec.sizes))
    return tenants, "admin0@bench.example", keys[0]


def _tenant(spec: Spec, number: int, workspace_id: UUID, answers: int, *, now: datetime) -> Tenant:
    surveys = []
    for kind, _ in spec.surveys(number):
        new = NewSurvey(key=kind, name=kind.upper(), kind=kind, languages=("en", "ja"))
        surveys.append(_survey_ids(workspace_id, create_survey(workspace_id, new, now=now)))
    reportable = [Reportable(name, SEAT_EDGES if name == "seats" else ()) for name in REPORTABLE]
    with transaction() as session:
        ensure_themes(session, workspace_id, now=now)
        # As the settings page would, but without asking for a recount of what is not there yet.
        session.add(
            ReportableSet(workspace_id=workspace_id, attributes=to_stored(tuple(reportable)))
        )
        ids = {theme.key: theme.id.hex for theme in session.scalars(scoped(Theme, workspace_id))}
    return Tenant(
        number=number,
        workspace_id=workspace_id.hex,
        zone=spec.zone(number),
        answers=answers,
        surveys=tuple(surveys),
        shares=tuple(share for _, share in spec.surveys(number)),
        themes=tuple(ids[key] for key in THEMES),
    )


def _survey_ids(workspace_id: UUID, survey_id: UUID) -> SurveyIds:
    with snapshot() as session:
        survey = session.get_one(Survey, (workspace_id, survey_id))
        questions = {
            question.key: question.id.hex
            for question in session.scalars(
                scoped(Question, workspace_id).where(Question.survey_id == survey_id)
            )
        }
    assert survey.published_version is not None
    return SurveyIds(
        survey.kind, survey_id.hex, survey.published_version, questions["score"],
        questions["comment"],
    )  # fmt: skip


# --- the many rows ------------------------------------------------------------------------


def _fill(spec: Spec, tenants: Sequence[Tenant], tell: Tell) -> None:
    with bulk_load(FILLED) as connection:
        write, done = _writer(connection), 0
        for tenant in tenants:
            for batch in batches(spec, tenant):
                write(batch)
                if batch.table == "response":
                    done += len(batch)
                    tell("answers", done, spec.answers)
        tell("indexes", 0, 1)
    tell("indexes", 1, 1)


def _writer(connection: Connection) -> Callable[[Batch], None]:
    """Multi-row inserts on SQLite, COPY on PostgreSQL."""
    raw: Any = connection.connection.driver_connection

    def insert(batch: Batch) -> None:
        names = ", ".join(f'"{name}"' for name in batch.columns)
        holes = ", ".join("?" * len(batch.columns))
        raw.executemany(
            f'INSERT INTO "{batch.table}" ({names}) VALUES ({holes})',
            zip(*batch.columns.values(), strict=True),
        )

    def copy(batch: Batch) -> None:
        names = ", ".join(f'"{name}"' for name in batch.columns)
        columns = [_as_text(column) for column in batch.columns.values()]
        with (
            raw.cursor() as cursor,
            cursor.copy(f'COPY "{batch.table}" ({names}) FROM STDIN') as copied,
        ):
            lines = "\n".join(map("\t".join, zip(*columns, strict=True)))
            copied.write(lines + "\n" if lines else "")

    return insert if db.engine.dialect.name == "sqlite" else copy


def _as_text(column: Sequence[Any]) -> list[str]:
    r"""A column as COPY reads it; our words hold no tab, backslash or end of line.

    >>> _as_text([1, None, "a", b"\x01"])
    ['1', '\\N', 'a', '\\\\x01']
    """
    return [
        r"\N" if value is None
        else rf"\\x{value.hex()}" if isinstance(value, bytes)
        else str(value)
        for value in column
    ]  # fmt: skip
