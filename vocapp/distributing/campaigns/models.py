"""Tables: campaigns, and each time that somebody is to be asked by one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveys.campaigns import KINDS, MOMENTS, Moment, Plan
from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key

STATES = ("draft", "active", "paused", "ended")
TURN_STATES = ("planned", "asked", "not_asked")


class Campaign(TenantRow, Base):
    """Its plan as `surveys.campaigns.Plan` has it. audience: a filter as JSON, None for everybody.

    hour: local, at which asking begins. planned_on: the last local day on which all of the audience
    were looked at. begun_at: when it was switched on first; from then on what it is stays.
    revision: one more with each change, so that two people do not write over one another.
    """

    name: Mapped[str] = mapped_column(short_text(120))
    survey_id: Mapped[UUID]
    channel: Mapped[str] = mapped_column(short_text(20))
    audience: Mapped[dict[str, Any] | None]
    kind: Mapped[str] = mapped_column(short_text(20))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    period_days: Mapped[int | None]
    moment: Mapped[str | None] = mapped_column(short_text(20))
    moment_days: Mapped[int | None]
    moment_name: Mapped[str | None] = mapped_column(short_text(200))
    repeat_days: Mapped[int]
    sample: Mapped[float] = mapped_column(Double())
    held_out: Mapped[float] = mapped_column(Double())
    a_day: Mapped[int | None]
    hour: Mapped[int]
    state: Mapped[str] = mapped_column(short_text(20))
    planned_on: Mapped[date | None]
    begun_at: Mapped[datetime | None]
    revision: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        one_of("state", STATES),
        one_of("kind", KINDS),
        one_of("moment", MOMENTS),
        CheckConstraint("(kind = 'recurring') = (period_days IS NOT NULL)", name="period_whole"),
        CheckConstraint("(kind = 'moment') = (moment IS NOT NULL)", name="moment_whole"),
        CheckConstraint("(moment IS NULL) = (moment_days IS NULL)", name="moment_has_days"),
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour_of_day"),
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
        Index(None, "workspace_id", "survey_id"),
    )

    @property
    def plan(self) -> Plan:
        """As rules know it; its key does not change with its name."""
        moment = None
        if self.moment is not None:
            moment = Moment(self.moment, self.moment_days or 0, self.moment_name)
        return Plan(
            str(self.id), self.kind, self.starts_on, self.ends_on, self.period_days, moment,
            self.repeat_days, self.sample, self.held_out, self.a_day,
        )  # fmt: skip


class CampaignTurn(TenantRow, Base):
    """Somebody is to be asked by a campaign, once for each occasion (`surveys.campaigns.Turn`).

    day: on which they are to be asked, or were, or were not. reason: why they were put off or not
    asked. invitation_id: of one that was asked.
    """

    campaign_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    occasion: Mapped[str] = mapped_column(short_text(20))
    day: Mapped[date]
    last_day: Mapped[date | None]
    state: Mapped[str] = mapped_column(short_text(20))
    reason: Mapped[str | None] = mapped_column(short_text(60))
    invitation_id: Mapped[UUID | None]
    changed_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("workspace_id", "campaign_id", "contact_id", "occasion"),
        one_of("state", TURN_STATES),
        CheckConstraint("(state = 'asked') = (invitation_id IS NOT NULL)", name="asked_by_one"),
        CheckConstraint("state <> 'not_asked' OR reason IS NOT NULL", name="not_asked_says_why"),
        tenant_key("campaign_id", "campaign", ondelete="CASCADE"),
        tenant_key("contact_id", "contact", ondelete="CASCADE"),
        Index(None, "workspace_id", "campaign_id", "state", "day"),
        Index(None, "workspace_id", "contact_id", "state"),
    )


class CampaignLookAhead(Tenant, Base):
    """The last look ahead of a campaign that a worker made, and how far a new one is.

    done, total: steps of the one that is being made, or was last. revision: of the campaign that
    was looked at. result: as `looking_ahead` stores it. Gone when anybody is erased.
    """

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    days: Mapped[int | None]
    revision: Mapped[int | None]
    computed_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]

    __table_args__ = (
        CheckConstraint("done >= 0 AND done <= total", name="done_of_total"),
        CheckConstraint("(computed_at IS NULL) = (result IS NULL)", name="result_has_instant"),
        tenant_key("campaign_id", "campaign", ondelete="CASCADE"),
    )
