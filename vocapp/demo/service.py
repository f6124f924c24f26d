"""Use case: fill the demo workspace, through the same services as real answers.

It may be interrupted at any point and started again: everything it writes has an identity
that follows from the seed and from the moment at which the workspace was made, so that a
second start finds what is there and adds the rest. When it has finished it says so in the
audit log, and from then on changes nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from itertools import groupby
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select

from surveys.exchange import StatedRate
from surveys.filters import parse_compact
from surveys.questions import Value
from surveys.weekly_hours import read_hours
from vocapp import outbox
from vocapp.authoring import service as authoring
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import definition_of
from vocapp.collecting.models import Response
from vocapp.collecting.service import Submission, record_batch
from vocapp.database import insert_absent, scoped, snapshot, transaction, utcnow
from vocapp.demo import answers as answering
from vocapp.demo import (
    asking,
    caring,
    company,
    doings,
    journeys,
    more_questions,
    past_cases,
    progressing,
    tending,
)
from vocapp.demo.answers import PlannedAnswer
from vocapp.demo.asking import PlannedInvitation
from vocapp.demo.company import Person
from vocapp.demo.progress import Progress
from vocapp.distributing.asking.models import AskDecision
from vocapp.distributing.asking.service import Wished, save_limits
from vocapp.distributing.campaigns import service as campaigns
from vocapp.distributing.campaigns.models import Campaign
from vocapp.distributing.models import Invitation
from vocapp.people.events.service import NewEvent, record_events
from vocapp.people.identifying import Said, identify
from vocapp.people.models import Contact
from vocapp.people.money import service as money
from vocapp.problems import Problem
from vocapp.signing import digest_of_json
from vocapp.succeeding.features.keeping import ask_for_screen
from vocapp.succeeding.renewals.keeping import see_to_keeping
from vocapp.understanding.drivers.service import ask_for_drivers
from vocapp.workspaces import service as workspaces
from vocapp.workspaces import sign_in
from vocapp.workspaces.models import AuditEntry, Membership, User, Workspace
from vocapp.workspaces.office.storing import Week, save_week

FILLED = "demo.filled"
TIME_ZONE = "Asia/Tokyo"
_QUIET_AFTER = tending.UNTIL  # older answers open no follow-up: what became of them is told
_BATCH = 150
_EVENTS = 1000  # a batch of these, as large as one may send
_MARGIN = Decimal("0.78")
# Yen for one, by how many years ago it was stated.
_RATES = {
    "USD": {6: "138", 2: "147", 1: "151"},
    "EUR": {6: "149", 2: "158", 1: "165"},
    "SGD": {6: "103", 2: "109", 1: "114"},
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it."""

    accounts: int = 200
    people: int = 1500
    answers: int = 3600


@dataclass(frozen=True, slots=True)
class SignIn:
    """How one of the demo's people signs in."""

    role: str
    name: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The demo workspace; sign_ins is empty when it was filled before."""

    workspace_id: UUID
    made_at: datetime
    is_filled: bool
    sign_ins: tuple[SignIn, ...] = ()


@dataclass(frozen=True, slots=True)
class _Colleague:
    role: str
    name: str
    email: str
    locale: str
    regions: tuple[str, ...] = ()


STAFF = (
    _Colleague("admin", "Emma Lindgren", "admin@kawasemi.example", "en"),
    _Colleague("product", "Ravi Menon", "product@kawasemi.example", "en"),
    _Colleague("success", "佐藤 愛子", "aiko@kawasemi.example", "ja", ("jp",)),
    _Colleague("success", "Daniel Brooks", "daniel@kawasemi.example", "en", ("us", "eu", "apac")),
    _Colleague("viewer", "田中 和也", "viewer@kawasemi.example", "ja"),
)
_SURVEY_NAMES = {
    "nps": "Relationship (twice a year)",
    "csat": "After a support ticket",
    "ces": "After onboarding",
}


# --- the workspace and its people --------------------------------------------------------


def open_demo(*, now: datetime) -> Opened:
    """Find or make the demo workspace and its staff, with new passwords unless it is filled."""
    with snapshot() as session:
        known = session.execute(
            select(Workspace.id, Workspace.created_at).where(Workspace.is_demo)
        ).first()
        if known is not None and _is_filled(known.id):
            return Opened(known.id, known.created_at, is_filled=True)
    if known is None:
        workspace_id, made_at = _create_workspace(now=now), now
    else:
        workspace_id, made_at = known
    return Opened(workspace_id, made_at, False, give_passwords(workspace_id, now=now))


def _is_filled(workspace_id: UUID) -> bool:
    with snapshot() as session:
        found = session.scalar(
            select(AuditEntry.id)
            .where(AuditEntry.workspace_id == workspace_id, AuditEntry.action == FILLED)
            .limit(1)
        )
    return found is not None


def _create_workspace(*, now: datetime) -> UUID:
    admin = STAFF[0]
    return workspaces.create_workspace(
        name=company.VENDOR,
        email=admin.email,
        password=secrets.token_urlsafe(12),
        time_zone=TIME_ZONE,
        is_demo=True,
        now=now,
    ).workspace_id


def give_passwords(workspace_id: UUID, *, now: datetime) -> tuple[SignIn, ...]:
    """New passwords for the demo's staff, who are made where they are missing."""
    passwords = {each.email: secrets.token_urlsafe(9) for each in STAFF}
    hashes = {email: workspaces.hash_password(word) for email, word in passwords.items()}
    with transaction() as session:
        for each in STAFF:
            user = workspaces.find_or_create_user(
                session, email=each.email, name=each.name, password=passwords[each.email],
                locale=each.locale, now=now,
            )  # fmt: skip
            user.name, user.password_hash = each.name, hashes[each.email]
            sign_in.revoke_sessions(session, user.id, now=now)
            if session.get(Membership, (workspace_id, user.id)) is None:
                session.add(
                    Membership(
                        workspace_id=workspace_id, user_id=user.id, role=each.role, created_at=now
                    )
                )
    return tuple(SignIn(e.role, e.name, e.email, passwords[e.email]) for e in STAFF)


# --- filling -----------------------------------------------------------------------------


def fill(opened: Opened, *, seed: int, size: Size) -> Iterator[Progress]:
    """Write what is missing of customers, events, answers, scores, themes and follow-ups.

    The same seed, size and moment of making give the same content.
    """
    if opened.is_filled:
        return
    rng = Random(seed)  # noqa: S311 - invented data, not a secret
    now = opened.made_at
    customers = company.customers(rng, count=size.accounts, now=now)
    people = company.people(rng, customers, count=size.people)
    team = tending.Team(Random(f"{seed}:tending"), now=now)  # noqa: S311
    plan = answering.planned(rng, people, count=size.answers, now=now, team=team)
    surveys = _make_surveys(opened.workspace_id, made_at=now - timedelta(days=answering.DAYS + 30))
    _set_working_hours(opened.workspace_id, now=now)
    _set_money(opened.workspace_id, now=now)
    contacts = yield from _write_people(opened.workspace_id, people, now=now)
    did = doings.planned(Random(f"{seed}:doings"), people, plan, now=now)  # noqa: S311
    yield from _write_events(opened.workspace_id, did)
    asked = asking.planned(Random(f"{seed}:asking"), people, plan, now=now)  # noqa: S311
    yield from _write_invitations(opened.workspace_id, asked, surveys, contacts)
    behind = {each.answer: each.id for each in asked if each.answer is not None}
    yield from _write_answers(opened.workspace_id, plan, surveys, contacts, behind, now=now)
    yield from journeys.ask_panel(opened.workspace_id, seed=seed, count=size.answers // 6, now=now)
    yield from _work_off(opened.workspace_id)
    yield from past_cases.write(opened.workspace_id, team.tended, time_zone=TIME_ZONE, now=utcnow())
    for survey_id in surveys.values():
        ask_for_drivers(opened.workspace_id, survey_id, now=utcnow())
    yield from _work_off(opened.workspace_id)
    yield from progressing.progress(opened.workspace_id, now=utcnow())
    yield from caring.care(opened.workspace_id, time_zone=TIME_ZONE, now=now)
    _write_campaign(opened.workspace_id, now=now)
    ask_for_screen(opened.workspace_id, now=utcnow())
    see_to_keeping(opened.workspace_id, now=utcnow())
    yield from _work_off(opened.workspace_id)
    with transaction() as session:
        workspaces.audit(session, opened.workspace_id, FILLED, now=utcnow())


def _set_working_hours(workspace_id: UUID, *, now: datetime) -> None:
    week = Week({day: read_hours("9-12, 13-18") for day in range(5)}, TIME_ZONE, country="JP")
    admin = _staff_ids(workspace_id)[STAFF[0].email]
    save_week(workspace_id, week, user_id=None, actor_user_id=admin, now=now)
    limits = Wished(30, 5, clock(9), clock(18), working_days_only=True)
    save_limits(workspace_id, limits, actor_user_id=admin, now=now)


def _write_campaign(workspace_id: UUID, *, now: datetime) -> None:
    """A relationship survey over and over, as a draft: whom it would ask can be looked at, and a
    demo that runs for months writes to nobody."""
    with snapshot() as session:
        if session.scalar(scoped(Campaign, workspace_id).limit(1)) is not None:
            return
    admin = _staff_ids(workspace_id)[STAFF[0].email]
    wished = campaigns.Wished(
        name="Relationship, each quarter", survey=answering.SURVEYS["nps"], kind="recurring",
        starts_on=now.date(), period_days=90, held_out=0.05, a_day=50,
        audience=parse_compact("plan:not_empty"),
    )  # fmt: skip
    campaigns.create(workspace_id, wished, actor_user_id=admin, now=now)


def _set_money(workspace_id: UUID, *, now: datetime) -> None:
    """Figures in the currency of the house, at rates that were stated each year."""
    admin = _staff_ids(workspace_id)[STAFF[0].email]
    money.save_settings(
        workspace_id, currency="JPY", margin=_MARGIN, actor_user_id=admin, now=now
    )  # fmt: skip
    rates = [
        StatedRate(currency, (now - timedelta(days=365 * years)).date(), Decimal(rate))
        for currency, by_age in _RATES.items()
        for years, rate in by_age.items()
    ]
    money.state_rates(workspace_id, rates, actor_user_id=admin, now=now)


def _make_surveys(workspace_id: UUID, *, made_at: datetime) -> dict[str, UUID]:
    """Kind → survey, published before the first answer."""
    with snapshot() as session:
        known = {
            row.kind: row.id
            for row in session.scalars(scoped(Survey, workspace_id))
            if row.key in answering.SURVEYS.values()
        }
    for kind, key in answering.SURVEYS.items():
        if kind not in known:
            known[kind] = authoring.create_survey(
                workspace_id,
                authoring.NewSurvey(
                    key=key,
                    name=_SURVEY_NAMES[kind],
                    kind=kind,
                    languages=("en", "ja"),
                    questions=more_questions.QUESTIONS if kind == "ces" else None,
                ),
                now=made_at,
            )
    return known


def _write_people(
    workspace_id: UUID, people: Sequence[Person], *, now: datetime
) -> Generator[Progress, None, dict[str, UUID]]:
    """Accounts with their owners, and contacts; returns external id → contact."""
    owners = _owners(workspace_id)
    as_of = now - timedelta(days=answering.DAYS + 30)
    step, total = "customers", len(people)
    for start in range(0, total, _BATCH):
        batch = people[start : start + _BATCH]
        said = [Said(as_of, person.customer.facts, person.facts) for person in batch]
        with transaction() as session:
            found = identify(session, workspace_id, said, now=as_of)
            for person, who in zip(batch, found, strict=True):
                if who.account is not None and who.account.owner_user_id is None:
                    who.account.owner_user_id = owners[person.customer.region]
        yield Progress(step, min(total, start + _BATCH), total)
    with snapshot() as session:
        rows = session.execute(
            select(Contact.external_id, Contact.id).where(Contact.workspace_id == workspace_id)
        )
        return {row.external_id: row.id for row in rows if row.external_id}


def _owners(workspace_id: UUID) -> dict[str, UUID]:
    """Region → the success manager who looks after it."""
    ids = _staff_ids(workspace_id)
    return {region: ids[each.email] for each in STAFF for region in each.regions}


def _staff_ids(workspace_id: UUID) -> dict[str, UUID]:
    """E-mail address → user."""
    with snapshot() as session:
        rows = session.execute(
            select(User.email, User.id)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.workspace_id == workspace_id)
        )
        return {row.email: row.id for row in rows}


def _write_events(workspace_id: UUID, planned: Sequence[NewEvent]) -> Iterator[Progress]:
    """Take in what customers did, week by week and newest first, as if each had come in when its
    last event happened; what was taken in before counts once."""
    done = 0
    for _, week in groupby(planned, key=lambda event: event.at.isocalendar()[:2]):
        batch = list(week)
        for outcome in record_events(workspace_id, batch, now=batch[0].at):
            if outcome is not None:
                raise outcome
        done += len(batch)
        yield Progress("events", done, len(planned))


def _write_invitations(
    workspace_id: UUID,
    planned: Sequence[PlannedInvitation],
    surveys: dict[str, UUID],
    contacts: dict[str, UUID],
) -> Iterator[Progress]:
    """Write who was asked as sending left it; no mail goes out for what is long past."""
    for start in range(0, len(planned), _EVENTS):
        rows = [
            {
                "workspace_id": workspace_id,
                "id": each.id,
                "survey_id": surveys[each.survey],
                "contact_id": contacts[each.person.facts.external_id or ""],
                "channel": "email",
                "state": each.state,
                "reason": each.reason,
                "send_at": each.asked_at,
                "created_at": each.asked_at,
                "sent_at": each.asked_at if each.state in {"sent", "answered"} else None,
                "clicked_at": each.seen_at,
                "answered_at": each.answered_at,
                "bounced_at": each.asked_at if each.state == "bounced" else None,
            }
            for each in planned[start : start + _EVENTS]
        ]
        with transaction() as session:
            insert_absent(session, Invitation, rows)
            insert_absent(session, AskDecision, [_decided(row) for row in rows])
        yield Progress("invitations", start + len(rows), len(planned))


def _decided(invitation: dict[str, Any]) -> dict[str, Any]:
    """What the ledger says of an invitation."""
    is_asked = invitation["state"] not in {"not_sent", "bounced"}
    return {
        **{name: invitation[name] for name in (
            "workspace_id", "id", "contact_id", "survey_id", "channel",
        )},
        "cause": "campaign",
        "outcome": "asked" if is_asked else "not_asked",
        "reason": None if is_asked else invitation["reason"] or invitation["state"],
        "day": invitation["send_at"].date(),
        "decided_at": invitation["send_at"],
    }  # fmt: skip


def _write_answers(
    workspace_id: UUID,
    plan: Sequence[PlannedAnswer],
    surveys: dict[str, UUID],
    contacts: dict[str, UUID],
    invitations: dict[UUID, UUID],
    *,
    now: datetime,
) -> Iterator[Progress]:
    """Record the answers that are not there yet, as if each batch had just come in."""
    questions = {
        kind: (definition.primary.key, definition.open_question)
        for kind, survey_id in surveys.items()
        for definition in [definition_of(workspace_id, survey_id, 1)]
    }
    with snapshot() as session:
        stored = set(
            session.scalars(select(Response.id).where(Response.workspace_id == workspace_id))
        )
    missing = [answer for answer in plan if answer.id not in stored]
    done = len(plan) - len(missing)
    for batch in _batches(missing, now=now):
        submissions = []
        for answer in batch:
            primary, open_question = questions[answer.survey]
            given: dict[str, Value] = {primary: answer.score}
            if answer.survey == "ces":
                given |= more_questions.answers(str(answer.id), answer.score)
            if answer.comment and open_question is not None:
                given[open_question.key] = answer.comment
            submissions.append(
                _submission(
                    answer, given, surveys[answer.survey],
                    contacts.get(answer.person.facts.external_id or ""),
                    invitations.get(answer.id), now=now,
                )
            )  # fmt: skip
        for outcome in record_batch(workspace_id, submissions, now=batch[-1].answered_at):
            if isinstance(outcome, Problem):
                raise outcome
        done += len(batch)
        yield Progress("answers", done, len(plan))


def _batches(
    missing: Sequence[PlannedAnswer], *, now: datetime
) -> Iterator[Sequence[PlannedAnswer]]:
    """Old answers many at a time; those of the last weeks by the day on which they came."""
    recent = now - _QUIET_AFTER
    old = [answer for answer in missing if answer.answered_at < recent]
    for start in range(0, len(old), _BATCH):
        yield old[start : start + _BATCH]
    for _, group in groupby(missing[len(old) :], key=lambda answer: answer.answered_at.date()):
        yield list(group)


def _submission(
    answer: PlannedAnswer,
    given: dict[str, Value],
    survey_id: UUID,
    contact_id: UUID | None,
    invitation_id: UUID | None,
    *,
    now: datetime,
) -> Submission:
    return Submission(
        survey_id=survey_id,
        version=1,
        answers=given,
        score=answer.score,
        channel=answer.channel,
        answered_at=answer.answered_at,
        digest=digest_of_json({"id": str(answer.id), "answers": given}),
        id=answer.id,
        locale=answer.person.language,
        contact_id=contact_id,
        invitation_id=invitation_id,
        quiet=answer.answered_at < now - _QUIET_AFTER,
    )


# --- what the answers cause --------------------------------------------------------------

_STEPS = {
    "measure": "scores", "analyse": "themes", "follow_up": "follow-ups", "drivers": "drivers",
    "answered": "invitations", "figures": "figures", "health": "health",
    "health_daily": "health", "features": "features",
}  # fmt: skip


def _work_off(workspace_id: UUID) -> Iterator[Progress]:
    """Work off what came in and is due, beside whatever workers are running."""
    totals: dict[str, int] = {}
    while True:
        waiting = _waiting(workspace_id)
        if not waiting:
            return
        for name, left in waiting.items():
            totals[name] = max(totals.get(name, 0), left)
        name = next(kind.name for kind in outbox.kinds() if kind.name in waiting)
        outbox.release_expired_leases(now=utcnow())
        outbox.work_off(name, now=utcnow())
        left = _waiting(workspace_id).get(name, 0)
        if left >= waiting[name]:
            time.sleep(0.2)  # what remains is held by other workers
        yield Progress(_STEPS[name], totals[name] - min(left, totals[name]), totals[name])


def _waiting(workspace_id: UUID) -> dict[str, int]:
    """Rows due by kind, of those kinds that somebody here handles."""
    handled = {kind.name for kind in outbox.kinds()} & set(_STEPS)
    rows = outbox.backlog(now=utcnow(), workspace_id=workspace_id)
    return {row.kind: row.due for row in rows if row.kind in handled and row.due}
