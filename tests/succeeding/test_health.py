"""The health of accounts: what is read of them, worked out at night and when something happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import event, func, select, update

from surveys.health import HealthFacts, LastScore, health
from surveys.periods import local_day
from vocapp import outbox
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.following_up import service as following_up
from vocapp.following_up.models import FollowUp
from vocapp.outbox import Pending
from vocapp.people.health_changes import HEALTH, HEALTH_DAILY
from vocapp.people.models import Account
from vocapp.succeeding.goals.service import Aim, add_goal, close_goal
from vocapp.succeeding.health import keeping
from vocapp.succeeding.health.keeping import compute
from vocapp.succeeding.health.models import AccountHealth, HealthDay
from vocapp.succeeding.health.reading import read_facts
from vocapp.understanding.models import Analysis
from vocapp.workspaces.reach import WHOLE_WORKSPACE

ids = iter(range(10**9))


@pytest.fixture
def api(any_api):
    any_api.survey()
    return any_api


def ago(days=0.0, now=None):
    return ((now or utcnow()) - timedelta(days=days)).isoformat()


def send(api, account, type_, days, **more):
    sent = {"id": f"e{next(ids)}", "type": type_, "account": account, "at": ago(days)} | more
    answered = api.post("/api/v1/events", {"events": [sent]})
    assert answered.json["rejected"] == [], answered.text


def subscribed(api, account, days, mrr, action="changed", product="core"):
    more = {"mrr": mrr, "currency": "JPY"} if mrr else {}
    send(api, account, "subscription", days, product=product, action=action, **more)


def answered(api, account, score, days, person="p", **more):
    sent = api.respond(
        score=score, account={"external_id": account}, answered_at=ago(days),
        contact={"external_id": f"{person}-{account}"}, **more,
    )  # fmt: skip
    assert sent.status_code == 201, sent.text


def save(api, account, **facts):
    sent = api.post("/api/v1/accounts", {"external_id": account, **facts})
    assert sent.status_code in {200, 201}, sent.text
    return UUID(sent.json["id"])


def facts_of(api, *accounts, now=None):
    with snapshot() as session:
        return read_facts(
            session, api.workspace_id, accounts, time_zone="Asia/Tokyo", now=now or utcnow()
        )


def kept(api):
    with snapshot() as session:
        rows = session.scalars(scoped(AccountHealth, api.workspace_id))
        return {row.account_id: row for row in rows}


def days_of(api, account_id):
    with snapshot() as session:
        own = scoped(HealthDay, api.workspace_id).where(HealthDay.account_id == account_id)
        return session.scalars(own.order_by(HealthDay.day)).all()


def work(api, *kinds):
    with snapshot() as session:
        rows = session.scalars(
            scoped(Pending, api.workspace_id).where(Pending.kind.in_(kinds)).order_by(Pending.id)
        )
        return rows.all()


def work_out(api, *accounts, now):
    with transaction() as session:
        compute(session, api.workspace_id, accounts, time_zone="Asia/Tokyo", now=now)


# --- reading ------------------------------------------------------------------------------


def test_of_an_account_of_which_nothing_is_known_no_component_is(api):
    account = save(api, "a")
    facts = facts_of(api, account)
    assert facts == {account: HealthFacts()}
    found = health(facts[account])
    assert found.score is None
    assert [each.points for each in found.components] == [None] * 7
    assert facts_of(api) == {}


def test_everything_is_read_as_it_is_known_now(api, workspace_owner):
    start = (utcnow() - timedelta(days=200)).date()
    account = save(api, "a", started_on=str(start))
    save(api, "quiet")
    workspace_owner(account)
    answered(api, "a", 9, 100)
    answered(api, "a", 4, 10.5)
    for days in (5, 20):
        send(api, "a", "usage", days, name="report", count=3, contact="p-a")
    for days in (40, 60, 90):
        send(api, "a", "usage", days, name="report", count=4, contact="p-a")
        send(api, "a", "usage", days, name="report", count=1, contact=f"q{days}")
    send(api, "a", "usage", 200, name="report", count=500)  # too long ago to count
    send(api, "a", "login", 12.5, contact="p-a")
    send(api, "a", "milestone", 190, name="setup_done")
    subscribed(api, "a", 200, 500, "started")
    subscribed(api, "a", 30, 400)
    with transaction() as session:
        response = session.scalars(
            scoped(Response, api.workspace_id).order_by(Response.answered_at.desc()).limit(1)
        ).one()
        session.add(
            Analysis(
                workspace_id=api.workspace_id, response_id=response.id, state="done",
                sentiment="negative",
            )
        )  # fmt: skip
    a_case(api, account, response.id, opened=10, due=-3)
    known = facts_of(api, account)[account]
    assert known == HealthFacts(
        last_scores=(LastScore("nps", 4, days_ago=10, change=-5),),
        negative_comment_share=1.0,
        active_28_days=1, active_before=2.0, uses_28_days=6, uses_before=5.0,
        days_since_login=12 if known.days_since_login == 12 else 13,
        days_since_start=known.days_since_start, is_set_up=True,
        open_cases=1, overdue_cases=1, oldest_open_days=10,
        days_since_touch=4, has_owner=True, downgraded_lately=True,
    )  # fmt: skip
    assert known.days_since_start in {199, 200, 201}
    assert known.days_since_login in {12, 13}  # to the hour
    found = health(known)
    assert found.band is not None
    assert [each.key for each in found.components if each.points is None] == ["goals"]


def a_case(api, account, response_id, *, opened, due):
    now = utcnow()
    with transaction() as session:
        case = FollowUp(
            workspace_id=api.workspace_id, response_id=response_id, account_id=account,
            state="open", team="success", rule_key="low-score", priority=1.0, reasons=[],
            due_at=now + timedelta(days=due), opened_at=now - timedelta(days=opened, hours=1),
        )  # fmt: skip
        session.add(case)
        session.flush()
    user = api.workspace.user_id
    change = following_up.Change(note="called, nobody there")
    following_up.change_follow_up(
        api.workspace_id, case.id, change, reach=WHOLE_WORKSPACE, actor_user_id=user,
        now=now - timedelta(days=4, hours=1),
    )  # fmt: skip
    return case.id


def test_goals_and_invoices_count_where_they_are_told_of_and_are_unknown_elsewhere(api):
    account, silent = save(api, "a"), save(api, "silent")
    today = local_day(utcnow(), "Asia/Tokyo")
    late, fine = (
        add_goal(
            api.workspace_id, "a",
            Aim("Faster", "hours", baseline=40, target=10, due_on=today + timedelta(days=days)),
            today=today - timedelta(days=90), actor_user_id=None, now=utcnow(),
        ).goal_id
        for days in (10, 9_000)
    )  # fmt: skip
    send(api, "a", "invoice_overdue", 3, invoice="i1", due_on=str(today - timedelta(days=12)))
    send(api, "a", "invoice_paid", 2, invoice="i2")
    known = facts_of(api, account, silent)
    assert known[silent] == HealthFacts()
    assert (known[account].goals_on_track, known[account].goals_behind) == (1, 1)
    assert (known[account].goals_met, known[account].goals_missed) == (0, 0)
    assert known[account].overdue_invoice_days == 12
    for goal, state in ((late, "missed"), (fine, "met")):
        close_goal(api.workspace_id, goal, state, actor_user_id=None, now=utcnow())
    send(api, "a", "invoice_paid", 1, invoice="i1")
    known = facts_of(api, account)
    assert (known[account].goals_met, known[account].goals_missed) == (1, 1)
    assert known[account].overdue_invoice_days == 0


def test_a_change_of_a_goal_or_an_invoice_has_the_health_worked_out_anew(api, drain_outbox):
    account = save(api, "a")
    drain_outbox()
    today = local_day(utcnow(), "Asia/Tokyo")
    aim = Aim("Faster", "hours", baseline=40, target=10, due_on=today + timedelta(days=10))
    add_goal(api.workspace_id, "a", aim, today=today, actor_user_id=None, now=utcnow())
    assert {each.subject_id for each in work(api, HEALTH)} == {account}
    drain_outbox()
    send(api, "a", "invoice_paid", 1, invoice="i1")
    assert {each.subject_id for each in work(api, HEALTH)} == {account}


@pytest.fixture
def workspace_owner(api):
    def give(account):
        with transaction() as session:
            row = session.get_one(Account, (api.workspace_id, account))
            row.owner_user_id = api.workspace.user_id

    return give


def test_what_the_workspace_tells_of_others_is_missed_in_an_account(api):
    start = (utcnow() - timedelta(days=50)).date()
    quiet, young = save(api, "quiet", started_on=str(start)), save(api, "young")
    send(api, "other", "usage", 3, name="report", contact="x")
    send(api, "other", "login", 3, contact="x")
    send(api, "other", "milestone", 3, name="setup_done")
    known = facts_of(api, quiet, young)
    assert known[quiet].uses_28_days == known[quiet].active_28_days == 0
    assert known[quiet].uses_before is None  # it was not there for a whole period before
    assert known[quiet].days_since_login == 3  # longer nobody has told of log-ins
    send(api, "other", "login", 90)
    assert facts_of(api, quiet)[quiet].days_since_login in {49, 50, 51}
    assert known[quiet].is_set_up is False
    assert known[young].days_since_login is None  # nobody knows since when
    assert health(known[quiet]).components[2].points == pytest.approx(33, abs=3)


def test_a_sender_that_fell_silent_says_nothing_of_customers(api):
    send(api, "a", "usage", 40, name="report")
    send(api, "a", "login", 40)
    (account,) = ids_of(api)
    assert facts_of(api, account)[account] == HealthFacts()


def ids_of(api):
    with snapshot() as session:
        rows = session.execute(
            select(Account.id)
            .where(Account.workspace_id == api.workspace_id)
            .order_by(Account.external_id)
        )
        return [row.id for row in rows]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(200, 500, "started", "core"), (10, 400, "changed", "core")], True),
        ([(200, 500, "started", "core"), (100, 400, "changed", "core")], False),
        ([(200, 500, "started", "core"), (10, 0, "cancelled", "core")], True),
        # one product in place of another
        ([(200, 500, "started", "core"), (10, 0, "cancelled", "core"),
          (10, 700, "started", "plus")], False),
        ([(10, 500, "started", "core")], False),
    ],
)  # fmt: skip
def test_who_pays_less_than_ninety_days_ago_was_downgraded(api, changes, expected):
    for days, mrr, action, product in changes:
        subscribed(api, "a", days, mrr, action, product)
    (account,) = ids_of(api)
    assert facts_of(api, account)[account].downgraded_lately is expected


def test_a_change_is_that_of_one_person_and_not_of_who_answered_last(api):
    answered(api, "a", 9, 30, "cheerful")
    answered(api, "a", 2, 20, "gloomy")
    (account,) = ids_of(api)
    (last,) = facts_of(api, account)[account].last_scores
    assert (last.score, last.change) == (2, None)
    answered(api, "a", 8, 1, "cheerful")
    (last,) = facts_of(api, account)[account].last_scores
    assert (last.score, last.change) == (8, -1)


def test_facts_of_many_need_as_many_statements_as_of_one(api):
    for number in range(12):
        answered(api, f"k{number}", 9, 3)
        send(api, f"k{number}", "usage", 3, name="report")

    def statements(accounts):
        seen = []

        def record(*args):
            seen.append(args[2])

        event.listen(db.engine, "before_cursor_execute", record)
        facts_of(api, *accounts)
        event.remove(db.engine, "before_cursor_execute", record)
        return len(seen)

    accounts = ids_of(api)
    assert statements(accounts) == statements(accounts[:1]) <= 12


def test_confidential_answers_move_nothing(api, drain_outbox):
    api.survey("inside", confidential=True)
    answered(api, "a", 9, 3)
    drain_outbox()
    (account,) = ids_of(api)
    before, facts = kept(api)[account], facts_of(api, account)
    api.respond(
        "inside", score=0, comment="Nobody ever answers us, we shall leave.",
        account={"external_id": "a"}, contact={"external_id": "p-a"},
    )  # fmt: skip
    drain_outbox()
    assert facts_of(api, account)[account].last_scores == facts[account].last_scores
    assert facts_of(api, account) == facts
    after = kept(api)[account]
    # Not even when it was looked at last: that would tell that somebody answered.
    assert (after.components, after.computed_at) == (before.components, before.computed_at)


# --- keeping ------------------------------------------------------------------------------


def test_an_answer_a_case_and_a_milestone_bring_the_health_up_to_date(api, drain_outbox):
    answered(api, "a", 2, 1)
    drain_outbox()
    (account,) = ids_of(api)
    row = kept(api)[account]
    support = next(each for each in row.components if each["key"] == "support")
    assert "open_cases:1" in support["reasons"]
    with snapshot() as session:
        case = session.scalars(scoped(FollowUp, api.workspace_id)).one()
    change = following_up.Change(state="resolved", outcome="solved")
    following_up.change_follow_up(
        api.workspace_id,
        case.id,
        change,
        reach=WHOLE_WORKSPACE,
        actor_user_id=api.workspace.user_id,
        now=utcnow(),
    )
    send(api, "a", "milestone", 1, name="setup_done")
    drain_outbox()
    reasons = kept(api)[account].reasons
    assert {"open_cases:0", "set_up", "no_touch_days:0"} <= set(reasons)
    assert [each.kind for each in work(api, HEALTH, HEALTH_DAILY)] == [HEALTH_DAILY]


def test_an_account_that_much_happens_to_waits_once(api):
    for _ in range(3):
        send(api, "a", "milestone", 1, name="setup_done")
        save(api, "a")
    assert len(work(api, HEALTH)) == 1


def test_log_ins_and_uses_wait_for_the_night(api):
    send(api, "a", "login", 1)
    send(api, "a", "usage", 1, name="report")
    assert work(api, HEALTH) == []


def test_the_night_goes_through_all_accounts_in_steps_and_waits_for_the_next(api, monkeypatch):
    monkeypatch.setattr(keeping, "BATCH", 2)
    accounts = {save(api, f"k{number}") for number in range(5)}
    plan_night(api)
    for expected in (2, 4, 5):
        outbox.work_off(HEALTH_DAILY, now=utcnow())
        assert len(kept(api)) == expected
    assert set(kept(api)) == accounts
    (row,) = work(api, HEALTH_DAILY)
    assert row.due_at > utcnow()
    assert row.detail == {}
    assert not outbox.work_off(HEALTH_DAILY, now=utcnow())


def plan_night(api):
    now = utcnow()
    with transaction() as session:
        outbox.add(
            session, api.workspace_id, HEALTH_DAILY, api.workspace_id, now=now,
            priority=outbox.BACKLOG,
        )  # fmt: skip


def test_a_night_that_was_cut_off_goes_on_where_it_was(api, monkeypatch):
    monkeypatch.setattr(keeping, "BATCH", 2)
    for number in range(3):
        save(api, f"k{number}")
    plan_night(api)
    outbox.work_off(HEALTH_DAILY, now=utcnow())
    seen = kept(api)
    compute_all = keeping.compute
    monkeypatch.setattr(keeping, "compute", broken)
    outbox.work_off(HEALTH_DAILY, now=utcnow())
    assert kept(api).keys() == seen.keys()
    (row,) = work(api, HEALTH_DAILY)
    assert (row.attempts, row.detail) == (1, {"after": str(max(seen))})
    monkeypatch.setattr(keeping, "compute", compute_all)
    outbox.work_off(HEALTH_DAILY, now=utcnow() + timedelta(minutes=1))
    assert len(kept(api)) == 3


def broken(*args, **kwargs):
    raise RuntimeError


def test_doing_it_again_changes_nothing_but_the_time(api):
    answered(api, "a", 9, 1)
    send(api, "a", "milestone", 1, name="setup_done")
    subscribed(api, "a", 50, 900, "started")
    (account,) = ids_of(api)
    now = utcnow()
    work_out(api, account, now=now)
    first, days = kept(api)[account], days_of(api, account)
    work_out(api, account, account, now=now + timedelta(minutes=1))
    again = kept(api)[account]
    assert first.score is not None
    assert days_as_tuples(days_of(api, account)) == days_as_tuples(days)
    for name in ("score", "band", "band_since", "coverage", "components", "reasons"):
        assert getattr(again, name) == getattr(first, name), name
    assert again.computed_at > first.computed_at


def days_as_tuples(days):
    return [(each.day, each.score, each.band, each.points) for each in days]


def test_an_account_that_is_gone_is_passed_over(api):
    account = save(api, "a")
    work_out(api, account, UUID(int=7), now=utcnow())
    assert set(kept(api)) == {account}


def test_a_band_is_kept_over_nights_until_it_is_left_clearly(api, monkeypatch):
    account = save(api, "a")
    start = datetime(2026, 3, 1, 3, tzinfo=UTC)
    told = iter((
        (71, "good"), (67, "good"), (64, "watch"), (67, "watch"), (None, None),
        (42, "watch"), (39, "risk"), (42, "risk"), (None, None), (44, "risk"),
    ))  # fmt: skip
    bands = []
    for night in range(10):
        score, expected = next(told)
        monkeypatch.setattr(keeping, "read_facts", reads(account, score))
        work_out(api, account, now=start + timedelta(days=night))
        row = kept(api)[account]
        bands.append((row.band, row.band_since))
        assert row.band == expected, (night, score)
    since = [at for _, at in bands]
    assert since[1] == start
    assert since[3] == start + timedelta(days=2)
    assert since[7] == start + timedelta(days=6)
    assert [each.band for each in days_of(api, account)] == [band for band, _ in bands]


def reads(account, score):
    """As if this share of the goals were met, and no more known than it takes for a score."""

    def read(*args, **kwargs):
        if score is None:
            return {account: HealthFacts()}
        goals = {
            "goals_met": score,
            "goals_on_track": 0,
            "goals_behind": 0,
            "goals_missed": 100 - score,
        }
        return {account: HealthFacts(
            **goals, negative_comment_share=1 - score / 100, is_set_up=None,
        )}  # fmt: skip

    return read


def test_the_history_holds_a_day_where_the_score_in_whole_points_became_another(api, monkeypatch):
    account = save(api, "a")
    start = datetime(2026, 3, 1, 3, tzinfo=UTC)
    for night, score in enumerate((60, 60, 61, 61, 61, 60)):
        monkeypatch.setattr(keeping, "read_facts", reads(account, score))
        work_out(api, account, now=start + timedelta(days=night))
    found = days_of(api, account)
    assert [(each.day.day, round(each.score)) for each in found] == [(1, 60), (3, 61), (6, 60)]
    # Twice on one day: the day holds how it ended.
    monkeypatch.setattr(keeping, "read_facts", reads(account, 30))
    work_out(api, account, now=start + timedelta(days=5, hours=2))
    assert [(each.day.day, round(each.score)) for each in days_of(api, account)][-1] == (6, 30)


def test_an_account_keeps_to_its_workspace(api, new_workspace, api_of):
    other = api_of(api.client, new_workspace("Other"))
    other.survey()
    answered(other, "a", 0, 1)
    send(other, "a", "usage", 1, name="report")
    account = save(api, "a")
    assert facts_of(api, account)[account] == HealthFacts()
    (foreign,) = ids_of(other)
    work_out(api, foreign, now=utcnow())
    assert kept(api) == kept(other) == {}


def test_the_same_score_is_told_of_an_account_by_whichever_way_it_came(api, drain_outbox):
    answered(api, "a", 9, 1)
    subscribed(api, "a", 50, 900, "started")
    send(api, "a", "milestone", 1, name="setup_done")
    drain_outbox()
    (account,) = ids_of(api)
    by_event = kept(api)[account].components
    with transaction() as session:
        mine = Pending.workspace_id == api.workspace_id
        session.execute(
            update(Pending).where(mine, Pending.kind == HEALTH_DAILY).values(due_at=utcnow())
        )
    drain_outbox()
    assert kept(api)[account].components == by_event
    with snapshot() as session:
        planned = select(func.count()).where(mine, Pending.kind == HEALTH_DAILY)
        assert session.scalar(planned) == 1


def test_accounts_that_were_there_before_are_worked_out_without_anything_happening(
    api, drain_outbox
):
    account = save(api, "a")
    db.session.remove()
    downgrade(revision="figures1")
    upgrade()
    drain_outbox()
    assert set(kept(api)) == {account}
    (row,) = work(api, HEALTH, HEALTH_DAILY)
    assert row.kind == HEALTH_DAILY
    assert row.due_at > utcnow()
