"""The demo: whole, repeatable, marked, and counted like everything else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import fmean

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from nlp.taxonomy import starter_pack
from surveys import journey
from surveys.journey_survey import stages_of
from surveys.periods import local_day
from vocapp import cli
from vocapp.authoring.models import Question
from vocapp.collecting.models import Answer, Response
from vocapp.database import Base, scoped, snapshot, transaction, utcnow
from vocapp.demo import (
    answers,
    asking,
    caring,
    company,
    doings,
    journeys,
    sentences_en,
    sentences_ja,
    service,
    tending,
)
from vocapp.distributing.models import Invitation
from vocapp.following_up.models import FollowUp
from vocapp.measuring.checking import check_cells
from vocapp.outbox import Pending
from vocapp.people.models import Account, Contact
from vocapp.succeeding.goals.models import SuccessGoal
from vocapp.succeeding.health.models import AccountHealth
from vocapp.succeeding.playbooks.models import PlaybookTask
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.understanding import service as understanding
from vocapp.understanding.drivers.models import DriverReport
from vocapp.understanding.models import Analysis
from vocapp.workspaces.models import Workspace

# A fixed moment: what is planned follows from it and the seed alone.
NOW = datetime(2025, 6, 2, 9, tzinfo=UTC)
SMALL = service.Size(accounts=12, people=30, answers=60)


def plan(*, seed=7, now=NOW, size=None):
    size = size or service.Size()
    rng = Random(seed)
    customers = company.customers(rng, count=size.accounts, now=now)
    people = company.people(rng, customers, count=size.people)
    team = tending.Team(Random(f"{seed}:tending"), now=now)
    return customers, people, answers.planned(rng, people, count=size.answers, now=now, team=team)


@pytest.fixture(scope="module")
def whole_plan():
    return plan()


# --- what is planned ----------------------------------------------------------------------


def test_the_same_seed_and_moment_give_the_same_content():
    size = service.Size(accounts=20, people=60, answers=150)
    assert plan(size=size) == plan(size=size)
    assert plan(size=size) != plan(size=size, seed=8)


def test_a_later_moment_moves_the_answers_with_it(whole_plan):
    later = plan(now=NOW + timedelta(days=100), size=service.Size(20, 60, 150))[2]
    assert max(a.answered_at for a in later) > max(a.answered_at for a in whole_plan[2])
    assert max(a.answered_at for a in later) <= NOW + timedelta(days=100)


def test_it_is_as_large_as_promised(whole_plan):
    customers, people, planned = whole_plan
    assert len(customers) == len({c.facts.name for c in customers}) == 200
    assert len(people) == len({p.facts.external_id for p in people}) == 1500
    assert {p.customer.facts.external_id for p in people} == {
        c.facts.external_id for c in customers
    }
    assert 3500 <= len(planned) == len({a.id for a in planned}) <= 4500
    assert {a.survey for a in planned} == {"nps", "csat", "ces"}
    reach = NOW - min(a.answered_at for a in planned)
    assert timedelta(days=500) < reach < timedelta(days=560)
    assert all(a.answered_at < NOW for a in planned)


def test_every_renewal_is_ahead_and_every_start_behind(whole_plan):
    for customer in whole_plan[0]:
        assert customer.facts.started_on < NOW.date() <= customer.facts.renewal_on
        assert (customer.facts.renewal_on - NOW.date()).days <= 366


def nps(planned) -> float:
    scores = [a.score for a in planned if a.survey == "nps"]
    return 100 * (sum(s >= 9 for s in scores) - sum(s <= 6 for s in scores)) / len(scores)


def test_segments_differ_as_planned(whole_plan):
    planned = whole_plan[2]
    by_plan = {
        name: nps([a for a in planned if a.person.customer.facts.plan == name])
        for name in company.PLANS
    }
    assert by_plan["enterprise"] > by_plan["starter"] + 15
    by_region = {
        name: nps([a for a in planned if a.person.customer.region == name])
        for name in company.REGIONS
    }
    assert by_region["us"] > by_region["jp"] + 15
    assert 0 < nps(planned) < 45


def about(theme: str, text: str | None) -> bool:
    """Whether a comment has a bad sentence about a theme."""
    heads = [
        sentence.split("{")[0] or sentence.split("}")[1]
        for stock in (sentences_en, sentences_ja)
        for sentence in stock.STOCK[theme][1]
    ]
    return any(head in (text or "") for head in heads)


def test_one_theme_emerges_in_the_last_weeks(whole_plan):
    with_text = [a for a in whole_plan[2] if a.comment]
    edge = NOW - timedelta(days=answers.EMERGING_DAYS)
    late = [about(answers.EMERGING, a.comment) for a in with_text if a.answered_at >= edge]
    early = [about(answers.EMERGING, a.comment) for a in with_text if a.answered_at < edge]
    assert sum(late) / len(late) > 8 * sum(early) / len(early)


def test_complaints_move_scores(whole_plan):
    told = [a for a in whole_plan[2] if a.survey == "nps" and a.comment]
    assert nps([a for a in told if about("reliability", a.comment)]) < nps(told) - 30


def test_people_write_in_their_own_language(whole_plan):
    for answer in whole_plan[2]:
        if answer.comment:
            kana = any("\u3040" <= char <= "\u30ff" for char in answer.comment)
            assert kana == (answer.person.language == "ja"), answer.comment
            assert "{" not in answer.comment


def test_the_stock_is_large_bilingual_and_not_what_the_classifier_learned_from():
    pack = starter_pack()
    learned = {text for theme in pack.themes for texts in theme.examples.values() for text in texts}
    for stock in (sentences_en, sentences_ja):
        assert set(stock.STOCK) == {theme.key for theme in pack.themes}
        said = [text for pair in stock.STOCK.values() for half in pair for text in half]
        said += [text for third in stock.GENERAL for text in third]
        assert len(said) == len(set(said)) > 120
    everything = {
        text
        for stock in (sentences_en, sentences_ja)
        for pair in stock.STOCK.values()
        for half in pair
        for text in half
    }
    assert not everything & learned


# --- what customers do --------------------------------------------------------------------


def panel_of(now, size=SMALL):
    """What the panel answers of both brands."""
    return [
        answer
        for brand in journeys.BRANDS
        for answer in journeys.planned(
            Random(f"7:{brand.key}"), brand, count=round(size.answers // 6 * brand.share), now=now
        )
    ]


def did_of(now):
    _, people, planned = plan(now=now, size=SMALL)
    return doings.planned(Random("7:doings"), people, planned, now=now)


@pytest.fixture(scope="module")
def did(whole_plan):
    return doings.planned(Random("7:doings"), whole_plan[1], whole_plan[2], now=NOW)


def test_events_are_of_the_past_have_ids_of_their_own_and_follow_from_the_seed(whole_plan, did):
    assert len(did) == len({event.id for event in did})
    assert all(event.at < NOW for event in did)
    assert {event.type for event in did} == {"login", "usage", "milestone", "subscription"}
    assert did == doings.planned(Random("7:doings"), whole_plan[1], whole_plan[2], now=NOW)


def test_who_leaves_was_unhappy_and_used_it_less_before(whole_plan, did):
    left = {
        event.account: event.at
        for event in did
        if event.terms and event.terms.action == "cancelled" and event.terms.product == "core"
    }
    assert 35 <= len(left) <= 75
    assert all(
        each.answered_at < left.get(each.person.customer.facts.external_id, NOW)
        for each in whole_plan[2]
    )
    assert all(event.at <= left.get(event.account, NOW) for event in did)
    scores = {True: [], False: []}
    for each in whole_plan[2]:
        if each.survey == "nps":
            scores[each.person.customer.facts.external_id in left].append(each.score)
    assert fmean(scores[True]) < fmean(scores[False]) - 1

    def uses(of, since_weeks, until_weeks):
        return sum(
            event.count
            for event in did
            if event.type == "usage"
            and event.account in of
            and since_weeks < (of[event.account] - event.at) / timedelta(weeks=1) <= until_weeks
        )

    assert uses(left, 0, 6) < 0.6 * uses(left, 12, 18)
    others = {event.account: NOW for event in did if event.account not in left}
    assert uses(others, 0, 6) > 0.7 * uses(others, 12, 18)


# --- what is filled -----------------------------------------------------------------------


def asked_of(whole_plan, now=NOW):
    _, people, planned = whole_plan
    return asking.planned(Random("7:asking"), people, planned, now=now)


def test_answers_by_mail_were_asked_for_and_others_stayed_silent(whole_plan):
    asked = asked_of(whole_plan)
    assert asked == asked_of(whole_plan)
    assert len({each.id for each in asked}) == len(asked)
    by_mail = {each.id: each for each in whole_plan[2] if each.channel == "email"}
    answered = [each for each in asked if each.answer is not None]
    assert {each.answer for each in answered} == by_mail.keys()
    for each in answered:
        assert each.asked_at < each.seen_at < each.answered_at < NOW
        assert each.person == by_mail[each.answer].person
    for kind, rate in asking.RATES.items():
        sent = [each for each in asked if each.survey == kind and each.state != "not_sent"]
        got = sum(each.answer is not None for each in sent) / len(sent)
        assert abs(got - rate) < 0.05, kind
    silent = [each for each in asked if each.answer is None]
    assert {each.state for each in silent} == {"sent", "bounced", "not_sent"}
    assert all(each.asked_at < NOW for each in silent)
    assert 0.1 < sum(each.seen_at is not None for each in silent) / len(silent) < 0.25


def filled(size=SMALL, now=NOW):
    opened = service.open_demo(now=now)
    for _ in service.fill(opened, seed=7, size=size):
        pass
    return opened


def contents() -> dict[str, int]:
    """How many rows each table has, and every answer's score."""
    with snapshot() as session:
        return {
            table.name: session.scalar(
                select(func.count()).select_from(table).execution_options(voc_all_workspaces=True)
            )
            for table in Base.metadata.sorted_tables
        }


def all_of(model):
    with snapshot() as session:
        return session.scalars(select(model).execution_options(voc_all_workspaces=True)).all()


def test_a_small_demo_is_whole_and_a_second_time_changes_nothing(app, browser):
    opened = filled()
    panel = panel_of(opened.made_at)
    assert (len(all_of(Account)), len(all_of(Contact))) == (12, 30)
    assert len(all_of(Response)) == 60 + len(panel)
    (workspace,) = all_of(Workspace)
    assert workspace.is_demo

    assert len(all_of(Analysis)) == 60 + len(panel)
    assert {row.encoder for row in all_of(Analysis)} <= {None, understanding.STATIC}
    found = check_cells(opened.workspace_id)
    assert found.cells
    assert (list(found.differences), found.not_current) == ([], 0)
    with snapshot() as session:
        assert session.scalar(
            select(func.count()).select_from(Answer).where(
                Answer.workspace_id == opened.workspace_id, Answer.number.is_not(None),
                Answer.question_id.in_(
                    select(Question.id).where(
                        Question.workspace_id == opened.workspace_id, Question.kind != "stars"
                    )
                ),
            )
        ) == 60 + sum("advocate" in each.answers for each in panel)  # fmt: skip

    before = contents()
    assert before["account_event"] > 500
    assert before["subscription_change"] >= 12
    again = service.open_demo(now=NOW)
    assert again.is_filled
    assert again.sign_ins == ()
    assert list(service.fill(again, seed=7, size=SMALL)) == []
    assert contents() == before
    # Nothing waits but what is done at night.
    assert {row.kind for row in all_of(Pending)} == {
        "discover", "health_daily", "touchpoints", "rerank", "drivers", "features", "renewals",
        "figures_nightly",
    }  # fmt: skip
    health = all_of(AccountHealth)
    assert len(health) == 12
    assert sum(row.score is not None for row in health) > 8
    assert {row.state for row in all_of(PlaybookTask)} == {"open", "done"}
    assert {row.state for row in all_of(SuccessGoal)} == {"open", "met"}
    assert len(all_of(SuccessGoal)) == 3
    assert len(all_of(DriverReport)) == 3
    linked = {row.invitation_id for row in all_of(Response) if row.channel == "email"}
    invitations = {row.id: row for row in all_of(Invitation)}
    started = {row.id: row.started_on for row in all_of(Account)}
    assert all(
        started[row.account_id] <= row.answered_at.date()
        for row in all_of(Response)
        if row.account_id and row.id not in {each.id for each in panel}
    )
    assert linked == {key for key, row in invitations.items() if row.state == "answered"}
    assert len(invitations) > 2 * len(linked) > 20

    assert {each.role for each in opened.sign_ins} == {"admin", "product", "success", "viewer"}
    for each in opened.sign_ins:
        browser.get("/")
        assert browser.sign_in(each.email, each.password).status_code == 303, each.role
        assert browser.get("/accounts").status_code == 200
        browser.post("/sign-out")


def test_an_interrupted_demo_goes_on_where_it_was(app):
    opened = service.open_demo(now=NOW)
    for step in service.fill(opened, seed=7, size=SMALL):
        if step.step == "answers":
            break
    assert 0 < len(all_of(Response)) < 60
    filled(now=NOW + timedelta(hours=3))
    ids = {row.id for row in all_of(Response)}
    planned = plan(now=opened.made_at, size=SMALL)[2]
    assert ids == {answer.id for answer in (*planned, *panel_of(opened.made_at))}
    assert check_cells(opened.workspace_id).not_current == 0
    assert len(all_of(Workspace)) == 1
    assert len(all_of(SuccessGoal)) == 3
    assert contents()["account_event"] == len({event.id for event in did_of(opened.made_at)})


def test_recent_answers_open_cases_and_those_of_the_past_have_ended(app):
    opened = filled(size=replace(SMALL, answers=200))
    answered_at = {row.id: row.answered_at for row in all_of(Response)}
    recent, past = [], []
    for case in all_of(FollowUp):
        age = opened.made_at - answered_at[case.response_id]
        (past if age >= tending.UNTIL else recent).append(case)
    assert "resolved" in {case.state for case in recent}
    assert {case.state for case in past} == {"resolved", "closed"}
    for case in past:
        assert case.opened_at == answered_at[case.response_id] < case.resolved_at < opened.made_at
        assert (case.state == "resolved") == (case.first_contact_at is not None)
    for case in recent + past:
        assert (case.outcome is not None) == (case.state == "resolved")


def test_whoever_was_helped_answers_better_than_who_was_not(whole_plan):
    """The demo's truth, which the page on closed loops is to find; over several seeds."""
    better = {True: [], False: []}
    for seed in range(7, 13):
        rng, team = Random(seed), tending.Team(Random(f"{seed}:tending"), now=NOW)
        customers = company.customers(rng, count=200, now=NOW)
        people = company.people(rng, customers, count=1500)
        planned = answers.planned(rng, people, count=3600, now=NOW, team=team)
        tended = {each.answer: each for each in team.tended}
        assert 250 < len(tended) < 1200
        last = {}
        for answer in planned:
            who = (answer.person.facts.external_id, answer.survey)
            before = last.get(who)
            if before is not None and before.id in tended:
                contacted_at = tended[before.id].contacted_at
                in_time = contacted_at is not None and contacted_at < answer.answered_at
                better[in_time].append(answer.score - before.score)
            last[who] = answer
    assert min(map(len, better.values())) > 150
    assert fmean(better[True]) > fmean(better[False]) + 0.3


def test_some_contacts_took_place_and_some_are_late_or_to_come(app, api, workspace):
    now = utcnow()
    day = local_day(now, service.TIME_ZONE)
    for number in range(9):
        started = day - timedelta(days=8 + number)
        body = {"external_id": f"k{number}", "started_on": started.isoformat()}
        assert api.post("/api/v1/accounts", body).status_code == 201
    with transaction() as session:
        for account in session.scalars(scoped(Account, api.workspace_id)):
            account.owner_user_id = workspace.user_id
    for _ in range(2):
        assert list(caring.care(api.workspace_id, time_zone=service.TIME_ZONE, now=now))
        plans = all_of(TouchpointPlan)
        assert {row.state for row in plans} == {"planned", "done", "skipped"}
        planned = [row for row in plans if row.state == "planned"]
        assert any(row.due_on < day for row in planned)
        assert any(row.due_on > day for row in planned)
        assert len(all_of(SuccessGoal)) == 3


# --- the command --------------------------------------------------------------------------


def test_production_refuses_the_demo_without_force(tmp_path, monkeypatch):
    for name, value in {
        "VOC_ENV": "production", "SECRET_KEY": "s" * 40, "VOC_DATA_DIR": str(tmp_path),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(cli.main, ["demo"])
    assert told.exit_code == 1
    assert "--force" in told.output


def test_a_demo_in_an_empty_folder_makes_its_tables_first(tmp_path, monkeypatch):
    monkeypatch.setenv("VOC_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(service, "fill", lambda *_, **__: iter(()))
    told = CliRunner().invoke(cli.main, ["demo"])
    assert told.exit_code == 0, told.output
    assert "/sign-in" in told.output


def test_both_brands_of_the_panel_have_a_path_of_their_own():
    told = {
        brand.key: journey.analyse_journey(
            journey.count_paths(
                stages_of(each.answers)
                for each in journeys.planned(Random(3), brand, count=400, now=NOW)
            )
        )
        for brand in journeys.BRANDS
    }
    ours, theirs = told.values()
    assert theirs.awareness.low > ours.awareness.high
    curiosity = [each.conversions[1].passed for each in (ours, theirs)]
    assert curiosity[0].low > curiosity[1].high


def test_who_leaves_tried_out_less_in_the_first_weeks(did, whole_plan):
    leaving = {each.facts.external_id for each in whole_plan[0] if each.leaves_at}
    tried = {each.account for each in did if each.id.endswith("-first-report_created")}
    accounts = {each.facts.external_id for each in whole_plan[0]}
    assert len(leaving) > 25
    assert len(tried & leaving) / len(leaving) < 0.55
    assert len(tried - leaving) / len(accounts - leaving) > 0.65
