"""An account can belong to another; its page sums what is below, each reader's own part of it."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select, update

from tests.people.test_account_merging import id_of, parent_of
from vocapp.database import snapshot, transaction, utcnow
from vocapp.people.models import Account
from vocapp.succeeding.parents.queries import family
from vocapp.workspaces.models import Membership
from vocapp.workspaces.reach import WHOLE_WORKSPACE


def place(api, key, parent=None, **facts):
    body = {"external_id": key, "name": key.title()} | facts
    return api.post("/api/v1/accounts", body | ({} if parent is None else {"parent": parent}))


@pytest.fixture
def group(any_api):
    """group ← east ← shop, and group ← west."""
    place(any_api, "group", mrr=1000_00, currency="EUR")
    place(any_api, "east", "group", mrr=200_00, currency="EUR")
    place(any_api, "shop", "east", mrr=30_00, currency="USD")
    place(any_api, "west", "group")
    any_api.survey()
    for key in ("group", "east", "shop", "shop"):
        assert any_api.respond(score=9, account={"external_id": key}).status_code == 201
    return any_api


def test_machines_say_and_read_what_an_account_belongs_to(group):
    assert parent_of(group, "shop") == id_of(group, "east")
    assert group.get("/api/v1/accounts/shop").json["parent"] == "east"
    assert place(group, "shop", "").status_code == 201
    assert group.get("/api/v1/accounts/shop").json["parent"] is None
    place(group, "shop", plan="pro")  # says nothing of it
    assert group.get("/api/v1/accounts/shop").json["parent"] is None


@pytest.mark.parametrize(("key", "parent"), [("group", "group"), ("group", "shop"), ("x", "none")])
def test_no_account_belongs_to_itself_or_to_what_is_below_it_or_to_nothing(group, key, parent):
    answer = place(group, key, parent)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "parent"
    with snapshot() as session:
        found = session.scalars(
            select(Account.parent_account_id).where(
                Account.workspace_id == group.workspace_id, Account.external_id == key
            )
        ).all()
    assert found in ([], [None])  # nothing was written at all


def test_there_are_at_most_ten_above_one_another(any_api):
    place(any_api, "a0")
    for n in range(1, 10):
        assert place(any_api, f"a{n}", f"a{n - 1}").status_code == 201
    assert place(any_api, "a10", "a9").status_code == 422


def page_of(browser, key):
    return browser.get(f"/accounts/{key}").text


def test_the_page_of_the_parent_sums_what_is_below(api, staff):
    place(api, "group", mrr=1000_00, currency="EUR")
    place(api, "east", "group", mrr=200_00, currency="EUR")
    place(api, "shop", "east", mrr=30_00, currency="USD")
    api.survey()
    for key in ("group", "east", "shop", "shop"):
        api.respond(score=9, account={"external_id": key})
    page = page_of(staff("success"), "group")
    below = page[page.index("Accounts below this one") :]
    assert "€1,200.00 + $30.00" in below
    assert 'href="/accounts/east"' in below
    assert 'href="/accounts/shop"' in below
    assert "2 answers" in below
    assert "Accounts below this one" not in page_of(staff("success"), "shop")
    assert 'href="/accounts/east"' in page_of(staff("success"), "shop")


def limit_to(api, browser, *keys) -> UUID:
    """Have this member see only these accounts."""
    with transaction() as session:
        member = session.scalars(
            select(Membership).where(
                Membership.workspace_id == api.workspace_id, Membership.role == "success"
            )
        ).one()
        member.only_own_accounts = True
        session.execute(
            update(Account)
            .where(Account.workspace_id == api.workspace_id, Account.external_id.in_(keys))
            .values(owner_user_id=member.user_id)
        )
        return member.user_id


def test_whoever_is_limited_to_own_accounts_sees_and_sums_only_those(api, staff):
    place(api, "top", name="Zanzibarco")
    place(api, "group", "top", mrr=1000_00, currency="EUR")
    place(api, "east", "group", name="Zztop", mrr=200_00, currency="EUR")
    place(api, "shop", "east", mrr=30_00, currency="EUR")
    browser = staff("success")
    limit_to(api, browser, "group", "shop")
    page = page_of(browser, "group")
    assert "Zztop" not in page
    assert "Zanzibarco" not in page
    assert "€1,030.00" in page
    assert browser.get("/account-parent?account=group").status_code == 403


def test_it_is_changed_on_the_page_and_taken_back(api, staff):
    for key in ("group", "east"):
        place(api, key)
    browser = staff("success")
    wrong = browser.post("/account-parent", {"account": "east", "parent": "nowhere"})
    assert wrong.status_code == 422
    assert 'value="nowhere"' in wrong.text
    assert (
        browser.post("/account-parent", {"account": "east", "parent": "group"}).status_code == 303
    )
    assert parent_of(api, "east") == id_of(api, "group")
    page = page_of(browser, "east")
    undo = page.split('action="/account-parent/undo')[1].split('"')[0].replace("&amp;", "&")
    assert browser.post(f"/account-parent/undo{undo}", {}).status_code == 303
    assert parent_of(api, "east") is None


def test_older_news_changes_nothing(group):
    from datetime import timedelta

    from vocapp.people.parents import put_under

    with transaction() as session:
        row = session.get_one(Account, (group.workspace_id, id_of(group, "shop")))
        then = utcnow() - timedelta(days=1)
        assert not put_under(session, row, "west", as_of=then, now=utcnow())
    assert parent_of(group, "shop") == id_of(group, "east")


def test_a_ring_that_came_from_elsewhere_hangs_no_page_and_can_be_opened(group):
    """As a restored or repaired database may hold one; nothing is summed twice then."""
    with transaction() as session:
        session.execute(
            update(Account)
            .where(Account.id == id_of(group, "group"))
            .values(parent_account_id=id_of(group, "shop"))
        )
        account = session.get_one(Account, (group.workspace_id, id_of(group, "group")))
        found = family(account, reach=WHOLE_WORKSPACE, answers=1)
        assert sorted(each.external_id for each in found.children) == ["east", "shop", "west"]
        assert dict(found.revenue) == {"EUR": 1200_00, "USD": 30_00}
    assert place(group, "group", "west").status_code == 422  # the ring goes through it
    assert place(group, "group", "").status_code == 201
    assert parent_of(group, "group") is None
