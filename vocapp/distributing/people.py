"""What becomes of invitations and of "never write to me again" when two records are one person."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from vocapp.database import scoped
from vocapp.distributing.asking.deciding import take_back
from vocapp.distributing.mail import address_digests
from vocapp.distributing.models import Invitation, Suppression
from vocapp.distributing.service import suppress
from vocapp.people.models import Contact
from vocapp.people.personal_stores import Merge

# A wish holds for the person, whatever the address; that mail came back, for the address alone.
_WISHES = ("unsubscribed", "complained")
MERGED = "merged"


def hand_over(session: Session, merge: Merge) -> None:
    """Invitations move; one person is not asked the same twice; the stricter wish holds."""
    _ask_once(session, merge)
    session.execute(
        update(Invitation)
        .where(Invitation.workspace_id == merge.workspace_id, Invitation.contact_id == merge.merged)
        .values(contact_id=merge.kept)
        .execution_options(synchronize_session=False)
    )
    _share_wishes(session, merge, merge.addresses)
    _share_wishes(session, merge, _numbers(session, merge))


def _numbers(session: Session, merge: Merge) -> set[str]:
    """Every telephone number that either record has."""
    found = session.scalars(
        select(Contact.phone).where(
            Contact.workspace_id == merge.workspace_id,
            Contact.id.in_((merge.kept, merge.merged)),
            Contact.phone.is_not(None),
        )
    )
    return {number for number in found if number}


def _share_wishes(session: Session, merge: Merge, addresses: Collection[str]) -> None:
    digests = [
        digest for each in sorted(addresses) for digest in address_digests(merge.workspace_id, each)
    ]
    wishes = session.scalars(
        select(Suppression.kind).where(
            Suppression.workspace_id == merge.workspace_id,
            Suppression.address_digest.in_(digests),
            Suppression.kind.in_(_WISHES),
        )
    )
    for kind in sorted(set(wishes)):
        for digest in digests:
            suppress(session, merge.workspace_id, digest, kind=kind, now=merge.now)


def _ask_once(session: Session, merge: Merge) -> None:
    """Where both wait to be asked the same, the merged record's invitation is not sent."""
    waiting = session.scalars(
        scoped(Invitation, merge.workspace_id)
        .where(
            Invitation.contact_id.in_((merge.kept, merge.merged)),
            Invitation.state == "scheduled",
        )
        .with_for_update()
    ).all()
    asked = {row.survey_id for row in waiting if row.contact_id == merge.kept}
    for row in waiting:
        if row.contact_id == merge.merged and row.survey_id in asked:
            row.state, row.reason = "not_sent", MERGED
            take_back(session, merge.workspace_id, row.id, MERGED)
    session.flush()


def count_of_person(session: Session, workspace_id: UUID, contact_id: UUID) -> int:
    """How often a person was asked."""
    query = select(func.count()).where(
        Invitation.workspace_id == workspace_id, Invitation.contact_id == contact_id
    )
    return session.scalar(query) or 0
