"""Use cases: an answer comes in, or is corrected.

Everything an answer causes is written in the same transaction (response, answers,
facts, outbox rows). After the commit it cannot be lost; before it nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.definitions import Definition, from_json
from surveys.questions import BadAnswer, scale_of, validate_answer
from vocapp import outbox
from vocapp.authoring.models import Question, SurveyVersion
from vocapp.collecting.models import Answer, IdempotencyKey, Response
from vocapp.database import (
    insert_if_absent,
    insert_into,
    scoped,
    transaction,
    until_no_deadlock,
    uuid7,
)
from vocapp.people.models import Account, Contact
from vocapp.people.service import (
    AccountFacts,
    ContactFacts,
    contact_by_id,
    identify_contact,
    upsert_account,
)
from vocapp.problems import BadInput, Conflict, FieldError, NotFound, Problem

IDEMPOTENCY_DAYS = 30


@dataclass(frozen=True, slots=True)
class Submission:
    """One answer as a channel understood it; answers are validated, keyed by question."""

    survey_id: UUID
    version: int
    answers: Mapping[str, int | str]
    score: int | None
    channel: str
    answered_at: datetime
    digest: str
    id: UUID | None = None
    idempotency_key: str | None = None
    locale: str | None = None
    page: str | None = None
    contact: ContactFacts | None = None
    contact_id: UUID | None = None  # already known, from a signed invitation
    account: AccountFacts | None = None
    invitation_id: UUID | None = None
    quiet: bool = False  # imported history: opens no follow-up
    flood: bool = False  # one of very many: counted and themed after what is fresh
    attributes: Mapping[str, Any] = field(default_factory=dict)  # said of this very answer


@dataclass(frozen=True, slots=True)
class Recorded:
    id: UUID
    created: bool


def checked_answers(
    definition: Definition, given: Mapping[str, object], *, partial: bool = False
) -> dict[str, int | str]:
    """The given answers by question key, validated; blanks left out.

    The primary scale must be answered unless `partial`. Raises BadInput naming every
    wrong field.
    """
    errors: list[FieldError] = []
    answers: dict[str, int | str] = {}
    for key, value in given.items():
        question = definition.question(key)
        if question is None:
            errors.append(FieldError(f"answers.{key}", "the survey version has no such question"))
            continue
        try:
            answer = validate_answer(question, value)
        except BadAnswer as exc:
            errors.append(FieldError(_field_name(definition, exc.field), exc.message))
            continue
        if answer is not None:
            answers[key] = answer
    primary = definition.primary.key
    if not partial and primary not in answers and not errors:
        errors.append(FieldError("score", "an answer to the primary scale is required"))
    if errors:
        raise BadInput(*errors)
    return answers


def _field_name(definition: Definition, key: str) -> str:
    """The name under which a sender knows the question: the shorthand where there is one."""
    if key == definition.primary.key:
        return "score"
    if definition.open_question is not None and key == definition.open_question.key:
        return "comment"
    return f"answers.{key}"


def record_response(workspace_id: UUID, submission: Submission, *, now: datetime) -> Recorded:
    """Store a response and all it causes, or nothing.

    Repeatable: the same id (or idempotency key) with the same content gives the stored
    row (created=False). Raises Conflict when the content differs.
    """
    (outcome,) = record_batch(workspace_id, [submission], now=now)
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def record_batch(
    workspace_id: UUID, submissions: Sequence[Submission], *, now: datetime
) -> list[Recorded | Problem]:
    """Store many in one transaction, each under a savepoint: one bad item stops no other.

    Two batches that name the same accounts in different order may block each other on
    PostgreSQL; the database then ends one of them, and that one is tried again whole.
    """

    def store() -> list[Recorded | Problem]:
        with transaction() as session:
            book = _Book()
            return [_try(session, workspace_id, item, book, now=now) for item in submissions]

    outcomes = until_no_deadlock(store)
    if any(isinstance(outcome, Recorded) and outcome.created for outcome in outcomes):
        outbox.ring("measure", "follow_up", "analyse")
    return outcomes


@dataclass(slots=True)
class _Book:
    """What a batch has looked up already."""

    accounts: dict[str, Account] = field(default_factory=dict)
    questions: dict[UUID, dict[str, Question]] = field(default_factory=dict)

    def questions_of(
        self, session: Session, workspace_id: UUID, survey_id: UUID
    ) -> dict[str, Question]:
        if survey_id not in self.questions:
            self.questions[survey_id] = _questions(session, workspace_id, survey_id)
        return self.questions[survey_id]


def _try(
    session: Session, workspace_id: UUID, item: Submission, book: _Book, *, now: datetime
) -> Recorded | Problem:
    try:
        with session.begin_nested():
            return _record(session, workspace_id, item, book, now=now)
    except Problem as problem:
        book.accounts.clear()  # the savepoint may have taken back what was created
        return problem


def _record(
    session: Session, workspace_id: UUID, item: Submission, book: _Book, *, now: datetime
) -> Recorded:
    """1. claim the id; 2. find the people; 3. keep the facts; 4. answers; 5. what follows."""
    response_id = item.id or uuid7()
    if item.idempotency_key:
        earlier = _claim_key(session, workspace_id, item, response_id, now=now)
        if earlier is not None:
            return earlier
    if not _claim_id(session, workspace_id, item, response_id, now=now):
        return _repeated(session, workspace_id, item, response_id)

    account, contact = _people(session, workspace_id, item, book, now=now)
    _complete(session, workspace_id, response_id, item, account=account, contact=contact)
    questions = book.questions_of(session, workspace_id, item.survey_id)
    _store_answers(session, workspace_id, response_id, item.answers, questions)
    _cause(session, workspace_id, response_id, item, now=now)
    return Recorded(response_id, created=True)


def _claim_key(
    session: Session, workspace_id: UUID, item: Submission, response_id: UUID, *, now: datetime
) -> Recorded | None:
    session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.workspace_id == workspace_id,
            IdempotencyKey.key == item.idempotency_key,
            IdempotencyKey.expires_at <= now,
        )
    )
    if insert_if_absent(
        session,
        IdempotencyKey,
        workspace_id=workspace_id,
        key=item.idempotency_key,
        digest=item.digest,
        response_id=response_id,
        expires_at=now + timedelta(days=IDEMPOTENCY_DAYS),
    ):
        return None
    known = session.scalars(
        scoped(IdempotencyKey, workspace_id).where(IdempotencyKey.key == item.idempotency_key)
    ).one()
    if known.digest != item.digest:
        raise Conflict("This Idempotency-Key was used with another body.")
    return Recorded(known.response_id, created=False)


def _claim_id(
    session: Session, workspace_id: UUID, item: Submission, response_id: UUID, *, now: datetime
) -> bool:
    return insert_if_absent(
        session,
        Response,
        workspace_id=workspace_id,
        id=response_id,
        survey_id=item.survey_id,
        survey_version=item.version,
        invitation_id=item.invitation_id,
        channel=item.channel,
        locale=item.locale,
        page=item.page,
        score=item.score,
        answered_at=item.answered_at,
        received_at=now,
        digest=item.digest,
        revision=0,
        attributes={},
    )


def _repeated(
    session: Session, workspace_id: UUID, item: Submission, response_id: UUID
) -> Recorded:
    digest = session.scalar(
        select(Response.digest).where(
            Response.workspace_id == workspace_id, Response.id == response_id
        )
    )
    if digest != item.digest:
        raise Conflict("A response with this id and other content is already stored.")
    return Recorded(response_id, created=False)


def _people(
    session: Session, workspace_id: UUID, item: Submission, book: _Book, *, now: datetime
) -> tuple[Account | None, Contact | None]:
    account = contact = None
    if item.account:
        account = upsert_account(
            session,
            workspace_id,
            item.account,
            as_of=item.answered_at,
            now=now,
            locked=book.accounts,
        )
    if item.contact:
        contact = identify_contact(
            session,
            workspace_id,
            item.contact,
            account_id=account.id if account else None,
            as_of=item.answered_at,
            now=now,
        )
    elif item.contact_id:
        contact = contact_by_id(session, workspace_id, item.contact_id)
    if account is None and contact is not None and contact.account_id is not None:
        account = session.get_one(Account, (workspace_id, contact.account_id))
    return account, contact


def _complete(
    session: Session,
    workspace_id: UUID,
    response_id: UUID,
    item: Submission,
    *,
    account: Account | None,
    contact: Contact | None,
) -> None:
    session.flush()
    session.execute(
        update(Response)
        .where(Response.workspace_id == workspace_id, Response.id == response_id)
        .values(
            contact_id=contact.id if contact else None,
            account_id=account.id if account else None,
            attributes=_attributes(item, account=account, contact=contact),
        )
    )


def _attributes(
    item: Submission, *, account: Account | None, contact: Contact | None
) -> dict[str, Any]:
    """The facts as they were when the person answered: what is known, then what was said.

    An answer that arrives late says what held then, even where newer facts are known. What is
    said of the answer itself (channel, touchpoint, language) is never a fact of person or account.
    """
    found: dict[str, Any] = {}
    if account is not None:
        found |= account.attributes
        found |= _account_facts(account)
    if contact is not None:
        found |= contact.attributes
        found["locale"] = contact.locale
    if item.account is not None:
        found |= dict(item.account.attributes)
        found |= _account_facts(item.account)
    if item.contact is not None and contact is not None:  # nothing of an erased person
        found |= dict(item.contact.attributes)
    found |= {"touchpoint": None, "channel": item.channel, **item.attributes}
    if item.locale:
        found["locale"] = item.locale
    return {name: value for name, value in found.items() if value is not None}


def _account_facts(source: Account | AccountFacts) -> dict[str, Any]:
    facts = {
        "plan": source.plan,
        "region": source.region,
        "mrr": source.mrr_minor,
        "currency": source.currency,
        "started_on": source.started_on.isoformat() if source.started_on else None,
        "renewal_on": source.renewal_on.isoformat() if source.renewal_on else None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _store_answers(
    session: Session,
    workspace_id: UUID,
    response_id: UUID,
    answers: Mapping[str, int | str],
    questions: Mapping[str, Question],
) -> None:
    """Write the answers over those that the response already has."""
    rows = [
        {
            "workspace_id": workspace_id,
            "response_id": response_id,
            "question_id": questions[key].id,
            "number": value if scale_of(questions[key].kind) else None,
            "option": value if questions[key].kind == "choice" else None,
            "text": value if questions[key].kind == "text" else None,
        }
        for key, value in answers.items()
    ]
    if not rows:
        return
    insert = insert_into(session, Answer)
    statement = insert.on_conflict_do_update(
        index_elements=["workspace_id", "response_id", "question_id"],
        set_={name: insert.excluded[name] for name in ("number", "option", "text")},
    )
    session.execute(statement, rows)


def _questions(session: Session, workspace_id: UUID, survey_id: UUID) -> dict[str, Question]:
    rows = session.scalars(scoped(Question, workspace_id).where(Question.survey_id == survey_id))
    return {question.key: question for question in rows}


def _cause(
    session: Session, workspace_id: UUID, response_id: UUID, item: Submission, *, now: datetime
) -> None:
    priority = outbox.BACKLOG if item.flood or item.channel == "import" else outbox.FRESH
    outbox.add(session, workspace_id, "measure", response_id, now=now, priority=priority)
    outbox.add(session, workspace_id, "analyse", response_id, now=now, priority=priority)
    if not item.quiet:
        outbox.add(
            session, workspace_id, "follow_up", response_id, now=now,
            detail={"stage": "scored"}, priority=priority,
        )  # fmt: skip
    if item.invitation_id is not None:
        outbox.add(session, workspace_id, "answered", item.invitation_id, now=now)


# --- correcting -------------------------------------------------------------------------


def revise_response(
    workspace_id: UUID,
    response_id: UUID,
    *,
    revision: int | None,
    answers: Mapping[str, int | str],
    survey_id: UUID | None = None,
    now: datetime,
) -> bool:
    """Add to or correct a response by the person who gave it; True when something changed.

    An equal or lower `revision` than the stored one changes nothing (a late or repeated
    message); None means: the next one, if anything differs. With `survey_id` the response
    has to belong to that survey. Raises NotFound.
    """
    with transaction() as session:
        response = session.scalar(
            scoped(Response, workspace_id).where(Response.id == response_id).with_for_update()
        )
        if response is None or survey_id not in (None, response.survey_id):
            raise NotFound("No such response.")
        next_revision = response.revision + 1 if revision is None else revision
        if next_revision <= response.revision:
            return False
        if revision is None and _says_the_same(session, response, answers):
            return False
        response.revision = next_revision
        questions = _questions(session, workspace_id, response.survey_id)
        _store_answers(session, workspace_id, response_id, answers, questions)
        response.score = _primary_score(session, response)
        for kind in ("measure", "analyse"):
            outbox.add(session, workspace_id, kind, response_id, now=now)
        outbox.add(
            session, workspace_id, "follow_up", response_id, now=now, detail={"stage": "scored"}
        )
    outbox.ring("measure", "follow_up", "analyse")
    return True


def keep_answer(workspace_id: UUID, submission: Submission, *, now: datetime) -> Recorded:
    """Store the answer of a page that knows its response's id, or correct what it stored.

    Pressing twice counts once, and the last press holds. Raises NotFound when the
    invitation is gone or the id belongs to another survey.
    """
    assert submission.id is not None
    try:
        recorded = record_response(workspace_id, submission, now=now)
    except Conflict:
        recorded = Recorded(submission.id, created=False)
    except IntegrityError as exc:
        raise NotFound("This invitation is no longer there.") from exc
    if recorded.created:
        return recorded
    revise_response(
        workspace_id,
        recorded.id,
        revision=None,
        answers=submission.answers,
        survey_id=submission.survey_id,
        now=now,
    )
    return recorded


def _says_the_same(session: Session, response: Response, answers: Mapping[str, int | str]) -> bool:
    """Whether these answers are stored already (a button that was pressed twice)."""
    rows = session.execute(
        select(Question.key, Answer.number, Answer.option, Answer.text)
        .join(
            Question,
            (Question.workspace_id == Answer.workspace_id) & (Question.id == Answer.question_id),
        )
        .where(Answer.workspace_id == response.workspace_id, Answer.response_id == response.id)
    )
    stored = {key: (number, option, text) for key, number, option, text in rows}
    return all(value in stored.get(key, ()) for key, value in answers.items())


def _primary_score(session: Session, response: Response) -> int | None:
    version = session.get_one(
        SurveyVersion, (response.workspace_id, response.survey_id, response.survey_version)
    )
    primary = from_json(version.definition).primary.key
    return session.scalar(
        select(Answer.number)
        .join(
            Question,
            (Question.workspace_id == Answer.workspace_id) & (Question.id == Answer.question_id),
        )
        .where(
            Answer.workspace_id == response.workspace_id,
            Answer.response_id == response.id,
            Question.key == primary,
        )
    )
