"""The back-test of a workspace: what was known when, worked out by a job, shown on a page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import update

from surveys.filters import parse_compact
from surveys.health import COMPONENTS, Weights
from surveys.health_schemes import Scheme, Segment
from surveys.periods import day_bounds
from vocapp import outbox
from vocapp.collecting.models import Response
from vocapp.database import snapshot, transaction, utcnow
from vocapp.following_up import service as following_up
from vocapp.following_up.models import FollowUp
from vocapp.people.events.models import AccountEvent
from vocapp.people.events.service import InvoiceTerms, NewEvent, Terms, record_events
from vocapp.people.models import Account
from vocapp.succeeding.backtest import queries
from vocapp.succeeding.backtest.models import HealthBacktest
from vocapp.succeeding.backtest.observing import observe
from vocapp.succeeding.backtest.recalling import read_past, told_at
from vocapp.succeeding.backtest.service import BACKTEST, result_of, work_out
from vocapp.succeeding.goals.service import Aim, add_goal, close_goal, record_progress
from vocapp.succeeding.health.keeping import compute
from vocapp.succeeding.health.models import AccountHealth, HealthScheme
from vocapp.succeeding.health.reading import read_facts
from vocapp.succeeding.health.schemes import scheme_in_force, use_own
from vocapp.workspaces.reach import WHOLE_WORKSPACE

ZONE = "UTC"
THEN = datetime(2026, 3, 1, 3, tzinfo=UTC)
LATER = THEN + timedelta(days=70)
ids = iter(range(10**9))


def came(api, *events, now):
    assert record_events(api.workspace_id, events, now=now) == [None] * len(events)


def an_event(type_, days_before, account="a", **more):
    at = more.pop("at", THEN - timedelta(days=days_before))
    named = {"id": f"e{next(ids)}"} | more
    return NewEvent(digest=named["id"], type=type_, account=account, at=at, **named)


def paid(mrr, days_before, account="a", action="changed", **more):
    return an_event(
        "subscription", days_before, account,
        terms=Terms("core", action, mrr, "JPY" if mrr else None), **more,
    )  # fmt: skip


def invoice(key, *, is_paid, days_before, due=None, **more):
    due_on = (THEN - timedelta(days=due)).date() if due is not None else None
    kind = "invoice_paid" if is_paid else "invoice_overdue"
    terms = InvoiceTerms(key, is_paid, due_on, None, None)
    return an_event(kind, days_before, invoice=terms, **more)


def answered(api, score, days_before, *, came_days_before=None, person="p"):
    sent = api.respond(
        score=score, account={"external_id": "a"}, contact={"external_id": person},
        answered_at=(THEN - timedelta(days=days_before)).isoformat(),
    )  # fmt: skip
    assert sent.status_code == 201, sent.text
    received = THEN - timedelta(days=days_before if came_days_before is None else came_days_before)
    with transaction() as session:
        session.execute(
            update(Response)
            .where(Response.workspace_id == api.workspace_id, Response.id == UUID(sent.json["id"]))
            .values(received_at=received)
        )
    return UUID(sent.json["id"])


def account_id(api):
    with snapshot() as session:
        return session.query(Account.id).filter_by(workspace_id=api.workspace_id).scalar()


def a_case(api, account, response_id):
    with transaction() as session:
        case = FollowUp(
            workspace_id=api.workspace_id, response_id=response_id, account_id=account,
            state="open", team="success", rule_key="low-score", priority=1.0, reasons=[],
            due_at=THEN - timedelta(days=2), opened_at=THEN - timedelta(days=6),
        )  # fmt: skip
        session.add(case)
    return case.id


def change_case(api, case_id, *, now, **values):
    following_up.change_follow_up(
        api.workspace_id, case_id, following_up.Change(**values), reach=WHOLE_WORKSPACE,
        actor_user_id=api.workspace.user_id, now=now,
    )  # fmt: skip


def recalled(api, instant):
    with snapshot() as session:
        past = read_past(
            session, api.workspace_id, [account_id(api)], time_zone=ZONE, kept_since=LATER
        )
        return past.facts(instant, told_at(session, api.workspace_id, instant))


def test_what_is_recalled_of_an_instant_is_what_was_read_then_whatever_came_in_later(any_api):
    api = any_api
    api.survey()
    early = THEN - timedelta(days=1)
    start = paid(900, 300, action="started")
    told = [
        start, paid(700, 40),
        *(an_event("usage", days, name="report", count=2, contact=f"u{days % 3}")
          for days in range(2, 110, 9)),
        an_event("login", 12.4, contact="u1"),
        an_event("milestone", 250, name="setup_done"),
        invoice("i1", is_paid=False, days_before=5, due=9),
        invoice("i2", is_paid=True, days_before=8),
    ]  # fmt: skip
    came(api, *told, now=early)
    account = account_id(api)
    answered(api, 9, 60)
    low = answered(api, 3, 8)
    case = a_case(api, account, low)
    change_case(api, case, note="called", now=THEN - timedelta(days=3))
    today = THEN.date()
    goals = [
        add_goal(
            api.workspace_id, "a",
            Aim("Faster", "h", 40, 10, today + timedelta(days=days)),
            today=today - timedelta(days=90), actor_user_id=None, now=THEN - timedelta(days=90),
        ).goal_id
        for days in (20, 900)
    ]  # fmt: skip
    record_progress(api.workspace_id, goals[0], 12, actor_user_id=None, now=early)

    with snapshot() as session:
        read = read_facts(session, api.workspace_id, [account], time_zone=ZONE, now=THEN)
    assert read[account].overdue_invoice_days == 9
    assert read[account].open_cases == read[account].overdue_cases == 1
    assert read[account].goals_on_track == 2

    # All that follows came in later, part of it about the time before.
    came(
        api,
        an_event("usage", 3, name="report", count=500, contact="u9"),
        an_event("login", 1, contact="u9"),
        replace(told[3], id="correction", supersedes=told[3].id, count=90, digest="c"),
        replace(start, id="nothing", supersedes=start.id, digest="n"),
        paid(0, 2, action="cancelled"),
        invoice("i1", is_paid=True, days_before=2),
        an_event("usage", -10, name="report", count=3, contact="u1"),
        now=LATER,
    )
    answered(api, 0, 1, came_days_before=-3)
    answered(api, 1, 4, came_days_before=-9, person="q")
    change_case(api, case, state="resolved", outcome="solved", now=LATER)
    record_progress(api.workspace_id, goals[1], 39, actor_user_id=None, now=LATER)
    close_goal(api.workspace_id, goals[0], "missed", actor_user_id=None, now=LATER)

    assert recalled(api, THEN) == {account: replace(read[account], has_owner=None)}
    now_known = recalled(api, LATER)[account]
    assert now_known.open_cases == 0
    assert now_known.overdue_invoice_days == 0
    assert now_known.goals_missed == 1


def test_events_of_which_it_is_not_known_when_they_came_in_are_not_known_of_the_past(any_api):
    api = any_api
    api.survey()
    came(api, paid(900, 300, action="started"), an_event("login", 20), now=THEN)
    with transaction() as session:
        session.execute(
            update(AccountEvent)
            .where(AccountEvent.workspace_id == api.workspace_id)
            .values(received_at=None)
        )
    assert recalled(api, THEN)[account_id(api)].downgraded_lately is None
    assert recalled(api, LATER)[account_id(api)].downgraded_lately is False


# --- rows ---------------------------------------------------------------------------------

MONTHS = [datetime(2025, month, 15, tzinfo=UTC) for month in range(1, 13)]


def history(api, *, accounts=80, seed=5, leak=False):
    """Accounts that use it less before they leave; all told in the month in which it happened.

    leak: of those who left, uses of the last months of 0 are told after they left.
    """
    rng = Random(seed)
    by_month = {at: [] for at in MONTHS}
    late = []
    for number in range(accounts):
        name, leaves = f"c{number}", rng.randrange(4, 11) if number % 2 else None
        for place, at in enumerate(MONTHS):
            if leaves is not None and place >= leaves:
                break
            if place == 0:
                by_month[at].append(paid(500, 0, name, "started", at=at))
                by_month[at].append(an_event("milestone", 0, name, name="setup_done", at=at))
            fades = leaves is not None and leaves - place <= 3
            uses = rng.randrange(1, 5) if fades else rng.randrange(20, 40)
            by_month[at].append(an_event("usage", 0, name, name="r", count=uses, at=at))
            by_month[at].append(an_event("login", 0, name, at=at))
        if leaves is not None:
            at = MONTHS[leaves]
            by_month[at].append(paid(0, 0, name, "cancelled", at=at))
            if leak:
                told = [e for each in MONTHS for e in by_month[each] if e.account == name]
                late += [
                    replace(e, id=f"{e.id}-leak", digest="x", supersedes=e.id, count=1)
                    for e in told
                    if e.type == "usage"
                ]
    for at, events in by_month.items():
        came(api, *events, now=at + timedelta(days=1))
    for start in range(0, len(late), 500):
        came(api, *late[start : start + 500], now=MONTHS[-1] + timedelta(days=200))


NOW = datetime(2026, 6, 1, 5, tzinfo=UTC)


def quiet(done, total):
    """Nobody waits."""


def test_rows_are_accounts_with_revenue_and_whether_they_left_within_ninety_days(any_api):
    api = any_api
    api.survey()
    came(api, paid(500, 0, "stays", "started", at=MONTHS[0]), now=MONTHS[0])
    came(api, paid(500, 0, "leaves", "started", at=MONTHS[0]), now=MONTHS[0])
    came(api, paid(500, 0, "late", "started", at=MONTHS[5]), now=MONTHS[5])
    gone = day_bounds(date(2025, 7, 1), ZONE)[0]  # the first moment of a month
    came(api, paid(0, 0, "leaves", "cancelled", at=gone), now=MONTHS[8])
    found = observe(api.workspace_id, now=NOW, say=quiet)
    rows = found.rows
    by_account = {}
    for account, month, churned in zip(rows.account, rows.month, rows.churned, strict=True):
        by_account.setdefault(int(account), {})[datetime.fromordinal(month).month] = bool(churned)
    leaver = next(months for months in by_account.values() if any(months.values()))
    # 90 days from 1 April end on 30 June; those of 2 April on would reach 1 July.
    assert leaver == {2: False, 3: False, 4: False, 5: True, 6: True, 7: True}
    assert sum(not any(months.values()) for months in by_account.values()) == 2
    assert found.months[0] == date(2025, 2, 1)
    assert found.not_over == 2 * 3  # April, May and June of two accounts


def test_a_leak_that_is_told_later_does_not_raise_the_score(api, api_of, new_workspace, app):
    other = api_of(app.test_client(), new_workspace("Other"))
    history(api)
    history(other, leak=True)
    found = [
        result_of(observe(each.workspace_id, now=NOW, say=quiet))["backtest"]
        for each in (api, other)
    ]
    assert found[0]["churned_accounts"] == 40
    assert found[0]["auc"]["value"] > 0.6
    assert "signal" in found[0]["verdict"]
    assert found[0] == found[1]


def test_a_job_works_it_out_and_the_page_says_it_in_words(api, staff):
    history(api, accounts=70)
    reader = staff("success")
    page = reader.get("/health-score/back-test").text
    assert "It is being worked out" in page
    with snapshot() as session:
        row = session.scalars(
            outbox.waiting(outbox.select(outbox.Pending), api.workspace_id, BACKTEST)
        ).one()
    finish = work_out([row])[0]
    with transaction() as session:
        finish(session)
        session.delete(session.merge(row))
    told = queries.shown(api.workspace_id, now=utcnow())
    assert told.result.backtest.churned_accounts == 35
    assert not told.is_computing
    page = reader.get("/health-score/back-test").text
    assert "The score foretells who leaves better than chance" in page
    assert "Last NPS answer alone" in page
    assert "had the lower score" in page
    answer = api.get("/api/v1/health-score/back-test").json
    assert answer["backtest"]["auc"]["value"] == told.result.backtest.auc.value
    assert answer["months"][0]["month"] == "2025-02-01"
    assert reader.post("/health-score/back-test").status_code == 303
    assert queries.shown(api.workspace_id, now=utcnow()).is_computing
    assert staff("viewer").post("/health-score/back-test").status_code == 403


def test_with_few_that_left_the_page_gives_no_figure_and_says_why(api, staff):
    history(api, accounts=20)
    with transaction() as session:
        outbox.add(session, api.workspace_id, BACKTEST, api.workspace_id, now=utcnow())
    while outbox.work_off(BACKTEST, now=utcnow()):
        pass
    found = queries.shown(api.workspace_id, now=utcnow()).result.backtest
    assert found.verdict == ("too_thin",)
    page = staff("viewer").get("/health-score/back-test").text
    assert "Too little to tell" in page
    assert "10 left" in page
    assert "Pairs told apart" not in page


def offer(api, **weights):
    """A back-test that offers these weights."""
    history(api, accounts=20)
    result = result_of(observe(api.workspace_id, now=NOW, say=quiet))
    shares = dict.fromkeys(COMPONENTS, 0.0) | weights
    auc = {"value": 0.8, "low": 0.7, "high": 0.9}
    result["learning"] |= {
        "verdict": "offered", "weights": shares, "n": 90, "learnt": auc, "hand_set": auc,
        "difference": {"value": 0.1, "low": 0.02, "high": 0.2},
    }  # fmt: skip
    with transaction() as session:
        session.add(
            HealthBacktest(
                workspace_id=api.workspace_id, done=1, total=1, computed_at=utcnow(), result=result
            )
        )


def score_of(api, account):
    with transaction() as session:
        compute(session, api.workspace_id, [account], time_zone=ZONE, now=utcnow())
    with snapshot() as session:
        return session.get_one(AccountHealth, (api.workspace_id, account)).score


def test_learnt_weights_count_when_an_admin_says_so_and_are_taken_back(api, staff):
    sent = api.post("/api/v1/accounts", {"external_id": "acme", "name": "Acme"})
    account = UUID(sent.json["id"])
    paid_up = InvoiceTerms("i", True, None, None, None)
    came(
        api,
        an_event("invoice_paid", 0, "acme", at=utcnow() - timedelta(days=1), invoice=paid_up),
        an_event("login", 0, "acme", at=utcnow() - timedelta(days=20)),
        now=utcnow(),
    )
    before = score_of(api, account)
    offer(api, payment=100.0)
    admin = staff("admin")
    page = admin.get("/health-score/back-test").text
    assert "more than chance explains" in page
    assert "Use the learnt weights" in page
    assert "Use the learnt weights" not in staff("success").get("/health-score/back-test").text
    assert staff("success").post("/health-score/weights", {"use": "learnt"}).status_code == 403
    done = admin.post("/health-score/weights", {"use": "learnt"}, follow_redirects=True).text
    assert "The learnt weights count from now on" in done
    assert "weights learnt from who left" in done
    assert "Use the learnt weights" not in done
    assert score_of(api, account) == 100.0 != before
    assert "Other weights count since" in admin.get("/accounts/acme").text
    undo = re.search(r'/health-score/weights/undo[^"]*', done).group(0).replace("&amp;", "&")
    assert "Undone" in admin.post(undo, follow_redirects=True).text
    assert score_of(api, account) == before
    assert "can no longer be undone" in admin.post(undo, follow_redirects=True).text
    assert "in no segment" not in page
    own = Scheme(segments=(Segment(parse_compact("plan:in(free)"), Weights(usage=1)),))
    use_own(
        api.workspace_id, own, why="", base=2, actor_user_id=api.workspace.user_id, now=utcnow()
    )
    assert "1 segment has its own" in admin.get("/health-score/back-test").text


def test_weights_that_are_not_offered_cannot_be_used(api, staff):
    page = staff("admin").post("/health-score/weights", {"use": "learnt"}, follow_redirects=True)
    assert "no learnt weights are offered any more" in page.text
    with snapshot() as session:
        assert scheme_in_force(session, api.workspace_id) == Scheme()


def test_segments_have_weights_of_their_own(any_api):
    api = any_api
    accounts = [
        UUID(api.post("/api/v1/accounts", {"external_id": name, "plan": name}).json["id"])
        for name in ("free", "pro")
    ]
    for name in ("free", "pro"):
        came(
            api,
            an_event("login", 0, name, at=utcnow() - timedelta(days=27)),
            an_event("milestone", 0, name, at=utcnow() - timedelta(days=9), name="setup_done"),
            now=utcnow(),
        )
    only_setup = Weights(**(dict.fromkeys(COMPONENTS, 0.0) | {"onboarding": 1.0}))
    scheme = Scheme(segments=(Segment(parse_compact("plan:in(free)"), only_setup),))
    with transaction() as session:
        session.add(
            HealthScheme(
                workspace_id=api.workspace_id, number=1, at=utcnow(), basis="initial",
                scheme=scheme.as_json(),
            )
        )  # fmt: skip
    free, pro = (score_of(api, each) for each in accounts)
    assert free == 100.0
    assert pro is None or pro < 100


def test_an_empty_workspace_says_that_there_is_nothing_to_judge(api, staff):
    with transaction() as session:
        outbox.add(session, api.workspace_id, BACKTEST, api.workspace_id, now=utcnow())
    while outbox.work_off(BACKTEST, now=utcnow()):
        pass
    assert "There is nothing to judge yet" in staff("viewer").get("/health-score/back-test").text
