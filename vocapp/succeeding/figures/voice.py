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

from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.people.models import Account
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

    def score_groups(
        self, instant: datetime, accounts: Collection[UUID] | None = None
    ) -> ByAccount:
        """By the last answer of anybody of the account, to a survey that asks for the NPS.

        accounts: of whom to look; None for all.
        """
        asks_nps = select(Survey.id).where(
            Survey.workspace_id == self.workspace_id,
            Survey.kind == "nps",
            Survey.confidential.is_(False),
        )
        # Account by account, the newest by its index: of all answers at once each would be read.
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
            .order_by(Response.answered_at.desc(), Response.id.desc())
            .limit(1)
            .correlate(Account)
            .scalar_subquery()
        )
        asked = select(Account.id, last).where(Account.workspace_id == self.workspace_id)
        if accounts is not None:
            asked = asked.where(Account.id.in_(accounts))
        rows = self.session.execute(asked)
        group_of = {score: frozenset([category_of("nps", score)]) for score in range(11)}
        return {account_id: group_of[score] for account_id, score in rows if score is not None}

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
