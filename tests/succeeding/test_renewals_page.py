"""Renewals: the board, what people say, what happened, forecasts as they were recorded."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select, update

from surveys.exchange import StatedRate
from surveys.health import COMPONENTS
from surveys.periods import period_start
from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.people.figure_changes import FIGURES
from vocapp.people.models import Account
from vocapp.people.money import service as money
from vocapp.succeeding.figures import kept
from vocapp.succeeding.health.models import AccountHealth, HealthDay
from vocapp.succeeding.renewals import keeping, queries, views
from vocapp.succeeding.renewals.models import RenewalOutcome, RenewalSnapshot, RenewalWord
from vocapp.succeeding.renewals.reading import EVERYBODY, Narrowed
from vocapp.succeeding.renewals.recorded import recorded_months
from vocapp.succeeding.renewals.splitting import attributes_in_use, split
from vocapp.workspaces.models import Membership
from vocapp.workspaces.reach import WHOLE_WORKSPACE, OwnAccounts


@pytest.fixture
def app(any_database):
    """Pages, too, are asked for on both databases."""
    return any_database


@pytest.fixture
def workspace(any_api):
    return any_api.workspace


def ahead(days: int) -> str:
    return (utcnow() + timedelta(days=days)).date().isoformat()


def save(api, external_id, **facts):
    answer = api.post("/api/v1/accounts", {"external_id": external_id, **facts})
    assert answer.status_code == 201, answer.text


def account_id(api, external_id) -> UUID:
    with snapshot() as session:
        return session.scalars(
            select(Account.id).where(
                Account.workspace_id == api.workspace_id, Account.external_id == external_id
            )
        ).one()


def healthy(api, external_id, band, score=50.0, *, since_days=400):
    """The health of an account, as it is and was for a while."""
    of = {"workspace_id": api.workspace_id, "account_id": account_id(api, external_id)}
    now = utcnow()
    with transaction() as session:
        session.merge(
            AccountHealth(
                score=score, band=band, last_band=band, band_since=now, coverage=1.0,
                components=[
                    {"key": key, "points": score, "weight": 1 / len(COMPONENTS), "reasons": []}
                    for key in COMPONENTS
                ],
                reasons=["no_owner"], computed_at=now, **of,
            )
        )  # fmt: skip
        day = (now - timedelta(days=since_days)).date()
        session.merge(
            HealthDay(day=day, score=score, band=band, points=[score] * len(COMPONENTS), **of)
        )


def past(api, external_id, outcome, *, days_ago=20, mrr=100):
    """An account whose term of a year was decided then."""
    common = {"type": "subscription", "account": external_id, "product": "core"}
    money = {"mrr": mrr, "currency": "JPY"}
    events = [
        {"id": f"{external_id}-1", "action": "started", **money, "term_ends_on": ahead(-days_ago),
         "at": f"{ahead(-days_ago - 365)}T00:00:00Z", **common},
        {"id": f"{external_id}-2", "action": outcome, "at": f"{ahead(-days_ago)}T00:00:00Z",
         **common, **(money if outcome == "renewed" else {})},
    ]  # fmt: skip
    taken = api.post("/api/v1/events", {"events": events})
    assert taken.json["rejected"] == [], taken.text


def keep(api, now: datetime | None = None):
    with transaction() as session:
        assert keeping.keep_batch(session, api.workspace_id, None, now=now or utcnow()) is None


def of_success(api) -> UUID:
    with snapshot() as session:
        return session.scalars(
            select(Membership.user_id).where(
                Membership.workspace_id == api.workspace_id, Membership.role == "success"
            )
        ).one()


def upcoming(api, days=90):
    return queries.upcoming(
        api.workspace_id, days=days, reach=WHOLE_WORKSPACE, time_zone="UTC", now=utcnow()
    )


def coming(api, days=90):
    return upcoming(api, days).rows()


def column(page, name) -> str:
    return page.split(f'id="{name}"')[1].split("</section>")[0]


@pytest.fixture
def three(any_api):
    """One account in each band that renews within 90 days, and one later."""
    for number, band in enumerate(("good", "watch", "risk"), start=1):
        save(any_api, band, name=band.title() + " Ltd", mrr=100 * number, currency="JPY",
             renewal_on=ahead(10 * number), plan="pro" if number < 3 else "team")  # fmt: skip
        healthy(any_api, band, band)
    save(any_api, "later", name="Later Ltd", mrr=900, currency="JPY", renewal_on=ahead(150))
    return any_api


def test_a_workspace_without_renewals_is_told_where_they_come_from(staff):
    page = staff("success").get("/renewals").text
    assert "No renewal is known yet" in page
    assert "No month with a recorded forecast is over yet" in page


def test_with_few_past_renewals_the_health_decides_and_the_page_says_so(three):
    assert [(row.account.external_id, row.category) for row in coming(three)] == [
        ("good", "commit"), ("watch", "likely"), ("risk", "risk"),
    ]  # fmt: skip
    assert [row.account.external_id for row in coming(three, 365)][-1] == "later"


def test_the_chance_is_that_of_past_renewals_of_the_same_health(three, staff):
    for number in range(30):
        key = f"past-{number}"
        past(three, key, "renewed" if number % 3 else "cancelled")
        healthy(three, key, "risk" if number < 15 else "good")
    keep(three)
    by_key = {row.account.external_id: row for row in coming(three)}
    at_risk = by_key["risk"]
    assert at_risk.chance.n == 15
    assert at_risk.chance.low < 10 / 15 < at_risk.chance.high
    assert at_risk.category == "risk"
    assert by_key["watch"].chance.n == 0
    (found,) = upcoming(three).told()
    assert found.whole.total_minor == 600
    assert found.whole.expected_minor == round(sum(f.chance.value * f.account.mrr_minor
                                                   for f in by_key.values()))  # fmt: skip
    page = staff("success").get("/renewals").text
    assert "Chances come from 30 past renewals." in page
    assert re.search(r"\d+% of such renewals are kept \(\d+% to \d+%\)", column(page, "risk"))


def test_the_band_that_counts_is_that_of_before_it_was_decided(any_api):
    past(any_api, "gone", "cancelled", days_ago=20)
    healthy(any_api, "gone", "good", since_days=300)
    with transaction() as session:
        session.add(
            HealthDay(
                workspace_id=any_api.workspace_id, account_id=account_id(any_api, "gone"),
                day=(utcnow() - timedelta(days=25)).date(), score=10.0, band="risk",
                points=[10.0] * len(COMPONENTS),
            )
        )  # fmt: skip
    for _ in range(2):  # again changes nothing
        keep(any_api)
    with snapshot() as session:
        (row,) = session.scalars(scoped(RenewalOutcome, any_api.workspace_id))
    assert (row.outcome, row.band, row.mrr_minor, row.kept_minor) == ("lost", "good", 100, 0)


def band_of(api, external_id):
    with snapshot() as session:
        return session.scalars(
            scoped(RenewalOutcome, api.workspace_id).where(
                RenewalOutcome.account_id == account_id(api, external_id)
            )
        ).one().band  # fmt: skip


def answered(api, external_id, score, *, days_ago):
    at = f"{ahead(-days_ago)}T09:00:00Z"
    answer = api.respond(score=score, account={"external_id": external_id}, answered_at=at)
    assert answer.status_code in {200, 201}, answer.text


def test_the_health_of_before_it_was_kept_is_worked_out_once_from_what_is_dated_before(any_api):
    any_api.survey()
    for key, score in (("glad", 10), ("cross", 0)):
        past(any_api, key, "renewed", days_ago=20)
        answered(any_api, key, score, days_ago=100)
        answered(any_api, key, 5, days_ago=40)  # within the month that is looked at, or after it
    past(any_api, "unknown", "renewed", days_ago=20)
    keep(any_api)
    first = {key: band_of(any_api, key) for key in ("glad", "cross", "unknown")}
    assert (first["glad"], first["cross"], first["unknown"]) == ("good", "risk", None)
    answered(any_api, "glad", 0, days_ago=95)
    answered(any_api, "unknown", 0, days_ago=95)
    keep(any_api)
    assert {key: band_of(any_api, key) for key in first} == first


def test_the_health_of_many_is_worked_out_a_few_at_a_time(any_api, monkeypatch):
    monkeypatch.setattr("vocapp.succeeding.renewals.keeping._MOST_RECALLED", 1)
    any_api.survey()
    for key in ("one", "two", "three"):
        past(any_api, key, "renewed", days_ago=20)
        answered(any_api, key, 10, days_ago=100)
    after, batches = None, 0
    while batches == 0 or after:
        with transaction() as session:
            after = keeping.keep_batch(session, any_api.workspace_id, after, now=utcnow())
        batches += 1
    assert batches == 3
    assert [band_of(any_api, key) for key in ("one", "two", "three")] == ["good"] * 3


def test_health_that_was_kept_goes_before_what_would_be_worked_out(any_api):
    any_api.survey()
    past(any_api, "glad", "renewed", days_ago=20)
    answered(any_api, "glad", 10, days_ago=100)
    healthy(any_api, "glad", "watch", since_days=200)
    keep(any_api)
    assert band_of(any_api, "glad") == "watch"


def test_what_was_renewed_or_lost_stands_on_the_board_without_being_booked(three, staff):
    past(three, "stays", "renewed")
    past(three, "left", "cancelled")
    page = staff("success").get("/renewals").text
    assert "stays" in column(page, "renewed")
    assert "left" in column(page, "lost")
    assert "left" not in {row.account.external_id for row in coming(three, 365)}


def test_a_word_goes_before_the_forecast_and_can_be_undone(three, staff):
    browser = staff("success")
    path = "/renewals/of/risk"
    browser.post(path, {"category": "commit", "note": "Signed by the CFO", "next": "/renewals"})
    page = browser.get("/renewals").text
    assert "Risk Ltd" in column(page, "commit")
    assert "Signed by the CFO" in page
    undo = re.search(r'action="(/renewals/undo[^"]+)"', page)[1].replace("&amp;", "&")
    assert browser.post(undo).status_code == 303
    page = browser.get("/renewals").text
    assert "Risk Ltd" in column(page, "risk")
    assert "Signed by the CFO" not in page


def test_an_undo_after_somebody_else_spoke_changes_nothing(three, staff):
    browser = staff("success")
    browser.post("/renewals/of/risk", {"category": "commit"})
    undo = re.search(r'action="(/renewals/undo[^"]+)"', browser.get("/renewals").text)[1]
    staff("admin").post("/renewals/of/risk", {"category": "likely"})
    browser.post(undo.replace("&amp;", "&"))
    page = browser.get("/renewals").text
    assert "can no longer be undone" in page
    assert "Risk Ltd" in column(page, "likely")


def test_what_is_at_stake_counts_each_renewal_where_it_is_listed(three, staff):
    """By month, in the category that a word gives it while it holds, also without an amount."""
    browser = staff("success")
    browser.post("/renewals/of/risk", {"category": "commit"})
    browser.post("/renewals/of/later", {"category": "risk"})
    save(three, "later", renewal_on=ahead(150 + 61))  # the word was of another renewal
    save(three, "unpriced", name="Unpriced", renewal_on=ahead(12))
    save(three, "euro", mrr=7, currency="EUR", renewal_on=ahead(-3))
    found = upcoming(three, 365)
    listed = found.rows()
    assert found.n == len(listed) == 6
    for category in ("risk", "likely", "commit"):
        own = [row.account.external_id for row in listed if row.category == category]
        assert [row.account.external_id for row in found.rows(category=category)] == own
        assert found.count(category) == len(own)
    assert {row.account.external_id for row in found.rows(category="commit")} == {"good", "risk"}
    assert found.count("risk") == 0
    months = found.calendar(limit=1)
    assert [each.n for each in months] == [
        len(found.rows(month=each.first)) for each in months
    ]  # fmt: skip
    assert sum(each.n for each in months) == 6
    assert all(len(each.rows) == 1 for each in months)
    yen, euro = found.told()
    assert (yen.currency, yen.whole.n, yen.whole.total_minor) == ("JPY", 4, 1500)
    assert (yen.by_category["commit"].total_minor, euro.whole.total_minor) == (400, 7)


def test_long_lists_come_in_pages(three, staff, monkeypatch):
    for name in ("_PAGE", "_MOST_CARDS", "_MOST_OF_MONTH"):
        monkeypatch.setattr(views, name, 1)
    monkeypatch.setattr(queries, "_PART", 2)
    month = ahead(20)[:7]
    for number in range(2):
        save(three, f"w{number}", name=f"W{number}", renewal_on=f"{month}-28")
    browser = staff("success")
    for page in ("/renewals", "/renewals?view=calendar"):
        assert "view=list" in browser.get(page).text
    for narrowed in ("", f"&month={month}", "&category=likely"):
        seen, path = [], f"/renewals?view=list&days=365{narrowed}"
        while path:
            page = browser.get(path).text
            seen += re.findall(r'<th scope="row"><a href="/accounts/([^"#]+)', page)
            following = re.search(r'href="([^"]+)" rel="next"', page)
            path = following and following[1].replace("&amp;", "&")
        text = browser.get(f"/renewals?view=list&days=365{narrowed}&format=csv").text
        assert seen == [line.split(",")[0] for line in text.splitlines()[1:]]
        assert {"w0", "w1"} <= set(seen)
    assert browser.get("/renewals?view=list&month=9999-12").status_code == 200
    assert browser.get("/renewals?view=list&cursor=forged").status_code == 400


def test_what_was_decided_of_late_is_the_same_from_what_was_kept(three, staff, monkeypatch):
    """With amounts, and for whoever sees only some of the accounts."""
    for number in range(3):
        past(three, f"stays-{number}", "renewed", days_ago=20 + number, mrr=100 + number)
    past(three, "left", "cancelled")
    past(three, "before", "renewed", days_ago=70)
    staff("success")
    me = of_success(three)
    with transaction() as session:
        session.execute(
            update(Account)
            .where(Account.workspace_id == three.workspace_id, Account.external_id == "stays-1")
            .values(owner_user_id=me)
        )

    def of_late(reach, narrowed=EVERYBODY):
        return queries.of_late(
            three.workspace_id, reach=reach, time_zone="UTC", now=utcnow(), narrowed=narrowed,
            limit=2,
        )  # fmt: skip

    asked = [(WHOLE_WORKSPACE,), (OwnAccounts(me),), (WHOLE_WORKSPACE, Narrowed(owner=me))]
    live = [of_late(*each) for each in asked]
    assert [found.totals["renewed"] for found in live] == [3, 1, 1]
    shown = [each.external_id for each in live[0].latest["renewed"]]
    assert shown == ["stays-0", "stays-1"]
    monkeypatch.setattr(kept, "AT_ONCE", 0)
    while outbox.work_off(FIGURES, now=utcnow()):
        pass
    assert [of_late(*each) for each in asked] == live
    past(three, "more", "renewed")
    found = of_late(WHOLE_WORKSPACE)
    assert (found.totals["renewed"], found.as_of is not None) == (3, True)
    page = staff("success").get("/renewals").text
    assert "what came in since is being worked in" in column(page, "renewed")
    assert "data-live" not in page  # it would load again under a note that is being typed


def test_a_word_of_the_last_renewal_is_none_of_the_next(three, staff):
    staff("success").post("/renewals/of/risk", {"category": "commit"})
    save(three, "risk", renewal_on=ahead(80))  # put off by fifty days
    assert {row.account.external_id: row.category for row in coming(three)}["risk"] == "commit"
    save(three, "risk", renewal_on=ahead(30 + 365))
    (row,) = [row for row in coming(three, 366 + 60) if row.account.external_id == "risk"]
    assert (row.category, row.word) == ("risk", None)


@pytest.mark.parametrize(
    ("form", "says"),
    [({"category": "sure"}, "Choose one of the columns."),
     ({"category": "commit", "note": "x" * 5_001}, "A note has at most 5000 characters.")],
    ids=["unknown", "long note"],
)  # fmt: skip
def test_what_cannot_be_saved_says_why_and_keeps_the_note(three, staff, form, says):
    answer = staff("success").post("/renewals/of/risk", {"note": "Half a word", **form})
    assert answer.status_code == 422
    assert says in answer.text
    assert form.get("note", "Half a word") in answer.text
    with snapshot() as session:
        assert session.scalars(scoped(RenewalWord, three.workspace_id)).all() == []


def test_filters_and_the_file_have_the_same_accounts(three, staff):
    browser = staff("success")
    assert "Risk Ltd" not in browser.get("/renewals?plan=pro").text
    text = browser.get("/renewals?plan=pro&days=365&format=csv").text
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == ["good", "watch"]
    assert "Later Ltd" in browser.get("/renewals?view=calendar").text


def test_a_term_that_is_over_with_nothing_told_stays_in_sight(any_api, staff):
    save(any_api, "quiet", name="Quiet Ltd", mrr=100, currency="JPY", renewal_on=ahead(-5))
    save(any_api, "old", name="Old Ltd", mrr=100, currency="JPY", renewal_on=ahead(-40))
    page = staff("success").get("/renewals").text
    assert "Over since 5 days, nothing told yet" in page
    assert "Old Ltd" not in page


def test_a_limited_member_counts_no_renewals_of_others(three, staff):
    staff("success")
    me = of_success(three)
    with transaction() as session:
        session.execute(
            update(Account)
            .where(Account.workspace_id == three.workspace_id, Account.external_id == "good")
            .values(owner_user_id=me)
        )
    for number in range(25):
        past(three, f"past-{number}", "renewed")
    keep(three)
    found = queries.upcoming(
        three.workspace_id, days=90, reach=OwnAccounts(me), time_zone="UTC",
        now=utcnow(), by="plan",
    )  # fmt: skip
    (row,) = found.rows()
    assert (found.n, found.count("commit")) == (1, 1)
    assert (row.account.external_id, row.chance.n_all) == ("good", 0)
    (part,) = split(found, rates=None, past={})  # of the others there is a plan, too
    assert (part.value, part.n) == ("pro", 1)
    assert attributes_in_use(three.workspace_id, reach=OwnAccounts(me)) == []
    assert attributes_in_use(three.workspace_id, reach=WHOLE_WORKSPACE) == ["plan"]


# --- forecasts as they were -----------------------------------------------------------------


def record(api, now):
    with transaction() as session:
        keeping.record_month(session, api.workspace_id, now=now)


def snapshots(api) -> list[RenewalSnapshot]:
    with snapshot() as session:
        return list(
            session.scalars(
                scoped(RenewalSnapshot, api.workspace_id).order_by(RenewalSnapshot.due_on)
            )
        )


def begin_of_next_month() -> datetime:
    first = period_start(utcnow().date() + timedelta(days=31), "month")
    return datetime.combine(first, datetime.min.time(), utcnow().tzinfo)


def test_a_month_is_recorded_once_at_its_beginning(any_api):
    begins = begin_of_next_month()
    due = (begins + timedelta(days=9)).date().isoformat()
    save(any_api, "acme", mrr=100, currency="JPY", renewal_on=due)
    record(any_api, begins + timedelta(days=keeping.BEGINNING_DAYS))
    assert snapshots(any_api) == []  # too late for a forecast
    record(any_api, begins)
    save(any_api, "late", mrr=100, currency="JPY", renewal_on=due)
    past(any_api, "acme", "cancelled")
    record(any_api, begins + timedelta(days=1))
    (row,) = snapshots(any_api)
    assert (row.account_id, row.mrr_minor) == (account_id(any_api, "acme"), 100)
    assert (row.chance, row.category, row.is_word) == (0.5, "likely", False)


def recorded(api, outcomes):
    """Snapshots of last month, of accounts that were then renewed, lost, or neither."""
    now = utcnow()
    month = period_start(now.date().replace(day=1) - timedelta(days=1), "month")
    due_on = month + timedelta(days=14)
    days_ago = (now.date() - due_on).days
    for number, outcome in enumerate(outcomes):
        key = f"r-{number}"
        if outcome is None:
            save(api, key, mrr=100, currency="JPY", renewal_on=due_on.isoformat())
        elif outcome == "moved":
            save(api, key, mrr=100, currency="JPY", renewal_on=ahead(340))
        else:
            past(api, key, outcome, days_ago=days_ago)
        with transaction() as session:
            session.add(
                RenewalSnapshot(
                    workspace_id=api.workspace_id, month=month, account_id=account_id(api, key),
                    due_on=due_on, chance=0.8, category="likely", is_word=False, mrr_minor=100,
                    currency="JPY", taken_at=now - timedelta(days=40),
                )
            )  # fmt: skip
    keep(api)


def test_what_was_said_is_held_against_what_happened(any_api, staff):
    recorded(any_api, ["renewed"] * 15 + ["cancelled"] * 5 + ["moved", None])
    past = recorded_months(any_api.workspace_id, time_zone="UTC", now=utcnow())
    told, (month,) = past.whole, past.months
    whole = told.whole
    assert (told.converted, told.by_currency) == (None, month.by_currency)
    assert (whole.decided, whole.open, whole.is_enough) == (21, 1, True)
    assert whole.renewed.value == pytest.approx(16 / 21)
    assert month.by_currency["JPY"].kept_minor == 1600
    page = staff("success").get("/renewals").text
    assert "Said on average: 80%. Renewed: 76% of 21" in page
    assert "of all owners and plans" not in page
    assert "of all owners and plans" in staff("success").get("/renewals?plan=pro").text


def test_amounts_of_all_months_are_in_the_reporting_currency(any_api, staff):
    """What was forecast and what was kept by the rates of the month of each."""
    recorded(any_api, ["renewed"] * 15 + ["cancelled"] * 5)
    with transaction() as session:
        session.execute(update(RenewalSnapshot).values(currency="USD", mrr_minor=2_00).where(
            RenewalSnapshot.account_id.in_([account_id(any_api, f"r-{n}") for n in range(4)])
        ))  # fmt: skip
        session.execute(update(RenewalOutcome).values(
            currency="USD", mrr_minor=2_00, kept_minor=1_00
        ).where(
            RenewalOutcome.account_id.in_([account_id(any_api, f"r-{n}") for n in range(4)])
        ))  # fmt: skip
        session.execute(update(RenewalSnapshot).values(currency="KWD").where(
            RenewalSnapshot.account_id == account_id(any_api, "r-4")
        ))  # fmt: skip
    money.save_settings(any_api.workspace_id, currency="JPY", margin=None, now=utcnow())
    first = utcnow().date() - timedelta(days=200)
    rate = StatedRate("USD", first, Decimal(150))
    money.state_rates(any_api.workspace_id, [rate], now=utcnow())
    past = recorded_months(any_api.workspace_id, time_zone="UTC", now=utcnow())
    told, (month,) = past.whole, past.months
    for each in (told, month):
        assert each.whole.decided == 20
        # 4 of 2 dollars at 300 yen, of which 1 dollar each was kept; 15 of 100 yen.
        assert each.converted.decided == 19
        assert each.converted.expected_minor == round(0.8 * (4 * 300 + 15 * 100))
        assert each.converted.kept_minor == 4 * 150 + 10 * 100
        assert set(each.by_currency) == {"JPY", "KWD", "USD"}
    answer = any_api.get("/api/v1/renewals").json["accuracy"]
    assert answer["converted"]["kept"] == 1_600
    in_dollars = {"expected": 640, "kept": 400, "bias": pytest.approx(0.6)}
    assert answer["by_currency"]["USD"] == in_dollars
    assert "All months" in staff("success").get("/renewals").text


def test_without_events_what_is_known_of_the_account_tells_what_happened(any_api):
    recorded(any_api, ["moved", None, None])
    save(any_api, "r-0", mrr=60, currency="JPY")
    save(any_api, "r-1", mrr=0, currency="JPY")
    told = recorded_months(any_api.workspace_id, time_zone="UTC", now=utcnow()).whole
    assert (told.whole.decided, told.whole.open) == (2, 1)
    assert told.whole.renewed.value == 0.5
    assert told.by_currency["JPY"].expected_minor == 160
    assert told.by_currency["JPY"].kept_minor == 60  # of 100


def test_who_renewed_in_another_currency_kept_all(any_api):
    recorded(any_api, ["moved"])
    save(any_api, "r-0", mrr=7, currency="EUR")
    told = recorded_months(any_api.workspace_id, time_zone="UTC", now=utcnow()).whole
    assert told.by_currency["JPY"].kept_minor == 100


def test_what_was_kept_in_another_currency_is_that_share_of_the_forecast(any_api):
    recorded(any_api, ["renewed", "renewed", "cancelled", "renewed"])
    euros = {"currency": "EUR", "mrr_minor": 40_00}
    for key, told in (
        ("r-0", {**euros, "kept_minor": 30_00}), ("r-2", {**euros, "kept_minor": 0}),
        ("r-3", {"currency": None, "mrr_minor": None, "kept_minor": None}),  # in several
    ):  # fmt: skip
        with transaction() as session:
            session.execute(
                update(RenewalOutcome).values(told).where(
                    RenewalOutcome.account_id == account_id(any_api, key)
                )
            )  # fmt: skip
    told = recorded_months(any_api.workspace_id, time_zone="UTC", now=utcnow()).whole
    (yen,) = told.by_currency.values()
    assert (yen.decided, yen.renewed.value) == (4, 0.75)
    assert yen.expected_minor == 3 * 80
    assert yen.kept_minor == 75 + 100


def test_few_decided_are_said_to_tell_nothing(any_api, staff):
    recorded(any_api, ["renewed"] * 3)
    assert "Too few decided renewals to tell" in staff("success").get("/renewals").text


def test_every_night_goes_on_by_itself(three, staff):
    staff("success").get("/renewals")
    past(three, "stays", "renewed")
    while outbox.work_off(keeping.RENEWALS, now=utcnow()):
        pass
    with snapshot() as session:
        assert len(session.scalars(scoped(RenewalOutcome, three.workspace_id)).all()) == 1
        assert outbox.is_waiting(session, three.workspace_id, keeping.RENEWALS, three.workspace_id)


def test_the_api_has_the_same(three):
    answer = three.get("/api/v1/renewals?days=25").json
    assert [(each["account"], each["category"]) for each in answer["items"]] == [
        ("good", "commit"), ("watch", "likely"),
    ]  # fmt: skip
    assert answer["forecast"][0]["by_category"]["commit"]["total"] == 100
    assert three.get("/api/v1/renewals?days=0").status_code == 422
    first = three.get("/api/v1/renewals?limit=2").json
    rest = three.get(f"/api/v1/renewals?limit=2&cursor={first['next']}").json
    assert [each["account"] for each in first["items"] + rest["items"]] == ["good", "watch", "risk"]
    assert (rest["next"], rest["forecast"]) == (None, first["forecast"])


def test_home_and_the_account_tell_what_is_at_risk(three, staff):
    browser = staff("success")
    me = of_success(three)
    with transaction() as session:
        session.execute(
            update(Account)
            .where(Account.workspace_id == three.workspace_id)
            .values(owner_user_id=me)
        )
    three.survey()
    three.respond(score=9)
    home = browser.get("/").text
    assert "Renewals at risk in the next 90 days" in home
    assert "1 renewal · ¥300" in home
    page = browser.get("/accounts/risk").text
    assert "In 30 days" in column(page, "renewal")
    assert "the category follows the health alone" in column(page, "renewal")


def test_forecast_and_accuracy_are_split_by_an_attribute_as_it_was_when_a_month_began(
    any_api, staff
):
    recorded(any_api, ["renewed"] * 3 + ["cancelled"])
    # What is said first holds for all the time before; what comes later does not.
    for number, tier in (*enumerate(["gold", "gold", 3, 3]), (3, "lost-later")):
        save(any_api, f"r-{number}", attributes={"tier": tier})
    for number, (tier, region) in enumerate((("gold", "jp"), ("gold", None), (3, "jp"))):
        save(any_api, f"c-{number}", mrr=100, currency="JPY", renewal_on=ahead(20), region=region,
             attributes={"tier": tier})  # fmt: skip
    told = any_api.get("/api/v1/renewals?by=tier").json
    parts = {part["by"]["tier"]: part for part in told["segments"]}
    assert {key: part["accuracy"]["decided"] for key, part in parts.items()} == {"gold": 2, "3": 2}
    assert parts["3"]["accuracy"]["renewed"] == 0.5
    assert [part["forecast"][0]["total"] for part in told["segments"]] == [200, 100]
    one = any_api.get("/api/v1/renewals?by=tier&value=3").json
    assert ([each["account"] for each in one["items"]], one["accuracy"]["decided"]) == (["c-2"], 2)
    assert one["segments"] is None
    without = any_api.get("/api/v1/renewals?by=region&value=").json
    assert [each["account"] for each in without["items"]] == ["c-1"]
    assert any_api.get("/api/v1/renewals?value=3").status_code == 422
    page = staff("success").get("/renewals?by=tier").text
    assert 'value="tier" selected' in page
    assert re.search(r'href="/renewals\?by=tier&amp;value=gold"', page)
    only = staff("success").get("/renewals?by=tier&value=gold").text
    assert "Only accounts with tier: gold." in only
    assert "c-2" not in only
    assert "c-0" in only
    sent = ['name="value" value="gold"', 'name="value_of" value="tier"']
    assert all(field in only for field in sent), "the form sends what it was narrowed to"
    again = staff("success").get("/renewals?days=180&by=tier&value=gold&value_of=tier").text
    assert "Only accounts with tier: gold." in again
    other = staff("success").get("/renewals?days=180&by=region&value=gold&value_of=tier").text
    assert "Only accounts with" not in other, "another attribute was chosen beside it"


def test_too_many_values_are_said_to_be_too_many(any_api, staff, monkeypatch):
    monkeypatch.setattr("vocapp.succeeding.renewals.splitting.MOST_PARTS", 1)
    for number in range(2):
        save(any_api, f"c-{number}", renewal_on=ahead(20), attributes={"crm": number})
    refused = any_api.get("/api/v1/renewals?by=crm")
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "by")
    assert "too many different values" in staff("success").get("/renewals?by=crm").text


def test_values_of_every_kind_and_names_of_every_kind_narrow_alike_on_both_databases(
    any_api, staff
):
    odd = {"vip": True, "score": 1.5, "会社.規模 x'": " 大\u3000", "tags": None, 'a"b': 1,
           "seats, {sold}": 9}  # fmt: skip
    save(any_api, "odd", renewal_on=ahead(20), region="\u3000jp", attributes=odd)
    plain = {"vip": False, "tags": "\u3000", 'a"b': 2}
    save(any_api, "plain", renewal_on=ahead(20), attributes=plain)
    for name, value, found in (
        ("vip", "true", "odd"), ("vip", "false", "plain"), ("score", "1.5", "odd"),
        ("会社.規模 x'", "大", "odd"), ("score", "", "plain"), ("tags", "", "odd, plain"),
        ("region", "jp", "odd"), ("vip", "\0x", ""), ("seats, {sold}", "9", "odd"),
    ):  # fmt: skip
        told = any_api.get("/api/v1/renewals", query_string={"by": name, "value": value}).json
        assert ", ".join(sorted(each["account"] for each in told["items"])) == found, name
    for name in ('a"b', "a\0b"):
        refused = any_api.get("/api/v1/renewals", query_string={"by": name})
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "by")
    browser = staff("success")
    for query in ("by=a%22b", "by=%00", "by=vip&value=%00", "plan=%00"):
        assert browser.get(f"/renewals?{query}").status_code == 200
    assert attributes_in_use(any_api.workspace_id, reach=WHOLE_WORKSPACE) == ["vip"]
