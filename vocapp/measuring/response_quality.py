"""Reads: of those invited how many answered, and whether the late answered as the early did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from surveys.questions import scale_of
from surveys.response_rates import EarlyLate, Rate, early_and_late, response_rate
from vocapp.collecting.models import Response
from vocapp.distributing.queries import invited_at_of, outcomes
from vocapp.measuring.queries import Reading

MOST_LOOKED_AT = 5_000
FEWEST = 30  # answers on each side, below which a comparison says nothing
_LONGEST = 60  # days; later than that is late


@dataclass(frozen=True, slots=True)
class ResponseQuality:
    """The response rate (AAPOR's RR1), of whom nobody knows whether the mail came, and early
    against late.

    early_late: None where the survey is confidential, or there are too few of either;
    is_part: it is of the latest answers only.
    """

    rate: Rate
    returned: int
    unclear: int
    early_late: EarlyLate | None
    is_part: bool


def response_quality(
    opened: Reading, since: datetime | None, until: datetime | None
) -> ResponseQuality | None:
    """Of the invitations that were due in a period (half-open); None where nobody was invited.

    Late answers of a confidential survey are not told apart: they may be a small group.
    """
    survey = opened.survey
    found = outcomes(opened.session, survey.workspace_id, survey.id, since=since, until=until)
    if not any(found.values()):
        return None
    rate = response_rate(
        complete=found["answered"],
        not_reached=found["silent"],
        unknown=found["returned"] + found["unclear"],
    )
    early_late, is_part = (None, False)
    if not survey.confidential:
        early_late, is_part = _early_late(opened, since, until)
    return ResponseQuality(rate, found["returned"], found["unclear"], early_late, is_part)


def _early_late(
    opened: Reading, since: datetime | None, until: datetime | None
) -> tuple[EarlyLate | None, bool]:
    rows = _answers_to_invitations(opened, since)
    invited = invited_at_of(
        opened.session, opened.survey.workspace_id, {row.invitation_id for row in rows}
    )
    kind = opened.survey.kind
    scale = scale_of(kind) or range(1)
    waves = [[0] * len(scale) for _ in range(_LONGEST + 1)]
    for row in rows:
        at = invited.get(row.invitation_id)
        if at is None or (since and at < since) or (until and at >= until):
            continue
        waited = min(_LONGEST, max(0, (row.answered_at - at) // timedelta(days=1)))
        waves[waited][row.score - scale.start] += 1
    found = early_and_late(kind, waves)
    if found is None or min(found.early.n, found.late.n) < FEWEST:
        return None, False
    return found, len(rows) == MOST_LOOKED_AT


def _answers_to_invitations(opened: Reading, since: datetime | None) -> Sequence[Any]:
    """The latest scored answers that an invitation led to."""
    conditions = [
        Response.workspace_id == opened.survey.workspace_id,
        Response.survey_id == opened.survey.id,
        Response.invitation_id.is_not(None),
        Response.score.is_not(None),
    ]
    if since:
        conditions.append(Response.answered_at >= since)
    return opened.session.execute(
        select(Response.invitation_id, Response.answered_at, Response.score)
        .where(*conditions)
        .order_by(Response.answered_at.desc())
        .limit(MOST_LOOKED_AT)
    ).all()


def present_quality(found: ResponseQuality) -> dict[str, Any]:
    """The API's document; rates in percent, scores in the metric's unit."""
    rate = found.rate
    return {
        "response_rate": {
            "definition": "AAPOR RR1", "answered": rate.count, "invited": rate.of,
            "returned": found.returned, "unclear": found.unclear,
            "value": rate.value, "low": rate.low, "high": rate.high,
        },
        "early_late": _present_early_late(found),
    }  # fmt: skip


def _present_early_late(found: ResponseQuality) -> dict[str, Any] | None:
    parts = found.early_late
    if parts is None:
        return None
    change = parts.change
    return {
        "late_from_day": parts.cut,
        "early": {"n": parts.early.n, "value": parts.early.value},
        "late": {"n": parts.late.n, "value": parts.late.value},
        "difference": {"value": change.value, "low": change.low, "high": change.high},
        "p_value": change.p_value,
        "latest_only": found.is_part,
    }
