"""Whether an answer that came in is taken: in the transaction that stores it, on every way.

Two answers for the last place are decided one after the other, by the lock on the survey (SQLite
has one writer). What is stored already is never asked about: repeating, finishing and correcting
an answer go on after a survey has closed. Whose group is full is not turned away with empty hands:
what they answered stands aside (`aside.py`), outside every number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Select, Text, cast, func, or_, select
from sqlalchemy.orm import Session

from surveys.languages import best_language
from surveys.limits import Limits, Quota, refusal
from vocapp.authoring.limiting.queries import limits_of, time_zone_of
from vocapp.authoring.limiting.service import close, use_link
from vocapp.authoring.models import Question, Survey
from vocapp.collecting.models import Answer, Response
from vocapp.database import read_once, scoped, text_within, utcnow
from vocapp.outbox import Pending
from vocapp.problems import BadInput, Gone, Problem

if TYPE_CHECKING:
    from vocapp.collecting.service import Submission

CLOSED = "The survey is closed."
USED = "This link has been used."


class GroupFull(Gone):
    """Enough people of this group have answered; this answer is stored, and does not count."""


def refusals(
    session: Session,
    workspace_id: UUID,
    newcomers: Sequence[tuple[UUID, Submission, Mapping[str, Any]]],
    *,
    now: datetime,
) -> dict[int, Problem]:
    """Which of the answers are not taken, by their place, and why; full surveys are closed.

    newcomers: id, what came in, and the attributes of the answer.
    """
    doors: dict[UUID, _Door] = {}
    for survey_id in sorted({item.survey_id for _, item, _ in newcomers}):
        doors[survey_id] = _Door(session, workspace_id, survey_id)
    found: dict[int, Problem] = {}
    for place, (response_id, item, attributes) in enumerate(newcomers):
        problem = doors[item.survey_id].problem(response_id, item, attributes, now=now)
        if problem is None:
            doors[item.survey_id].let_in(item, attributes)
        else:
            found[place] = problem
    for door in doors.values():
        if door.let_anybody_in:
            door.close_if_full(now=now)
    return found


def close_full(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: as many as a survey takes may have answered before that was said, and nobody
    is to answer in vain."""
    now = utcnow()
    for workspace_id, survey_id in sorted({(row.workspace_id, row.subject_id) for row in rows}):
        _Door(session, workspace_id, survey_id).close_if_full(now=now)


class _Door:
    """What one survey still takes, within one transaction."""

    def __init__(self, session: Session, workspace_id: UUID, survey_id: UUID) -> None:
        self._session, self._workspace_id, self._survey_id = session, workspace_id, survey_id
        self._limits = read_once(
            session,
            ("limits", workspace_id, survey_id),
            lambda: limits_of(workspace_id, survey_id, session=session),
        )
        self._state = self._read_state()
        self._taken = self._count() if self._limits.most is not None else 0
        self._taken_of = Counter({quota: self._count(quota) for quota in self._limits.quotas})
        self.let_anybody_in = False

    def _read_state(self) -> str | None:
        """Under a lock where others must wait for what becomes of this answer."""
        query = scoped(Survey, self._workspace_id).where(Survey.id == self._survey_id)
        state = query.with_only_columns(Survey.state)
        if self._limits.count_answers:
            state = state.with_for_update()
        return self._session.scalar(state)

    def _count(self, quota: Quota | None = None) -> int:
        """How many answers there are, counted no further than it matters."""
        most = quota.most if quota else self._limits.most
        query = select(Response.id).where(
            Response.workspace_id == self._workspace_id, Response.survey_id == self._survey_id
        )
        if quota is not None and quota.attribute:
            text = text_within(self._session, Response.attributes, quota.attribute)
            query = query.where(text == quota.value)
        elif quota is not None:
            query = query.where(Response.id.in_(self._answered_with(quota)))
        counted = select(func.count()).select_from(query.limit(most).subquery())
        return self._session.scalar(counted) or 0

    def _answered_with(self, quota: Quota) -> Select[UUID]:
        """The responses that chose an option, alone or among several (a JSON list of keys)."""
        several = cast(Answer.value, Text).contains(f'"{quota.value}"', autoescape=True)
        return (
            select(Answer.response_id)
            .join(
                Question,
                (Question.workspace_id == Answer.workspace_id)
                & (Question.id == Answer.question_id),
            )
            .where(
                Answer.workspace_id == self._workspace_id,
                Question.survey_id == self._survey_id,
                Question.key == quota.question,
                or_(Answer.option == quota.value, several),
            )
        )

    def problem(
        self, response_id: UUID, item: Submission, attributes: Mapping[str, Any], *, now: datetime
    ) -> Problem | None:
        """Why an answer is not taken; where it comes by a single-use link, that is used now, also
        by one that is kept over a quota."""
        if item.is_admitted or item.quiet:
            return None
        why = "closed" if self._state == "closed" else self._refusal(item, attributes)
        if why not in (None, "group_full"):
            return Gone(closing_words(self._limits, item.locale) or CLOSED)
        if item.used_by:
            if not use_link(
                self._session, self._workspace_id, response_id, by=item.used_by, now=now
            ):
                return Gone(USED)
        elif self._limits.only_single_use and item.invitation_id is None:
            return BadInput.of("single_use", "this survey is answered by single-use links only")
        if why == "group_full":
            return GroupFull("Its group is full: the answer is kept, and does not count.")
        return None

    def _refusal(self, item: Submission, attributes: Mapping[str, Any]) -> str | None:
        limits = self._limits
        if limits.last_day is None and not limits.count_answers:
            return None
        return refusal(
            limits,
            at=item.answered_at,
            time_zone=time_zone_of(self._session, self._workspace_id) if limits.last_day else "UTC",
            taken=self._taken,
            taken_of=self._taken_of,
            attributes=attributes,
            answers=item.answers,
        )

    def let_in(self, item: Submission, attributes: Mapping[str, Any]) -> None:
        self._taken += 1
        self.let_anybody_in = True
        self._taken_of.update(
            quota for quota in self._limits.quotas if quota.holds_for(attributes, item.answers)
        )

    def close_if_full(self, *, now: datetime) -> None:
        most = self._limits.most
        if most is None or self._taken < most or self._state != "published":
            return
        survey = self._session.get_one(Survey, (self._workspace_id, self._survey_id))
        close(self._session, survey, because="full", now=now)


def closing_words(limits: Limits, locale: str | None) -> str:
    """What the survey's own words say once it is closed, or nothing."""
    words = limits.closing_words
    return words[best_language(locale, list(words))] if words else ""
