"""Features of customers who stay, of a large business: how long the nightly work and the page take.

    python -m benchmarks.features --database sqlite|postgresql [--accounts 20000] [--months 36]

The accounts are those of `benchmarks.figures`; each uses some of 40 features a few times a month.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, insert, select

from benchmarks.figures import signed_in
from benchmarks.figures_data import event, filled, parser_of
from benchmarks.ten_million.timing import Figure, table, timed
from vocapp import outbox
from vocapp.database import snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.people.events.models import AccountEvent, SubscriptionChange
from vocapp.succeeding.features.keeping import FEATURES, ask_for_screen

TARGET_MS = 300.0
_FEATURES = 40
_BATCH = 20_000


def main() -> int:
    parser = parser_of("features")
    parser.add_argument("--uses", type=int, default=6, help="usage events of an account a month")
    options = parser.parse_args()
    with filled("features", options) as (app, made):
        with app.app_context():
            uses = use(made.workspace_id, options.uses, seed=options.seed)
        figures = list(measured(app, made))
    title = f"{options.accounts:,} accounts, {options.months} months, {uses:,} uses"
    print(table(f"{title}, {options.database}", figures))
    return 0


def use(workspace_id: UUID, uses: int, *, seed: int) -> int:
    """Write usage events from each account's first subscription until now; how many."""
    dice, now = random.Random(seed), utcnow()
    with snapshot() as session:
        began = session.execute(
            select(SubscriptionChange.account_id, func.min(SubscriptionChange.at))
            .where(SubscriptionChange.workspace_id == workspace_id)
            .group_by(SubscriptionChange.account_id)
        ).all()
        received = session.scalar(select(func.max(AccountEvent.received))) or 0
    rows: list[dict[str, Any]] = []
    written = 0
    for number, (account, start) in enumerate(began):
        # Some features are for all, most for few.
        own = [each for each in range(_FEATURES) if dice.random() < 1 / (1 + each / 4)]
        for place in range(uses * ((now - start).days // 30)):
            at = start + timedelta(days=dice.random() * (now - start).days)
            row = event(workspace_id, account, f"u{number}-{place}", "usage", at)
            written += 1
            rows.append(row | {"name": f"feature_{dice.choice(own or [0])}",
                               "received": received + written})  # fmt: skip
        if len(rows) >= _BATCH or number == len(began) - 1:
            with transaction() as session:
                session.execute(insert(AccountEvent), rows)
            rows = []
    return written


def measured(app: Flask, made: Any) -> Iterator[Figure]:
    """The work of a night, then the page that shows it."""
    with app.app_context():
        ask_for_screen(made.workspace_id, now=utcnow())
        began, worked = perf_counter(), process_time()
        while outbox.work_off(FEATURES, now=utcnow()):
            pass
        worked = process_time() - worked
        yield Figure("all three windows, computed", round(perf_counter() - began, 2), "s")
        yield Figure("of which our own processor", round(worked, 2), "s")
        db.session.remove()
    client = signed_in(app)

    def get(path: str) -> Any:
        def act() -> None:
            answer = client.get(path)
            assert answer.status_code == 200, answer.status

        return act

    yield timed("page", get("/features"), target_ms=TARGET_MS)
    yield timed("page, one feature", get("/features?feature=feature_3"), target_ms=TARGET_MS)
    yield timed(
        "accounts behind a number",
        get("/features/accounts?which=not_used_here&feature=feature_3"), target_ms=TARGET_MS,
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
