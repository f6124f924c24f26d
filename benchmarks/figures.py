"""Figures of a large business: how long their pages and their API take, and the sums behind them.

    python -m benchmarks.figures --database sqlite|postgresql [--accounts 20000] [--months 36]
        [--dir DIR --keep] [--back-test]

The data: `benchmarks.figures_data`. With --keep they stay in --dir (on PostgreSQL in a database of
their own), and the next run of the same size uses them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select

from benchmarks.figures_data import PASSWORD, Filled, filled, parser_of
from benchmarks.ten_million.timing import Figure, table, timed
from surveys.periods import months_back
from vocapp import outbox
from vocapp.database import transaction, utcnow
from vocapp.extensions import db
from vocapp.people.figure_changes import FIGURES, note_change
from vocapp.succeeding.backtest.service import BACKTEST, ask_for_backtest
from vocapp.succeeding.figures.models import FigureHistories, FigureMonth, FigurePeople

TARGET_MS = 300.0


def main() -> int:
    parser = parser_of("figures")
    parser.add_argument("--back-test", action="store_true", help="work it out, too: some minutes")
    options = parser.parse_args()
    with filled("figures", options) as (app, made):
        figures = list(measured(app, made, options.months, back_test=options.back_test))
    print(
        table(
            f"{options.accounts:,} accounts, {options.months} months, {options.database}", figures
        )
    )
    return 0


# --- measuring ----------------------------------------------------------------------------


def measured(app: Flask, made: Filled, months: int, *, back_test: bool = False) -> Iterator[Figure]:
    """Before anything is summed, with all of it summed, and while a change of long ago waits."""
    client = signed_in(app)
    keyed = {"headers": {"Authorization": f"Bearer {made.secret_key}"}}
    month = months_back(utcnow().date(), 2)[0]

    def get(path: str, **more: Any) -> Any:
        def act() -> None:
            answer = client.get(path, **more)
            assert answer.status_code == 200, answer.status

        return act

    def page(what: str, path: str) -> Figure:
        return timed(f"page: {what}", get(path), target_ms=TARGET_MS)

    def api(what: str, path: str, **how: Any) -> Figure:
        ask = get(f"/api/v1/{path}", **keyed)
        return timed(f"API: {what}", ask, target_ms=TARGET_MS, **how)

    kpis = f"kpis?month={month:%Y-%m}"
    with app.app_context():
        _forget(made.workspace_id)
    yield timed(
        "API: a month while nothing is kept, as after a first import",
        get(f"/api/v1/{kpis}", **keyed), target_ms=None, runs=5,
    )  # fmt: skip
    yield page("the same", "/figures")
    with app.app_context():
        _all_changed(made.workspace_id)
        yield _worked("summing all months anew", FIGURES)
    with _without_sums(app, made.workspace_id):
        yield api("a month of which no sum is stored", kpis)
        yield api("the same by plan", f"{kpis}&by=plan")
        yield api("the same by score group", f"{kpis}&by=score_group", runs=10)
        yield api("the same by theme", f"{kpis}&by=theme", runs=10)
        yield api("the same by cohort", f"{kpis}&by=cohort", runs=10)
    yield api("a month", kpis)
    yield api("a month by plan", f"{kpis}&by=plan")
    yield api("a month by score group", f"{kpis}&by=score_group")
    yield api("the month that runs", "kpis")
    yield timed(
        "API: each of the months",
        lambda: [
            get(f"/api/v1/kpis?month={each:%Y-%m}", **keyed)()
            for each in months_back(month, months)
        ],
        target_ms=None, runs=5,
    )  # fmt: skip
    yield page("twelve months", "/figures")
    yield page("twelve months, by plan", "/figures?by=plan")
    yield page("the month that runs", f"/figures?month={utcnow():%Y-%m}")
    yield page("who stays, by score group", "/figures/groups")
    yield page("who stays, by theme", "/figures/groups?by=theme")
    for count in (12, months):
        yield page(f"cohorts of {count} months", f"/figures/cohorts?months={count}")
    yield page("lifetime value", "/figures/lifetime")
    yield page("buyers behind it", "/figures/lifetime/buyers?which=bought")
    behind = f"/figures/accounts?month={month:%Y-%m}&which="
    yield page("accounts that left", f"{behind}lost")
    for which in ("start", "end", "grown", "active", "active_week", "not_set_up"):
        yield page(f"accounts: {which}", f"{behind}{which}")
    yield page("accounts: the tenth page of end", f"{behind}end&page=10")
    for which in ("start", "lost", "waiting", "reached", "renewed", "not_renewed"):
        yield page(f"accounts of twelve months: {which}", f"{behind}{which}&months=12")
    yield page("accounts by plan", f"{behind}end&by=plan&value=team")
    yield page("accounts by score group", f"{behind}start&by=score_group&value=promoter")
    began = f"{months_back(month, 7)[0]:%Y-%m}"
    yield page("accounts of a cohort", f"{behind}start&months=6&by=cohort&value={began}")
    with app.app_context():
        _all_changed(made.workspace_id)
    yield api("a month, while a change of long ago waits", kpis)
    yield page("accounts that left, while it waits", f"{behind}lost")
    yield api("a month by an attribute that is not kept", f"{kpis}&by=industry")
    yield page("the same", f"/figures?month={month:%Y-%m}&by=industry")
    with app.app_context():
        yield _worked("summing all of it, with that attribute", FIGURES)
    yield api("a month by that attribute", f"{kpis}&by=industry")
    yield page("renewals, board", "/renewals")
    yield page("renewals, calendar", "/renewals?view=calendar")
    yield page("renewals, list of a year", "/renewals?view=list&days=365")
    for by in ("plan", "industry"):
        yield page(f"renewals by {by}", f"/renewals?by={by}")
        yield page(f"renewals by {by}, calendar", f"/renewals?view=calendar&by={by}")
    yield api("renewals of a year", "renewals?days=366")
    if back_test:
        with app.app_context():
            ask_for_backtest(made.workspace_id, actor_user_id=None, now=utcnow())
            yield _worked("back-test, worked out", BACKTEST)
    yield page("back-test", "/health-score/back-test")


def _all_changed(workspace_id: UUID) -> None:
    with transaction() as session:
        note_change(
            session, workspace_id, since=datetime(2000, 1, 1, tzinfo=UTC), now=utcnow()
        )  # fmt: skip


def _forget(workspace_id: UUID) -> None:
    """As though nothing had ever been summed."""
    with transaction() as session:
        for model in (FigureMonth, FigureHistories, FigurePeople):
            session.execute(delete(model).where(model.workspace_id == workspace_id))


@contextmanager
def _without_sums(app: Flask, workspace_id: UUID) -> Iterator[None]:
    """While nothing is stored of any month but what was kept of accounts."""
    own = FigureMonth.__table__.c.workspace_id == workspace_id
    with app.app_context(), transaction() as session:
        rows = session.execute(select(FigureMonth.__table__).where(own)).all()
        session.execute(delete(FigureMonth).where(FigureMonth.workspace_id == workspace_id))
    yield
    with app.app_context(), transaction() as session:
        session.execute(insert(FigureMonth), [dict(row._mapping) for row in rows])


def _worked(what: str, kind: str) -> Figure:
    began = perf_counter()
    while outbox.work_off(kind, now=utcnow()):
        pass
    db.session.remove()
    return Figure(what, round(perf_counter() - began, 2), "s")


def signed_in(app: Flask) -> FlaskClient:
    """A browser of the workspace's administrator."""
    client = app.test_client()
    page = client.get("/sign-in").text
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    answer = client.post(
        "/sign-in",
        data={"email": "bench@example.com", "password": PASSWORD, "csrf_token": token},
    )
    assert answer.status_code == 303, answer.status
    return client


if __name__ == "__main__":
    raise SystemExit(main())
