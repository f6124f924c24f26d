"""Which features those use who stay long: what is read, compared, kept and shown."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vocapp import outbox
from vocapp.database import utcnow
from vocapp.succeeding.features import keeping, queries
from vocapp.succeeding.features.keeping import FEATURES, ask_for_screen
from vocapp.succeeding.features.queries import accounts_behind, screen_of

AGO = 500  # days since the first customers began
FEATURE = "report_created"


@pytest.fixture
def app(any_database) -> Any:
    return any_database


class Story:
    """Customers with what they paid and used; days are counted from each one's beginning."""

    def __init__(self, api: Any) -> None:
        self.api, self.events, self.accounts = api, [], []
        self.first = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0)
        self.first -= timedelta(days=AGO)

    def customer(
        self,
        key: str,
        *,
        left: float | None = None,
        uses: dict[str, float] | None = None,
        plan: str = "pro",
        began: float = 0,
    ) -> None:
        start = self.first + timedelta(days=began)
        self.accounts.append({"external_id": key, "name": key.upper(), "plan": plan})
        self._event(key, "subscription", start, product="core", action="started", mrr=1000)
        for name, day in (uses or {}).items():
            self._event(key, "usage", start + timedelta(days=day), name=name)
        if left is not None:
            at = start + timedelta(days=left)
            self._event(key, "subscription", at, product="core", action="cancelled", mrr=0)

    def _event(self, account: str, kind: str, at: datetime, **more: Any) -> None:
        if "mrr" in more:
            more["currency"] = "USD"
        self.events.append(
            {"id": f"e{len(self.events)}", "type": kind, "account": account,
             "at": at.isoformat(), **more}
        )  # fmt: skip

    def send(self) -> None:
        for account in self.accounts:
            assert self.api.post("/api/v1/accounts", account).status_code == 201
        for start in range(0, len(self.events), 500):
            body = {"events": self.events[start : start + 500]}
            assert self.api.post("/api/v1/events", body).json["rejected"] == []
        self.accounts, self.events = [], []

    def screen(self, window_days: int = 30) -> Any:
        """Send what was told, compute, and read it."""
        self.send()
        ask_for_screen(self.api.workspace_id, now=utcnow())
        while outbox.work_off(FEATURES, now=utcnow()):
            pass
        return screen_of(self.api.workspace_id, window_days)


@pytest.fixture
def story(api) -> Story:
    return Story(api)


@pytest.fixture
def kept(story) -> Story:
    """Half used the feature in time: of these 12 of 48 left, of the others 36 of 48."""
    for number in range(48):
        story.customer(f"u{number}", uses={FEATURE: number % 20},
                       left=100 + number if number < 12 else None)  # fmt: skip
        story.customer(f"o{number}", uses={"search": 1},
                       left=100 + number if number < 36 else None)  # fmt: skip
    return story


def found(screen: Any, name: str = FEATURE) -> Any:
    return next(each for each in screen.features if each.name == name)


def test_who_used_it_early_is_compared_with_who_did_not(kept):
    screen = kept.screen()
    assert (screen.n, screen.unknown, screen.lost_before) == (96, 0, 0)
    feature = found(screen)
    assert (feature.users.n, feature.users.lost) == (48, 12)
    assert (feature.others.n, feature.others.lost) == (48, 36)
    assert feature.verdict == "longer"
    assert 0.1 < feature.low < feature.ratio < feature.high < 0.5
    # All are watched for more than a year, so that the curve is the plain share.
    assert feature.users.at(360).survival == pytest.approx(36 / 48)
    assert feature.others.at(360).survival == pytest.approx(12 / 48)
    assert feature.users.at(360).at_risk == 36
    assert found(screen, "search").verdict == "shorter"


def test_use_after_the_window_does_not_count(story):
    """Who stays has time to use everything; who left had not (immortal time)."""
    for number in range(48):
        lost = 100 + number if number % 2 else None
        late = {} if lost else {FEATURE: 200}
        early = {"search": 0} if number % 4 < 2 else {"other": 0}
        story.customer(f"a{number}", left=lost, uses=early | late)
        story.customer(f"b{number}", left=lost, uses=early)
    screen = story.screen(90)
    assert FEATURE not in {each.name for each in screen.compared}
    assert found(screen, "search").verdict == "unclear"


def test_who_left_in_the_window_or_is_too_new_is_not_compared(kept):
    for number in range(5):
        kept.customer(f"early{number}", left=20)
        kept.customer(f"new{number}", began=AGO - 10)
    screen = kept.screen()
    assert (screen.n, screen.lost_before, screen.too_new) == (96, 5, 5)
    assert keeping.WINDOWS == (30, 60, 90)
    assert screen_of(kept.api.workspace_id, 90).n == 96


def test_who_began_before_usage_was_sent_is_unknown_and_not_without_use(kept):
    for number in range(30):
        kept.customer(f"old{number}", began=-100, left=450)
    screen = kept.screen()
    assert (screen.n, screen.unknown) == (96, 30)
    assert found(screen).others.n == 48


def test_a_feature_that_came_later_is_compared_among_those_who_could_use_it(kept):
    for number in range(60):
        kept.customer(f"late{number}", began=200, uses={"assistant": 3} if number % 2 else {},
                      left=100 + number if number % 3 else None)  # fmt: skip
    feature = found(kept.screen(), "assistant")
    assert (feature.users.n, feature.others.n) == (30, 30)


def test_use_before_the_first_payment_counts(kept):
    kept.customer("trial", uses={FEATURE: -5, "search": 0}, began=10)
    assert found(kept.screen()).users.n == 49


def test_plans_are_compared_apart(story):
    """The better plan has the feature and stays longer; within a plan it makes no difference."""
    for number in range(60):
        for plan, part, lost in (("big", 4, number % 6 == 0), ("small", 1, number % 6 != 0)):
            uses = {FEATURE: 0} if number % 5 < part else {"search": 0}
            story.customer(f"{plan}{number}", plan=plan, uses=uses,
                           left=100 + number if lost else None)  # fmt: skip
    feature = found(story.screen())
    assert feature.users.lost / feature.users.n < feature.others.lost / feature.others.n - 0.3
    assert feature.verdict == "unclear"


def test_numbers_open_the_accounts_behind_them(kept, staff):
    kept.screen()
    names = {
        which: len(accounts_behind(kept.api.workspace_id, 30, FEATURE, which))
        for which in queries.LISTS
    }
    assert names == {"all": 96, "used": 48, "used_lost": 12, "not_used": 48, "not_used_lost": 36,
                     "not_used_here": 12}  # fmt: skip
    viewer = staff("viewer")
    page = viewer.get("/features").text
    links = {
        each.replace("&amp;", "&") for each in re.findall(r'href="(/features/accounts[^"]*)"', page)
    }
    assert len(links) > 8
    for link in links:
        assert viewer.get(link).status_code == 200
    listed = viewer.get(f"/features/accounts?which=used_lost&feature={FEATURE}").text
    assert "U11" in listed
    assert "U12" not in listed
    assert "O1" not in listed
    file = viewer.get(f"/features/accounts?which=used_lost&feature={FEATURE}&format=csv").text
    assert len(file.splitlines()) == 13
    assert viewer.get("/features/accounts?feature=nothing").status_code == 404
    assert viewer.get("/features/accounts?which=nothing").status_code == 404


def test_the_page_says_what_it_found_and_offers_a_playbook(kept, staff):
    kept.screen()
    page = staff("success").get("/features").text
    assert "stay longer" in page
    assert "not causes" in page
    offered = re.search(r'href="(/playbooks/new/feature_unused\?feature=[^"]+)"', page)
    assert FEATURE in staff("success").get(offered[1]).text.partition('name="feature"')[2][:300]
    assert "/playbooks/new" not in staff("viewer").get("/features").text
    assert "/features" in staff("viewer").get("/figures").text


def test_an_empty_workspace_says_what_it_takes(staff, story):
    page = staff("viewer").get("/features").text
    assert "Nothing computed yet" in page
    assert 'href="/api/docs"' in page
    assert "No accounts" in staff("viewer").get("/features/accounts").text
    assert story.screen().n == 0
    assert "Nothing to compare yet" in staff("viewer").get("/features").text


def test_few_customers_are_not_compared(story, staff):
    for number in range(10):
        story.customer(f"a{number}", uses={FEATURE: 0}, left=100 if number % 2 else None)
    screen = story.screen()
    assert found(screen).reason == "few_users"
    assert "No feature could be compared yet" in staff("viewer").get("/features").text


def test_files_and_api_tell_the_same(kept, staff):
    kept.screen()
    viewer = staff("viewer")
    for ending in ("svg", "csv"):
        path = f"/features/charts/survival.{ending}?feature={FEATURE}"
        assert viewer.get(path).status_code == 200
    rows = viewer.get("/features.csv").text.splitlines()
    assert any(row.startswith(f"{FEATURE},30,48,12,48,36,") for row in rows)
    told = kept.api.get("/api/v1/features?window_days=30").json
    (feature,) = (each for each in told["features"] if each["feature"] == FEATURE)
    assert feature["verdict"] == "longer"
    assert feature["used"]["accounts"] == 48
    assert kept.api.get("/api/v1/features?window_days=31").status_code == 422


def test_it_is_computed_once_and_then_every_night(kept, staff):
    kept.send()
    browser = staff("product")
    browser.get("/features")
    browser.post("/features")
    while outbox.work_off(FEATURES, now=utcnow()):
        pass
    assert screen_of(kept.api.workspace_id, 30).n == 96
    assert not queries.is_computing(kept.api.workspace_id, now=utcnow())
    later = utcnow() + timedelta(days=1, hours=1)
    assert FEATURES in outbox.due_kinds(now=later)
    assert staff("viewer").post("/features").status_code == 403
