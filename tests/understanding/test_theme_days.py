"""Sums by day of themes and comments stay exact, and pages read nothing else."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from sqlalchemy import delete, event, select, update

from surveys.periods import local_day
from surveys.scoring import categories, category_of
from vocapp import outbox
from vocapp.authoring.models import Question, Survey
from vocapp.collecting.models import Response
from vocapp.collecting.service import revise_response
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.extensions import db, migrate
from vocapp.packed_days import unpack
from vocapp.people.models import Contact
from vocapp.people.service import erase_contact
from vocapp.problems import Problem
from vocapp.understanding import service, theme_cells
from vocapp.understanding.models import (
    SENTIMENTS,
    Analysis,
    Assignment,
    CommentMonth,
    Theme,
    ThemeMonth,
)
from vocapp.understanding.queries import busiest_survey, themes_page, verbatims_of_theme
from vocapp.understanding.theme_cells import COMMENT_PLACES, THEME_PLACES, recount_themes
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import update_workspace

COMMENTS = (
    "Your support is terribly slow: four days until somebody replied to my ticket.",
    "The dashboards are a joy to use.",
    "The invoice was wrong again, we were billed twice.",
    "サポートに問い合わせても返信が来るまで何日もかかります。",
    None,
)
START = datetime(2026, 2, 27, tzinfo=UTC)
PLACES = ("high", "middle", "low")


@pytest.fixture(autouse=True)
def static_encoder(monkeypatch):
    """The encoder that is always there; the other one is slow to load."""
    monkeypatch.setattr(service, "preferred_encoder", lambda: "static")


class History:
    """Random operations on the comments of one workspace."""

    def __init__(self, api, seed):
        self.api, self.random, self.ids = api, random.Random(seed), []

    def record(self):
        dice, key = self.random, self.random.choice(["nps", "csat"])
        body = {
            "survey": key, "score": dice.randrange(1, 6), "comment": dice.choice(COMMENTS),
            "id": str(uuid4()),
            "answered_at": (START + timedelta(hours=dice.randrange(96))).isoformat(),
            "contact": {"external_id": f"u{dice.randrange(5)}"},
        }  # fmt: skip
        assert self.api.post("/api/v1/responses", body).status_code == 201
        self.ids.append(UUID(body["id"]))

    def revise(self):
        if self.ids:
            words = {"comment": said} if (said := self.random.choice(COMMENTS)) else {}
            revise_response(
                self.api.workspace_id, self.random.choice(self.ids), revision=None,
                answers={"score": self.random.randrange(1, 6)} | words, now=utcnow(),
            )  # fmt: skip

    def correct(self):
        verdict = self.random.choice(["add", "remove", "confirm", "withdraw"])
        where = (self.api.workspace_id, self.random.choice(self.ids or [uuid4()]), "support")
        try:
            if verdict == "withdraw":
                service.withdraw_correction(*where, now=utcnow())
            else:
                service.correct_theme(
                    *where, verdict, user_id=self.api.workspace.user_id, now=utcnow()
                )
        except Problem:
            pass  # no such response, or no themes yet

    def erase(self):
        with snapshot() as session:
            people = session.scalars(
                select(Contact.id).where(Contact.workspace_id == self.api.workspace_id)
            ).all()
        if people:
            erase_contact(self.api.workspace_id, self.random.choice(sorted(people)), now=utcnow())

    def move(self):
        zone = self.random.choice(["Asia/Tokyo", "America/New_York", "UTC"])
        update_workspace(self.api.workspace_id, {"time_zone": zone}, now=utcnow())

    def analyse(self):
        outbox.work_off("analyse", now=utcnow())

    def move_a_step(self):
        outbox.work_off("theme_days", now=utcnow())

    def step(self):
        chances = {
            self.record: 6, self.revise: 4, self.correct: 3, self.erase: 1, self.move: 1,
            self.analyse: 3, self.move_a_step: 1,
        }  # fmt: skip
        self.random.choices(list(chances), list(chances.values()))[0]()


def stored(workspace_id):
    """Every sum that is not nothing, by what it sums up."""
    found = {}
    with snapshot() as session:
        for row in session.scalars(scoped(ThemeMonth, workspace_id)):
            for day, place, n in counts_of(row, len(THEME_PLACES)):
                found[(row.question_id, day, row.theme_id, *THEME_PLACES[place])] = n
        for row in session.scalars(scoped(CommentMonth, workspace_id)):
            for day, place, n in counts_of(row, len(COMMENT_PLACES)):
                found[(row.question_id, day, COMMENT_PLACES[place])] = n
    return found


def counts_of(row, places):
    """(Day, place, number) where there is one."""
    counts = unpack(row.counts, places)
    for index, place in zip(*counts.nonzero(), strict=True):
        yield row.month.replace(day=int(index) + 1), place, int(counts[index, place])


def naive(workspace_id):
    """The same from analyses and assignments, one by one."""
    found = Counter()
    with snapshot() as session:
        zone = session.get_one(Workspace, workspace_id).time_zone
        surveys = {row.id: row for row in session.scalars(scoped(Survey, workspace_id))}
        scales = {
            row.survey_id: row.id
            for row in session.scalars(scoped(Question, workspace_id))
            if row.kind == surveys[row.survey_id].kind
        }
        at = {}
        for row in session.scalars(scoped(Response, workspace_id)):
            kind, place = surveys[row.survey_id].kind, "unscored"
            if row.score is not None:
                place = PLACES[categories(kind).index(category_of(kind, row.score))]
            at[row.id] = (scales[row.survey_id], local_day(row.answered_at, zone)), place
        for row in session.scalars(scoped(Assignment, workspace_id)):
            day, place = at[row.response_id]
            found[(*day, row.theme_id, place, row.sentiment)] += 1
        for row in session.scalars(scoped(Analysis, workspace_id)):
            if row.text_digest is not None:
                day, place = at[row.response_id]
                found[(*day, place)] += 1
    return dict(found)


@pytest.mark.parametrize("seed", range(3))
def test_sums_by_day_are_exact_after_any_history(any_api, drain_outbox, monkeypatch, seed):
    monkeypatch.setattr(theme_cells, "_STEP", 3)
    any_api.survey()
    any_api.survey("csat", kind="csat")
    history = History(any_api, seed)
    for _ in range(60):
        history.step()
    history.record()
    assert drain_outbox() == []
    expected = naive(any_api.workspace_id)
    assert stored(any_api.workspace_id) == expected
    assert any(len(key) == 3 for key in expected)
    assert any(len(key) == 5 for key in expected)


def test_those_who_count_at_once_lose_nothing(any_database, any_api, drain_outbox):
    """One has counted and not yet committed when the other one begins, in the same month."""
    any_api.survey()
    ids = [
        UUID(any_api.respond(score=2, comment=COMMENTS[0]).json["id"]) for _ in range(4)
    ]  # fmt: skip
    assert drain_outbox() == []
    with transaction() as session:
        for model in (ThemeMonth, CommentMonth):
            session.execute(delete(model).where(model.workspace_id == any_api.workspace_id))
        for model in (Assignment, Analysis):
            session.execute(
                update(model).where(model.workspace_id == any_api.workspace_id).values(counted=None)
            )

    def count(response_id, and_then=lambda: None):
        with transaction() as session:
            recount_themes(session, session.get_one(Response, (any_api.workspace_id, response_id)))
            session.flush()
            and_then()

    def count_in_another_thread(response_id):
        with any_database.app_context():
            count(response_id)
            db.session.remove()

    # First where there are no sums yet, then where there are.
    for mine, other in (ids[:2], ids[2:]):
        thread = Thread(target=count_in_another_thread, args=(other,))

        def meanwhile(thread=thread):
            thread.start()
            thread.join(timeout=0.5)  # as far as it comes

        count(mine, meanwhile)
        thread.join()
    assert stored(any_api.workspace_id) == naive(any_api.workspace_id)
    assert max(stored(any_api.workspace_id).values()) == len(ids)


@pytest.fixture
def written(any_api, drain_outbox):
    any_api.survey()
    any_api.survey("csat", kind="csat")
    for survey, score, day, comment in (
        ("nps", 2, "2026-03-05", COMMENTS[0]), ("nps", 10, "2026-03-10", COMMENTS[1]),
        ("nps", 3, "2026-02-20", COMMENTS[0]), ("nps", 8, "2026-03-11", None),
        ("nps", 9, "2026-03-31", COMMENTS[1]), ("csat", 1, "2026-03-20", COMMENTS[3]),
        ("nps", 0, "2026-01-15", COMMENTS[0]),
    ):  # fmt: skip
        fields = {"comment": comment} if comment else {}
        any_api.respond(survey, score=score, answered_at=f"{day}T10:00:00Z", **fields)
    assert drain_outbox() == []
    return any_api


def page_of(api, key=None):
    with snapshot() as session:
        of = session.scalar(scoped(Survey, api.workspace_id).where(Survey.key == key))
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    return themes_page(
        api.workspace_id, time_zone="UTC", now=now, days=30, survey_id=of.id if of else None
    )


def test_a_page_shows_the_period_the_one_before_and_twelve_steps(written):
    page = page_of(written, "nps")
    support = next(row for row in page.rows if row.key == "support")
    assert (page.since, page.until) == (date(2026, 3, 2), date(2026, 4, 1))
    assert (page.kind, page.analysed) == ("nps", 3)
    assert (support.n, support.previous_n, support.counts) == (1, 1, {"detractor": 1})
    assert (len(support.trend), sum(support.trend), support.trend[1]) == (12, 1, 1)
    assert support.negative + support.positive <= support.n
    every = page_of(written)
    support = next(row for row in every.rows if row.key == "support")
    assert (every.kind, every.analysed, support.n) == (None, 4, 2)
    assert support.counts == {"detractor": 1, "dissatisfied": 1}


def test_pages_about_themes_read_no_responses(written):
    read = []
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)

    def note(connection, cursor, statement, *rest):
        read.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        page_of(written)
        busiest = busiest_survey(written.workspace_id, time_zone="UTC", now=now, days=30)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    with snapshot() as session:
        assert session.get_one(Survey, (written.workspace_id, busiest)).key == "nps"
    assert not [each for each in read if "FROM response" in each or "JOIN response" in each]
    assert len([each for each in read if each.startswith("SELECT")]) <= 9


def test_the_migration_takes_themes_over_and_counts_comments(written, drain_outbox):
    before = stored(written.workspace_id)
    assert before == naive(written.workspace_id)
    steps = list(ScriptDirectory.from_config(migrate.get_config()).walk_revisions())
    below = next(step.down_revision for step in steps if step.revision == "comments1")
    db.session.remove()
    downgrade(revision=below)
    upgrade()
    assert stored(written.workspace_id) == before
    assert drain_outbox() == []
    assert stored(written.workspace_id) == before
    with snapshot() as session:
        assert session.scalar(select(Theme.key).where(Theme.key == "support").limit(1))


def test_the_newest_comments_come_page_by_page_in_order(any_api, drain_outbox):
    """Whatever was found in them: sentiments are looked through one by one."""
    any_api.survey()
    any_api.survey("csat", kind="csat")
    for hour in range(9):
        any_api.respond(
            ("nps", "csat")[hour % 3 == 0], score=(1, 5)[hour % 2],
            comment=(COMMENTS[0], "Your support is great, thank you!")[hour % 2],
            answered_at=f"2026-03-05T{10 + hour // 2}:00:00Z",
        )  # fmt: skip
    assert drain_outbox() == []
    with snapshot() as session:
        theme = session.scalars(
            scoped(Theme, any_api.workspace_id).where(Theme.key == "support")
        ).one()
        tones = {
            row.response_id: row.sentiment
            for row in session.scalars(
                scoped(Assignment, any_api.workspace_id).where(Assignment.theme_id == theme.id)
            )
        }
        responses = [
            row
            for row in session.scalars(scoped(Response, any_api.workspace_id))
            if row.id in tones
        ]
        nps = session.scalars(scoped(Survey, any_api.workspace_id).where(Survey.key == "nps")).one()
    expected = sorted(responses, key=lambda row: (row.answered_at, row.id), reverse=True)
    assert len(set(tones.values())) > 1

    def pages(**filters):
        found, before = [], None
        while rows := verbatims_of_theme(
            any_api.workspace_id, "support", limit=2, before=before, **filters
        ):
            found += [row.response_id for row in rows]
            before = (rows[-1].answered_at, rows[-1].response_id)
        return found

    assert pages() == [row.id for row in expected]
    assert pages(survey_id=nps.id) == [row.id for row in expected if row.survey_id == nps.id]
    for tone in SENTIMENTS:
        assert pages(sentiment=tone) == [row.id for row in expected if tones[row.id] == tone]
