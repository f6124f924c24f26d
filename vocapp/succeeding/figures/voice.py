"""What customers had said by an instant: their score group, and themes of their comments.

Nothing that was answered at that instant or later is looked at: a figure of what came afterwards
is split by what was known beforehand. Answers of confidential surveys single nobody out, so that
they are in no group. An answer of a year ago and older says nothing of today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.kept_histories import account_of
from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.database import among
from vocapp.people.models import Account
from vocapp.succeeding.figures.said import joined_keys, keys_of
from vocapp.understanding.models import Assignment

# How attributes that come from answers are kept; those that were said are `attributes.<name>`.
SCORE_GROUP, THEME, COMPLAINT = "voice.score_group", "voice.theme", "voice.complaint"
VOICE = (SCORE_GROUP, THEME, COMPLAINT)
FRESH = timedelta(days=365)

ByAccount = Mapping[UUID, frozenset[str]]  # accounts that said nothing are left out


@dataclass(frozen=True, slots=True)
class Voice:
    """Reads what was said before instants, each once."""

    session: Session
    workspace_id: UUID
    _known: dict[tuple[str, datetime], ByAccount] = field(default_factory=dict)

    def groups(self, attribute: str, instant: datetime) -> ByAccount:
        """Account → its groups of one of `VOICE` as of an instant: one score group, or the
        identifiers of themes."""
        key = (attribute, instant)
        if key not in self._known:
            if attribute == SCORE_GROUP:
                self._known[key] = self.score_groups(instant)
            else:
                self._known.update(self._themes(instant))
        return self._known[key]

    def score_groups(self, instant: datetime) -> ByAccount:
        """By the last answer of anybody of the account, to a survey that asks for the NPS; of
        several at one instant, by the highest score."""
        return {account_of(key): own for key, own in self.score_groups_by_key(instant).items()}

    def score_groups_by_key(
        self, instant: datetime, keys: Collection[bytes] | None = None
    ) -> Mapping[bytes, frozenset[str]]:
        """The same by the bytes of the account.

        keys: the accounts of which to look; None for all.
        """
        asks_nps = select(Survey.id).where(
            Survey.workspace_id == self.workspace_id,
            Survey.kind == "nps",
            Survey.confidential.is_(False),
        )
        # Account by account, the newest by its index: of all answers at once each would be read.
        # The index has the scores of an instant in order; by the id, those of each would be sorted.
        last = (
            select(Response.score)
            .where(
                Response.workspace_id == self.workspace_id,
                Response.account_id == Account.id,
                Response.answered_at >= instant - FRESH,
                Response.answered_at < instant,
                Response.score.is_not(None),
                Response.survey_id.in_(asks_nps),
            )
            .order_by(Response.answered_at.desc(), Response.score.desc())
            .limit(1)
            .correlate(Account)
            .scalar_subquery()
        )
        each = select(Account.id, last.label("score")).where(
            Account.workspace_id == self.workspace_id
        )
        if keys is not None:
            each = each.where(among(self.session, Account.id, keys))
        by_score = each.subquery()
        rows = self.session.execute(
            select(by_score.c.score, joined_keys(by_score.c.id)).group_by(by_score.c.score)
        )
        found: dict[bytes, frozenset[str]] = {}
        for score, whose in rows:
            if score is not None:  # asked for in the statement, each would be looked up twice
                own = frozenset([category_of("nps", score)])
                found.update(dict.fromkeys(keys_of(whose), own))
        return found

    def _themes(self, instant: datetime) -> dict[tuple[str, datetime], ByAccount]:
        """Of all comments, and of those that complain of the theme."""
        rows = self.session.execute(
            select(Response.account_id, Assignment.theme_id, Assignment.sentiment)
            .join(
                Response,
                (Response.workspace_id == Assignment.workspace_id)
                & (Response.id == Assignment.response_id),
            )
            .where(
                Assignment.workspace_id == self.workspace_id,
                Assignment.answered_at >= instant - FRESH,
                Assignment.answered_at < instant,
                Response.account_id.is_not(None),
                Response.survey_id.not_in(confidential_surveys(self.workspace_id)),
            )
            .distinct()
        )
        mentioned: dict[UUID, set[str]] = defaultdict(set)
        complained: dict[UUID, set[str]] = defaultdict(set)
        for account_id, theme_id, sentiment in rows:
            assert account_id is not None  # by the statement
            mentioned[account_id].add(str(theme_id))
            if sentiment == "negative":
                complained[account_id].add(str(theme_id))
        return {
            (name, instant): {account: frozenset(own) for account, own in found.items()}
            for name, found in ((THEME, mentioned), (COMPLAINT, complained))
        }
