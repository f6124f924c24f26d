"""Tables: groups of comments that may become a theme, their comments, the last look."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key

CANDIDATE_STATES = ("new", "accepted", "merged", "dismissed")


class ThemeCandidate(TenantRow, Base):
    """A group that grew beyond chance, and what a person made of it.

    labels, terms: by language; terms are phrases that stand in comments of several people.
    size of comments in the days since <= day < until, before of earlier in the days before
    them. centre: mean vector of the group as little-endian float32, by which it is known again
    with the same encoder. theme_id: what it became, or was merged into.
    """

    state: Mapped[str] = mapped_column(short_text(10))
    labels: Mapped[dict[str, Any]]
    terms: Mapped[dict[str, Any]]
    languages: Mapped[dict[str, Any]]
    size: Mapped[int]
    comments: Mapped[int]
    before: Mapped[int]
    earlier: Mapped[int]
    since: Mapped[date]
    until: Mapped[date]
    before_since: Mapped[date]
    growth: Mapped[float]
    growth_low: Mapped[float]
    growth_high: Mapped[float]
    p_value: Mapped[float]
    encoder: Mapped[str] = mapped_column(short_text(64))
    centre: Mapped[bytes]
    found_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    theme_id: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]

    __table_args__ = (
        one_of("state", CANDIDATE_STATES),
        tenant_key("theme_id", "theme"),
        Index(None, "workspace_id", "state"),
    )


class CandidateComment(Tenant, Base):
    """A comment of a group; place 0 is the most central. No text of it: that is read where it
    stands. is_labelled: accepting or merging the group made it a label."""

    candidate_id: Mapped[UUID] = mapped_column(primary_key=True)
    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int]
    is_example: Mapped[bool]
    is_labelled: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        tenant_key("candidate_id", "theme_candidate", ondelete="CASCADE"),
        tenant_key("response_id", "response", ondelete="CASCADE"),
        Index(None, "workspace_id", "response_id"),
    )


class DiscoveryLook(Tenant, Base):
    """The last look of a workspace: comments in the days since <= day < until, earlier ones in
    the days from before_since on; one a person."""

    looked_at: Mapped[datetime]
    since: Mapped[date]
    until: Mapped[date]
    before_since: Mapped[date]
    comments: Mapped[int]
    earlier: Mapped[int]
