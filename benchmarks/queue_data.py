"""The data of `benchmarks.queue`: accounts, their people, answers with comments, cases, and one
account on which much has happened.

All chance comes from the seed. What is worked on first is gone first: cases that have ended had
higher priorities than those that wait, so that what waits is not simply the top of all there is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from benchmarks.bulk import bulk_load
from vocapp.authoring.models import Question, Survey
from vocapp.authoring.service import NewSurvey, create_survey
from vocapp.collecting.models import Answer, Response
from vocapp.database import scoped, snapshot, transaction, utcnow, uuid7
from vocapp.following_up.models import ACTIVE_STATES, FollowUp, FollowUpEntry
from vocapp.people.events.models import (
    AccountEvent,
    ActiveDay,
    ActivityHour,
    Milestone,
    SubscriptionChange,
)
from vocapp.people.finding import name_starts
from vocapp.people.models import Account, AccountName, Contact, ContactName
from vocapp.succeeding.goals.models import SuccessGoal
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.understanding.models import Analysis, Assignment, Theme
from vocapp.understanding.service import ensure_themes
from vocapp.workspaces.models import Membership, User
from vocapp.workspaces.service import create_workspace

PASSWORD = "a long enough password"
ADMIN, BUSY, LIMITED = "admin@bench.example", "owner0@bench.example", "owner1@bench.example"
BIG = "big"  # the account on which much has happened
_OWNERS, _YEARS, _BATCH = 20, 2, 5000
_BUSY_SHARE = 20_000 / 200_000  # of the cases that wait, with one owner
_COMMENTS = (
    "The export stops after a few thousand rows and nobody answers.",
    "Since the update the page is slow, and prices went up.",
    "請求書の画面が分かりにくく、問い合わせても返事がありません。",
)
Row = tuple[type, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Spec:
    """How much of it. active: cases that wait; the others have ended. events: of one account."""

    cases: int
    active: int
    accounts: int
    events: int
    seed: int


@dataclass(frozen=True, slots=True)
class _Place:
    """What rows point to."""

    workspace_id: UUID
    survey: Survey
    questions: dict[str, UUID]
    themes: list[UUID]
    owners: list[UUID]
    now: datetime


def fill(spec: Spec) -> str:
    """Write it all into an empty database; the secret key of the workspace."""
    now = utcnow()
    made = create_workspace(name="Bench", email=ADMIN, password=PASSWORD, now=now)
    place = _place(made.workspace_id, made.user_id, now)
    with bulk_load([str(model.__table__) for model in _ORDER]) as connection:
        _write(connection, _rows(spec, place, random.Random(spec.seed)))
    return made.secret_key


def _place(workspace_id: UUID, admin: UUID, now: datetime) -> _Place:
    new = NewSurvey(key="nps", name="NPS", kind="nps", languages=("en", "ja"))
    survey_id = create_survey(workspace_id, new, now=now)
    with transaction() as session:
        ensure_themes(session, workspace_id, now=now)
        digest = session.get_one(User, admin).password_hash
        session.execute(
            update(User).where(User.id == admin).values(name="Admin"),
            execution_options={"synchronize_session": False},
        )
        owners = [uuid7() for _ in range(_OWNERS)]
        for number, owner in enumerate(owners):
            email = f"owner{number}@bench.example"
            session.add(
                User(
                    id=owner, email=email, email_normalised=email, name=f"Owner {number}",
                    password_hash=digest, created_at=now,
                )
            )  # fmt: skip
            session.flush()
            session.add(
                Membership(
                    workspace_id=workspace_id, user_id=owner, role="success", created_at=now,
                    only_own_accounts=email == LIMITED,
                )
            )  # fmt: skip
    with snapshot() as session:
        questions = session.scalars(
            scoped(Question, workspace_id).where(Question.survey_id == survey_id)
        )
        return _Place(
            workspace_id,
            session.get_one(Survey, (workspace_id, survey_id)),
            {each.key: each.id for each in questions},
            list(
                session.scalars(
                    select(Theme.id).where(Theme.workspace_id == workspace_id).order_by(Theme.key)
                )
            ),
            owners,
            now,
        )


def _write(connection: Connection, rows: Iterator[Row]) -> None:
    """Many at a time; of one kind of row, all at once."""
    while batch := list(islice(rows, _BATCH)):
        batch.sort(key=lambda row: _ORDER[row[0]])
        for model, of_one in groupby(batch, key=lambda row: row[0]):
            connection.execute(insert(model), [values for _, values in of_one])


_ORDER = {
    model: place
    for place, model in enumerate(
        (
            Account, AccountName, Contact, ContactName, Response, Answer, Analysis, Assignment,
            FollowUp, FollowUpEntry, AccountEvent, SubscriptionChange, Milestone, ActivityHour,
            ActiveDay, SuccessGoal, TouchpointPlan,
        )
    )
}  # fmt: skip


def _rows(spec: Spec, place: _Place, dice: random.Random) -> Iterator[Row]:
    accounts = []
    for number in range(spec.accounts):
        account, people = uuid7(), [uuid7(), uuid7()]
        accounts.append((account, people))
        yield from _account(place, f"a{number}", account, people, dice)
    big, crowd = uuid7(), [uuid7() for _ in range(200)]
    yield from _account(place, BIG, big, crowd, dice)
    active = set(dice.sample(range(spec.cases), spec.active))
    for number in range(spec.cases):
        account, people = (big, crowd) if number % 200 == 0 else dice.choice(accounts)
        yield from _case(spec, place, account, dice.choice(people), number in active, dice)
    yield from _events(spec, place, big, crowd, dice)
    yield from _plans(place, big, dice)


def _account(
    place: _Place, key: str, account: UUID, people: list[UUID], dice: random.Random
) -> Iterator[Row]:
    common = {
        "workspace_id": place.workspace_id, "attributes": {"seats": dice.randrange(1, 500)},
        "created_at": place.now, "updated_at": place.now, "fact_as_of": {},
    }  # fmt: skip
    company = common | {
        "id": account, "external_id": key, "name": f"Company {dice.randrange(10**6)} {key}",
        "plan": dice.choice(["starter", "team", "business"]), "fact_history": {},
        "owner_user_id": dice.choice(place.owners), "currency": "USD",
        "mrr_minor": int(10_000 * dice.lognormvariate(0, 1)),
        "renewal_on": (place.now + timedelta(days=dice.randrange(365))).date(),
    }  # fmt: skip
    yield Account, company
    of = {"workspace_id": place.workspace_id}
    for start in name_starts(Account(**company)):
        yield AccountName, of | {"account_id": account, "start": start}
    for number, person in enumerate(people):
        values = common | {
            "id": person, "account_id": account, "external_id": f"{key}-{number}",
            "name": f"Person {dice.randrange(10**6)}", "email": f"p{number}@{key}.example",
        }  # fmt: skip
        yield Contact, values
        for start in name_starts(Contact(**values)):
            yield ContactName, of | {"contact_id": person, "start": start}


def _case(
    spec: Spec, place: _Place, account: UUID, person: UUID, waits: bool, dice: random.Random
) -> Iterator[Row]:
    """An answer, its comment with themes, and the case that it opened."""
    response, case = uuid7(), uuid7()
    days = dice.random() * (90 if waits and spec.active < spec.cases else 365 * _YEARS)
    at, score = place.now - timedelta(days=days), dice.randrange(7)
    of = {"workspace_id": place.workspace_id, "response_id": response}
    yield Response, {
        "workspace_id": place.workspace_id, "id": response, "survey_id": place.survey.id,
        "survey_version": place.survey.published_version, "contact_id": person,
        "account_id": account, "channel": "email", "locale": "en", "score": score,
        "answered_at": at, "received_at": at, "digest": response.hex, "attributes": {},
    }  # fmt: skip
    yield Answer, of | {
        "question_id": place.questions["score"], "number": score, "option": None, "text": None,
    }  # fmt: skip
    reasons = [
        f"score:{score}", f"renewal_in_days:{dice.randrange(1, 300)}",
        f"revenue:{dice.randrange(10**4, 10**7)}:USD",
    ]  # fmt: skip
    if dice.random() < 0.6:
        comment = dice.choice(_COMMENTS)
        yield Answer, of | {
            "question_id": place.questions["comment"], "number": None, "option": None,
            "text": comment,
        }  # fmt: skip
        yield Analysis, of | {
            "state": "done", "language": "en", "content": "said", "sentiment": "negative",
            "redacted": comment, "answered_at": at, "analysed_at": at,
        }  # fmt: skip
        # From every other comment for the first theme to hardly any for the last.
        drawn = {min(int(dice.expovariate(0.7)), len(place.themes) - 1) for _ in range(2)}
        for number in sorted(drawn):
            yield Assignment, of | {
                "theme_id": place.themes[number], "confidence": 0.9, "sentiment": "negative",
                "source": "model", "evidence_start": 0, "evidence_end": 5, "assigned_at": at,
                "answered_at": at,
            }  # fmt: skip
    state = dice.choice(ACTIVE_STATES if waits else ("resolved", "resolved", "closed"))
    owner = place.owners[0] if dice.random() < _BUSY_SHARE else dice.choice(place.owners)
    if waits and dice.random() < 0.1:
        owner = None
    put_off = waits and dice.random() < 0.1
    yield FollowUp, {
        "workspace_id": place.workspace_id, "id": case, "response_id": response,
        "contact_id": person, "account_id": account, "state": state,
        "team": dice.choices(("success", "product", "support"), (80, 15, 5))[0],
        "owner_user_id": owner, "rule_key": "low_score", "reasons": reasons,
        "priority": round(dice.lognormvariate(3, 1) * (1 if waits else 3), 2),
        "due_at": at + timedelta(days=2) if dice.random() < 0.2
        else place.now + timedelta(hours=dice.randrange(1, 200)),
        "opened_at": at, "touched_at": None, "first_contact_at": None,
        "resolved_at": None if waits else at + timedelta(days=1),
        "snoozed_until": place.now + timedelta(days=dice.randrange(1, 30)) if put_off else None,
        "outcome": None if waits else "solved", "version": 1,
    }  # fmt: skip
    yield FollowUpEntry, {
        "workspace_id": place.workspace_id, "id": uuid7(), "follow_up_id": case, "at": at,
        "kind": "opened", "detail": {"rule": "low_score"},
    }  # fmt: skip


def _events(
    spec: Spec, place: _Place, account: UUID, people: list[UUID], dice: random.Random
) -> Iterator[Row]:
    """Nine of ten are log-ins and uses, the others milestones and changes of subscriptions."""
    hours: dict[datetime, list[int]] = {}
    days: dict[tuple[Any, UUID], int] = {}
    of = {"workspace_id": place.workspace_id, "account_id": account}
    for number in range(spec.events):
        at = place.now - timedelta(days=365 * _YEARS * (1 - number / spec.events))
        kind = dice.choices(("login", "usage", "milestone", "subscription"), (45, 45, 4, 6))[0]
        person = dice.choice(people) if kind in ("login", "usage") else None
        yield AccountEvent, of | {
            "id": f"e{number}", "digest": str(number), "received": number + 1, "type": kind,
            "contact_id": person, "count": 1, "at": at, "is_superseded": False,
            "name": f"feature {number % 30}" if kind in ("usage", "milestone") else None,
            "supersedes": None,
        }  # fmt: skip
        said = of | {"event_id": f"e{number}", "at": at, "is_superseded": False}
        if kind == "milestone":
            yield Milestone, said | {"name": f"feature {number % 30}"}
        elif kind == "subscription":
            yield SubscriptionChange, said | {
                "product": f"product {number % 12}", "action": "changed", "currency": "USD",
                "mrr_minor": dice.randrange(10_000, 90_000), "received": number + 1,
                "term_ends_on": None,
            }  # fmt: skip
        else:
            hour = at.replace(minute=0, second=0, microsecond=0)
            hours.setdefault(hour, [0, 0])[kind == "usage"] += 1
            days[at.date(), person] = days.get((at.date(), person), 0) + 1  # type: ignore[index]
    for hour, (logins, uses) in hours.items():
        yield ActivityHour, of | {"hour": hour, "logins": logins, "uses": uses}
    for (day, person), events in days.items():
        yield ActiveDay, of | {"day": day, "contact_id": person, "events": events}


def _plans(place: _Place, account: UUID, dice: random.Random) -> Iterator[Row]:
    of = {
        "workspace_id": place.workspace_id, "account_id": account, "version": 1,
        "created_at": place.now, "updated_at": place.now,
    }  # fmt: skip
    today = place.now.date()
    for number in range(200):
        day = today - timedelta(days=7 * (number - 5))
        done = number >= 5
        yield TouchpointPlan, of | {
            "id": uuid7(), "touch_key": "monthly", "anchor_on": day, "due_on": day,
            "kind": "call", "state": "done" if done else "planned",
            "way": "call" if done else None, "note": "They asked about prices." if done else None,
            "decided_at": place.now - timedelta(days=7 * number) if done else None,
        }  # fmt: skip
    for number in range(50):
        yield SuccessGoal, of | {
            "id": uuid7(), "words": "Invoices within a day", "measure": "hours", "unit": "h",
            "baseline": 48.0, "target": 24.0, "current": float(dice.randrange(20, 48)),
            "begins_on": today - timedelta(days=90), "due_on": today + timedelta(days=number),
            "state": "open",
        }  # fmt: skip
