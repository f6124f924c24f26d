"""Use cases: limit what a survey takes, close it when its day is over, make single-use links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, update
from sqlalchemy.orm import Session

from surveys.definitions import Definition, from_json
from surveys.limits import Limits, LimitsError, checked, closes_at, options_before_score
from surveys.questions import storable_problem
from vocapp import outbox
from vocapp.authoring.limiting.models import AnswerLimits, SingleUseBatch, SingleUseLink
from vocapp.authoring.limiting.queries import limits_of, time_zone_of
from vocapp.authoring.links import MAX_PLACE
from vocapp.authoring.models import Survey, SurveyVersion
from vocapp.database import scoped, transaction, utcnow, uuid7
from vocapp.outbox import Pending
from vocapp.problems import BadInput, NotFound
from vocapp.workspaces.service import audit

CLOSE = "close_survey"
CLOSE_FULL = "close_full_survey"  # it is looked, where answers are known, whether it is full
MOST_LINKS = 10_000  # of one batch


def limit_answers(
    workspace_id: UUID,
    survey_id: UUID,
    limits: Limits,
    *,
    actor_user_id: UUID | None = None,
    now: datetime,
) -> None:
    """Set what a survey takes from now on. Raises BadInput, NotFound."""
    try:
        checked(limits)
    except LimitsError as exc:
        raise BadInput.of(exc.field, exc.message) from exc
    with transaction() as session:
        survey = locked_survey(session, workspace_id, survey_id)
        _check_choices(limits, _definitions_of(session, survey))
        row = session.get(AnswerLimits, (workspace_id, survey_id))
        if row is None:
            row = AnswerLimits(workspace_id=workspace_id, survey_id=survey_id)
            session.add(row)
        row.last_day, row.most = limits.last_day, limits.most
        row.quotas = [asdict(quota) for quota in limits.quotas]
        row.only_single_use = limits.only_single_use
        row.closing_words = dict(limits.closing_words)
        row.updated_at = now
        _close_later(session, survey, limits, now=now)
        if limits.most is not None:
            outbox.add(session, workspace_id, CLOSE_FULL, survey_id, now=now)
        audit(
            session, workspace_id, "survey.limited", subject=survey, now=now,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def _definitions_of(session: Session, survey: Survey) -> list[Definition]:
    """The draft, and what is asked until it is published."""
    found = [survey.draft]
    if survey.published_version is not None:
        key = (survey.workspace_id, survey.id, survey.published_version)
        found.append(session.get_one(SurveyVersion, key).definition)
    return [from_json(each) for each in found]


def _check_choices(limits: Limits, definitions: Sequence[Definition]) -> None:
    offered = {
        (question.key, option.key)
        for definition in definitions
        for question, option in options_before_score(definition)
    }
    for index, quota in enumerate(limits.quotas):
        if quota.question and (quota.question, quota.value) not in offered:
            raise BadInput.of(
                f"quotas.{index}.question", "a question with this option before the score"
            )


def _close_later(session: Session, survey: Survey, limits: Limits, *, now: datetime) -> None:
    if limits.last_day is None:
        return
    due = closes_at(limits.last_day, time_zone_of(session, survey.workspace_id))
    outbox.add(session, survey.workspace_id, CLOSE, survey.id, now=now, due_at=max(due, now))


def close_due(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: the last day may be over. Where the day or the zone was changed since, a
    later row waits for it."""
    now = utcnow()
    for workspace_id, survey_id in sorted({(row.workspace_id, row.subject_id) for row in rows}):
        survey = session.get(Survey, (workspace_id, survey_id), with_for_update=True)
        limits = limits_of(workspace_id, survey_id, session=session)
        if survey is None or limits.last_day is None or survey.state != "published":
            continue
        if closes_at(limits.last_day, time_zone_of(session, workspace_id)) > now:
            _close_later(session, survey, limits, now=now)
        else:
            close(session, survey, because="over", now=now)


def close(session: Session, survey: Survey, *, because: str, now: datetime) -> None:
    """By itself, in the caller's transaction."""
    survey.state, survey.updated_at = "closed", now
    audit(
        session, survey.workspace_id, "survey.closed", subject=survey, now=now,
        detail={"because": because},
    )  # fmt: skip


def locked_survey(session: Session, workspace_id: UUID, survey_id: UUID) -> Survey:
    """Raises NotFound."""
    survey = session.scalar(
        scoped(Survey, workspace_id).where(Survey.id == survey_id).with_for_update()
    )
    if survey is None:
        raise NotFound("No such survey.")
    return survey


# --- links for one answer each ----------------------------------------------------------------


def make_links(
    workspace_id: UUID,
    survey_id: UUID,
    *,
    name: str,
    number: int,
    place: str = "",
    actor_user_id: UUID | None = None,
    now: datetime,
) -> UUID:
    """Make links by each of which one answer is taken; the id of their batch.

    place: the touchpoint of the answers, or empty. Raises BadInput, NotFound.
    """
    name, place = " ".join(name.split()), " ".join(place.split())
    if not name:
        raise BadInput.of("name", "1 to 100 characters")
    for field, text in (("name", name), ("touchpoint", place)):
        if len(text) > MAX_PLACE or not text.isprintable() or storable_problem(text):
            raise BadInput.of(field, f"at most {MAX_PLACE} characters, none of them of control")
    if not 1 <= number <= MOST_LINKS:
        raise BadInput.of("count", f"a number from 1 to {MOST_LINKS:,}")
    with transaction() as session:
        survey = locked_survey(session, workspace_id, survey_id)
        batch = SingleUseBatch(
            workspace_id=workspace_id, id=uuid7(), survey_id=survey_id, name=name, place=place,
            links=number, created_at=now,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        rows = [
            {"workspace_id": workspace_id, "id": uuid7(), "batch_id": batch.id, "number": each,
             "used_by": ""}
            for each in range(1, number + 1)
        ]  # fmt: skip
        session.connection().execute(insert(SingleUseLink), rows)
        audit(
            session, workspace_id, "survey.links_made", subject=survey, now=now,
            actor_user_id=actor_user_id, detail={"links": number},
        )  # fmt: skip
    return batch.id


def use_link(
    session: Session, workspace_id: UUID, link_id: UUID, *, by: str, now: datetime
) -> bool:
    """Have a visit answer by a link, or go on; False where another one has answered."""
    found = session.scalar(
        update(SingleUseLink)
        .where(
            SingleUseLink.workspace_id == workspace_id,
            SingleUseLink.id == link_id,
            SingleUseLink.used_by.in_(("", by)),
        )
        .values(used_by=by, used_at=func.coalesce(SingleUseLink.used_at, now))
        .returning(SingleUseLink.id)
        .execution_options(synchronize_session=False)
    )
    return found is not None
