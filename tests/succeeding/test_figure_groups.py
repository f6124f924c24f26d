"""Who renews and stays, by what customers had said beforehand: never by what they said later."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from itertools import pairwise, product
from random import Random
from uuid import UUID

import pytest

from tests.succeeding.test_figures import kpis, login, save, send, terms, waiting, work_off
from tests.understanding.taxonomy_steps import put_theme, say
from vocapp.collecting.service import revise_response
from vocapp.database import scoped, snapshot, utcnow
from vocapp.people.models import Account
from vocapp.succeeding.figures.voice import (
    COMPLAINT,
    FRESH,
    THEME,
    ScoresOverTime,
    ThemesOverTime,
    Voice,
)


@pytest.fixture
def api(any_api):
    any_api.survey()
    return any_api


def answer(api, account, score, at, *, survey="nps", **more):
    sent = api.respond(
        survey, score=score, account={"external_id": account}, answered_at=f"{at}Z", **more
    )
    assert sent.status_code == 201, sent.text
    return UUID(sent.json["id"])


def term(account, at, ends, mrr=1000, **more):
    return terms(account, at, mrr, term_ends_on=ends, **more)


def ended(account, at="2026-02-10"):
    return terms(account, at, 0, action="cancelled")


def renewed(account, at="2026-02-10", mrr=1000):
    return term(account, at, "2027-02-10", mrr, action="renewed")


@pytest.fixture
def year(api):
    """Four customers whose term ends on 10 February; one leaves."""
    for name in ("glad", "sad", "mute", "old"):
        send(api, term(name, "2025-02-10", "2026-02-10", action="started"))
    send(api, renewed("glad", mrr=1200), ended("sad"), renewed("mute", mrr=900), renewed("old"))
    answer(api, "glad", 3, "2025-12-01T00:00:00")  # the last answer counts
    answer(api, "glad", 9, "2026-01-20T00:00:00")
    answer(api, "glad", 0, "2026-02-01T00:00:00")  # the month has begun
    answer(api, "sad", 6, "2026-01-31T23:59:59")
    answer(api, "sad", 10, "2026-02-20T00:00:00")  # after it was decided
    answer(api, "old", 2, "2024-12-31T00:00:00")  # more than a year before
    return api


def by_group(api, by="score_group", month="2026-03"):
    told = kpis(api, month, by=by)["segments"]
    return {each["by"][by]: each["twelve_months"] for each in told}


def rates(api, **query):
    return {
        group: (found["renewal_rate"]["value"], found["renewal_rate"]["n"])
        for group, found in by_group(api, **query).items()
    }


def test_by_hand_renewals_go_by_what_was_said_before_their_month(year):
    assert rates(year) == {
        "promoter": (1, 1), "detractor": (0, 1), None: (1, 2),
    }  # fmt: skip
    whole = kpis(year)["twelve_months"]
    assert (whole["since"], whole["renewal_rate"]["value"]) == ("2025-04", 0.75)
    assert whole["renewal_rate"]["low"] < 0.75 < whole["renewal_rate"]["high"]
    assert rates(year, month="2026-01") == {"detractor": (None, 0), None: (None, 0)}


@pytest.mark.parametrize("scores", [(2, 10), (10, 2)])
def test_of_answers_at_one_instant_the_highest_counts_whichever_came_first(year, scores):
    for score in scores:
        answer(year, "mute", score, "2026-01-15T00:00:00")
    assert rates(year)["promoter"] == (1, 2)


@pytest.mark.parametrize("seed", range(2))
def test_scores_of_all_instants_are_those_of_each(api, seed):
    dice, begin = Random(seed), datetime(2024, 1, 1, tzinfo=UTC)
    days = [begin + timedelta(days=dice.randrange(800)) for _ in range(12)]
    for _ in range(40):  # some at one instant
        answer(api, f"a{dice.randrange(6)}", dice.randrange(11), f"{dice.choice(days):%FT%T}")
    send(api, term("silent", "2024-02-01", "2025-02-01", action="started"))
    with snapshot() as session:
        accounts = session.scalars(scoped(Account, api.workspace_id).with_only_columns(Account.id))
        keys = [each.bytes for each in accounts]
        scores = ScoresOverTime(session, api.workspace_id, min(days) - FRESH)
        voice = Voice(session, api.workspace_id)
        assert len(keys) > 4
        for at in [*days, *(each + timedelta(microseconds=1) for each in days), max(days) + FRESH]:
            of_each = {key.bytes: own for key, own in voice.score_groups(at).items()}
            split = scores.split(keys, at)
            assert sum(map(len, split.values())) == len(keys)
            assert all(
                of_each.get(keys[place]) == (None if group is None else {group})
                for group, places in split.items()
                for place in places
            )


@pytest.mark.parametrize("seed", range(2))
def test_themes_of_all_instants_are_those_of_each(api, seed):
    dice, begin = Random(seed), datetime(2024, 1, 1, tzinfo=UTC)
    days = [begin + timedelta(days=dice.randrange(800)) for _ in range(8)]
    themes = [put_theme(api.workspace_id, key) for key in ("fees", "speed", "help")]
    for _ in range(25):
        comment = answer(api, f"a{dice.randrange(6)}", 5, f"{dice.choice(days):%FT%T}", comment="!")
        for theme in dice.sample(themes, dice.randrange(3)):
            feeling = dice.choice(["negative", "positive"])
            say(api.workspace_id, comment, theme, sentiment=feeling)
    send(api, term("silent", "2024-02-01", "2025-02-01", action="started"))
    with snapshot() as session:
        accounts = session.scalars(scoped(Account, api.workspace_id).with_only_columns(Account.id))
        keys = [each.bytes for each in accounts]
        comments = ThemesOverTime(session, api.workspace_id, min(days) - FRESH)
        voice = Voice(session, api.workspace_id)
        for at, attribute in product([*days, max(days) + FRESH], (THEME, COMPLAINT)):
            of_each = {key.bytes: own for key, own in voice.groups(attribute, at).items()}
            split = comments.split(attribute, keys, at)
            for place, key in enumerate(keys):
                told = {theme for theme, places in split.items() if place in places}
                assert told == of_each.get(key, {None})


def test_by_hand_revenue_goes_by_what_was_said_before_the_twelve_months(year):
    """On 1 April 2025 only `old` had answered: 2 of 10, on New Year's Eve."""
    found = by_group(year)
    assert found["detractor"]["accounts"] == {"start": 1, "end": 1}
    assert found["detractor"]["net_revenue_retention"]["value"] == 1
    assert found[None]["accounts"] == {"start": 3, "end": 2}
    assert found[None]["churn_rate"]["value"] == pytest.approx(1 / 3)
    assert found[None]["net_revenue_retention"]["value"] == pytest.approx(2100 / 3000)
    assert found[None]["gross_revenue_retention"]["value"] == pytest.approx(1900 / 3000)
    assert found["promoter"]["accounts"] == {"start": 0, "end": 0}


def test_stored_and_computed_groups_are_the_same(year):
    theme = put_theme(year.workspace_id, "fees")
    say(year.workspace_id, answer(year, "mute", 7, "2026-01-05T00:00:00", comment="Dear"), theme)
    computed = [kpis(year, by=by) for by in ("score_group", "theme", "complaint", "plan")]
    work_off()
    assert waiting() == 0
    assert [kpis(year, by=by) for by in ("score_group", "theme", "complaint", "plan")] == computed


def test_a_late_answer_a_late_renewal_and_a_correction_count_at_once(year):
    work_off()
    answer(year, "mute", 10, "2026-01-15T00:00:00")
    assert rates(year)["promoter"] == (1, 2)
    work_off()
    late = term("late", "2025-03-01", "2026-03-01", action="started")
    cancelled = ended("late", "2026-03-01")
    send(year, late, cancelled)
    assert rates(year)[None] == (0.5, 2)
    work_off()
    send(year, renewed("late", "2026-03-01") | {"supersedes": cancelled["id"]})
    assert rates(year)[None] == (1, 2)


def test_a_corrected_answer_counts_at_once_and_one_of_this_month_changes_nothing(year):
    late = answer(year, "mute", 10, "2026-01-15T00:00:00")
    work_off()
    assert revise_response(
        year.workspace_id, late, revision=None, answers={"score": 0}, now=utcnow()
    )
    assert rates(year)["detractor"] == (0.5, 2)
    work_off()
    assert year.respond(score=3, account={"external_id": "glad"}).status_code == 201
    assert waiting() == 0


def test_confidential_answers_single_nobody_out(year):
    year.survey("inside", confidential=True)
    answer(year, "mute", 10, "2026-01-15T00:00:00", survey="inside")
    assert rates(year)["promoter"] == (1, 1)


def test_themes_split_by_comments_and_by_complaints(year):
    fees, speed = (put_theme(year.workspace_id, key) for key in ("fees", "speed"))
    for account, theme, sentiment, at in (
        ("sad", fees, "negative", "2026-01-10"),
        ("sad", speed, "negative", "2026-01-10"),
        ("mute", fees, "positive", "2026-01-10"),
        ("glad", speed, "negative", "2026-02-11"),  # too late
    ):
        comment = answer(year, account, 7, f"{at}T00:00:00", comment="About it")
        say(year.workspace_id, comment, theme, sentiment=sentiment)
    assert rates(year, by="theme") == {"fees": (0.5, 2), "speed": (0, 1), None: (1, 2)}
    assert rates(year, by="complaint") == {"fees": (0, 1), "speed": (0, 1), None: (1, 3)}


def accounts(page, which, **query):
    shown = page.get(
        "/figures/accounts",
        query_string={"month": "2026-03", "which": which, "format": "csv", "months": 12,
                      "currency": "any", "by": "score_group"} | query,
    )  # fmt: skip
    assert shown.status_code == 200
    return {row["account"] for row in csv.DictReader(StringIO(shown.text.lstrip("\ufeff")))}


@pytest.fixture
def page(workspace, api_of, app, staff):
    """The same on the database of pages."""
    api = api_of(app.test_client(), workspace)
    api.survey()
    year.__wrapped__(api)
    return staff("viewer")


def test_each_rate_opens_the_accounts_behind_it(page):
    assert accounts(page, "not_renewed", value="detractor") == {"sad"}
    assert accounts(page, "renewed", value="promoter") == {"glad"}
    assert accounts(page, "renewed", value="~") == {"mute", "old"}
    assert accounts(page, "start", value="detractor") == {"old"}
    assert accounts(page, "lost", value="~") == {"sad"}
    assert accounts(page, "shrunk", value="~") == {"mute"}
    assert accounts(page, "renewed", value="~", months="") == set()  # none in March


def test_the_page_says_the_rates_and_that_they_are_no_cause(page):
    shown = page.get("/figures/groups?month=2026-03").text
    assert "Detractors renew at 0%" in shown
    assert "Promoters at 100%" in shown
    assert "need not be its cause" in shown
    assert "No answer" in shown
    for by in ("theme", "complaint", "plan", "x", "%00"):
        assert page.get(f"/figures/groups?month=2026-03&by={by}").status_code == 200
    chart = "/figures/groups/charts/renewals"
    rows = list(csv.reader(StringIO(page.get(f"{chart}.csv?month=2026-03").text)))
    assert [row[0] for row in rows[1:]] == ["Promoters", "Detractors", "No answer"]
    assert page.get(f"{chart}.svg?month=2026-03").status_code == 200
    assert "Nobody can be compared yet" in page.get("/figures/groups?month=2020-03").text


# --- against the definition, told once more in another way -------------------------------


def _random_customers(dice):
    for number in range(12):
        name, day = f"a{number}", date(2025, 1, 1) + timedelta(days=dice.randrange(200))
        ends = day + timedelta(days=dice.choice([30, 90]))
        yield "term", name, day, "started", ends
        while ends < date(2026, 3, 1):
            decided = max(day + timedelta(days=1), ends + timedelta(days=dice.randint(-40, 20)))
            action = "cancelled" if dice.random() < 0.2 else "renewed"
            day, due = decided, ends
            ends = max(day, due) + timedelta(days=30)
            yield "term", name, day, action, ends
            if action == "cancelled":
                break
        for _ in range(dice.randrange(5)):
            at = datetime(2024, 6, 1, tzinfo=UTC) + timedelta(hours=dice.randrange(600 * 24))
            yield "answer", name, at, dice.randint(0, 10), None


def _by_definition(told, last):
    since, until = last.replace(year=last.year - 1, month=last.month + 1), date(2026, 3, 1)
    found = {}
    for name in {each[1] for each in told}:
        own = sorted((each for each in told if each[:2] == ("term", name)), key=lambda e: e[2])
        for (*_, due), (_, _, decided, action, _) in pairwise(own):
            if not since <= decided < until:
                continue
            first = datetime(*min(due, decided).timetuple()[:2], 1, tzinfo=UTC)
            said = [
                (each[2], each[3])
                for each in told
                if each[:2] == ("answer", name) and timedelta(0) < first - each[2]
                and first - each[2] <= timedelta(days=365)
            ]  # fmt: skip
            score = max(said)[1] if said else None
            group = None if score is None else (
                "promoter" if score > 8 else "passive" if score > 6 else "detractor"
            )  # fmt: skip
            renewals, n = found.get(group, (0, 0))
            found[group] = (renewals + (action == "renewed"), n + 1)
    return {group: (pytest.approx(renewals / n), n) for group, (renewals, n) in found.items()}


@pytest.mark.parametrize("seed", range(2))
def test_renewal_rates_are_what_their_definition_says(api, seed):
    told = list(_random_customers(Random(seed)))
    events = [
        terms(name, day, 0 if action == "cancelled" else 100, action=action)
        | ({} if action == "cancelled" else {"term_ends_on": str(ends)})
        for kind, name, day, action, ends in told
        if kind == "term"
    ]
    Random(seed).shuffle(events)
    send(api, *events)
    for kind, name, at, score, _ in told:
        if kind == "answer":
            answer(api, name, score, at.replace(tzinfo=None).isoformat())
    asked = [(month, by) for month in ("2026-01", "2026-02") for by in ("score_group", "cohort")]
    computed = [kpis(api, month, by=by) for month, by in asked]
    work_off()
    assert [kpis(api, month, by=by) for month, by in asked] == computed
    found = {group: rate for group, rate in rates(api, month="2026-02").items() if rate[1]}
    assert found == _by_definition(told, date(2026, 2, 1))


def test_groups_of_the_month_itself_are_told_too(year):
    send(year, login("glad", "ann", "2026-02-15T00:00:00Z"))
    save(year, external_id="sad", plan="pro")
    month = {
        each["by"]["score_group"]: each
        for each in kpis(year, "2026-02", by="score_group")["segments"]
    }
    assert month["detractor"]["churn_rate"]["value"] == 1
    assert month["promoter"]["net_revenue_retention"]["value"] == pytest.approx(1.2)
    assert month["promoter"]["active_users"]["value"] == 1
