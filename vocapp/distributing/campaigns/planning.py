"""Who is to be asked when: turns are written down before their day, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.campaigns import (
    HELD_OUT,
    ONCE,
    SAMPLED_OUT,
    Plan,
    Turn,
    WorkingDays,
    is_held_out,
    is_sampled,
    last_day_of,
    turn_in_period,
    turn_once,
    turns_after,
)
from vocapp.database import insert_absent, scoped, uuid7
from vocapp.distributing.asking import deciding
from vocapp.distributing.campaigns.audience import (
    Candidate,
    Known,
    audience_of,
    batch_after,
    is_in,
    known_turns,
    moments_of,
)
from vocapp.distributing.campaigns.models import Campaign, CampaignTurn

BATCH = 500
# A moment further ahead may still move; it is planned when it is nearer.
HORIZON = timedelta(days=30)
NOT_IN_AUDIENCE, TOO_LATE, MOMENT_MOVED = "not_in_audience", "too_late", "moment_moved"


def plan_batch(
    session: Session,
    campaign: Campaign,
    after: UUID | None,
    *,
    today: date,
    zone: str,
    now: datetime,
) -> UUID | None:
    """Plan for the next people by id, in the caller's transaction; the last of them, or None where
    there are no more. Planning twice plans once."""
    working = deciding.held(session, campaign.workspace_id).working_days(today)
    looked_at = batch_after(session, campaign.workspace_id, after, limit=BATCH)
    audience = audience_of(campaign)
    people = [each for each in looked_at if is_in(audience, each)]
    _follow_renewals(session, campaign, people, today=today, now=now)
    known = known_turns(session, campaign, [each.contact_id for each in people])
    moments: Mapping[UUID, list[date]] = {}
    if campaign.kind == "moment":
        moments = moments_of(
            session, campaign.workspace_id, campaign.plan, people, today=today, zone=zone
        )
    insert_absent(
        session,
        CampaignTurn,
        [
            _row(campaign, each, turn, now)
            for each in people
            for turn in turns_of(campaign.plan, each, known, moments, today, working)
            if turn.day <= today + HORIZON or campaign.kind != "moment"
        ],
    )
    return looked_at[-1].contact_id if len(looked_at) == BATCH else None


def _follow_renewals(
    session: Session,
    campaign: Campaign,
    people: Sequence[Candidate],
    *,
    today: date,
    now: datetime,
) -> None:
    """A renewal that moved by less than repeat_days is the same one on another day: who waits for
    it has the day and the occasion that it has now. Two turns that come to mean one renewal, as it
    moved far and came back halfway, are one: the other is not asked."""
    plan = campaign.plan
    if plan.moment is None or plan.moment.kind != "renewal" or plan.moment.days >= 0:
        return
    of_person = {each.contact_id: each for each in people}
    turns = session.scalars(
        scoped(CampaignTurn, campaign.workspace_id)
        .where(CampaignTurn.campaign_id == campaign.id, CampaignTurn.contact_id.in_(of_person))
        .order_by(CampaignTurn.id)
    ).all()
    taken = {(turn.contact_id, turn.occasion) for turn in turns}
    for turn in turns:
        if turn.state != "planned":
            continue
        moved = moved_turn(plan, of_person[turn.contact_id], turn.occasion, today)
        if moved is None:
            continue
        if (turn.contact_id, moved.occasion) in taken:
            turn.state, turn.day, turn.reason = "not_asked", today, MOMENT_MOVED
        else:
            taken.add((turn.contact_id, moved.occasion))
            turn.occasion, turn.day, turn.last_day = moved.occasion, moved.day, moved.last_day
            turn.reason = None
        turn.changed_at = now
    session.flush()


def moved_turn(plan: Plan, each: Candidate, occasion: str, today: date) -> Turn | None:
    """The turn that somebody has in the place of one, as their renewal moved a little; None where
    it did not, or is another one by now."""
    if plan.moment is None or plan.moment.kind != "renewal" or plan.moment.days >= 0:
        return None
    known = date.fromisoformat(occasion)
    renewal_on = each.renewal_on
    if renewal_on is None or renewal_on == known or has_moved(plan, each, occasion):
        return None
    return next(iter(turns_after(plan, [renewal_on], [], today)), None)


def turns_of(
    plan: Plan,
    each: Candidate,
    known: Known,
    moments: Mapping[UUID, Sequence[date]],
    today: date,
    working: WorkingDays | None,
) -> list[Turn]:
    """What is to be planned for somebody as of a day, beyond what is planned already. working: the
    days on which anybody is asked."""
    had = known.occasions.get(each.contact_id, frozenset())
    if plan.kind == "moment":
        days = moments.get(each.contact_id, ())
        return (
            turns_after(plan, days, [date.fromisoformat(day) for day in had], today) if days else []
        )
    if plan.kind == "once":
        turn = None if ONCE in had else turn_once(plan, today)
    else:
        last = known.last_asked.get(each.contact_id)
        turn = turn_in_period(plan, each.person, today, last_asked=last, working=working)
    return [turn] if turn is not None and turn.occasion not in had else []


def why_not(
    plan: Plan, each: Candidate, occasion: str, *, today: date, is_inside: bool
) -> str | None:
    """What the campaign itself has against asking somebody whose day has come; None for nothing.
    is_inside: whether they are in its audience."""
    last_day = last_day_of(plan, occasion)
    if last_day is not None and last_day < today:
        return TOO_LATE
    if not is_inside:
        return NOT_IN_AUDIENCE
    if has_moved(plan, each, occasion):
        return MOMENT_MOVED
    if is_held_out(plan, each.person):
        return HELD_OUT
    return None if is_sampled(plan, each.person, occasion) else SAMPLED_OUT


def has_moved(plan: Plan, each: Candidate, occasion: str) -> bool:
    """Whether what was to come is another renewal by now, which has a turn of its own. Of one that
    is behind, the account's next renewal says nothing."""
    if plan.moment is None or plan.moment.kind != "renewal" or plan.moment.days >= 0:
        return False
    if each.renewal_on is None:
        return True
    return abs((each.renewal_on - date.fromisoformat(occasion)).days) >= plan.repeat_days


def _row(campaign: Campaign, each: Candidate, turn: Turn, now: datetime) -> dict[str, Any]:
    return {
        "workspace_id": campaign.workspace_id, "id": uuid7(), "campaign_id": campaign.id,
        "contact_id": each.contact_id, "occasion": turn.occasion, "day": turn.day,
        "last_day": turn.last_day, "state": "planned", "reason": None, "invitation_id": None,
        "changed_at": now,
    }  # fmt: skip
