"""Use cases: an answer comes in, or is corrected.

Everything an answer causes is written in the same transaction (response, answers,
facts, outbox rows). After the commit it cannot be lost; before it nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Select, delete, insert, or_, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from surveys.branching import path
from surveys.definitions import Definition, from_json
from surveys.questions import BadAnswer, Value, validate_answer
from vocapp import outbox
from vocapp.authoring.models import Question, SurveyVersion
from vocapp.collecting.aside import over_quota, overtake, set_aside
from vocapp.collecting.letting_in import GroupFull, refusals
from vocapp.collecting.marking import mark_fresh, mark_revised
from vocapp.collecting.models import (
    GIVEN,
    Answer,
    IdempotencyKey,
    Response,
    stored_as,
    value_in,
)
from vocapp.database import (
    insert_absent,
    insert_if_absent,
    insert_into,
    read_once,
    scoped,
    transaction,
    until_no_deadlock,
    uuid7,
)
from vocapp.people.facts import AccountFacts, ContactFacts
from vocapp.people.figure_changes import note_answers
from vocapp.people.identifying import Said, contact_by_id, identify
from vocapp.people.models import Account, Contact
from vocapp.problems import BadInput, Conflict, FieldError, NotFound, Problem

log = structlog.get_logger()

IDEMPOTENCY_DAYS = 30
_KEYS_FORGOTTEN = 100  # at most, with each new one


@dataclass(frozen=True, slots=True)
class Submission:
    """One answer as a channel understood it; answers are validated, keyed by question."""

    survey_id: UUID
    version: int
    answers: Mapping[str, Value]
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
    account_id: UUID | None = None  # already known, of an answer that stood aside
    account: AccountFacts | None = None
    invitation_id: UUID | None = None
    quiet: bool = False  # imported history: opens no follow-up
    flood: bool = False  # one of very many: counted and themed after what is fresh
    attributes: Mapping[str, Any] = field(default_factory=dict)  # said of this very answer
    passed_by: frozenset[str] = frozenset()  # questions that a correction no longer leads to
    used_by: str = ""  # came by the single-use link with the same id: which visit uses it
    revision: int = 0  # the last that came while it stood aside
    is_admitted: bool = False  # a colleague lets it count, whether the survey is open or not


@dataclass(frozen=True, slots=True)
class Recorded:
    id: UUID
    created: bool


def checked_answers(
    definition: Definition, given: Mapping[str, object], *, partial: bool = False
) -> dict[str, Value]:
    """The given answers by question key, validated; blanks left out.

    Unless `partial`, the primary scale must be answered; where the survey lets people leave it
    open, whatever else it requires of those who come by. Raises BadInput naming every wrong field.
    """
    errors: list[FieldError] = []
    answers: dict[str, Value] = {}
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
    if not partial and not errors:
        errors += _missing(definition, answers)
    if errors:
        raise BadInput(*errors)
    return answers


def _missing(definition: Definition, answers: Mapping[str, object]) -> list[FieldError]:
    primary = definition.primary
    if primary.key in answers:
        return []
    asked = path(definition.questions, answers, kind=definition.kind)
    required = [
        question.key
        for question in definition.questions
        if question.required and question.key in asked and question.key not in answers
    ]
    if primary.required or not answers:
        return [FieldError("score", "an answer to the primary scale is required")]
    return [FieldError(_field_name(definition, key), "an answer is required") for key in required]


def _field_name(definition: Definition, key: str) -> str:
    """The name under which a sender knows the question: the shorthand where there is one."""
    if key == definition.primary.key:
        return "score"
    if definition.open_question is not None and key == definition.open_question.key:
        return "comment"
    return f"answers.{key}"


Also = Callable[[Session], None]


def _nothing_else(_: Session) -> None:
    """What most answers cause beside themselves."""


def record_response(
    workspace_id: UUID, submission: Submission, *, also: Also = _nothing_else, now: datetime
) -> Recorded:
    """Store a response and all it causes, or nothing.

    Repeatable: the same id (or idempotency key) with the same content gives the stored
    row (created=False). Raises Conflict when the content differs, GroupFull when it was set aside
    (`aside.py`). also: done in the transaction
    that stores the response, not where it was stored before; what it raises takes all back.
    """
    (outcome,) = _record(workspace_id, [submission], also=also, now=now)
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def record_batch(
    workspace_id: UUID, submissions: Sequence[Submission], *, now: datetime
) -> list[Recorded | Problem]:
    """Store many in one transaction; one bad item stops no other.

    Where the database refuses something, all of it is rolled back and each item is stored
    by itself, so that only what is refused stays out. Very many at once are a flood: whoever
    answers one by one meanwhile does not wait for them.
    """
    if len(submissions) > _VERY_MANY:
        submissions = [replace(item, flood=True) for item in submissions]
    try:
        return _record(workspace_id, submissions, now=now)
    except (IntegrityError, DataError):
        return [_record_alone(workspace_id, item, now=now) for item in submissions]


def _record_alone(workspace_id: UUID, item: Submission, *, now: datetime) -> Recorded | Problem:
    try:
        (outcome,) = _record(workspace_id, [item], now=now)
    except (IntegrityError, DataError) as exc:
        log.warning("response.refused", id=str(item.id), error=type(exc.orig).__name__)
        return BadInput.of("body", "holds something that the database does not take")
    return outcome


_VERY_MANY = 100  # answers of one request


class _Overtaken(Exception):
    """Another transaction stored one of these answers between our look and our insert."""


_OVERTAKEN_TRIES = 5


def _record(
    workspace_id: UUID,
    submissions: Sequence[Submission],
    *,
    also: Also = _nothing_else,
    now: datetime,
) -> list[Recorded | Problem]:
    """Two batches that name the same accounts may block each other on PostgreSQL; the database
    then ends one of them, and that one is tried again whole.
    """

    def store() -> list[Recorded | Problem]:
        with transaction() as session:
            outcomes = _store(session, workspace_id, submissions, now=now)
            if any(isinstance(outcome, Recorded) and outcome.created for outcome in outcomes):
                also(session)
            return outcomes

    for attempt in range(1, _OVERTAKEN_TRIES + 1):
        try:
            outcomes = until_no_deadlock(store)
            break
        except _Overtaken:
            if attempt == _OVERTAKEN_TRIES:
                raise
    if any(isinstance(outcome, Recorded) and outcome.created for outcome in outcomes):
        outbox.ring("measure", "follow_up", "analyse")
    return outcomes


Fresh = tuple[UUID, Submission]


def _store(
    session: Session, workspace_id: UUID, submissions: Sequence[Submission], *, now: datetime
) -> list[Recorded | Problem]:
    """1. know repetitions; 2. find the people and keep the facts; 3. answers; 4. what follows."""
    outcomes, fresh = _sort_out(session, workspace_id, submissions, now=now)
    if fresh:
        fresh = _store_responses(session, workspace_id, fresh, outcomes, now=now)
        _store_answers(session, workspace_id, fresh)
        mark_fresh(session, workspace_id, fresh, now=now)
        causes = [cause for response_id, item in fresh for cause in _causes(response_id, item)]
        outbox.add_all(session, workspace_id, causes, now=now)
    return outcomes


def _sort_out(
    session: Session, workspace_id: UUID, submissions: Sequence[Submission], *, now: datetime
) -> tuple[list[Recorded | Problem], list[Fresh]]:
    """What becomes of each, and those that are new, with their ids."""
    digests = _digests(session, workspace_id, [item.id for item in submissions if item.id])
    outcomes: list[Recorded | Problem] = []
    fresh: list[Fresh] = []
    for item in submissions:
        response_id = item.id or uuid7()
        try:
            known = _known(
                session, workspace_id, item, response_id, digests.get(response_id), now=now
            )
        except Conflict as conflict:
            outcomes.append(conflict)
            continue
        outcome = known or Recorded(response_id, created=True)
        if outcome.created:
            digests[outcome.id] = item.digest
            fresh.append((outcome.id, item))
        outcomes.append(outcome)
    return outcomes, fresh


def _digests(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Of those that are stored already."""
    if not ids:
        return {}
    rows = session.execute(
        select(Response.id, Response.digest).where(
            Response.workspace_id == workspace_id, Response.id.in_(ids)
        )
    )
    return {row.id: row.digest for row in rows}


def _known(
    session: Session,
    workspace_id: UUID,
    item: Submission,
    response_id: UUID,
    digest: str | None,
    *,
    now: datetime,
) -> Recorded | None:
    """The stored row where an answer is repeated; created where it was kept over a quota so far,
    and is to be looked at anew. Raises Conflict when the content differs."""
    if digest not in (None, item.digest):
        raise Conflict("A response with this id and other content is already stored.")
    if item.idempotency_key:
        earlier = _claim_key(session, workspace_id, item, response_id, now=now)
        if earlier is not None:
            return earlier
    return Recorded(response_id, created=False) if digest else None


def _claim_key(
    session: Session, workspace_id: UUID, item: Submission, response_id: UUID, *, now: datetime
) -> Recorded | None:
    # This one where it is over, and the longest over of the others, a hundred at most: each new key
    # takes old ones away, and no sender waits for another who does the same.
    is_over = (IdempotencyKey.workspace_id == workspace_id, IdempotencyKey.expires_at <= now)
    longest = (
        select(IdempotencyKey.key)
        .where(*is_over)
        .order_by(IdempotencyKey.expires_at)
        .limit(_KEYS_FORGOTTEN)
        .with_for_update(skip_locked=True)
    )
    session.execute(
        delete(IdempotencyKey)
        .where(
            *is_over,
            or_(IdempotencyKey.key == item.idempotency_key, IdempotencyKey.key.in_(longest)),
        )
        .execution_options(synchronize_session=False)
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
    is_aside = over_quota(workspace_id, known.response_id, session=session) is not None
    return Recorded(known.response_id, created=is_aside)


def _store_responses(
    session: Session,
    workspace_id: UUID,
    fresh: Sequence[Fresh],
    outcomes: list[Recorded | Problem],
    *,
    now: datetime,
) -> list[Fresh]:
    """Those that are stored; the outcome of one that the survey does not take says why.

    One that came alone and is refused raises it, so that nothing else of it is kept either.
    """
    said = [
        Said(as_of=item.answered_at, account=item.account, contact=item.contact)
        for _, item in fresh
    ]
    rows = []
    people = identify(session, workspace_id, said, now=now)
    for (response_id, item), who in zip(fresh, people, strict=True):
        account, contact = who.account, who.contact
        if account is None and item.account_id is not None:
            account = session.get_one(Account, (workspace_id, item.account_id))
        if item.contact is None and item.contact_id is not None:
            contact = contact_by_id(session, workspace_id, item.contact_id)
            if account is None and contact is not None and contact.account_id is not None:
                account = session.get_one(Account, (workspace_id, contact.account_id))
        rows.append(
            {
                "workspace_id": workspace_id,
                "id": response_id,
                "survey_id": item.survey_id,
                "survey_version": item.version,
                "contact_id": contact.id if contact else None,
                "account_id": account.id if account else None,
                "invitation_id": item.invitation_id,
                "channel": item.channel,
                "locale": item.locale,
                "page": item.page,
                "score": item.score,
                "answered_at": item.answered_at,
                "received_at": now,
                "digest": item.digest,
                "revision": item.revision,
                "attributes": _attributes(item, account=account, contact=contact),
            }
        )
    fresh, rows = _let_in(session, workspace_id, fresh, rows, outcomes, now=now)
    stored = insert_absent(session, Response, rows, returning=(Response.id,))
    if len(stored) < len(rows):
        raise _Overtaken
    answered = [item.answered_at.astimezone(UTC).date() for _, item in fresh]
    if answered:
        note_answers(session, workspace_id, since=min(answered), now=now)
    return fresh


def _let_in(
    session: Session,
    workspace_id: UUID,
    fresh: Sequence[Fresh],
    rows: list[dict[str, Any]],
    outcomes: list[Recorded | Problem],
    *,
    now: datetime,
) -> tuple[list[Fresh], list[dict[str, Any]]]:
    """Those that their survey takes, with their rows; of those whose group is full what they
    answered is set aside."""
    newcomers = [
        (response_id, item, row["attributes"])
        for (response_id, item), row in zip(fresh, rows, strict=True)
    ]
    refused = refusals(session, workspace_id, newcomers, now=now)
    for place, problem in refused.items():
        if isinstance(problem, GroupFull):
            _set_aside(session, workspace_id, fresh[place][1], rows[place])
        elif len(outcomes) == 1:
            raise problem
    why = {fresh[place][0]: problem for place, problem in refused.items()}
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, Recorded) and outcome.id in why:
            outcomes[place] = why[outcome.id]
    let_in = [place for place in range(len(fresh)) if place not in refused]
    return _no_longer_aside(
        session, workspace_id, [fresh[place] for place in let_in],
        [rows[place] for place in let_in], now=now,
    )  # fmt: skip


def _no_longer_aside(
    session: Session,
    workspace_id: UUID,
    fresh: list[Fresh],
    rows: list[dict[str, Any]],
    *,
    now: datetime,
) -> tuple[list[Fresh], list[dict[str, Any]]]:
    """Those that count now, with their rows: what came again once there was room, or no quota any
    more, as its person had completed it meanwhile."""
    again = [response_id for response_id, item in fresh if not item.is_admitted]
    added = overtake(session, workspace_id, again, now=now) if again else {}
    for place, (response_id, item) in enumerate(fresh):
        since = added.get(response_id)
        if since is not None and since.digest == item.digest:
            fresh[place] = response_id, replace(item, answers=since.answers, score=since.score)
            rows[place] |= {"score": since.score, "revision": since.revision}
    return fresh, rows


def _set_aside(
    session: Session, workspace_id: UUID, item: Submission, row: Mapping[str, Any]
) -> None:
    """row: of the response that it would have been. Sent again, it may count."""
    # Sent twice at once, the other of the two may have taken the last place.
    if _digests(session, workspace_id, [row["id"]]):
        raise _Overtaken
    of = {name: row[name] for name in ("id", "contact_id", "account_id", "attributes")}
    set_aside(
        session, workspace_id, item, state="over_quota", reasons=["group_full"], of=of,
        at=item.answered_at,
    )  # fmt: skip
    if item.invitation_id is not None:  # nothing more is asked of them, by a reminder neither
        outbox.add(session, workspace_id, "answered", item.invitation_id, now=row["received_at"])


def _attributes(
    item: Submission, *, account: Account | None, contact: Contact | None
) -> dict[str, Any]:
    """The facts as they were when the person answered: what is known, then what was said.

    An answer that arrives late says what held then, even where newer facts are known. What is
    said of the answer itself (channel, touchpoint, language) is never a fact of person or account.
    """
    found = facts_now(account, contact)
    if item.account is not None:
        found |= dict(item.account.attributes)
        found |= _account_facts(item.account)
    if item.contact is not None and contact is not None:  # nothing of an erased person
        found |= dict(item.contact.attributes)
    found |= {"touchpoint": None, "channel": item.channel, **item.attributes}
    if item.locale:
        found["locale"] = item.locale
    return {name: value for name, value in found.items() if value is not None}


def facts_now(account: Account | None, contact: Contact | None) -> dict[str, Any]:
    """What is known of an account and a person; attributes without a value are None."""
    found: dict[str, Any] = {}
    if account is not None:
        found |= account.attributes
        found |= _account_facts(account)
    if contact is not None:
        found |= contact.attributes
        found["locale"] = contact.locale
    return found


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


def _store_answers(session: Session, workspace_id: UUID, fresh: Sequence[Fresh]) -> None:
    rows = []
    for response_id, item in fresh:
        questions = _questions(session, workspace_id, item.survey_id)
        rows += _answer_rows(workspace_id, response_id, item.answers, questions)
    if rows:
        session.connection().execute(insert(Answer), rows)


def _answer_rows(
    workspace_id: UUID,
    response_id: UUID,
    answers: Mapping[str, Value],
    questions: Mapping[str, Question],
) -> list[dict[str, Any]]:
    return [
        {
            "workspace_id": workspace_id,
            "response_id": response_id,
            "question_id": questions[key].id,
            **stored_as(questions[key].kind, value),
        }
        for key, value in answers.items()
    ]


def _questions(session: Session, workspace_id: UUID, survey_id: UUID) -> dict[str, Question]:
    """By key; read once a transaction."""

    def read() -> dict[str, Question]:
        rows = scoped(Question, workspace_id).where(Question.survey_id == survey_id)
        return {question.key: question for question in session.scalars(rows)}

    return read_once(session, ("questions", workspace_id, survey_id), read)


def _causes(response_id: UUID, item: Submission) -> list[outbox.Work]:
    priority = outbox.BACKLOG if item.flood or item.channel == "import" else outbox.FRESH
    causes = [
        outbox.Work("measure", response_id, priority=priority),
        outbox.Work("analyse", response_id, priority=priority),
    ]
    if not item.quiet:
        causes.append(
            outbox.Work("follow_up", response_id, detail={"stage": "scored"}, priority=priority)
        )
    if item.invitation_id is not None:
        causes.append(outbox.Work("answered", item.invitation_id))
    return causes


# --- correcting -------------------------------------------------------------------------


def revise_response(
    workspace_id: UUID,
    response_id: UUID,
    *,
    revision: int | None,
    answers: Mapping[str, Value],
    survey_id: UUID | None = None,
    passed_by: Collection[str] = (),
    also: Also = _nothing_else,
    now: datetime,
) -> bool:
    """Add to or correct a response by the person who gave it; True when something changed.

    An equal or lower `revision` than the stored one changes nothing (a late or repeated
    message); None means: the next one, if anything differs. With `survey_id` the response
    has to belong to that survey. passed_by: keys of questions whose answers go, because the
    person took another way. Raises NotFound.
    """

    def revise() -> bool:
        with transaction() as session:
            return _revise(
                session, workspace_id, response_id, revision=revision, answers=answers,
                survey_id=survey_id, passed_by=passed_by, also=also, now=now,
            )  # fmt: skip

    # Two who have written the same text each mark the other's answer, and each holds their own.
    if not until_no_deadlock(revise):
        return False
    outbox.ring("measure", "follow_up", "analyse")
    return True


def _revise(
    session: Session,
    workspace_id: UUID,
    response_id: UUID,
    *,
    revision: int | None,
    answers: Mapping[str, Value],
    survey_id: UUID | None,
    passed_by: Collection[str],
    also: Also,
    now: datetime,
) -> bool:
    response = session.scalar(
        scoped(Response, workspace_id).where(Response.id == response_id).with_for_update()
    )
    if response is None or survey_id not in (None, response.survey_id):
        raise NotFound("No such response.")
    also(session)
    next_revision = response.revision + 1 if revision is None else revision
    if next_revision <= response.revision:
        return False
    if revision is None and _says_the_same(session, response, answers, passed_by):
        return False
    response.revision = next_revision
    _correct_answers(session, response, answers, passed_by)
    mark_revised(session, response, now=now)
    response.score = _primary_score(session, response)
    if response.account_id is not None:
        since = response.answered_at.astimezone(UTC).date()
        note_answers(session, workspace_id, since=since, now=now)
    for kind in ("measure", "analyse"):
        outbox.add(session, workspace_id, kind, response_id, now=now)
    outbox.add(session, workspace_id, "follow_up", response_id, now=now, detail={"stage": "scored"})
    return True


def _correct_answers(
    session: Session,
    response: Response,
    answers: Mapping[str, Value],
    passed_by: Collection[str],
) -> None:
    """Write the answers over those that the response already has."""
    questions = _questions(session, response.workspace_id, response.survey_id)
    gone = [questions[key].id for key in passed_by if key in questions]
    if gone:
        session.execute(
            delete(Answer).where(
                Answer.workspace_id == response.workspace_id,
                Answer.response_id == response.id,
                Answer.question_id.in_(gone),
            )
        )
    rows = _answer_rows(response.workspace_id, response.id, answers, questions)
    if not rows:
        return
    insert_answer = insert_into(session, Answer)
    statement = insert_answer.on_conflict_do_update(
        index_elements=["workspace_id", "response_id", "question_id"],
        set_={name: insert_answer.excluded[name] for name in (each.key for each in GIVEN)},
    )
    session.execute(statement, rows)


def keep_answer(
    workspace_id: UUID, submission: Submission, *, also: Also = _nothing_else, now: datetime
) -> Recorded:
    """Store the answer of a page that knows its response's id, or correct what it stored.

    Pressing twice counts once, and the last press holds. also: done once, in the transaction in
    which the answer is stored or corrected. Raises NotFound when the invitation is gone or the id
    belongs to another survey.
    """
    assert submission.id is not None
    try:
        recorded = record_response(workspace_id, submission, also=also, now=now)
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
        passed_by=submission.passed_by,
        survey_id=submission.survey_id,
        also=also,
        now=now,
    )
    return recorded


def _says_the_same(
    session: Session,
    response: Response,
    answers: Mapping[str, Value],
    passed_by: Collection[str],
) -> bool:
    """Whether these answers are stored already (a button that was pressed twice)."""
    rows = session.execute(
        select(Question.key, *GIVEN)
        .join(
            Question,
            (Question.workspace_id == Answer.workspace_id) & (Question.id == Answer.question_id),
        )
        .where(Answer.workspace_id == response.workspace_id, Answer.response_id == response.id)
    )
    stored = {key: value_in(*given) for key, *given in rows}
    return all(stored.get(key) == value for key, value in answers.items()) and not any(
        key in stored for key in passed_by
    )


def _primary_score(session: Session, response: Response) -> int | None:
    version = session.get_one(
        SurveyVersion, (response.workspace_id, response.survey_id, response.survey_version)
    )
    primary = from_json(version.definition).primary.key
    return session.scalar(answer_to(response, primary, Answer.number))


def answer_to(response: Response, key: str, column: Any) -> Select[Any]:
    """The statement that reads a column of the answer to the question with this key."""
    return (
        select(column)
        .join(
            Question,
            (Question.workspace_id == Answer.workspace_id) & (Question.id == Answer.question_id),
        )
        .where(
            Answer.workspace_id == response.workspace_id,
            Answer.response_id == response.id,
            Question.key == key,
        )
    )
