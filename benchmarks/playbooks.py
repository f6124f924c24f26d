"""Playbooks of a large business: how long a night's evaluation takes, a trial, and a day's letters.

    python -m benchmarks.playbooks --database sqlite|postgresql [--accounts 20000]

The accounts are those of `benchmarks.figures`, half of them with an owner; every playbook that is
offered is on. Nothing is sent: letters are made ready and stay in the outbox.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import delete, func, insert, select

from benchmarks.features import use
from benchmarks.figures import filled, parser_of
from benchmarks.ten_million.timing import Figure, table
from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.people.events.models import ActivityHour
from vocapp.people.models import Account, Contact
from vocapp.succeeding.health.models import BANDS, AccountHealth, HealthDay
from vocapp.succeeding.playbooks import evaluating, forms, service, trying_out
from vocapp.succeeding.playbooks.models import Playbook, PlaybookLetter, PlaybookRun
from vocapp.succeeding.playbooks.offers import OFFERS
from vocapp.succeeding.playbooks.releasing import RELEASE
from vocapp.workspaces.models import Membership

TARGET_MS = 1_000.0  # of a batch of 500 accounts, in which others wait to write on SQLite
_PERIODS, _PERIOD_DAYS = 4, 28


def main() -> int:
    parser = parser_of("playbooks")
    parser.set_defaults(months=12)
    options = parser.parse_args()
    with filled("playbooks", options) as (app, made):
        with app.app_context():
            look_after(made.workspace_id, seed=options.seed)
            use(made.workspace_id, 1, seed=options.seed)
        figures = list(measured(app, made.workspace_id))
    title = f"{options.accounts:,} accounts, {len(OFFERS)} playbooks"
    print(table(f"{title}, {options.database}", figures))
    return 0


def look_after(workspace_id: UUID, *, seed: int) -> None:
    """Owners, addresses, terms, health and use, of which some have fallen."""
    dice, now = random.Random(seed), utcnow()
    with transaction() as session:
        owner = session.scalars(
            select(Membership.user_id).where(Membership.workspace_id == workspace_id)
        ).first()
        for place, contact in enumerate(session.scalars(scoped(Contact, workspace_id))):
            contact.email, contact.roles = f"p{place}@example.com", ["champion"]
        of = {"workspace_id": workspace_id}
        health: list[dict[str, Any]] = []
        days: list[dict[str, Any]] = []
        hours: list[dict[str, Any]] = []
        for place, account in enumerate(session.scalars(scoped(Account, workspace_id))):
            account.owner_user_id = owner if place % 2 else None
            account.started_on = now.date() - timedelta(days=dice.randrange(400))
            account.renewal_on = now.date() + timedelta(days=dice.randrange(365))
            mine = of | {"account_id": account.id}
            score, band = dice.randrange(100), dice.choice(BANDS)
            health.append(
                mine | {
                    "score": score, "band": band, "last_band": band, "band_since": now,
                    "coverage": 1.0, "components": [], "reasons": [], "computed_at": now,
                }
            )  # fmt: skip
            day, before = now.date() - timedelta(days=40), dice.randrange(100)
            days.append(mine | {"day": day, "score": before, "band": band, "points": []})
            for period in range(_PERIODS):
                uses = dice.randrange(40, 80) * (1 if period or dice.random() < 0.8 else 0)
                at = now - timedelta(days=_PERIOD_DAYS * period + 3)
                hour = at.replace(minute=0, second=0, microsecond=0)
                hours.append(mine | {"hour": hour, "logins": 0, "uses": uses})
        for model, rows in ((AccountHealth, health), (HealthDay, days), (ActivityHour, hours)):
            session.execute(delete(model).where(model.workspace_id == workspace_id))
            session.execute(insert(model), rows)


def measured(app: Flask, workspace_id: UUID) -> Iterator[Figure]:
    """Trial, the first night, in which much fires, a second one, and the letters of a day."""
    with app.app_context():
        ids = list(OFFERS)
        playbooks = []
        with app.test_request_context():
            for offer in OFFERS.values():
                form = forms.from_offer(offer, feature="feature_3")
                draft = form.read()
                assert draft is not None, form.errors
                playbooks.append(
                    service.add_playbook(workspace_id, draft, actor_user_id=None, now=utcnow())
                )
        letters = playbooks[ids.index("onboarding_letters")]
        began = perf_counter()
        with snapshot() as session:
            trial = session.get_one(Playbook, (workspace_id, letters))
            would = trying_out.try_out(session, trial, time_zone="UTC", now=utcnow(), limit=20)
        yield Figure(f"trial, {would.total:,} accounts", round(perf_counter() - began, 2), "s")
        with transaction() as session:
            for playbook in session.scalars(scoped(Playbook, workspace_id)):
                playbook.on_since = utcnow()
        with snapshot() as session:
            accounts = session.scalars(
                select(Account.id).where(Account.workspace_id == workspace_id).order_by(Account.id)
            ).all()
        for night in ("first night", "second night"):
            yield from night_of(workspace_id, accounts, night)
        yield Figure("firings", _count(workspace_id, PlaybookRun), "")
        began, batches = perf_counter(), 0
        while outbox.work_off(RELEASE, now=utcnow()):
            batches += 1
        took = perf_counter() - began
        yield Figure("letters of a day made ready", _count(workspace_id, PlaybookLetter), "")
        yield Figure("  in one transaction", round(1000 * took / max(batches, 1), 1), "ms")
        db.session.remove()


def night_of(workspace_id: UUID, accounts: Any, night: str) -> Iterator[Figure]:
    walls, worked = [], process_time()
    for start in range(0, len(accounts), evaluating.BATCH):
        began = perf_counter()
        with transaction() as session:
            batch = accounts[start : start + evaluating.BATCH]
            evaluating.evaluate_accounts(session, workspace_id, batch, utcnow())
        walls.append(1000 * (perf_counter() - began))
    worked = 1000 * (process_time() - worked) / len(walls)
    slowest = sorted(walls)[max(0, round(0.95 * len(walls)) - 1)]
    yield Figure(f"{night}: 500 accounts, p95", round(slowest, 1), "ms", TARGET_MS)
    yield Figure("  of which our own processor, mean", round(worked, 1), "ms")


def _count(workspace_id: UUID, model: Any) -> int:
    with snapshot() as session:
        return session.scalar(
            select(func.count()).select_from(model).where(model.workspace_id == workspace_id)
        ) or 0  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
