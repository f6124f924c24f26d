"""Use cases: which attributes have cells, chosen by an administrator."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from math import isfinite
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.attributes import BANDS_OF_THEIR_OWN, Reportable, Reportables
from vocapp import outbox
from vocapp.database import OF_WORKSPACE, transaction
from vocapp.extensions import db
from vocapp.measuring.attributes import MAX_REPORTABLE, from_stored, to_stored
from vocapp.measuring.models import ReportableSet
from vocapp.problems import BadInput, FieldError
from vocapp.workspaces.service import audit

MAX_EDGES = 20


def reportable_set(workspace_id: UUID) -> Reportables:
    """The attributes that this workspace wants cells of."""
    return from_stored(chosen_attributes(db.session(), workspace_id))


def change_reportable(
    workspace_id: UUID, wanted: Reportables, *, actor_user_id: UUID | None, now: datetime
) -> bool:
    """Choose the attributes with cells, and have every answer counted anew; whether it differs.

    Until the recount is done, the cells of the former choice answer, and what they cannot
    answer is scanned. Raises BadInput naming the attribute.
    """
    check_reportable(wanted)
    with transaction() as session:
        if from_stored(chosen_attributes(session, workspace_id)) == wanted:
            return False
        session.merge(ReportableSet(workspace_id=workspace_id, attributes=to_stored(wanted)))
        outbox.add(session, workspace_id, "recount", workspace_id, now=now)
        audit(
            session, workspace_id, "segments.reportable_changed", now=now,
            actor_user_id=actor_user_id,
            detail={"attributes": [item.name for item in wanted]},
        )  # fmt: skip
    outbox.ring("recount")
    return True


def check_reportable(wanted: Reportables) -> None:
    """Raises BadInput: none or too many, one twice, bands that are none."""
    errors: list[FieldError] = []
    names = [item.name for item in wanted]
    if not 1 <= len(names) <= MAX_REPORTABLE:
        message = f"1 to {MAX_REPORTABLE} attributes, got {len(names)}"
        errors.append(FieldError("attributes", message))
    for place, item in enumerate(wanted):
        if not item.name.strip() or len(item.name) > 100 or item.name.startswith(":"):
            message = "attribute names have 1 to 100 characters, the first of them no colon"
            errors.append(FieldError(f"attributes[{place}].name", message))
        elif item.name in names[:place]:
            errors.append(FieldError(f"attributes[{place}].name", f"{item.name!r} comes twice"))
        if message := _wrong_edges(item):
            errors.append(FieldError(f"attributes[{place}].edges", message))
    if errors:
        raise BadInput(*errors)


def _wrong_edges(item: Reportable) -> str:
    if item.edges and item.name in BANDS_OF_THEIR_OWN:
        return f"{item.name!r} has bands of its own"
    if len(item.edges) > MAX_EDGES:
        return f"at most {MAX_EDGES} edges, got {len(item.edges)}"
    if not all(map(isfinite, item.edges)) or any(low >= high for low, high in pairwise(item.edges)):
        return "expected ascending numbers"
    return ""


def chosen_attributes(session: Session, workspace_id: UUID) -> list[Any] | None:
    """The choice as the table holds it; None: the default."""
    return session.scalar(_CHOSEN, {"workspace_id": workspace_id})


_CHOSEN = select(ReportableSet.attributes).where(ReportableSet.workspace_id == OF_WORKSPACE)
