"""The health of accounts as people and machines see it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from surveys.health import COMPONENTS, Weights, health
from surveys.health_facts import HealthFacts, LastScore
from surveys.periods import local_day
from vocapp.database import snapshot, transaction, utcnow
from vocapp.outbox import Pending
from vocapp.people.health_changes import HEALTH
from vocapp.people.models import Account
from vocapp.succeeding.health import queries, wording
from vocapp.succeeding.health.models import AccountHealth, HealthDay
from vocapp.workspaces.models import Membership

NAMES = {"risk": 12.4, "watch": 55.0, "good": 88.9, "unknown": None}


@pytest.fixture
def customers(api):
    """One account of each band and one of none, and what is kept of them."""
    for name, score in NAMES.items():
        keep(api, name, score)
    keep_nothing(api, "new")
    return api


def keep_nothing(api, name):
    sent = api.post("/api/v1/accounts", {"external_id": name, "name": name.title()})
    assert sent.status_code in {200, 201}, sent.text
    with transaction() as session:
        session.execute(
            Pending.__table__.delete().where(
                Pending.workspace_id == api.workspace_id, Pending.kind == HEALTH
            )
        )
    return sent.json["id"]


def keep(api, name, score, *, band=None, since=20, days=(), points=None):
    keep_nothing(api, name)
    band = band or (name if score is not None else None)
    now = utcnow()
    if points is None:
        points = [score, score, *[None] * 5]
    shares = Weights().shares()
    with transaction() as session:
        account = session.scalars(
            select(Account).where(
                Account.workspace_id == api.workspace_id, Account.external_id == name
            )
        ).one()
        session.add(
            AccountHealth(
                workspace_id=api.workspace_id, account_id=account.id, score=score, band=band,
                last_band=band, band_since=now - timedelta(days=since), computed_at=now,
                coverage=sum(s for s, p in zip(shares, points, strict=True) if p is not None),
                components=[
                    {"key": key, "points": p, "weight": s,
                     "reasons": [] if p is None else ["score_low:nps:2", "usage_down:-34"]}
                    for key, p, s in zip(COMPONENTS, points, shares, strict=True)
                ],
                reasons=[] if score is None else ["score_low:nps:2", "usage_down:-34"],
            )
        )  # fmt: skip
        today = local_day(now, "UTC")
        for ago, was, was_band, were in days:
            session.add(
                HealthDay(
                    workspace_id=api.workspace_id, account_id=account.id, score=was,
                    band=was_band, day=today - timedelta(days=ago), points=were,
                )
            )  # fmt: skip


def names_in_order(html):
    return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', html)


def test_the_list_tells_band_and_score_in_words(customers, staff):
    html = staff("viewer").get("/accounts").text
    for name, words in (
        ("Risk", "12</b> At risk"), ("Watch", "55</b> To watch"), ("Good", "88</b> Good"),
        ("Unknown", "Not known"), ("New", "Not known"),
    ):  # fmt: skip
        row = next(part for part in html.split("<tr>") if f">{name}</a>" in part)
        assert words in row, name


def test_the_list_is_sorted_by_health_the_worst_first_and_the_unknown_last(
    customers, staff, monkeypatch
):
    viewer = staff("viewer")
    html = viewer.get("/accounts?sort=health").text
    assert names_in_order(html) == ["Risk", "Watch", "Good", "New", "Unknown"]
    monkeypatch.setattr("vocapp.succeeding.views._PAGE", 2)
    url, seen = "/accounts?sort=health", []
    while url:
        html = viewer.get(url).text
        seen += names_in_order(html)
        following = re.search(r'href="([^"]+)" rel="next"', html)
        url = following.group(1).replace("&amp;", "&") if following else ""
    assert seen == ["Risk", "Watch", "Good", "New", "Unknown"]


@pytest.mark.parametrize(
    ("band", "expected"),
    [("risk", ["Risk"]), ("good", ["Good"]), ("unknown", ["New", "Unknown"]),
     ("nonsense", ["Good", "New", "Risk", "Unknown", "Watch"])],
)  # fmt: skip
def test_the_list_is_narrowed_to_a_band(customers, staff, band, expected):
    assert names_in_order(staff("viewer").get(f"/accounts?health={band}").text) == expected


def test_an_account_tells_each_component_and_what_is_not_known(customers, staff):
    html = staff("viewer").get("/accounts/risk").text
    card = html.split('id="health"')[1].split("</section>")[0]
    assert "12</b> At risk" in card
    assert "2 of 7 parts are known: 50% of the weight." in card
    assert "Low last answer: NPS 2" in card
    assert "Use: 34% less than in the months before" in card
    assert card.count("Not known</td>") == 5
    unknown = staff("viewer").get("/accounts/unknown").text
    assert "Too little is known for a score: 0 of 7 parts." in unknown


def test_an_account_never_worked_out_is_asked_for_when_it_is_looked_at(
    customers, staff, drain_outbox
):
    viewer = staff("viewer")
    for _ in range(2):
        assert "is being worked out" in viewer.get("/accounts/new").text
    with snapshot() as session:
        asked = select(Pending).where(
            Pending.workspace_id == customers.workspace_id, Pending.kind == HEALTH
        )
        assert len(session.scalars(asked).all()) == 1
    drain_outbox()
    assert "is being worked out" not in viewer.get("/accounts/new").text


def test_what_moved_the_score_in_four_weeks_is_told_and_how_it_went(api, staff):
    keep(
        api, "risk", 20.0, points=[20.0, 20.0, *[None] * 5],
        days=[(100, 60.0, "watch", [20.0, 86.7, *[None] * 5]),
              (3, 20.0, "risk", [20.0, 20.0, *[None] * 5])],
    )  # fmt: skip
    html = staff("viewer").get("/accounts/risk").text
    assert "Four weeks ago: 60. What moved it: Use −40.0" in html
    assert "From 60 to 20 in 90 days; lowest 20, highest 60." in html
    assert "60</b> To watch" in html


def test_whose_health_fell_this_week_stands_on_the_first_page_of_the_owner(api, staff):
    seven = [None] * 7
    keep(api, "risk", 30.0, since=2, days=[(30, 60.0, "watch", seven), (2, 30.0, "risk", seven)])
    keep(api, "watch", 55.0, since=2, days=[(30, 20.0, "risk", seven), (2, 55.0, "watch", seven)])
    keep(api, "good", 10.0, band="risk", since=30, days=[(30, 10.0, "risk", seven)])
    api.survey()
    api.respond(score=9)
    success = staff("success")
    assert "Health fell" not in success.get("/").text
    with transaction() as session:
        owner = session.scalar(
            select(Membership.user_id).where(
                Membership.workspace_id == api.workspace_id, Membership.role == "success"
            )
        )
        mine = Account.workspace_id == api.workspace_id
        session.execute(update(Account).where(mine).values(owner_user_id=owner))
    html = success.get("/").text
    card = html.split("Health fell this week")[1].split("</section>")[0]
    assert re.findall(r"/accounts/(\w+)", card) == ["risk"]
    assert "Before: To watch" in card
    assert "Health fell" not in staff("viewer").get("/").text


def test_the_api_tells_the_health_or_null_while_it_was_not_worked_out(customers):
    told = customers.get("/api/v1/accounts/risk").json["health"]
    assert (told["score"], told["band"], told["coverage"]) == (12.4, "risk", 0.5)
    assert [each["key"] for each in told["components"]] == list(COMPONENTS)
    assert told["components"][0] == {
        "key": "survey", "points": 12.4, "weight": 0.2,
        "reasons": ["score_low:nps:2", "usage_down:-34"],
    }  # fmt: skip
    assert told["components"][4] == {
        "key": "relationship", "points": None, "weight": 0.1, "reasons": [],
    }  # fmt: skip
    assert told["computed_at"]
    unknown = customers.get("/api/v1/accounts/unknown").json["health"]
    assert (unknown["score"], unknown["band"]) == (None, None)
    assert customers.get("/api/v1/accounts/new").json["health"] is None


def test_the_health_of_another_workspace_is_not_told(customers, staff, new_workspace):
    stranger = staff("success", of=new_workspace("Other"))
    assert stranger.get("/accounts/risk").status_code == 404
    assert "At risk</span>" not in stranger.get("/accounts?sort=health").text
    with snapshot() as session:
        row = session.scalars(
            select(AccountHealth)
            .where(AccountHealth.score.is_not(None))
            .execution_options(voc_all_workspaces=True)
        ).first()
    other = new_workspace("Third")
    shown = queries.shown(other.workspace_id, row.account_id, time_zone="UTC", now=utcnow())
    assert shown is None


# --- words --------------------------------------------------------------------------------

_NUMBERS = (0, 1, 40)


def every_reason():
    """Codes of every kind of fact, from one end to the other."""
    for n in _NUMBERS:
        for up in (0.5, 2.0):
            yield from health(HealthFacts(
                last_scores=(LastScore("nps", 2, n, -3), LastScore("csat", 5, n, 2),
                             LastScore("ces", 4, n, 0)),
                negative_comment_share=0.4, active_28_days=up, active_before=1,
                uses_28_days=up, uses_before=1, days_since_login=n, active_seat_share=0.4,
                days_since_start=n, is_set_up=False, open_cases=n, overdue_cases=n,
                oldest_open_days=n, resolved_share=0.4, days_since_touch=n, has_owner=up > 1,
                champion_left=up > 1, goals_met=1, goals_on_track=1, goals_behind=1,
                goals_missed=int(up),
                overdue_invoice_days=n, downgraded_lately=up > 1,
            )).components  # fmt: skip
    for before, now in ((0, 0), (0, 3)):
        yield from health(HealthFacts(
            active_28_days=now, active_before=before, uses_28_days=now, uses_before=before,
            is_set_up=True, goals_met=1, goals_on_track=0, goals_behind=0,
            goals_missed=0,
        )).components  # fmt: skip


def test_every_reason_has_words(app):
    codes = {code for component in every_reason() for code in component.reasons}
    names = {code.split(":")[0] for code in codes}
    assert names == set(wording._PLAIN) | set(wording._SAID)
    with app.test_request_context():
        for code in codes:
            words = wording.reason_text(code)
            assert words, code
            assert "%(" not in words, code


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("usage_up:0", "Use: as much as in the months before"),
        ("usage_down:0", "Use: as much as in the months before"),
        ("usage_down:-34", "Use: 34% less than in the months before"),
        ("usage_up:12", "Use: 12% more than in the months before"),
        ("active_people_up:0", "Active people: as many as in the months before"),
        ("active_people_down:-7", "Active people: 7% fewer than in the months before"),
        ("active_people_up:7", "Active people: 7% more than in the months before"),
    ],
)
def test_what_hardly_changed_is_called_the_same(app, code, words):
    with app.test_request_context():
        assert wording.reason_text(code) == words
