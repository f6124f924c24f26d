"""Fill a database with the data set, by the fast way that each kind of database has.

Workspaces, surveys and themes are made by the services; the many rows go straight into their
tables. Indexes are dropped before and made again afterwards from the definitions that the
database itself gave, so that the schema at the end is the one of the migrations. Nothing is
counted: that is `voc cells rebuild`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.engine import Connection

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
    is_sqlite = db.engine.dialect.name == "sqlite"
    with _sqlite() if is_sqlite else _postgresql() as write:
        done = 0
        for tenant in tenants:
            for batch in batches(spec, tenant):
                write(batch)
                if batch.table == "response":
                    done += len(batch)
                    tell("answers", done, spec.answers)
        tell("indexes", 0, 1)
    tell("indexes", 1, 1)


@contextmanager
def _sqlite() -> Iterator[Callable[[Batch], None]]:
    """Multi-row inserts without a journal: a load that dies has to begin again anyway."""
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.rollback()
        for pragma in (
            "wal_checkpoint(TRUNCATE)", "journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF",
            "secure_delete=OFF", "cache_size=-400000", "threads=2", "locking_mode=EXCLUSIVE",
        ):  # fmt: skip
            raw.execute(f"PRAGMA {pragma}").fetchall()
        indexes = _sqlite_indexes(raw)
        raw.execute("BEGIN")
        for name in indexes:
            raw.execute(f'DROP INDEX "{name}"')

        def write(batch: Batch) -> None:
            names = ", ".join(f'"{name}"' for name in batch.columns)
            holes = ", ".join("?" * len(batch.columns))
            raw.executemany(
                f'INSERT INTO "{batch.table}" ({names}) VALUES ({holes})',
                zip(*batch.columns.values(), strict=True),
            )

        yield write
        for definition in indexes.values():
            raw.execute(definition)
        raw.execute("COMMIT")
        raw.execute("PRAGMA locking_mode=NORMAL").fetchall()
        raw.execute("PRAGMA journal_mode=WAL").fetchall()
        connection.invalidate()  # its settings must not come back from the pool
    db.engine.dispose()


def _sqlite_indexes(raw: Any) -> dict[str, str]:
    tables = ", ".join(f"'{table}'" for table in FILLED)
    rows = raw.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        f"AND tbl_name IN ({tables}) ORDER BY name"
    )
    return dict(rows.fetchall())


@contextmanager
def _postgresql() -> Iterator[Callable[[Batch], None]]:
    """COPY in one transaction with the TRUNCATE: with `wal_level=minimal` it writes no WAL."""
    with db.engine.connect() as connection:
        indexes = _postgresql_indexes(connection)
        connection.execute(text("SET TIME ZONE 'UTC'"))
        # Foreign keys hold by construction; a test has the database check them all.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        connection.execute(text(f"TRUNCATE {', '.join(FILLED)} CASCADE"))
        for name in indexes:
            connection.execute(text(f'DROP INDEX "{name}"'))
        raw: Any = connection.connection.driver_connection

        def write(batch: Batch) -> None:
            names = ", ".join(f'"{name}"' for name in batch.columns)
            columns = [_as_text(column) for column in batch.columns.values()]
            with (
                raw.cursor() as cursor,
                cursor.copy(f'COPY "{batch.table}" ({names}) FROM STDIN') as copy,
            ):
                lines = "\n".join(map("\t".join, zip(*columns, strict=True)))
                copy.write(lines + "\n" if lines else "")

        yield write
        for definition in indexes.values():
            connection.execute(text(definition))
        connection.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))  # what autovacuum does within the hour


def _postgresql_indexes(connection: Connection) -> dict[str, str]:
    """Indexes that no constraint needs: those of keys stay, and grow at their end."""
    rows = connection.execute(
        text(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
            "AND tablename = ANY(:tables) AND indexname NOT IN (SELECT conname FROM pg_constraint) "
            "ORDER BY indexname"
        ),
        {"tables": list(FILLED)},
    )
    return {name: definition for name, definition in rows}


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
