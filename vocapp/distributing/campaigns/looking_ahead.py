"""Looks ahead over many people: made by a worker when somebody asks, and kept.

Of few people a look ahead is made while the page is built (`dry_run.takes_long`). What is kept of
the others holds ids of people in place of their names; values of attributes may tell of somebody
as well, so that all of it goes when anybody is erased (`forget_person`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import insert_if_absent, scoped, snapshot, transaction, utcnow
from vocapp.distributing.campaigns.dry_run import DAYS, DryRun, WouldAsk, dry_run, takes_long
from vocapp.distributing.campaigns.models import Campaign, CampaignLookAhead
from vocapp.people.models import Contact
from vocapp.problems import Conflict, NotFound, Unavailable

LOOK_AHEAD = "campaign_look_ahead"
ATTRIBUTES = ("plan", "region", "locale", "industry", "role")
# For machines, which ask for what is true now; people see when it was looked, and may ask anew.
FRESH_FOR = timedelta(hours=1)
_SAY_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class LookAhead:
    """What there is of a look ahead. run: None before the first. computed_at: None where it was
    made just now. is_outdated: the campaign was changed since. working_on: what was asked for of
    those that wait or are being made; done, total: of that one. error: why the last one was given
    up, None where it was not.
    """

    run: DryRun | None
    computed_at: datetime | None = None
    is_outdated: bool = False
    working_on: tuple[Mapping[str, Any], ...] = ()
    done: int = 0
    total: int = 0
    error: str | None = None
    days: int = DAYS

    @property
    def is_working(self) -> bool:
        return bool(self.working_on)


def look_ahead(
    workspace_id: UUID, campaign_id: UUID, *, now: datetime, days: int = DAYS, by: str = "plan"
) -> LookAhead:
    """Of few people it is made now; of many, what is kept. by: an attribute to tell apart besides
    ATTRIBUTES. Raises NotFound."""
    with snapshot() as session:
        campaign = _campaign(session, workspace_id, campaign_id)
        if takes_long(session, workspace_id):
            return _kept(session, campaign)
    return LookAhead(
        dry_run(workspace_id, campaign_id, now=now, days=days, attributes=_names(by)), days=days
    )


def fresh_look_ahead(
    workspace_id: UUID, campaign_id: UUID, *, now: datetime, days: int, by: str
) -> LookAhead:
    """For machines: what is kept where it answers what is asked now; else it has a worker look,
    once however often it is asked, and run is None. Raises NotFound; Conflict while a worker looks
    for somebody who asked something else, as one look is kept; Unavailable, once, where that failed
    too often: whoever asks after that has it tried again."""
    ahead = look_ahead(workspace_id, campaign_id, now=now, days=days, by=by)
    if ahead.run is not None and _answers(ahead, now=now, days=days, by=by):
        return ahead
    if ahead.error is not None and not ahead.is_working:
        with transaction() as session:
            _forget_given_up(session, workspace_id, campaign_id)
        raise Unavailable(f"The look ahead was given up ({ahead.error}). Ask again to try again.")
    if not ahead.is_working:
        ask_for(workspace_id, campaign_id, days=days, by=by, now=now)
    elif not any(_will_answer(asked, days=days, by=by) for asked in ahead.working_on):
        raise Conflict("Another look ahead of this campaign is being made. Ask again once it is.")
    return replace(ahead, run=None, computed_at=None)


def _answers(ahead: LookAhead, *, now: datetime, days: int, by: str) -> bool:
    assert ahead.run is not None
    if ahead.computed_at is None:
        return True
    is_fresh = now - ahead.computed_at < FRESH_FOR and not ahead.is_outdated
    return is_fresh and ahead.days == days and by in ahead.run.segments


def _will_answer(asked: Mapping[str, Any], *, days: int, by: str) -> bool:
    """Whether the look that was asked for tells this as well."""
    return bool(asked["days"] == days and by in _names(asked["by"]))


def ask_for(
    workspace_id: UUID, campaign_id: UUID, *, now: datetime, days: int = DAYS, by: str = "plan"
) -> None:
    """Have a worker look; asking twice before it begins looks once. Raises NotFound."""
    with transaction() as session:
        _campaign(session, workspace_id, campaign_id)
        _forget_given_up(session, workspace_id, campaign_id)
        session.execute(
            update(CampaignLookAhead)
            .where(
                CampaignLookAhead.workspace_id == workspace_id,
                CampaignLookAhead.campaign_id == campaign_id,
            )
            .values(done=0, total=0)
        )
        outbox.ask_now(
            session, workspace_id, LOOK_AHEAD, campaign_id, now=now,
            detail={"days": days, "by": by},
        )  # fmt: skip
    outbox.ring(LOOK_AHEAD)


def _forget_given_up(session: Session, workspace_id: UUID, campaign_id: UUID) -> None:
    session.execute(delete(outbox.Pending).where(*_given_up(workspace_id, campaign_id)))


def _given_up(workspace_id: UUID, campaign_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """Conditions for looks that failed too often."""
    return (
        outbox.Pending.workspace_id == workspace_id, outbox.Pending.kind == LOOK_AHEAD,
        outbox.Pending.subject_id == campaign_id, outbox.Pending.set_aside_at.is_not(None),
    )  # fmt: skip


def _campaign(session: Session, workspace_id: UUID, campaign_id: UUID) -> Campaign:
    campaign = session.scalar(scoped(Campaign, workspace_id).where(Campaign.id == campaign_id))
    if campaign is None:
        raise NotFound("No such campaign.")
    return campaign


def _names(by: str) -> list[str]:
    return list(dict.fromkeys((*ATTRIBUTES, by)))


# --- what a worker does -------------------------------------------------------------------


def work_out(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: one look ahead for each row."""
    return [_worked_out(row) for row in rows]


def _worked_out(row: outbox.Pending) -> outbox.Outcome:
    now, days = utcnow(), int(row.detail["days"])
    try:
        with transaction() as session:
            revision = _campaign(session, row.workspace_id, row.subject_id).revision
            _begin(session, row)
        run = dry_run(
            row.workspace_id, row.subject_id, now=now, days=days,
            attributes=_names(str(row.detail["by"])),
            say=_Teller(row.workspace_id, row.subject_id),
        )  # fmt: skip
    except NotFound:  # a draft that was removed meanwhile
        return _nothing
    values = {"days": days, "revision": revision, "computed_at": now, "result": _as_json(run)}
    return partial(_finish, row=row, values=values)


def _nothing(session: Session) -> None:
    pass


def _begin(session: Session, row: outbox.Pending) -> None:
    """There is something to write to, which goes when somebody is erased meanwhile."""
    insert_if_absent(
        session, CampaignLookAhead, workspace_id=row.workspace_id, campaign_id=row.subject_id,
        done=0, total=0,
    )  # fmt: skip


def _finish(session: Session, *, row: outbox.Pending, values: Mapping[str, Any]) -> None:
    """Keep what was found, unless somebody was erased of whom it may tell: then look again."""
    if _write(session, workspace_id=row.workspace_id, campaign_id=row.subject_id, values=values):
        return
    is_there = scoped(Campaign, row.workspace_id).where(Campaign.id == row.subject_id)
    if session.scalar(is_there) is not None:
        outbox.ask_now(
            session, row.workspace_id, LOOK_AHEAD, row.subject_id, now=utcnow(), detail=row.detail
        )


class _Teller:
    """Writes down how far a look ahead is, at most once a second."""

    def __init__(self, workspace_id: UUID, campaign_id: UUID) -> None:
        self._workspace_id, self._campaign_id = workspace_id, campaign_id
        self._told_at = float("-inf")

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._told_at < _SAY_EVERY_S:
            return
        with transaction() as session:
            _write(
                session, workspace_id=self._workspace_id, campaign_id=self._campaign_id,
                values={"done": done, "total": total},
            )  # fmt: skip
        self._told_at = time.monotonic()


def _write(
    session: Session, *, workspace_id: UUID, campaign_id: UUID, values: Mapping[str, Any]
) -> bool:
    """False where there is nothing to write to any more."""
    written = session.scalar(
        update(CampaignLookAhead)
        .where(
            CampaignLookAhead.workspace_id == workspace_id,
            CampaignLookAhead.campaign_id == campaign_id,
        )
        .values(dict(values))
        .returning(CampaignLookAhead.campaign_id)
        .execution_options(synchronize_session=False)
    )
    return written is not None


# --- what is kept -------------------------------------------------------------------------


def _kept(session: Session, campaign: Campaign) -> LookAhead:
    of_campaign = (campaign.workspace_id, campaign.id)
    row = session.get(CampaignLookAhead, of_campaign)
    error = session.scalar(select(outbox.Pending.last_error).where(*_given_up(*of_campaign)))
    asked = outbox.waiting(
        select(outbox.Pending.detail), campaign.workspace_id, LOOK_AHEAD, campaign.id
    )
    ahead = LookAhead(None, error=error, working_on=tuple(session.scalars(asked)))
    if row is None:
        return ahead
    ahead = replace(ahead, done=row.done, total=row.total, days=row.days or DAYS)
    if row.result is None:
        return ahead
    return replace(
        ahead, run=_run_of(session, campaign.workspace_id, row.result),
        computed_at=row.computed_at, is_outdated=row.revision != campaign.revision,
    )  # fmt: skip


def _as_json(run: DryRun) -> dict[str, Any]:
    return {
        "looked_at": run.looked_at, "audience": run.audience, "asked": run.asked,
        "days": [[day.isoformat(), count] for day, count in run.days],
        "not_asked": list(run.not_asked.items()), "put_off": list(run.put_off.items()),
        "sample": [
            [str(each.contact_id), each.day.isoformat() if each.day else None, each.reason]
            for each in run.sample
        ],
        "segments": {name: [list(each) for each in rows] for name, rows in run.segments.items()},
    }  # fmt: skip


def _run_of(session: Session, workspace_id: UUID, told: Mapping[str, Any]) -> DryRun:
    """With the names that its people have now; without who is no more."""
    people = {
        row.id: row
        for row in session.execute(
            select(Contact.id, Contact.name, Contact.email).where(
                Contact.workspace_id == workspace_id,
                Contact.id.in_([UUID(key) for key, _day, _reason in told["sample"]]),
            )
        )
    }
    return DryRun(
        looked_at=told["looked_at"], audience=told["audience"], asked=told["asked"],
        days=[(date.fromisoformat(day), count) for day, count in told["days"]],
        not_asked=dict(told["not_asked"]), put_off=dict(told["put_off"]),
        sample=[
            WouldAsk(
                UUID(key), people[UUID(key)].name, people[UUID(key)].email,
                date.fromisoformat(day) if day else None, reason,
            )
            for key, day, reason in told["sample"] if UUID(key) in people
        ],
        segments={
            name: [(value, asked, every) for value, asked, every in rows]
            for name, rows in told["segments"].items()
        },
    )  # fmt: skip
