"""The data set of the benchmark is what the services would have stored, and can be asked."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import delete, func, inspect, select, text, update

from benchmarks.ten_million import questions
from benchmarks.ten_million.load import DataSet, NotEmpty, load
from benchmarks.ten_million.spec import Spec
from vocapp.authoring.models import Question, Survey
from vocapp.authoring.service import NewSurvey, create_survey
from vocapp.collecting.models import Answer, Response
from vocapp.collecting.service import Submission, record_batch
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.measuring.checking import check_cells
from vocapp.measuring.service import rebuild_cells
from vocapp.people.facts import AccountFacts, ContactFacts
from vocapp.people.models import Account, Contact
from vocapp.understanding.models import Analysis, Assignment, CommentMonth, ThemeMonth
from vocapp.understanding.storing import digest_of_text, verbatims
from vocapp.understanding.theme_cells import recount_themes
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import create_workspace

# Until a day on which clocks change.
SPEC = Spec(answers=2000, workspaces=3, until=date(2026, 3, 29))
FEW = replace(SPEC, answers=300, workspaces=2)
# What an account's facts are called where they are no free attributes.
FACTS = ("plan", "region", "mrr", "currency", "started_on", "renewal_on")


def _silent(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture
def made(any_database, tmp_path) -> DataSet:
    return load(any_database, SPEC, tmp_path / "note.json", tell=_silent)


def schema():
    """Indexes and keys of all tables as the database describes them."""
    found = inspect(db.engine)

    def shown(parts):
        return sorted(json.dumps(part, sort_keys=True, default=str) for part in parts)

    return {
        table: (
            shown(found.get_indexes(table)),
            shown([found.get_pk_constraint(table)]),
            shown(found.get_foreign_keys(table)),
        )
        for table in found.get_table_names()
    }


def workspaces():
    with snapshot() as session:
        return session.scalars(select(Workspace.id).order_by(Workspace.id)).all()


def test_the_schema_is_that_of_the_migrations_and_no_key_points_nowhere(any_database, tmp_path):
    before = schema()
    load(any_database, FEW, tmp_path / "note.json", tell=_silent)
    assert schema() == before
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        else:
            for table, name in connection.execute(
                text(
                    "SELECT conrelid::regclass::text, conname FROM pg_constraint "
                    "WHERE contype = 'f'"
                )
            ).all():
                # Marked as unchecked, then checked: the server looks at every row.
                connection.execute(
                    text(f"UPDATE pg_constraint SET convalidated = false WHERE conname = '{name}'")
                )
                connection.execute(text(f'ALTER TABLE {table} VALIDATE CONSTRAINT "{name}"'))


def test_the_same_spec_is_loaded_once_and_never_over_something_else(any_database, tmp_path):
    note = tmp_path / "note.json"
    first = load(any_database, FEW, note, tell=_silent)
    assert load(any_database, FEW, note, tell=_silent) == first
    with snapshot() as session:
        assert session.scalar(select(func.count()).select_from(Response)) == FEW.answers
    with pytest.raises(NotEmpty):
        load(any_database, replace(FEW, seed=2), note, tell=_silent)
    note.unlink()  # as after a load that was interrupted
    with pytest.raises(NotEmpty):
        load(any_database, FEW, note, tell=_silent)


def test_sizes_and_chance_are_those_of_the_spec(made):
    with snapshot() as session:
        by_workspace = session.execute(
            select(Response.workspace_id, func.count()).group_by(Response.workspace_id)
        )
        sizes = sorted((n for _, n in by_workspace), reverse=True)
        attributes = session.scalars(
            select(Response.attributes).where(Response.contact_id.is_not(None)).limit(50)
        ).all()
        times = Counter(
            Counter(
                session.scalars(select(Response.contact_id).where(Response.contact_id.is_not(None)))
            ).values()
        )
        comments = session.scalar(select(func.count()).where(Answer.text.is_not(None))) or 0
        themes = session.scalar(select(func.count(Assignment.theme_id.distinct()))) or 0
    assert sizes == sorted(SPEC.sizes, reverse=True)
    assert {len(each) for each in attributes} == {42}  # 30 free ones, and what 10 are made of
    assert set(times) == {1, 2, 3, 4, 5, 6}
    assert 0.3 < comments / SPEC.answers < 0.4
    assert themes == 12 * SPEC.workspaces


def test_the_services_would_have_stored_the_same(made, any_database):
    """Every answer is sent again to a workspace of its own, in order, and all rows compared."""
    source = workspaces()[1]
    target = made_again(source)
    rows = submissions(source, target)
    outcomes = [
        outcome
        for start in range(0, len(rows), 200)
        for outcome in record_batch(target, rows[start : start + 200], now=utcnow())
    ]
    assert all(outcome.created for outcome in outcomes)
    for stored in (stored_responses, stored_answers, stored_accounts, stored_contacts):
        assert stored(target) == stored(source), stored.__name__


def made_again(source):
    target = create_workspace(
        name="Again", email="again@bench.example", password="ten million answers", now=utcnow(),
        time_zone="America/New_York",
    ).workspace_id  # fmt: skip
    with snapshot() as session:
        kinds = session.scalars(select(Survey.kind).where(Survey.workspace_id == source)).all()
    for kind in kinds:
        new = NewSurvey(key=kind, name=kind, kind=kind, languages=("en", "ja"))
        create_survey(target, new, now=utcnow())
    return target


def submissions(source, target):
    """The answers as a sender would have sent them, in the order in which they came."""
    with snapshot() as session:
        surveys = dict(
            session.execute(
                select(Survey.key, Survey.id).where(Survey.workspace_id == target)
            ).all()
        )
        accounts = {row.id: row for row in session.scalars(scoped(Account, source))}
        contacts = {row.id: row for row in session.scalars(scoped(Contact, source))}
        keys = dict(
            session.execute(
                select(Survey.id, Survey.key).where(Survey.workspace_id == source)
            ).all()
        )
        responses = session.scalars(
            scoped(Response, source).order_by(Response.answered_at, Response.id)
        ).all()
        comments = verbatims(session, source, [row.id for row in responses])
    found = []
    for row in responses:
        said = dict(row.attributes)
        contact, account = contacts.get(row.contact_id), accounts.get(row.account_id)
        of_person = {name: said.pop(name) for name in (contact.attributes if contact else ())}
        of_account = {name: said.pop(name) for name in (account.attributes if account else ())}
        fields = {name: said.pop(name) for name in FACTS} if account else {}
        answers = {"score": row.score} | (
            {"comment": comments[row.id]} if row.id in comments else {}
        )
        found.append(
            Submission(
                survey_id=surveys[keys[row.survey_id]], version=1, answers=answers,
                score=row.score, channel=said.pop("channel"), answered_at=row.answered_at,
                digest=row.digest, id=row.id, locale=said.pop("locale"), attributes=said,
                quiet=True,
                contact=ContactFacts(external_id=contact.external_id, attributes=of_person)
                if contact
                else None,
                account=AccountFacts(
                    external_id=account.external_id, name=account.name, plan=fields["plan"],
                    region=fields["region"], mrr_minor=fields["mrr"],
                    currency=fields["currency"],
                    started_on=date.fromisoformat(fields["started_on"]),
                    renewal_on=date.fromisoformat(fields["renewal_on"]), attributes=of_account,
                )
                if account
                else None,
            )
        )  # fmt: skip
    return found


def stored_responses(workspace_id):
    with snapshot() as session:
        rows = session.execute(
            select(Response, Survey.key, Contact.external_id, Account.external_id)
            .join(
                Survey,
                (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
            )
            .outerjoin(
                Contact,
                (Contact.workspace_id == Response.workspace_id)
                & (Contact.id == Response.contact_id),
            )
            .outerjoin(
                Account,
                (Account.workspace_id == Response.workspace_id)
                & (Account.id == Response.account_id),
            )
            .where(Response.workspace_id == workspace_id)
        ).all()
    return {
        row.id: (
            *rest, row.survey_version, row.channel, row.locale, row.page, row.score,
            row.answered_at, row.digest, row.revision, row.invitation_id, row.attributes,
        )
        for row, *rest in rows
    }  # fmt: skip


def stored_answers(workspace_id):
    with snapshot() as session:
        rows = session.execute(
            select(Answer, Question.key)
            .join(
                Question,
                (Question.workspace_id == Answer.workspace_id)
                & (Question.id == Answer.question_id),
            )
            .where(Answer.workspace_id == workspace_id)
        ).all()
    return {(row.response_id, key): (row.number, row.option, row.text) for row, key in rows}


def stored_accounts(workspace_id):
    with snapshot() as session:
        rows = session.scalars(scoped(Account, workspace_id)).all()
    return {
        row.external_id: (
            row.name, row.plan, row.region, row.mrr_minor, row.currency, row.started_on,
            row.renewal_on, row.attributes, row.fact_as_of,
        )
        for row in rows
    }  # fmt: skip


def stored_contacts(workspace_id):
    with snapshot() as session:
        accounts = {
            row.id: row.external_id for row in session.scalars(scoped(Account, workspace_id))
        }
        rows = session.scalars(scoped(Contact, workspace_id)).all()
    return {
        row.external_id: (
            row.name, row.email, row.locale, accounts[row.account_id], row.attributes,
            row.fact_as_of,
        )
        for row in rows
    }  # fmt: skip


def test_analyses_and_sums_by_day_are_those_of_the_pipeline(made):
    for workspace_id in workspaces():
        with transaction() as session:
            analyses = {
                row.response_id: row for row in session.scalars(scoped(Analysis, workspace_id))
            }
            comments = verbatims(session, workspace_id, list(analyses))
            assert len(analyses) == session.scalar(
                select(func.count()).where(Response.workspace_id == workspace_id)
            )
            assert {key: row.text_digest for key, row in analyses.items()} == {
                key: digest_of_text(comments.get(key)) for key in analyses
            }
            before = sums_by_day(session, workspace_id)
            remembered = what_is_counted(session, workspace_id)
            for row in session.scalars(scoped(Assignment, workspace_id)):
                text_of = comments[row.response_id]
                assert text_of[row.evidence_start : row.evidence_end].strip(" ")
            # Counted anew from nothing, all ends where the loader put it.
            for model in (ThemeMonth, CommentMonth):
                session.execute(delete(model).where(model.workspace_id == workspace_id))
            for model in (Assignment, Analysis):
                session.execute(
                    update(model).where(model.workspace_id == workspace_id).values(counted=None)
                )
            session.expire_all()
            for response in session.scalars(scoped(Response, workspace_id)).all():
                recount_themes(session, response)
            session.flush()
            session.expire_all()
            assert sums_by_day(session, workspace_id) == before
            assert what_is_counted(session, workspace_id) == remembered


def sums_by_day(session, workspace_id):
    rows = [
        tuple(row)
        for model in (ThemeMonth, CommentMonth)
        for row in session.execute(
            select(*model.__table__.c).where(model.workspace_id == workspace_id)
        )
    ]
    assert rows
    return set(rows)


def what_is_counted(session, workspace_id):
    found = {}
    for row in session.scalars(scoped(Assignment, workspace_id)):
        found[(row.response_id, row.theme_id)] = row.counted
    for row in session.scalars(scoped(Analysis, workspace_id)):
        found[row.response_id] = row.counted
    return found


def test_counted_cells_are_exact_and_answer_every_question(made, any_database):
    for workspace_id in workspaces():
        list(rebuild_cells(workspace_id))
        found = check_cells(workspace_id)
        assert (found.differences, found.not_current) == ((), 0)
        assert found.cells > 0
    asked = questions.Asked(made)
    whole = asked.metrics()()
    assert whole.overall.estimate.n == SPEC.sizes[0]
    for what, act in (questions.queries_of(asked) | questions.scans_of(asked)).items():
        assert act() is not None or what in {"heat map, a year", "a theme and its comments"}


def test_the_harness_measures_every_query_page_and_answer(made, any_database, monkeypatch):
    for workspace_id in workspaces():
        list(rebuild_cells(workspace_id))
    questions.compute_drivers(any_database, made)
    monkeypatch.setattr(questions, "timed", lambda what, act, **_: (what, act())[0])
    pages = questions.measure_pages(any_database, made)
    assert len(pages) == len(set(pages))
    assert any("/themes/" in page for page in pages)
