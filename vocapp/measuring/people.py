"""What becomes of the figures when a person is merged into another."""

from __future__ import annotations

from sqlalchemy.orm import Session

from vocapp.measuring.service import uncount_person
from vocapp.people.personal_stores import Merge


def hand_over(session: Session, merge: Merge) -> None:
    """Count the answers of both records anew, before they are those of one person."""
    for contact_id in (merge.kept, merge.merged):
        uncount_person(session, merge.workspace_id, contact_id)
