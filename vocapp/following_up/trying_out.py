"""Answers of the last weeks as routing sees them, for trying rules out.

They are read lean: only what some rule asks for, and neither what was heard beside an answer nor
its account's figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.routing import Facts, Rule
from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.following_up.facts import facts_of
from vocapp.following_up.rule_segments import AskedSegments
from vocapp.people.models import Account
from vocapp.understanding.models import Analysis, Assignment, Theme
from vocapp.understanding.shown import shown_comments
from vocapp.understanding.storing import verbatims

MOST = 2_000  # answers that are looked at; of more, every so-manieth
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """Answers, the newest first. total: how many there are, of which these were taken evenly."""

    ids: list[UUID]
    answered_at: list[datetime]
    facts: list[Facts]
    total: int

    @property
    def is_whole(self) -> bool:
        return len(self.facts) == self.total

    def since(self, instant: datetime) -> int:
        """How many of them, from the first, were given since then."""
        return sum(at >= instant for at in self.answered_at)


def recent_answers(
    session: Session,
    workspace_id: UUID,
    since: datetime,
    rules: Sequence[Rule],
    *,
    most: int = MOST,
) -> Sample:
    """Answers given since then to surveys that are not confidential, as these rules look at them.

    What no rule asks for is left blank: texts and themes are most of the reading.
    """
    asked = {name for rule in rules for name in rule.when}
    places = session.execute(
        select(Response.id, Response.answered_at)
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .where(
            Response.workspace_id == workspace_id,
            Response.answered_at >= since,
            Survey.confidential.is_(False),
        )
        .order_by(Response.answered_at.desc(), Response.id)
    ).all()
    chosen = places[:: -(-len(places) // most) or 1]
    ids = [row.id for row in chosen]
    found: dict[UUID, Facts] = {}
    segments = AskedSegments(session, workspace_id, rules)
    for start in range(0, len(ids), _CHUNK):
        found |= _facts(session, workspace_id, ids[start : start + _CHUNK], asked, segments)
    kept = [row for row in chosen if row.id in found]
    return Sample(
        ids=[row.id for row in kept],
        answered_at=[row.answered_at for row in kept],
        facts=[found[row.id] for row in kept],
        total=len(places) - (len(chosen) - len(kept)),
    )


def _facts(
    session: Session,
    workspace_id: UUID,
    ids: Sequence[UUID],
    asked: set[str],
    segments: AskedSegments,
) -> dict[UUID, Facts]:
    texts = verbatims(session, workspace_id, ids) if "text_any" in asked else {}
    themes = _themes(session, workspace_id, ids) if "theme" in asked else {}
    rows = session.execute(
        select(
            Response.id,
            Survey.kind,
            Response.score,
            Response.attributes,
            Response.answered_at,
            Analysis.sentiment,
        )
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .outerjoin(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .where(Response.workspace_id == workspace_id, Response.id.in_(ids))
    )
    return {
        row.id: facts_of(
            row.kind, row.score, row.attributes, segments, sentiment=row.sentiment,
            text=texts.get(row.id), themes=frozenset(themes.get(row.id, ())),
            moment=row.answered_at,
        )
        for row in rows
    }  # fmt: skip


def _themes(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Keys of themes in use by answer."""
    in_use = session.execute(
        select(Theme.id, Theme.key).where(
            Theme.workspace_id == workspace_id, Theme.archived_at.is_(None)
        )
    )
    keys: dict[UUID, str] = {theme_id: key for theme_id, key in in_use}
    found: dict[UUID, list[str]] = {}
    for response_id, theme_id in session.execute(
        select(Assignment.response_id, Assignment.theme_id).where(
            Assignment.workspace_id == workspace_id, Assignment.response_id.in_(ids)
        )
    ):
        if theme_id in keys:
            found.setdefault(response_id, []).append(keys[theme_id])
    return found


@dataclass(frozen=True, slots=True)
class Example:
    """An answer to show; comment is redacted, None where nothing was written."""

    id: UUID
    survey_key: str
    kind: str
    score: int | None
    answered_at: datetime
    account: str | None
    comment: str | None

    @property
    def category(self) -> str | None:
        return None if self.score is None else category_of(self.kind, self.score)


def examples_of(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Example]:
    """Answers by id, as people may see them."""
    comments = shown_comments(session, workspace_id, ids)
    rows = session.execute(
        select(
            Response.id, Survey.key, Survey.kind, Response.score, Response.answered_at,
            Account.name, Account.external_id,
        )
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .outerjoin(
            Account,
            (Account.workspace_id == Response.workspace_id) & (Account.id == Response.account_id),
        )
        .where(
            Response.workspace_id == workspace_id,
            Response.id.in_(ids),
            Survey.confidential.is_(False),
        )
    )  # fmt: skip
    return {
        row.id: Example(
            row.id, row.key, row.kind, row.score, row.answered_at, row.name or row.external_id,
            comments[row.id].text if row.id in comments else None,
        )
        for row in rows
    }  # fmt: skip
