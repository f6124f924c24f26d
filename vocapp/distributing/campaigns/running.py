"""Outbox kind `campaign`: plan who is to be asked, then ask those whose day has come.

One row of work is one short transaction: a batch of people, with the row that goes on behind it.
Whoever is ended in the middle leaves nothing half done, and two workers wait for each other at the
campaign's row, so that nobody is asked twice for one occasion.

1. Once a local day (of moments: at each look) the audience is walked through: turns are planned.
2. Those whose day has come are asked, as long as the day has room; who cannot be asked today is
   put off to the next possible day of their occasion.
3. It is looked again within an hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Select, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from surveys.campaigns import (
    DAY_FULL,
    Plan,
    WorkingDays,
    begins_at,
    free_day,
    last_day_of,
)
from surveys.fatigue import Verdict
from surveys.filters import Filter
from surveys.periods import local_day
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.database import scoped, utcnow, uuid7
from vocapp.distributing.asking import deciding
from vocapp.distributing.campaigns.audience import (
    Candidate,
    as_candidate,
    audience_of,
    candidates,
    is_in,
)
from vocapp.distributing.campaigns.models import Campaign, CampaignTurn
from vocapp.distributing.campaigns.planning import plan_batch, why_not
from vocapp.distributing.campaigns.stopping import CAMPAIGN, FAILED, of_campaign, settle
from vocapp.distributing.service import Asking, ask
from vocapp.outbox import Pending
from vocapp.people.models import Contact
from vocapp.workspaces.nights import time_zone_of

CAUSE = "planned_campaign"
log = structlog.get_logger()
BATCH = 25  # people in one transaction, for which whoever else writes waits
LOOK_AGAIN = timedelta(hours=1)
# After so many failures of a batch each of its people stands alone, so that one of whom something
# is wrong stops nobody else.
ALONE_AFTER = 3
_DAY = timedelta(days=1)


def run_campaigns(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: the next step of each campaign; of one that is not switched on, none."""
    now = utcnow()
    for row in rows:
        campaign = session.scalar(
            scoped(Campaign, row.workspace_id)
            .where(Campaign.id == row.subject_id)
            .with_for_update()
        )
        if campaign is not None and campaign.state == "active":
            _step(session, campaign, row.detail, now, alone=row.attempts >= ALONE_AFTER)


def look_now(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Have a campaign looked at, in the caller's transaction."""
    _go_on(session, campaign, {"plan": True}, now=now)


def _go_on(
    session: Session,
    campaign: Campaign,
    detail: dict[str, Any],
    *,
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    outbox.add(
        session, campaign.workspace_id, CAMPAIGN, campaign.id, now=now, detail=detail, due_at=due_at
    )


def _step(
    session: Session, campaign: Campaign, detail: dict[str, Any], now: datetime, *, alone: bool
) -> None:
    zone = time_zone_of(session, campaign.workspace_id)
    today = local_day(now, zone)
    if campaign.ends_on is not None and today > campaign.ends_on:
        campaign.state, campaign.updated_at = "ended", now
        settle(session, campaign, "close", now=now)
        return
    after = detail.get("after")
    if after or (detail.get("plan") and _is_to_be_planned(campaign, today)):
        last = plan_batch(
            session, campaign, UUID(after) if after else None, today=today, zone=zone, now=now
        )
        if last is None:
            campaign.planned_on = today
        _go_on(session, campaign, {"after": str(last)} if last else {}, now=now)
        return
    begins = begins_at(today, campaign.hour, zone)
    working = deciding.held(session, campaign.workspace_id).working_days(today)
    if working is not None and today not in working:
        # Whose day it is has theirs on the next working day: asked now, all of a weekend would
        # come on Monday, besides those who are Monday's.
        _go_on(session, campaign, {"plan": True}, now=now, due_at=now + LOOK_AGAIN)
    elif begins > now:
        _go_on(session, campaign, {"plan": True}, now=now, due_at=min(begins, now + LOOK_AGAIN))
    elif ask_batch(session, campaign, today=today, now=now, alone=alone):
        _go_on(session, campaign, {}, now=now)
    else:
        _go_on(session, campaign, {"plan": True}, now=now, due_at=now + LOOK_AGAIN)


def _is_to_be_planned(campaign: Campaign, today: date) -> bool:
    """Before its first day nothing is planned: who is in the audience then is not known yet."""
    if today < campaign.starts_on:
        return False
    if campaign.kind == "moment":
        return True
    if campaign.kind == "once":
        return campaign.planned_on is None
    return campaign.planned_on is None or campaign.planned_on < today


# --- the day has come -----------------------------------------------------------------------


@dataclass(slots=True)
class _Day:
    """What a batch is asked with. asked: by this campaign today; planned: from tomorrow on."""

    campaign: Campaign
    plan: Plan
    audience: Filter | None
    today: date
    now: datetime
    working: WorkingDays | None
    asked: int
    planned: Counter[date] = field(default_factory=Counter)

    @property
    def is_full(self) -> bool:
        return self.plan.a_day is not None and self.asked >= self.plan.a_day


def ask_batch(
    session: Session, campaign: Campaign, *, today: date, now: datetime, alone: bool = False
) -> bool:
    """Ask the next people whose day has come, in the caller's transaction, which holds the
    campaign; whether there may be more. While its survey takes no answers, nobody is asked.

    alone: whoever fails is not asked, with what went wrong as the reason.
    """
    if survey_state(session, campaign) != "published":
        return False
    turns = session.scalars(_due(campaign, today).limit(BATCH)).all()
    people = _people(session, campaign, [turn.contact_id for turn in turns])
    day = _day(session, campaign, today, now)
    # Accounts are locked one after the other: in one order, or two campaigns could each wait for
    # what the other holds.
    for turn in sorted(turns, key=lambda each: _place(people, each)):
        contact, candidate = people[turn.contact_id]
        if alone:
            _decide_alone(session, day, turn, contact, candidate)
        else:
            _decide(session, day, turn, contact, candidate)
    return len(turns) == BATCH


def survey_state(session: Session, campaign: Campaign) -> str | None:
    """As the transaction sees it."""
    return session.scalar(
        select(Survey.state).where(
            Survey.workspace_id == campaign.workspace_id, Survey.id == campaign.survey_id
        )
    )


def _due(campaign: Campaign, today: date) -> Select[CampaignTurn]:
    return (
        scoped(CampaignTurn, campaign.workspace_id)
        .where(
            CampaignTurn.campaign_id == campaign.id,
            CampaignTurn.state == "planned",
            CampaignTurn.day <= today,
        )
        .order_by(CampaignTurn.day, CampaignTurn.id)
    )


def _people(
    session: Session, campaign: Campaign, ids: Sequence[UUID]
) -> dict[UUID, tuple[Contact, Candidate]]:
    """Locked in the order of their ids."""
    locked = session.scalars(
        scoped(Contact, campaign.workspace_id)
        .where(Contact.id.in_(ids))
        .order_by(Contact.id)
        .with_for_update()
    ).all()
    known = {
        row.id: as_candidate(row)
        for row in session.execute(candidates(campaign.workspace_id).where(Contact.id.in_(ids)))
    }
    return {contact.id: (contact, known[contact.id]) for contact in locked}


def _place(people: dict[UUID, tuple[Contact, Candidate]], turn: CampaignTurn) -> tuple[str, UUID]:
    return str(people[turn.contact_id][0].account_id or ""), turn.id


def _day(session: Session, campaign: Campaign, today: date, now: datetime) -> _Day:
    working = deciding.held(session, campaign.workspace_id).working_days(today)
    day = _Day(campaign, campaign.plan, audience_of(campaign), today, now, working, 0)
    if campaign.a_day is None:
        return day
    rows = session.execute(
        select(CampaignTurn.state, CampaignTurn.day, func.count())
        .where(*of_campaign(campaign), CampaignTurn.day >= today)
        .group_by(CampaignTurn.state, CampaignTurn.day)
    )
    for state, on, count in rows:
        if state == "asked" and on == today:
            day.asked = count
        elif state == "planned" and on > today:
            day.planned[on] += count
    return day


def _decide(
    session: Session, day: _Day, turn: CampaignTurn, contact: Contact, candidate: Candidate
) -> None:
    turn.changed_at = day.now
    turn.last_day = last_day_of(day.plan, turn.occasion)
    is_inside = contact.left_at is not None or is_in(day.audience, candidate)
    reason = why_not(day.plan, candidate, turn.occasion, today=day.today, is_inside=is_inside)
    if reason is not None:
        _not_asked(session, day, turn, contact, reason, None)
    elif day.is_full:
        _when_full(session, day, turn, contact)
    else:
        _ask(session, day, turn, contact)


def _decide_alone(
    session: Session, day: _Day, turn: CampaignTurn, contact: Contact, candidate: Candidate
) -> None:
    try:
        with session.begin_nested():
            _decide(session, day, turn, contact, candidate)
            session.flush()
    except Exception as exc:
        if isinstance(exc, DBAPIError) and exc.connection_invalidated:
            raise
        log.warning("campaign.person_failed", turn=str(turn.id), exc_info=exc)
        reason = f"{FAILED}{type(exc).__name__}"[:60]
        _not_asked(session, day, turn, contact, reason, None)


def _when_full(session: Session, day: _Day, turn: CampaignTurn, contact: Contact) -> None:
    tomorrow = day.today + _DAY
    then = free_day(day.planned, day.plan.a_day, tomorrow, turn.last_day, day.working)
    _not_asked(session, day, turn, contact, DAY_FULL, then)
    if then is not None:
        day.planned[then] += 1


def _not_asked(
    session: Session,
    day: _Day,
    turn: CampaignTurn,
    contact: Contact,
    reason: str,
    then: date | None,
) -> None:
    """For a reason of the campaign's own, with its line of the ledger; put off where there is a
    day to come."""
    line = deciding.Line(
        uuid7(), day.campaign.survey_id, day.campaign.channel, CAUSE, False, reason,
        day.campaign.id,
    )  # fmt: skip
    verdict = Verdict(reason, None, then)
    deciding.write_line(session, contact, line, verdict, wanted=day.now, now=day.now)
    _put_off(turn, day.today, reason, then)


def _put_off(turn: CampaignTurn, today: date, reason: str, then: date | None) -> None:
    turn.reason = reason
    if then is None or (turn.last_day is not None and then > turn.last_day):
        turn.state, turn.day = "not_asked", today
    else:
        turn.day = then


def _ask(session: Session, day: _Day, turn: CampaignTurn, contact: Contact) -> None:
    wish = Asking(
        day.campaign.survey_id, CAUSE, None, None, uuid7(), may_wait=True,
        cause_id=day.campaign.id, channel=day.campaign.channel,
    )  # fmt: skip
    invited = ask(session, contact, wish, now=day.now)
    if invited.state == "scheduled":
        turn.state, turn.day, turn.reason = "asked", day.today, None
        turn.invitation_id = wish.id
        day.asked += 1
    else:
        _put_off(turn, day.today, invited.reason or "", invited.next_day)
