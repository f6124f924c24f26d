"""Tables: themes, analyses, assignments, labels, themes and comments by day of a month."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from vocapp.database import Base, Tenant, TenantRow, one_of, short_text, tenant_key

ANALYSIS_STATES = ("pending", "done", "failed")
ASSIGNMENT_SOURCES = ("model", "rule", "person")
LABEL_VERDICTS = ("add", "remove", "confirm")
# How a comment came before a person: among those that teach most, or drawn at random.
DRAWN = ("doubt", "random")
_HAS_LIKENESS = text("likeness IS NOT NULL")
EMPTY = "{}"  # what the former version, which knows no rules, leaves in their columns
SENTIMENTS = ("positive", "neutral", "negative", "mixed")


class Theme(TenantRow, Base):
    """What feedback may be about. Label, description, keywords, rules, exclusions per language.

    revision: counts its edits, so that two people do not write over each other. pack: the
    starter pack that it came with, whose comments teach it. merged_into_id: where its comments
    went; it is then archived, too.
    """

    key: Mapped[str] = mapped_column(short_text(100))
    label: Mapped[dict[str, Any]]
    description: Mapped[dict[str, Any]] = mapped_column(default=dict)
    keywords: Mapped[dict[str, Any]] = mapped_column(default=dict)
    rules: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY)
    exclusions: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY)
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    pack: Mapped[str | None] = mapped_column(short_text(100))
    parent_id: Mapped[UUID | None]
    merged_into_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("workspace_id", "key"),
        tenant_key("parent_id", "theme"),
        tenant_key("merged_into_id", "theme"),
    )


class Analysis(Tenant, Base):
    """What the text pipeline found in a response's verbatim, and which version found it.

    likeness: the same of copies of a comment (nlp.alike). answered_at: that of the response, to
    find the newest copy by an index. Both null where it was read before copies were known.
    """

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(short_text(10))
    text_digest: Mapped[str | None] = mapped_column(short_text(64))
    language: Mapped[str | None] = mapped_column(short_text(10))
    # said, nothing, gibberish, spam; null where it was read before that was told apart.
    content: Mapped[str | None] = mapped_column(short_text(10))
    sentiment: Mapped[str | None] = mapped_column(short_text(10))
    sentiment_score: Mapped[float | None]
    redacted: Mapped[str | None] = mapped_column(Text)
    likeness: Mapped[str | None] = mapped_column(short_text(32))
    answered_at: Mapped[datetime | None]
    encoder: Mapped[str | None] = mapped_column(short_text(20))
    model_version: Mapped[str | None] = mapped_column(short_text(64))
    analysed_at: Mapped[datetime | None]
    # What comment_month holds of this row: {"day", "question", "category"}.
    counted: Mapped[dict[str, Any] | None]

    __table_args__ = (
        one_of("state", ANALYSIS_STATES),
        tenant_key("response_id", "response", ondelete="CASCADE"),
        Index(
            "ix_analysis_likeness",
            "workspace_id",
            "likeness",
            "answered_at",
            "response_id",
            sqlite_where=_HAS_LIKENESS,
            postgresql_where=_HAS_LIKENESS,
        ),
    )


class Assignment(Tenant, Base):
    """A theme on a verbatim. `evidence_start/end` cut the deciding words from the comment.

    answered_at: that of the response, which never changes: the newest comments about a theme
    are then found without looking at all that there are.
    """

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    theme_id: Mapped[UUID] = mapped_column(primary_key=True)
    confidence: Mapped[float]
    sentiment: Mapped[str] = mapped_column(short_text(10))
    source: Mapped[str] = mapped_column(short_text(10))
    evidence_start: Mapped[int]
    evidence_end: Mapped[int]
    encoder: Mapped[str | None] = mapped_column(short_text(20))
    model_version: Mapped[str | None] = mapped_column(short_text(64))
    assigned_at: Mapped[datetime]
    answered_at: Mapped[datetime]
    # What theme_month holds of this row: {"day", "question", "category", "sentiment"}.
    counted: Mapped[dict[str, Any] | None]

    __table_args__ = (
        one_of("source", ASSIGNMENT_SOURCES),
        one_of("sentiment", SENTIMENTS),
        tenant_key("response_id", "response", ondelete="CASCADE"),
        tenant_key("theme_id", "theme", ondelete="CASCADE"),
        Index(
            "ix_assignment_newest",
            "workspace_id",
            "theme_id",
            "sentiment",
            "answered_at",
            "response_id",
        ),
    )


class Label(TenantRow, Base):
    """A person's verdict about a theme on a verbatim; what the classifier learns from."""

    response_id: Mapped[UUID]
    theme_id: Mapped[UUID]
    verdict: Mapped[str] = mapped_column(short_text(10))
    user_id: Mapped[UUID | None]
    at: Mapped[datetime]
    # What the model said before it was told better; None where nothing is known of that.
    model_gave: Mapped[bool | None]
    model_confidence: Mapped[float | None]
    model_version: Mapped[str | None] = mapped_column(short_text(64))

    __table_args__ = (
        one_of("verdict", LABEL_VERDICTS),
        UniqueConstraint("workspace_id", "response_id", "theme_id"),
        tenant_key("response_id", "response", ondelete="CASCADE"),
        tenant_key("theme_id", "theme", ondelete="CASCADE"),
    )


class Doubt(Tenant, Base):
    """How sure the model is of a comment: what triage chooses by, one row per comment with words.

    uncertainty: bits (nlp.triage). lot: 0…1 by the response's id, so that comments are drawn at
    random through an index. top: probability of the likeliest theme. unseen: share of words that
    the model's examples did not have. themes: [key, probability, threshold, start, end] of those
    given and nearly given. None of a confidential survey, whose comments are shown to nobody.
    """

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    uncertainty: Mapped[float]
    lot: Mapped[float]
    top: Mapped[float]
    unseen: Mapped[float | None]
    themes: Mapped[list[Any]]

    __table_args__ = (
        tenant_key("response_id", "response", ondelete="CASCADE"),
        Index("ix_doubt_uncertainty", "workspace_id", "uncertainty"),
        Index("ix_doubt_lot", "workspace_id", "lot"),
    )


class Review(Tenant, Base):
    """A person went through all themes of a comment: those it has, and no others.

    said: what the model had said, [key, probability, whether given]. before: the labels that this
    replaced, by theme id, to undo it. sampled_at: since when it belongs to the random sample
    from which the model's quality is told.
    """

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None]
    at: Mapped[datetime]
    drawn: Mapped[str] = mapped_column(short_text(10))
    sampled_at: Mapped[datetime | None]
    said: Mapped[list[Any]]
    before: Mapped[dict[str, Any]]
    model_version: Mapped[str | None] = mapped_column(short_text(64))

    __table_args__ = (
        one_of("drawn", DRAWN),
        tenant_key("response_id", "response", ondelete="CASCADE"),
        Index("ix_review_at", "workspace_id", "at"),
    )


class TriageTurn(Tenant, Base):
    """A comment that stands in a person's queue, or did: its place in which round, and its end.

    A skipped comment stays away from this person for a while.
    """

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]  # of the round
    place: Mapped[int]
    drawn: Mapped[str] = mapped_column(short_text(10))
    decided_at: Mapped[datetime | None]
    skipped_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("drawn", DRAWN),
        tenant_key("response_id", "response", ondelete="CASCADE"),
    )


class ThemeMonth(Tenant, Base):
    """How many responses of each day of a local month carry a theme.

    counts: by day, category of score and sentiment (theme_cells.THEME_PLACES), packed as in
    packed_days. Who changes it holds the CommentMonth of the question and month.
    """

    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    theme_id: Mapped[UUID] = mapped_column(primary_key=True)
    counts: Mapped[bytes]

    __table_args__ = (
        tenant_key("theme_id", "theme", ondelete="CASCADE"),
        tenant_key("question_id", "question", ondelete="CASCADE"),
    )


class CommentMonth(Tenant, Base):
    """How many responses of each day of a local month have a comment that was read.

    It is what shares are shares of. counts: by day and category of score
    (theme_cells.COMMENT_PLACES), packed as in packed_days.
    """

    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    counts: Mapped[bytes]

    __table_args__ = (tenant_key("question_id", "question", ondelete="CASCADE"),)
