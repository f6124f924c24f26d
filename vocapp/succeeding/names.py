"""What was written of a customer's people in goals and notes, and how somebody leaves it.

These texts are about an account, not about a person, so they stay; but whoever wrote them may
have named somebody.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.phone_numbers import how_written
from vocapp.database import scoped
from vocapp.people.models import Contact
from vocapp.succeeding.goals.models import GoalEntry, SuccessGoal
from vocapp.succeeding.playbooks.models import PlaybookTask
from vocapp.succeeding.renewals.models import RenewalWord
from vocapp.succeeding.story.models import AccountNote
from vocapp.succeeding.touchpoints.models import TouchpointPlan

GONE = "…"


def forget_names(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """Name, address, number and id of a person go from what was written of their account."""
    contact = session.get(Contact, (workspace_id, contact_id))
    if contact is None or contact.account_id is None:
        return
    number = how_written(contact.phone) if contact.phone else ""
    pattern = named(contact.name, contact.email, contact.external_id, number=number)
    if pattern is None:
        return
    of_account = SuccessGoal.account_id == contact.account_id
    goals = session.scalars(scoped(SuccessGoal, workspace_id).where(of_account)).all()
    entries = session.scalars(
        scoped(GoalEntry, workspace_id).where(
            GoalEntry.goal_id.in_(
                select(SuccessGoal.id).where(SuccessGoal.workspace_id == workspace_id, of_account)
            )
        )
    ).all()
    noted: list[TouchpointPlan | PlaybookTask | RenewalWord | AccountNote] = []
    for model in (TouchpointPlan, PlaybookTask, RenewalWord, AccountNote):
        noted += session.scalars(
            scoped(model, workspace_id).where(
                model.account_id == contact.account_id, model.note.is_not(None)
            )
        )
    for row, names in (
        *((goal, ("words", "measure", "unit")) for goal in goals),
        *((entry, ("note", "detail")) for entry in entries),
        *((row, ("note",)) for row in noted),
    ):
        for name in names:
            before = getattr(row, name)
            after = _without(pattern, before)
            if after != before:
                setattr(row, name, after)


def named(*words: str | None, number: str = "") -> re.Pattern[str] | None:
    """What finds these words in a text, whole ones where the script has spaces; None for none.

    number: a pattern for a telephone number (`surveys.phone_numbers.how_written`).

    >>> named("Ann Lee", None, "").sub("…", "Met ann lee and Joann Leeds")
    'Met … and Joann Leeds'
    """
    known = sorted({word.strip() for word in words if word and word.strip()}, key=len, reverse=True)
    if not known and not number:
        return None
    parts = [number] if number else []
    parts += [rf"\b{re.escape(each)}\b" if each.isascii() else re.escape(each) for each in known]
    return re.compile("|".join(parts), re.IGNORECASE)


def _without(pattern: re.Pattern[str], value: Any) -> Any:
    if isinstance(value, str):
        return pattern.sub(GONE, value)
    if isinstance(value, dict):
        return {name: _without(pattern, each) for name, each in value.items()}
    return value
