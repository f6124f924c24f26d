"""Tables: the scores that are watched, by whom, and the falls that were noticed."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, tenant_key


class ScoreWatch(Tenant, Base):
    """The score of one survey, watched for all who watch it together. Days are local.

    baseline_from: first day of the time before, with which is compared; began_on: first day that
    is watched. looked_until: the days before this one were looked at. more_needed: how many
    answers are missing until a fall can be noticed, 0 for enough.
    """

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    baseline_from: Mapped[date]
    began_on: Mapped[date]
    looked_until: Mapped[date]
    more_needed: Mapped[int]

    __table_args__ = (tenant_key("survey_id", "survey", ondelete="CASCADE"),)


class ScoreWatcher(Tenant, Base):
    """Somebody who hears of a fall; gone with the membership."""

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "survey_id"],
            ["score_watch.workspace_id", "score_watch.survey_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["workspace_id", "user_id"],
            ["membership.workspace_id", "membership.user_id"],
            ondelete="CASCADE",
        ),
        Index(None, "workspace_id", "user_id"),
    )


class ScoreFall(TenantRow, Base):
    """A fall as it was told. noticed_on: the day whose answers raised the alarm.

    fell_on: the likeliest day of its beginning. before: from before_from to the day before it;
    after: from it to noticed_on, both inclusive.
    """

    survey_id: Mapped[UUID]
    noticed_on: Mapped[date]
    fell_on: Mapped[date]
    before_from: Mapped[date]
    before_value: Mapped[float]
    before_n: Mapped[int]
    after_value: Mapped[float]
    after_n: Mapped[int]
    created_at: Mapped[datetime]

    __table_args__ = (
        tenant_key("survey_id", "survey", ondelete="CASCADE"),
        UniqueConstraint("workspace_id", "survey_id", "noticed_on"),
    )
