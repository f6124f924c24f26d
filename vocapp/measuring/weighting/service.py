"""Use cases: say what the customers are made of, change it, take it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from vocapp.authoring.queries import SurveySummary
from vocapp.database import transaction
from vocapp.measuring.weighting.models import TargetShare
from vocapp.problems import BadInput
from vocapp.workspaces.service import audit

MOST_ATTRIBUTES = 3
MOST_VALUES = 30
_OFF_BY = 0.5  # percentage points by which rounded shares may miss 100


def set_shares(
    survey: SurveySummary,
    attribute: str,
    shares: Mapping[str, float],
    *,
    actor_user_id: UUID,
    now: datetime,
) -> None:
    """The shares of all customers by one attribute, in percent; they replace those before.

    Raises BadInput: of a confidential survey, fewer than two values, a share that is none, a sum
    that is not 100, or a fourth attribute.
    """
    _check(survey, attribute, shares)
    with transaction() as session:
        others = session.scalar(
            select(func.count(TargetShare.attribute.distinct())).where(
                TargetShare.workspace_id == survey.workspace_id,
                TargetShare.survey_id == survey.id,
                TargetShare.attribute != attribute,
            )
        )
        if (others or 0) >= MOST_ATTRIBUTES:
            raise BadInput.of("attribute", f"at most {MOST_ATTRIBUTES} attributes")
        session.execute(_of(survey, attribute))
        session.add_all(
            TargetShare(
                workspace_id=survey.workspace_id, survey_id=survey.id, attribute=attribute,
                value=value, share=share,
            )
            for value, share in shares.items()
        )  # fmt: skip
        audit(
            session, survey.workspace_id, "weighting.shares_set", now=now,
            actor_user_id=actor_user_id, detail={"survey": survey.key, "attribute": attribute},
        )  # fmt: skip


def remove_shares(
    survey: SurveySummary, attribute: str, *, actor_user_id: UUID, now: datetime
) -> None:
    """The score is no longer weighted by an attribute; may be repeated."""
    with transaction() as session:
        removed = session.execute(_of(survey, attribute).returning(TargetShare.value)).all()
        if removed:
            audit(
                session, survey.workspace_id, "weighting.shares_removed", now=now,
                actor_user_id=actor_user_id,
                detail={"survey": survey.key, "attribute": attribute},
            )  # fmt: skip


def _of(survey: SurveySummary, attribute: str) -> Any:
    return delete(TargetShare).where(
        TargetShare.workspace_id == survey.workspace_id,
        TargetShare.survey_id == survey.id,
        TargetShare.attribute == attribute,
    )


def _check(survey: SurveySummary, attribute: str, shares: Mapping[str, float]) -> None:
    if survey.confidential:
        raise BadInput.of("survey", "not of a confidential survey: two scores could tell a third")
    if not 0 < len(attribute) <= 100:
        raise BadInput.of("attribute", "attribute names have 1 to 100 characters")
    if not 2 <= len(shares) <= MOST_VALUES:
        raise BadInput.of("shares", f"expected 2 to {MOST_VALUES} values, got {len(shares)}")
    if not all(isfinite(share) and 0 < share < 100 for share in shares.values()):
        raise BadInput.of("shares", "expected numbers above 0 and below 100")
    total = sum(shares.values())
    if abs(total - 100) > _OFF_BY:
        raise BadInput.of("shares", f"expected shares that are 100 together, got {total:g}")
