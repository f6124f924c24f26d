"""The accounts of a workspace: who they are, how they do, who looks after them."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, select, update

from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.extensions import db
from vocapp.following_up.models import FollowUp
from vocapp.people.models import Account
from vocapp.succeeding.story.places import Place
from vocapp.succeeding.story.queries import timeline
from vocapp.workspaces.models import Membership


def answer(api, account, score=9, comment=None, **more):
    """An answer of a person of an account, which is thereby known."""
    body = {"score": score, "account": account, "contact": {"external_id": f"p-{score}-{account}"}}
    body["account"] = {"external_id": account, **more.pop("facts", {})}
    if comment:
        body["comment"] = comment
    sent = api.respond(**body, **more)
    assert sent.status_code == 201, sent.text


def names_in_order(html: str) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', html)


@pytest.fixture
def customers(api):
    """Three accounts in three currencies and moods."""
    api.survey()
    answer(api, "a", 10, facts={"name": "Alder", "mrr": 50_000, "currency": "USD"})
    answer(api, "b", 2, facts={"name": "白樺商事", "mrr": 900_000, "currency": "JPY",
                              "renewal_on": "2031-01-01"})  # fmt: skip
    answer(api, "c", 8, facts={"name": "50% Off_Ltd", "mrr": 700_000, "currency": "EUR",
                              "renewal_on": "2030-01-01"})  # fmt: skip
    return api


def test_an_empty_list_says_what_will_be_here(staff):
    page = staff("viewer").get("/accounts")
    assert page.status_code == 200
    assert "No accounts yet" in page.text
    how = re.search(r'<a [^>]*href="([^"]+)"[^>]*>How to send accounts<', page.text)
    assert how
    assert staff("viewer").get(how[1]).status_code == 200


def test_the_list_shows_score_revenue_and_open_cases(customers, staff, drain_outbox):
    drain_outbox()
    html = staff("viewer").get("/accounts").text
    row = next(part for part in html.split("<tr>") if "白樺商事" in part)
    assert "Detractor" in row
    assert "¥900,000" in row
    assert re.search(r'data-label="Open follow-ups">1<', row)
    row = next(part for part in html.split("<tr>") if "Alder" in part)
    assert re.search(r'data-label="Open follow-ups">0<', row)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["50% Off_Ltd", "Alder", "白樺商事"]),
        ("-mrr", ["白樺商事", "50% Off_Ltd", "Alder"]),
        ("renewal", ["50% Off_Ltd", "白樺商事", "Alder"]),
        ("-cases", ["白樺商事", "50% Off_Ltd", "Alder"]),
        ("nonsense", ["50% Off_Ltd", "Alder", "白樺商事"]),
    ],
)
def test_the_list_is_sorted_as_asked(customers, staff, drain_outbox, sort, expected):
    drain_outbox()
    assert names_in_order(staff("viewer").get(f"/accounts?sort={sort}").text) == expected


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("白樺", ["白樺商事"]),
        ("商事", ["白樺商事"]),
        ("alder", ["Alder"]),
        ("50%25 off_", ["50% Off_Ltd"]),
        ("OFF ltd", ["50% Off_Ltd"]),
        ("_l%25z", []),
        ("%25", []),
    ],
)
def test_search_finds_names_from_where_they_can_be_read(customers, staff, search, expected):
    html = staff("viewer").get(f"/accounts?q={search}").text
    assert names_in_order(html) == expected
    if not expected:
        assert "There are 3 accounts in all." in html


def test_paging_shows_each_account_once(api, staff, monkeypatch):
    monkeypatch.setattr("vocapp.succeeding.views._PAGE", 4)
    api.survey()
    for number in range(10):
        answer(api, f"k{number}", facts={"name": f"N{number}"})
    viewer, url, seen = staff("viewer"), "/accounts", []
    for _ in range(3):
        html = viewer.get(url).text
        seen += names_in_order(html)
        following = re.search(r'href="([^"]+)" rel="next"', html)
        url = following.group(1).replace("&amp;", "&") if following else ""
    assert seen == [f"N{number}" for number in range(10)]
    assert url == ""


def statements_of(viewer, url: str) -> int:
    seen: list[str] = []

    def record(*args):
        seen.append(args[2])

    event.listen(db.engine, "before_cursor_execute", record)
    viewer.get(url)
    event.remove(db.engine, "before_cursor_execute", record)
    return len(seen)


def test_a_page_of_accounts_needs_as_many_statements_however_many_there_are(api, staff):
    api.survey()
    viewer = staff("viewer")
    answer(api, "k0")
    few = statements_of(viewer, "/accounts?sort=-mrr")
    for number in range(1, 8):
        answer(api, f"k{number}")
    assert statements_of(viewer, "/accounts?sort=-mrr") == few


def test_an_account_shows_its_people_what_they_said_and_what_followed(
    customers, staff, drain_outbox
):
    answer(customers, "b", 9, comment="値段に見合っています。", survey="nps")
    drain_outbox()
    html = staff("success").get("/accounts/b").text
    assert "白樺商事" in html
    assert "値段に見合っています。" in html
    assert "Follow-up for" in html
    assert len(re.findall(r'<a href="/contacts/[^"]+">p-', html)) == 2


def test_people_stand_by_their_latest_answer_then_those_who_never_gave_one_by_name(api, staff):
    api.survey()
    earlier, later = (f"2026-05-0{day}T09:00:00Z" for day in (1, 2))
    acme = {"external_id": "acme"}
    for name, at in (("Bo", earlier), ("Ann", later), ("Moved", later)):
        person = {"external_id": name, "name": name}
        api.respond(score=7, contact=person, account=acme, answered_at=at)
    for name, account in (("Yan", "acme"), ("Xu", "acme"), ("Moved", "other")):
        body = {"external_id": name, "name": name, "account": {"external_id": account}}
        assert api.post("/api/v1/contacts", json=body).status_code in {200, 201}
    html = staff("viewer").get("/accounts/acme").text
    assert re.findall(r'<a href="/contacts/[^"]+">(\w+)</a>', html) == [
        "Ann",
        "Bo",
        "Xu",
        "Yan",
    ]


def test_the_story_goes_on_on_older_pages_without_repeating(api, staff, monkeypatch):
    monkeypatch.setattr("vocapp.succeeding.views._STORY", 3)
    api.survey()
    now = utcnow()
    for number in range(5):
        answer(
            api, "a", 9, comment=f"comment {number}",
            answered_at=(now - timedelta(days=number)).isoformat(),
        )  # fmt: skip
    viewer = staff("viewer")
    first = viewer.get("/accounts/a").text
    older = re.search(r'href="([^"]+)" rel="next"', first).group(1)
    second = viewer.get(older.replace("&amp;", "&")).text
    assert re.findall(r"comment \d", first) == ["comment 0", "comment 1", "comment 2"]
    assert re.findall(r"comment \d", second) == ["comment 3", "comment 4"]


@pytest.fixture
def one_instant(any_api, drain_outbox) -> tuple[UUID, UUID]:
    """Ids of a workspace and its account, of which all that is known happened at one instant."""
    any_api.survey()
    at = utcnow() - timedelta(days=1)
    for number in range(5):
        answer(any_api, "a", 2, comment=f"comment {number}", answered_at=at.isoformat())
    common = {"account": "a", "at": at.isoformat()}
    events = [
        {"id": f"{number}", "type": "milestone", "name": f"step {number}"} for number in range(3)
    ] + [
        {"id": f"s{number}", "type": "subscription", "product": f"product {number}",
         "action": "started", "mrr": 100, "currency": "USD"} for number in range(3)
    ]  # fmt: skip
    sent = any_api.post("/api/v1/events", {"events": [each | common for each in events]})
    assert sent.json["rejected"] == []
    drain_outbox()
    workspace_id = any_api.workspace.workspace_id
    with transaction() as session:
        mine = FollowUp.workspace_id == workspace_id
        session.execute(update(FollowUp).where(mine).values(opened_at=at))
        found = session.scalars(scoped(Account, workspace_id)).one()
        return workspace_id, found.id


@pytest.mark.parametrize("only", ["answers", None])
@pytest.mark.parametrize("length", [1, 2, 5])
def test_what_happened_at_one_instant_is_told_once_however_long_pages_are(
    one_instant, only, length
):
    whole = timeline(*one_instant, only=only, time_zone="UTC", limit=100)
    paged, last = [], None
    while page := timeline(
        *one_instant, only=only, before_place=last, time_zone="UTC", limit=length
    ):
        paged += page
        last = Place.from_json(page[-1].place.to_json())
    assert [event.place for event in paged] == [event.place for event in whole]
    assert len(whole) == 5 if only else len(whole) > 11


def test_pages_of_a_story_go_on_within_an_instant(api, staff, monkeypatch):
    monkeypatch.setattr("vocapp.succeeding.views._STORY", 2)
    api.survey()
    at = (utcnow() - timedelta(days=1)).isoformat()
    for number in range(5):
        answer(api, "a", 9, comment=f"comment {number}", answered_at=at)
    viewer, url, told = staff("viewer"), "/accounts/a?story=answers", []
    while url and len(told) < 9:
        page = viewer.get(url).text
        told += re.findall(r"comment \d", page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        url = older.group(1).replace("&amp;", "&") if older else ""
    assert sorted(told) == [f"comment {number}" for number in range(5)]


def test_answers_of_confidential_surveys_are_not_shown_of_an_account(api, staff):
    api.survey("inside", confidential=True)
    answer(api, "a", 1, comment="only between us", survey="inside")
    viewer = staff("viewer")
    html = viewer.get("/accounts/a").text + viewer.get("/accounts").text
    assert "only between us" not in html
    assert "Detractor" not in html


def test_a_key_with_a_slash_has_a_page_too(api, staff):
    api.survey()
    answer(api, "group/asia", facts={"name": "Asia"})
    assert "Asia" in staff("viewer").get("/accounts/group/asia").text
    assert api.get("/api/v1/accounts/group/asia").json["name"] == "Asia"


# --- who looks after it -------------------------------------------------------------------


def owner_of(external_id: str):
    with snapshot() as session:
        query = select(Account.owner_user_id).where(Account.external_id == external_id)
        return session.scalar(query.execution_options(voc_all_workspaces=True))


def member(workspace, role):
    with snapshot() as session:
        return session.scalar(
            select(Membership.user_id).where(
                Membership.workspace_id == workspace.workspace_id, Membership.role == role
            )
        )


def test_an_owner_is_chosen_and_taken_back(customers, staff, workspace):
    success = staff("success")
    chosen = member(workspace, "success")
    page = success.post("/accounts/a/owner", {"owner": str(chosen)}, follow_redirects=True).text
    assert owner_of("a") == chosen
    undo = re.search(r'action="(/accounts/a/owner/undo\?[^"]+)"', page).group(1)
    success.post(undo.replace("&amp;", "&"))
    assert owner_of("a") is None


def test_an_undo_leaves_what_somebody_else_changed_since(customers, staff, workspace):
    success, admin = staff("success"), staff("admin")
    chosen, other = member(workspace, "success"), workspace.user_id
    page = success.post("/accounts/a/owner", {"owner": str(chosen)}, follow_redirects=True).text
    undo = re.search(r'action="(/accounts/a/owner/undo\?[^"]+)"', page).group(1)
    admin.post("/accounts/a/owner", {"owner": str(other)})
    success.post(undo.replace("&amp;", "&"))
    assert owner_of("a") == other


def test_an_owner_is_of_the_success_team_and_of_this_workspace(
    customers, staff, workspace, new_workspace
):
    success = staff("success")
    staff("viewer")
    for wrong in (member(workspace, "viewer"), new_workspace().user_id, "nobody"):
        page = success.post("/accounts/a/owner", {"owner": str(wrong)}, follow_redirects=True)
        assert "Nothing was saved" in page.text
        assert owner_of("a") is None


@pytest.mark.parametrize("role", ["viewer", "product"])
def test_others_see_an_account_but_do_not_give_it_away(customers, staff, workspace, role):
    person = staff(role)
    assert "Change the owner" not in person.get("/accounts/a").text
    answer_ = person.post("/accounts/a/owner", {"owner": str(workspace.user_id)})
    assert answer_.status_code == 403
    assert owner_of("a") is None


# --- for machines, and for other workspaces ------------------------------------------------


def test_the_api_tells_the_facts_and_the_owner(customers):
    told = customers.get("/api/v1/accounts/b").json
    assert told["mrr"] == 900_000
    assert told["currency"] == "JPY"
    assert told["owner"] is None
    assert told["health"] is None
    assert (told["kpis"]["mrr"], told["kpis"]["active_users"]) == (900_000, 0)


def test_an_account_of_another_workspace_is_not_there(customers, staff, new_workspace, api_of):
    stranger = new_workspace("Other")
    viewer = staff("success", of=stranger)
    assert viewer.get("/accounts/a").status_code == 404
    assert "Alder" not in viewer.get("/accounts").text
    assert viewer.post("/accounts/a/owner", {"owner": ""}).status_code == 404
    machine = api_of(customers.client, stranger)
    assert machine.get("/api/v1/accounts/a").status_code == 404


# --- events -----------------------------------------------------------------------------------


def test_an_account_without_events_says_so(customers, staff):
    html = staff("viewer").get("/accounts/a").text
    assert "No subscription is running" in html
    assert "as soon as your product sends events" in html


def test_an_account_tells_what_it_has_does_and_has_reached(customers, staff):
    at = (utcnow() - timedelta(days=10)).isoformat()
    common = {"account": "b", "at": at}
    events = [
        {"id": "1", "type": "login", "contact": "p", **common},
        {"id": "2", "type": "usage", "name": "report", "count": 41, "contact": "p", **common},
        {"id": "3", "type": "milestone", "name": "setup_done", **common},
        {"id": "4", "type": "subscription", "product": "core", "action": "started",
         "mrr": 77_000, "currency": "JPY", "term_ends_on": "2099-03-31", **common},
    ]  # fmt: skip
    assert customers.post("/api/v1/events", {"events": events}).json["rejected"] == []
    html = staff("viewer").get("/accounts/b").text
    assert "Subscription of core started: ¥77,000 a month" in html
    assert "Milestone: Set-up done" in html
    assert "Term ends on Mar 31, 2099" in html
    assert '<td class="number">1</td><td class="number">41</td>' in html
    assert "10 days ago" in html or "1 week ago" in html


def test_a_product_that_nobody_used_for_28_days_is_marked_where_they_had_it_so_long(
    customers, staff
):
    def send(number, kind, days_ago, **more):
        at = (utcnow() - timedelta(days=days_ago)).isoformat()
        event = {"id": f"{number}", "account": "b", "type": kind, "at": at} | more
        assert customers.post("/api/v1/events", {"events": [event]}).json["rejected"] == []

    def marked():
        html = staff("viewer").get("/accounts/b").text
        return re.findall(r"<span>([^<]*?) <span[^>]*>[^<]*Not used for 28 days", html)

    paid = {"action": "started", "mrr": 100, "currency": "JPY"}
    for number, (product, days_ago) in enumerate((("core", 60), ("mail", 60), ("new", 9))):
        send(number, "subscription", days_ago, product=product, **paid)
    assert marked() == []  # no event names a product
    send(3, "usage", 5, name="sent", product="mail")
    assert marked() == ["core"]


def test_an_account_has_an_account_manager_and_support_beside_its_owner(api, staff, colleague):
    """By role, each with undo; who is no member any more has none."""
    api.post("/api/v1/accounts", {"external_id": "acme"})
    sales, other = (colleague(api.workspace_id, "viewer", name) for name in ("Sato", "Mori"))
    browser = staff("success")

    def give(duty, user):
        form = {"account": "acme", "duty": duty, "user": str(user)}
        return browser.post("/account-team", form).status_code

    assert give("account_manager", sales) == give("support", other) == 303
    team = api.get("/api/v1/accounts/acme").json["team"]
    assert {duty: who["name"] for duty, who in team.items()} == {
        "account_manager": "Sato", "support": "Mori",
    }  # fmt: skip
    give("account_manager", "")
    page = browser.get("/accounts/acme").text
    assert api.get("/api/v1/accounts/acme").json["team"]["account_manager"] is None
    undo = re.findall(r'action="(/account-team/undo[^"]*)"', page)[-1]
    browser.post(undo.replace("&amp;", "&"), {})
    assert api.get("/api/v1/accounts/acme").json["team"]["account_manager"]["name"] == "Sato"
    give("chief", sales)
    assert "Nothing was saved" in browser.get("/accounts/acme").text
    with transaction() as session:
        session.delete(session.get_one(Membership, (api.workspace_id, sales)))
    assert api.get("/api/v1/accounts/acme").json["team"]["account_manager"] is None
