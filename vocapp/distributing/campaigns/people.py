"""What becomes of a person's turns when they are forgotten, or two records are one person."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from vocapp.database import scoped
from vocapp.distributing.campaigns.models import CampaignLookAhead, CampaignTurn
from vocapp.people.personal_stores import Merge


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """With looks ahead: these hold values of attributes, of which it is not known whose they are;
    they are made again in seconds."""
    session.execute(
        delete(CampaignTurn).where(
            CampaignTurn.workspace_id == workspace_id, CampaignTurn.contact_id == contact_id
        )
    )
    session.execute(delete(CampaignLookAhead).where(CampaignLookAhead.workspace_id == workspace_id))


def hand_over(session: Session, merge: Merge) -> None:
    """Where both records have a turn of one occasion, one stays: whoever was asked under either
    name was asked."""
    rows = session.scalars(
        scoped(CampaignTurn, merge.workspace_id)
        .where(CampaignTurn.contact_id.in_((merge.kept, merge.merged)))
        .with_for_update()
    ).all()
    kept = {(row.campaign_id, row.occasion): row for row in rows if row.contact_id == merge.kept}
    for row in rows:
        same = kept.get((row.campaign_id, row.occasion))
        if row.contact_id != merge.merged or same is None:
            continue
        session.delete(same if row.state == "asked" and same.state != "asked" else row)
    session.flush()
    session.execute(
        update(CampaignTurn)
        .where(
            CampaignTurn.workspace_id == merge.workspace_id,
            CampaignTurn.contact_id == merge.merged,
        )
        .values(contact_id=merge.kept)
        .execution_options(synchronize_session=False)
    )
