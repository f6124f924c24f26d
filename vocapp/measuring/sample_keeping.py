"""Use cases: keep the sample of attributes of a workspace, so that a look at it reads one row.

It is read anew when somebody looked at one that is not fresh. Small workspaces keep none: theirs
is read at every look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import insert_into, snapshot, transaction, utcnow
from vocapp.measuring.attribute_sample import AttributeSample, SampledAttribute, read_sample
from vocapp.measuring.models import KeptSample
from vocapp.outbox import Pending
from vocapp.workspaces.models import Workspace

SAMPLE = "attribute_sample"
FEW_ANSWERS = 500  # are read in some 40 ms
_FRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LatestSample:
    """is_renewing: a newer one is on its way."""

    sample: AttributeSample
    sampled_at: datetime
    is_renewing: bool


def latest_sample(workspace_id: UUID, *, time_zone: str, now: datetime) -> LatestSample:
    """The sample that is kept; where none is, one that is read now.

    Where it is not fresh, a newer one is asked for.
    """
    with snapshot() as session:
        kept = session.get(KeptSample, workspace_id)
        if kept is not None and kept.time_zone == time_zone:
            is_old = now - kept.sampled_at > _FRESH
            latest = LatestSample(_from_stored(kept.sample), kept.sampled_at, is_old)
            ask = is_old
        else:
            sample = read_sample(session, workspace_id, time_zone=time_zone)
            latest = LatestSample(sample, now, is_renewing=False)
            ask = kept is not None or sample.answers > FEW_ANSWERS
    if ask:
        _ask_for_sample(workspace_id, now=now)
    return latest


def _ask_for_sample(workspace_id: UUID, *, now: datetime) -> None:
    with transaction() as session:
        if outbox.is_waiting(session, workspace_id, SAMPLE, workspace_id):
            return
        outbox.add(session, workspace_id, SAMPLE, workspace_id, now=now)
    outbox.ring(SAMPLE)


def keep_samples(rows: Sequence[Pending]) -> list[outbox.Outcome]:
    """Outbox work: read the samples of these workspaces, as of now."""
    return [_outcome(row.workspace_id) for row in rows]


def _outcome(workspace_id: UUID) -> outbox.Outcome:
    now = utcnow()
    with snapshot() as session:
        time_zone = session.get_one(Workspace, workspace_id).time_zone
        sample = read_sample(session, workspace_id, time_zone=time_zone)
    return partial(
        _keep, workspace_id=workspace_id, sample=sample, time_zone=time_zone, now=now
    )  # fmt: skip


def _keep(
    session: Session, *, workspace_id: UUID, sample: AttributeSample, time_zone: str, now: datetime
) -> None:
    if sample.answers <= FEW_ANSWERS:
        session.execute(_kept(delete(KeptSample), workspace_id))
        return
    values = {"sampled_at": now, "time_zone": time_zone, "sample": _to_stored(sample)}
    statement = insert_into(session, KeptSample).values(workspace_id=workspace_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["workspace_id"], set_=values))


def forget_sample(session: Session, workspace_id: UUID, _contact_id: UUID) -> None:
    """Values that only this person had must not stay: the sample goes, and is read anew.

    So does the row of a job that may be reading it just now, without which it keeps nothing. It
    goes first: a job that has its row locked keeps its sample before this goes on.
    """
    waiting = session.execute(
        outbox.waiting(delete(Pending), workspace_id, SAMPLE).returning(Pending.id)
    ).all()
    kept = session.execute(
        _kept(delete(KeptSample), workspace_id).returning(KeptSample.workspace_id)
    ).all()
    if waiting or kept:
        outbox.add(session, workspace_id, SAMPLE, workspace_id, now=utcnow())


def _kept(statement: Any, workspace_id: UUID) -> Any:
    return statement.where(KeptSample.workspace_id == workspace_id)


def _to_stored(sample: AttributeSample) -> dict[str, Any]:
    """Attributes in a list: databases do not keep the order of names."""
    attributes = [{"name": name} | asdict(each) for name, each in sample.attributes.items()]
    numbers = {"answers": sample.answers, "days": sample.days, "of_months": sample.of_months}
    return numbers | {"attributes": attributes}


def _from_stored(stored: dict[str, Any]) -> AttributeSample:
    attributes = {each["name"]: _attribute(each) for each in stored["attributes"]}
    return AttributeSample(stored["answers"], stored["days"], stored["of_months"], attributes)


def _attribute(stored: dict[str, Any]) -> SampledAttribute:
    lists = {name: tuple(stored[name]) for name in ("examples", "edges", "numbers")}
    others = {name: value for name, value in stored.items() if name != "name"}
    return SampledAttribute(**others | lists)
