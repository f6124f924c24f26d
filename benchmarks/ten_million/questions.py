"""What is asked of the largest survey: every query, every page, every answer of the API.

All is done in this process, so that only the server's time is measured: queries as the pages
call them, pages and answers through the test client of a person who is signed in.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from benchmarks.ten_million.load import PASSWORD, DataSet
from benchmarks.ten_million.timing import Figure, runs_of, timed
from surveys.filters import parse_compact
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import SurveySummary
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot, utcnow
from vocapp.extensions import db
from vocapp.measuring.asking import Ask
from vocapp.measuring.changes import metrics_with_changes
from vocapp.measuring.comparing import Side, compare
from vocapp.measuring.funnel import survey_funnel
from vocapp.measuring.heat import heat_map
from vocapp.measuring.queries import metrics_of, reading, survey_metrics
from vocapp.measuring.sample_keeping import SAMPLE
from vocapp.people.models import Account
from vocapp.understanding.drivers.queries import survey_drivers
from vocapp.understanding.drivers.service import ask_for_drivers
from vocapp.understanding.queries import (
    busiest_survey,
    theme_summary,
    themes_page,
    verbatims_of_theme,
)
from vocapp.workspaces.models import Membership, User, Workspace

QUERY_MS, PAGE_MS, SCAN_MS = 20.0, 80.0, 2000.0
TIMES_FASTER = 50.0
FILTER = "plan:in(pro,business);region:in(jp,us)"
THEME = "performance"
Act = Callable[[], Any]


class Asked:
    """The largest survey, and the moment at which it is asked about: just after the data end."""

    def __init__(self, made: DataSet) -> None:
        with snapshot() as session:
            workspace = session.scalars(
                select(Workspace)
                .join(Membership, Membership.workspace_id == Workspace.id)
                .join(User, User.id == Membership.user_id)
                .where(User.email == made.email)
            ).one()
            row = session.scalars(
                scoped(Survey, workspace.id).order_by(Survey.kind != "nps").limit(1)
            ).one()
        self.survey, self.zone = SurveySummary.of(row), workspace.time_zone
        self.until = date.fromisoformat(made.spec["until"])
        self.since = self.until - timedelta(days=made.spec["days"])
        self.now = datetime.combine(self.until, time(), tzinfo=UTC)
        self.workspace_id: UUID = workspace.id

    def metrics(self, **ask: Any) -> Act:
        return lambda: survey_metrics(
            self.survey, Ask(min_n=5, **ask), time_zone=self.zone, now=self.now
        )

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with reading(self.survey, time_zone=self.zone, now=self.now) as opened:
            yield opened


def queries_of(asked: Asked) -> dict[str, Act]:
    """Every query that pages are made of, by what it answers."""
    survey, zone, now, until = asked.survey, asked.zone, asked.now, asked.until
    middle = until - timedelta(days=200)
    quarter = {"since": until - timedelta(days=90), "until": until}
    part_months = {
        "since": middle.replace(day=10),
        "until": (middle + timedelta(days=95)).replace(day=20),
    }
    filtered = parse_compact(FILTER)

    def heat() -> None:
        ask = Ask(by=("region",), since=until - timedelta(days=365), min_n=5)
        with asked.reading() as opened:
            heat_map(opened, ask, metrics_of(opened, ask))

    def changed() -> Any:
        ask = Ask(since=until - timedelta(days=90), min_n=5)
        return metrics_with_changes(survey, ask, time_zone=zone, now=now)

    def compared(a: Side, b: Side) -> Act:
        return lambda: compare(survey, a, b, min_n=5, time_zone=zone, now=now)

    def theme_page() -> None:
        theme_summary(
            survey.workspace_id, THEME, time_zone=zone, now=now, days=90, survey_id=survey.id
        )
        verbatims_of_theme(survey.workspace_id, THEME, limit=51, survey_id=survey.id)

    return {
        "score, all time": asked.metrics(),
        "score by day, two years": asked.metrics(interval="day"),
        "score by week, two years": asked.metrics(interval="week"),
        "score, part months": asked.metrics(**part_months),
        "by one attribute": asked.metrics(by=("plan",)),
        "by one attribute, part months": asked.metrics(by=("region",), **part_months),
        "by two attributes": asked.metrics(by=("plan", "region")),
        "by three attributes": asked.metrics(by=("plan", "region", "industry")),
        "by two attributes, part months": asked.metrics(by=("plan", "region"), **part_months),
        "by two attributes, last 90 days by week": asked.metrics(
            by=("plan", "region"), interval="week", **quarter
        ),
        "filter, all time": asked.metrics(filter=filtered),
        "filter, by one attribute, part months": asked.metrics(
            by=("industry",), filter=filtered, **part_months
        ),
        "compare two segments": compared(
            Side(segment={"plan": "free"}), Side(segment={"plan": "enterprise"})
        ),
        "compare two periods of a segment": compared(
            Side(quarter["since"], until, {"region": "jp"}), Side()
        ),
        "heat map, a year": heat,
        "what changed, 90 days": changed,
        "drivers": lambda: survey_drivers(survey, now=now),
        "themes, 90 days": lambda: themes_page(
            survey.workspace_id, time_zone=zone, now=now, survey_id=survey.id
        ),
        "themes, a year, all surveys": lambda: themes_page(
            survey.workspace_id, time_zone=zone, now=now, days=365
        ),
        "survey with the most comments": lambda: busiest_survey(
            survey.workspace_id, time_zone=zone, now=now, days=90
        ),
        "a theme and its comments": theme_page,
        "funnel": lambda: survey_funnel(survey, time_zone=zone, now=now),
    }


def scans_of(asked: Asked) -> dict[str, Act]:
    """What cells cannot answer: free attributes, and only the latest answer of each."""
    return {
        "scan: by a free attribute, all time": asked.metrics(by=("device",)),
        "scan: by a free attribute, 90 days": asked.metrics(
            by=("device",), since=asked.until - timedelta(days=90)
        ),
        "scan: the latest of each person, all time": asked.metrics(basis="people"),
    }


def pages_of(asked: Asked, account: str) -> tuple[str, ...]:
    """The addresses that staff open."""
    results = f"/results/{asked.survey.key}"
    return (
        "/", "/results", results, f"{results}?period=all&interval=week",
        f"{results}?period=all&by=plan", f"{results}?period=90&by=plan&by2=region",
        f"{results}?period=all&filter={FILTER}", f"{results}/compare?period=all&by=region",
        f"{results}/compare?period=365&by=plan&a=free&b=business", f"{results}/drivers",
        f"{results}/answers", f"{results}/answers?period=90&filter={FILTER}", "/segments",
        "/themes", "/themes?days=365&survey=", f"/themes?days=90&survey={asked.survey.key}",
        f"/themes/{THEME}", f"/themes/{THEME}?survey={asked.survey.key}", "/follow-ups",
        "/accounts", f"/accounts/{account}", "/surveys", f"/surveys/{asked.survey.key}",
        "/settings/segments",
    )  # fmt: skip


def answers_of(asked: Asked, account: str) -> tuple[str, ...]:
    """The addresses that machines ask."""
    survey = f"/api/v1/surveys/{asked.survey.key}"
    since = asked.until - timedelta(days=90)
    return (
        f"{survey}/metrics", f"{survey}/metrics?by=plan&by=region&interval=week",
        f"{survey}/metrics?by=plan&by=region&by=industry", f"{survey}/metrics?filter={FILTER}",
        f"{survey}/compare?a.plan=free&b.plan=business",
        f"{survey}/compare?a_since={since}&a_until={asked.until}",
        f"{survey}/drivers", f"{survey}/funnel", "/api/v1/themes",
        f"/api/v1/themes/{THEME}/responses", "/api/v1/follow-ups", f"/api/v1/accounts/{account}",
    )  # fmt: skip


# --- measuring ----------------------------------------------------------------------------


def measure_queries(app: Flask, made: DataSet) -> list[Figure]:
    """Queries, scans, and the plain GROUP BY beside the score of all time."""
    with app.app_context():
        asked = Asked(made)
        figures = [_timed(what, act, QUERY_MS) for what, act in queries_of(asked).items()]
        figures += [_timed(what, act, SCAN_MS) for what, act in scans_of(asked).items()]
        plain = [run.wall for run in runs_of(lambda: _group_by(asked), runs=5)]
        group_by_ms = round(statistics.median(plain) * 1000, 1)
        ours = figures[0].p50 or 0.01
        return [
            *figures,
            Figure("plain GROUP BY over the answers", group_by_ms, "ms p50", runs=len(plain)),
            Figure(
                "score, all time: times faster than the plain GROUP BY",
                round(group_by_ms / ours, 1), "times", TIMES_FASTER, at_least=True,
            ),
        ]  # fmt: skip


def _timed(what: str, act: Act, target_ms: float) -> Figure:
    def once() -> None:
        act()
        db.session.remove()  # as after a request

    return timed(what, once, target_ms=target_ms)


def _group_by(asked: Asked) -> None:
    with snapshot() as session:
        session.execute(
            select(Response.score, func.count())
            .where(
                Response.workspace_id == asked.workspace_id,
                Response.survey_id == asked.survey.id,
            )
            .group_by(Response.score)
        ).all()


def measure_pages(app: Flask, made: DataSet) -> list[Figure]:
    """Whole pages for a person, whole answers for a machine."""
    with app.app_context():
        asked = Asked(made)
        account = _busiest_account(asked)
    browser = _signed_in(app, made)
    _keep_sample(app, browser)
    headers = {"Authorization": f"Bearer {made.secret_key}"}
    machine = app.test_client()

    def page(address: str) -> Act:
        return lambda: _expect_200(browser.get(address), address)

    def answer(address: str) -> Act:
        return lambda: _expect_200(machine.get(address, headers=headers), address)

    return [
        *(
            timed(f"GET {each}"[:58], page(each), target_ms=PAGE_MS)
            for each in pages_of(asked, account)
        ),
        *(
            timed(f"GET {each}"[:58], answer(each), target_ms=PAGE_MS)
            for each in answers_of(asked, account)
        ),
    ]


def _keep_sample(app: Flask, browser: FlaskClient) -> None:
    """The first look at the segments has their figures kept by a worker, which is not here."""
    browser.get("/settings/segments")
    with app.app_context():
        outbox.work_off(SAMPLE, now=utcnow())


def _busiest_account(asked: Asked) -> str:
    """The account that answered first is among the largest."""
    with snapshot() as session:
        return session.scalars(
            select(Account.external_id)
            .where(Account.workspace_id == asked.workspace_id)
            .order_by(Account.id)
            .limit(1)
        ).one()


def _signed_in(app: Flask, made: DataSet) -> FlaskClient:
    client = app.test_client()
    page = client.get("/sign-in").text
    token = page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    form = {"csrf_token": token, "email": made.email, "password": PASSWORD}
    answer = client.post("/sign-in", data=form)
    if answer.status_code != 303:
        raise RuntimeError(f"signing in was answered by {answer.status_code}")
    return client


def _expect_200(answer: Any, address: str) -> None:
    if answer.status_code != 200:
        raise RuntimeError(f"{address} was answered by {answer.status_code}")


def compute_drivers(app: Flask, made: DataSet) -> float:
    """The job that computes the drivers of the largest survey; seconds."""
    with app.app_context():
        asked = Asked(made)
        ask_for_drivers(asked.workspace_id, asked.survey.id, now=utcnow())
        began = utcnow()
        while outbox.work_off("drivers", now=utcnow()):
            pass
        return round((utcnow() - began).total_seconds(), 1)
