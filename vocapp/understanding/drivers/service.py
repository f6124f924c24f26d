"""Use cases: compute a survey's drivers, every night that follows new answers and when asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.drivers import Drivers, analyse_drivers
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.database import insert_into, read_once, snapshot, transaction, utcnow
from vocapp.understanding.drivers.models import DriverReport
from vocapp.understanding.drivers.sampling import Sample, read_sample
from vocapp.workspaces.nights import next_day_begins, time_zone_of

DRIVERS = "drivers"
_SEED = 1  # the same answers give the same figures


def compute_drivers(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: the drivers of these surveys, as of now.

    Not of confidential ones: themes and attributes by their points, each with its n, are more
    equations about groups than suppression could keep an eye on.
    """
    return [_outcome(row.workspace_id, row.subject_id) for row in rows]


def _outcome(workspace_id: UUID, survey_id: UUID) -> outbox.Outcome:
    now = utcnow()
    with snapshot() as session:
        survey = session.get(Survey, (workspace_id, survey_id))
        if survey is None:
            return _gone
        if survey.confidential:
            return partial(_forget, key=(workspace_id, survey_id))
        sample = read_sample(
            session, survey, time_zone=time_zone_of(session, workspace_id), now=now, seed=_SEED
        )
    found = analyse_drivers(sample.points, sample.candidates, clusters=sample.clusters, seed=_SEED)
    return partial(_keep, key=(workspace_id, survey_id), sample=sample, found=found, now=now)


def _gone(_session: Session) -> None:
    """The survey is not there any more: there is nothing to keep."""


def _forget(session: Session, *, key: tuple[UUID, UUID]) -> None:
    """A report from before the rule must not stay."""
    report = session.get(DriverReport, key)
    if report is not None:
        session.delete(report)


def _keep(
    session: Session, *, key: tuple[UUID, UUID], sample: Sample, found: Drivers, now: datetime
) -> None:
    values: dict[str, Any] = {
        "computed_at": now,
        "since": sample.since,
        "until": sample.until,
        "answers": sample.answers,
        "sampled": found.n,
        "minimum_n": found.minimum_n,
        "reason": found.reason,
        "method": found.method,
        "r_squared": found.r_squared,
        "findings": {
            "drivers": [asdict(driver) for driver in found.drivers],
            "left_out": [list(each) for each in found.left_out],
        },
    }
    statement = insert_into(session, DriverReport).values(
        workspace_id=key[0], survey_id=key[1], **values
    )
    session.execute(
        statement.on_conflict_do_update(index_elements=["workspace_id", "survey_id"], set_=values)
    )


def see_to_drivers(session: Session, workspace_id: UUID, survey_id: UUID, *, now: datetime) -> None:
    """After an answer changed: see to it that drivers are computed when the next day begins.

    Looked up once a transaction. A survey that nobody answers is not computed again.
    """

    def see_to_it() -> bool:
        if not outbox.is_waiting(session, workspace_id, DRIVERS, survey_id):
            outbox.add(
                session, workspace_id, DRIVERS, survey_id, now=now,
                due_at=next_day_begins(session, workspace_id, now=now),
            )  # fmt: skip
        return True

    read_once(session, (DRIVERS, workspace_id, survey_id), see_to_it)


def ask_for_drivers(workspace_id: UUID, survey_id: UUID, *, now: datetime) -> None:
    """Have a survey's drivers computed now instead of tonight; asking twice computes once."""
    with transaction() as session:
        outbox.ask_now(session, workspace_id, DRIVERS, survey_id, now=now)
    outbox.ring(DRIVERS)
