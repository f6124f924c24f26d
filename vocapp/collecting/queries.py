"""Reads: stored responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.questions import Value
from surveys.scoring import category_of
from surveys.survey_diff import Given
from vocapp.authoring.models import Question, Survey
from vocapp.collecting.models import GIVEN, Answer, Response, value_in
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.people.models import Account, Contact
from vocapp.problems import Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class StoredAnswers:
    """The answers of one response by question key, and its open text."""

    values: dict[str, Value | None] = field(default_factory=dict)
    comment: str | None = None


def responses_with_people(workspace_id: UUID, *more: Any) -> Any:
    """Responses of a workspace with survey, contact and account: one row each, in this order.

    more: further columns, of tables that the caller joins.
    """
    return of_responses(workspace_id, Response, Survey, Contact, Account, *more)


PEOPLE = (
    Contact.name.label("contact_name"),
    Contact.email.label("contact_email"),
    Contact.external_id.label("contact_external_id"),
    Account.name.label("account_name"),
    Account.external_id.label("account_external_id"),
    Account.owner_user_id.label("account_owner_id"),
)


def contact_in(row: Any) -> str | None:
    """What to call the contact of a row that has PEOPLE."""
    name: str | None = row.contact_name or row.contact_email or row.contact_external_id
    return name


def account_in(row: Any) -> str | None:
    """What to call the account of a row that has PEOPLE."""
    name: str | None = row.account_name or row.account_external_id
    return name


def of_responses(workspace_id: UUID, *columns: Any) -> Any:
    """These columns of the responses of a workspace, of their survey, contact and account: a
    page of them needs a few of some fifty."""
    return (
        select(*columns)
        .select_from(Response)
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .outerjoin(
            Contact,
            (Contact.workspace_id == Response.workspace_id) & (Contact.id == Response.contact_id),
        )
        .outerjoin(
            Account,
            (Account.workspace_id == Response.workspace_id) & (Account.id == Response.account_id),
        )
        .where(Response.workspace_id == workspace_id)
    )


def stored_response(workspace_id: UUID, response_id: UUID) -> dict[str, Any]:
    """A response as it is stored, before any analysis is looked at. Raises NotFound."""
    row = db.session.execute(
        responses_with_people(workspace_id).where(Response.id == response_id)
    ).one_or_none()
    if row is None:
        raise NotFound("No such response.")
    response, survey, contact, account = row
    answers = answers_of(workspace_id, [response_id]).get(response_id, StoredAnswers())
    return {
        "id": str(response.id),
        "survey": survey.key,
        "survey_version": response.survey_version,
        "score": response.score,
        "category": category_of(survey.kind, response.score)
        if response.score is not None
        else None,
        "comment": answers.comment,
        "answers": answers.values,
        "channel": response.channel,
        "locale": response.locale,
        "answered_at": response.answered_at.isoformat(),
        "received_at": response.received_at.isoformat(),
        "revision": response.revision,
        "attributes": response.attributes,
        "contact": _brief(contact, "external_id", "email", "name"),
        "account": _brief(account, "external_id", "name"),
    }


def _brief(row: Contact | Account | None, *names: str) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"id": str(row.id)} | {name: getattr(row, name) for name in names}


def answers_of(workspace_id: UUID, response_ids: Sequence[UUID]) -> dict[UUID, StoredAnswers]:
    """Answers by response; the first text in question order is the comment."""
    rows = db.session.execute(
        select(Answer.response_id, Question.key, Answer.text, *GIVEN)
        .join(
            Question,
            (Question.workspace_id == Answer.workspace_id) & (Question.id == Answer.question_id),
        )
        .where(Answer.workspace_id == workspace_id, Answer.response_id.in_(response_ids))
        .order_by(Answer.response_id, Question.id)
    )
    values: dict[UUID, dict[str, Value | None]] = {}
    comments: dict[UUID, str] = {}
    for response_id, key, text, *given in rows:
        values.setdefault(response_id, {})[key] = value_in(*given)
        if text is not None:
            comments.setdefault(response_id, text)
    return {
        response_id: StoredAnswers(found, comments.get(response_id))
        for response_id, found in values.items()
    }


def refuse_if_confidential(workspace_id: UUID, response_id: UUID) -> None:
    """A single answer to a confidential survey is shown to nobody. Raises Forbidden, NotFound."""
    confidential = db.session.scalar(
        select(Survey.confidential)
        .join(
            Response,
            (Response.workspace_id == Survey.workspace_id) & (Response.survey_id == Survey.id),
        )
        .where(Response.workspace_id == workspace_id, Response.id == response_id)
    )
    if confidential is None:
        raise NotFound("No such response.")
    if confidential:
        raise Forbidden("Single answers of a confidential survey are not shown.")


def find_response(workspace_id: UUID, response_id: UUID) -> Response | None:
    """The row, or None."""
    found: Response | None = db.session.scalar(
        scoped(Response, workspace_id).where(Response.id == response_id)
    )
    return found


def has_responses(workspace_id: UUID) -> bool:
    """Whether any answer has come in."""
    found = select(Response.id).where(Response.workspace_id == workspace_id).limit(1)
    return db.session.scalar(found) is not None


def responses_since(workspace_id: UUID, since: datetime) -> dict[UUID, int]:
    """Survey → number of answers given since an instant; surveys without any are left out."""
    # Survey by survey, so that the index leads to those days and no others are looked at.
    count = (
        select(func.count())
        .where(
            Response.workspace_id == workspace_id,
            Response.survey_id == Survey.id,
            Response.answered_at >= since,
        )
        .correlate(Survey)
        .scalar_subquery()
    )
    rows = db.session.execute(select(Survey.id, count).where(Survey.workspace_id == workspace_id))
    return {survey_id: n for survey_id, n in rows if n}


def answers_by_version(workspace_id: UUID, survey_id: UUID) -> dict[int, int]:
    """Version of a survey → answers given to it; those without any are left out."""
    rows = db.session.execute(
        select(Response.survey_version, func.count())
        .where(Response.workspace_id == workspace_id, Response.survey_id == survey_id)
        .group_by(Response.survey_version)
    )
    return {row[0]: row[1] for row in rows}


def newest_given(workspace_id: UUID, survey_id: UUID, *, limit: int = 10_000) -> Given:
    """What was answered in the newest responses of a survey, by question and what was chosen."""
    newest = (
        select(Response.id)
        .where(Response.workspace_id == workspace_id, Response.survey_id == survey_id)
        .order_by(Response.answered_at.desc())
        .limit(limit)
        .subquery()
    )
    given = (
        Answer, (Answer.workspace_id == workspace_id) & (Answer.response_id == newest.c.id),
    )  # fmt: skip
    asked = (
        Question,
        (Question.workspace_id == Answer.workspace_id) & (Question.id == Answer.question_id),
    )
    of_all = db.session.scalar(select(func.count()).select_from(newest)) or 0
    rows = db.session.execute(
        select(Question.key, Answer.option, func.count())
        .select_from(newest)
        .join(*given)
        .join(*asked)
        .group_by(Question.key, Answer.option)
    )
    by_question: Counter[str] = Counter()
    by_option: dict[tuple[str, str], int] = {}
    for key, option, n in rows:
        by_question[key] += n
        if option is not None:
            by_option[key, option] = n
    by_row: Counter[tuple[str, str]] = Counter()
    by_column: Counter[tuple[str, str]] = Counter()
    for key, kind, value in db.session.execute(
        select(Question.key, Question.kind, Answer.value)
        .select_from(newest)
        .join(*given)
        .join(*asked)
        .where(Question.kind.in_(("multiple", "ranking", "matrix")))
    ):
        if kind == "matrix":
            by_row.update((key, row) for row in value or ())
            by_column.update((key, column) for column in set((value or {}).values()))
        else:
            by_option |= {(key, each): by_option.get((key, each), 0) + 1 for each in value or ()}
    return Given(by_question, by_option, is_all=of_all < limit, by_row=by_row, by_column=by_column)


def answered_unasked(
    session: Session, workspace_id: UUID, contact_id: UUID, since: datetime
) -> list[datetime]:
    """When a person answered without an invitation, from an instant on: by the widget, a link, or
    in another system whose answers were imported."""
    return list(
        session.scalars(
            select(Response.answered_at).where(
                Response.workspace_id == workspace_id,
                Response.contact_id == contact_id,
                Response.invitation_id.is_(None),
                Response.answered_at >= since,
            )
        )
    )
