"""Outbox kind `campaign_stop`: what waits of a campaign is stopped, or waits again, in slices.

A campaign counts as paused or ended as soon as somebody says so, and from then on nothing of it
goes out (`is_stopped`). Its invitations and turns, which may be a hundred thousand, follow slice by
slice, each a short transaction that holds the campaign: nobody waits for them.

1. `stop`: invitations that wait for their hour do not go, and their people have their turn again.
   Where a campaign ends by itself, they go.
2. `close`: of one that has ended, turns that wait say why they do not go.
3. `revive`: of an end that was taken back, they wait again; `retry`: those in whom it failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import scoped, utcnow
from vocapp.distributing.asking.models import AskDecision
from vocapp.distributing.campaigns.models import Campaign, CampaignTurn
from vocapp.distributing.models import Invitation
from vocapp.outbox import Pending

CAMPAIGN, STOP = "campaign", "campaign_stop"
SLICE = 500  # turns in one transaction
PAUSED, ENDED = "campaign_paused", "campaign_ended"
FAILED = "failed:"  # before what kind of error it was
_REASONS = {"paused": PAUSED, "ended": ENDED}


def of_campaign(campaign: Campaign) -> tuple[ColumnElement[bool], ...]:
    """Conditions for its turns."""
    return (
        CampaignTurn.workspace_id == campaign.workspace_id, CampaignTurn.campaign_id == campaign.id
    )  # fmt: skip


def is_stopped(session: Session, workspace_id: UUID, invitation_id: UUID) -> bool:
    """Whether an invitation must not go out now: its campaign is paused, which holds what a mail
    server did not take as well, or was ended and a worker has yet to come to it. What was given up
    holds it, too. Those of a campaign that ended by itself go out while its turns are closed."""
    is_left = (
        select(Pending.id)
        .where(
            Pending.workspace_id == workspace_id, Pending.subject_id == Campaign.id,
            Pending.kind == STOP, Pending.detail["do"].as_string() == "stop",
        )
        .exists()
    )  # fmt: skip
    held = (
        select(Campaign.id)
        .join(
            AskDecision,
            and_(
                AskDecision.workspace_id == Campaign.workspace_id,
                AskDecision.cause_id == Campaign.id,
            ),
        )
        .where(
            AskDecision.workspace_id == workspace_id, AskDecision.id == invitation_id,
            or_(Campaign.state == "paused", and_(Campaign.state == "ended", is_left)),
        )
    )  # fmt: skip
    return session.scalar(held.limit(1)) is not None


def given_up(workspace_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """Conditions for work of campaigns that failed too often."""
    return (
        Pending.workspace_id == workspace_id, Pending.kind.in_((CAMPAIGN, STOP)),
        Pending.set_aside_at.is_not(None),
    )  # fmt: skip


def forget_stops(session: Session, campaign: Campaign) -> None:
    """What is left to stop of a campaign that goes on, given up or not, in the caller's
    transaction: it would stop people when the campaign ends by itself. What a worker has in hand
    finds by itself that there is nothing to stop."""
    rows = session.scalars(
        scoped(Pending, campaign.workspace_id)
        .where(Pending.kind == STOP, Pending.subject_id == campaign.id)
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        if row.detail["do"] in {"stop", "close"}:
            session.delete(row)


def settle_rows(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: the next slice of each; of a campaign whose state is another by now, none."""
    now = utcnow()
    for row in rows:
        campaign = session.scalar(
            scoped(Campaign, row.workspace_id)
            .where(Campaign.id == row.subject_id)
            .with_for_update()
        )
        if campaign is not None:
            after = row.detail.get("after")
            settle(
                session, campaign, row.detail["do"], now=now, after=UUID(after) if after else None
            )


def settle(
    session: Session, campaign: Campaign, do: str, *, now: datetime, after: UUID | None = None
) -> None:
    """One slice, in the caller's transaction, which holds the campaign; the others are left to a
    worker. after: the last turn that was looked at."""
    if not _applies(campaign, do):
        return
    ids = session.scalars(_next(campaign, do, after)).all()
    _DO[do](session, campaign, ids, now)
    if len(ids) == SLICE:
        _leave(session, campaign, {"do": do, "after": str(ids[-1])}, now=now)
    elif do == "stop" and campaign.state == "ended":
        settle(session, campaign, "close", now=now)


def _leave(session: Session, campaign: Campaign, detail: dict[str, Any], *, now: datetime) -> None:
    outbox.add(session, campaign.workspace_id, STOP, campaign.id, now=now, detail=detail)


def _applies(campaign: Campaign, do: str) -> bool:
    states = {"stop": ("paused", "ended"), "close": ("ended",)}
    return campaign.state in states.get(do, ("active", "paused"))


def _next(campaign: Campaign, do: str, after: UUID | None) -> Any:
    """By id, so that all slices together walk once along the turns."""
    query = select(CampaignTurn.id).where(*of_campaign(campaign))
    if do == "stop":
        query = query.join(
            Invitation,
            and_(
                Invitation.workspace_id == CampaignTurn.workspace_id,
                Invitation.id == CampaignTurn.invitation_id,
            ),
        ).where(CampaignTurn.state == "asked", Invitation.state == "scheduled")
    elif do == "close":
        query = query.where(CampaignTurn.state == "planned")
    elif do == "revive":
        query = query.where(
            CampaignTurn.state.in_(("planned", "not_asked")), CampaignTurn.reason == ENDED
        )
    else:
        query = query.where(
            CampaignTurn.state == "not_asked", CampaignTurn.reason.startswith(FAILED)
        )
    if after is not None:
        query = query.where(CampaignTurn.id > after)
    return query.order_by(CampaignTurn.id).limit(SLICE)


def _stop(session: Session, campaign: Campaign, ids: Sequence[UUID], now: datetime) -> None:
    """What a mail server is being handed right now is out."""
    reason = _REASONS[campaign.state]
    waiting = select(CampaignTurn.invitation_id).where(
        CampaignTurn.workspace_id == campaign.workspace_id, CampaignTurn.id.in_(ids)
    )
    stopped = session.scalars(
        update(Invitation)
        .where(
            Invitation.workspace_id == campaign.workspace_id, Invitation.state == "scheduled",
            Invitation.id.in_(waiting),
        )
        .values(state="not_sent", reason=reason)
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    ).all()  # fmt: skip
    session.execute(
        update(AskDecision)
        .where(
            AskDecision.workspace_id == campaign.workspace_id, AskDecision.id.in_(stopped),
            AskDecision.outcome == "asked",
        )
        .values(outcome="not_asked", reason=reason)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    session.execute(
        update(CampaignTurn)
        .where(
            CampaignTurn.workspace_id == campaign.workspace_id, CampaignTurn.id.in_(ids),
            CampaignTurn.invitation_id.in_(stopped),
        )
        .values(state="planned", invitation_id=None, reason=reason, changed_at=now)
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def _close(session: Session, campaign: Campaign, ids: Sequence[UUID], now: datetime) -> None:
    _change(session, campaign, ids, {"state": "not_asked", "reason": ENDED, "changed_at": now})


def _wait_again(session: Session, campaign: Campaign, ids: Sequence[UUID], now: datetime) -> None:
    _change(session, campaign, ids, {"state": "planned", "reason": None, "changed_at": now})


def _change(
    session: Session, campaign: Campaign, ids: Sequence[UUID], values: dict[str, Any]
) -> None:
    session.execute(
        update(CampaignTurn)
        .where(CampaignTurn.workspace_id == campaign.workspace_id, CampaignTurn.id.in_(ids))
        .values(values)
        .execution_options(synchronize_session=False)
    )


_DO = {"stop": _stop, "close": _close, "revive": _wait_again, "retry": _wait_again}
