"""The queue, a case and the routing rules in the browser, without script."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.people.models import Account
from vocapp.workspaces.models import Membership


@pytest.fixture
def opened(api, handle):
    """Two cases: a large customer that scored 2, and somebody who scored 5."""
    api.survey(name="Twice a year")
    renewal = (utcnow().date() + timedelta(days=41)).isoformat()
    account = {
        "external_id": "acme", "name": "Acme", "mrr": 120000, "currency": "JPY",
        "renewal_on": renewal,
    }  # fmt: skip
    contact = {"external_id": "u1", "name": "Mika Sato", "email": "mika@example.com"}
    api.respond(score=2, comment="Support never answers", account=account, contact=contact)
    api.respond(score=5, account={"external_id": "small", "name": "Small & Co"})
    handle()
    with snapshot() as session:
        rows = session.scalars(scoped(FollowUp, api.workspace_id)).all()
    return sorted(rows, key=lambda row: -row.priority)


def reload(case):
    with snapshot() as session:
        return session.get_one(FollowUp, (case.workspace_id, case.id))


def version_on(html: str) -> str:
    return re.search(r'name="version" value="(\d+)"', html).group(1)


def test_the_queue_ranks_cases_and_says_why(staff, opened):
    html = staff("success").get("/follow-ups").text
    assert html.index("Acme · Mika Sato") < html.index("Small &amp; Co")
    assert re.search(r"Scored 2 · renews in 4[01] days · ¥120,000 a month", html)


def test_the_queue_speaks_japanese(staff, opened):
    person = staff("success")
    person.post("/language", {"language": "ja", "next": "/"})
    html = person.get("/follow-ups").text
    assert "スコア2" in html
    assert re.search(r"4[01]日後に更新", html)


def test_an_empty_queue_says_what_will_be_here(staff):
    html = staff("success").get("/follow-ups").text
    assert "Nobody to call" in html
    assert "<table" not in html


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("q=acm", "Acme", "Small"),
        ("q=mika", "Acme", "Small"),
        ("owner=unassigned&team=success", "Acme", None),
        ("owner=mine", None, "Acme"),
        ("state=resolved", None, "Acme"),
        ("overdue=1", None, "Acme"),
        ("theme=support", None, "Acme"),
        ("state=rubbish&owner=rubbish&team=x&sort=y", "Acme", None),
        ("sort=due_at", "Acme", None),
    ],
)
def test_filters_stand_in_the_address(staff, opened, query, shown, hidden):
    answer = staff("success").get(f"/follow-ups?{query}")
    table = answer.text.partition("<table")[2]
    assert answer.status_code == 200
    assert shown is None or shown in table
    assert hidden is None or hidden not in table


def test_what_is_overdue_is_said_in_words(staff, opened):
    with transaction() as session:
        session.get_one(FollowUp, (opened[0].workspace_id, opened[0].id)).due_at = utcnow()
    assert "Overdue, due" in staff("success").get("/follow-ups?overdue=1").text


def test_a_case_shows_what_one_needs_before_calling(staff, opened):
    html = staff("success").get(f"/follow-ups/{opened[0].id}").text
    for words in ("Support never answers", "mika@example.com", "¥120,000", "Opened by the rule"):
        assert words in html
    assert 'lang="' in html
    assert "Twice a year · <time" in html


def test_a_case_is_resolved_with_outcome_and_cause_and_undone(staff, opened):
    person, case = staff("success"), opened[0]
    page = f"/follow-ups/{case.id}"
    version = version_on(person.get(page).text)
    answer = person.post(
        page,
        {"state": "resolved", "outcome": "plan_agreed", "root_cause": "support",
         "version": version, "next": page},
    )  # fmt: skip
    assert (answer.status_code, answer.location) == (303, page)
    stored = reload(case)
    assert (stored.state, stored.outcome, stored.root_cause) == (
        "resolved", "plan_agreed", "support",
    )  # fmt: skip
    html = person.get(page).text
    assert "Agreed on a plan · Support" in html
    undo_url = re.search(r'action="(/follow-ups/undo/[^"]+)"', html).group(1)
    assert person.post(undo_url.replace("&amp;", "&")).status_code == 303
    stored = reload(case)
    assert (stored.state, stored.outcome, stored.resolved_at) == ("open", None, None)
    html = person.get(page).text
    assert "Undone" in html


def test_a_note_is_kept_and_shown_as_text(staff, opened):
    person, page = staff("success"), f"/follow-ups/{opened[0].id}"
    person.post(page, {"note": "<b>Called</b> 佐藤さん", "version": "1"})
    assert "&lt;b&gt;Called&lt;/b&gt; 佐藤さん" in person.get(page).text


def test_an_edit_that_read_an_older_version_changes_nothing_and_says_so(staff, opened):
    person, page = staff("success"), f"/follow-ups/{opened[0].id}"
    person.post(page, {"state": "contacted", "version": "1"})
    answer = person.post(page, {"state": "closed", "version": "1"}, follow_redirects=True)
    assert "Somebody changed this follow-up meanwhile" in answer.text
    assert reload(opened[0]).state == "contacted"


def test_owner_and_due_time_are_set_on_the_clock_of_the_workspace(staff, api, opened, colleague):
    owner = colleague(api.workspace_id, name="Aiko")
    person, page = staff("success"), f"/follow-ups/{opened[0].id}"
    person.post(page, {"owner": str(owner), "version": "1"})
    person.post(page, {"due_at": "2030-01-02T03:04", "version": "2"})
    stored = reload(opened[0])
    assert stored.owner_user_id == owner
    assert stored.due_at.isoformat() == "2030-01-02T03:04:00+00:00"
    assert "Owner: Aiko" in person.get(page).text


@pytest.mark.parametrize(
    "form",
    [{"due_at": "soon"}, {"note": " "}, {"state": "rubbish"}, {"state": "resolved"},
     {"owner": "rubbish"}, {"root_cause": "rubbish"}],
)  # fmt: skip
def test_wrong_input_changes_nothing_and_keeps_the_page(staff, opened, form):
    answer = staff("success").post(f"/follow-ups/{opened[0].id}", {"version": "1", **form})
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    assert reload(opened[0]).version == 1


def test_several_are_changed_at_once_and_undone_at_once(staff, opened):
    person = staff("success")
    ids = [str(case.id) for case in opened]
    answer = person.post("/follow-ups/bulk", {"id": ids, "state": "waiting"}, follow_redirects=True)
    assert "Saved for 2 follow-ups." in answer.text
    assert {reload(case).state for case in opened} == {"waiting"}
    undo_url = re.search(r'action="(/follow-ups/undo/[^"]+)"', answer.text).group(1)
    person.post(undo_url)
    assert {reload(case).state for case in opened} == {"open"}


def test_what_was_changed_since_is_not_undone(staff, opened):
    first, second, page = staff("success"), staff("success"), f"/follow-ups/{opened[0].id}"
    html = first.post(page, {"state": "contacted", "version": "1"}, follow_redirects=True).text
    undo_url = re.search(r'action="(/follow-ups/undo/[^"]+)"', html).group(1)
    second.post(page, {"state": "waiting", "version": "2"})
    answer = first.post(undo_url, follow_redirects=True)
    assert "can no longer be undone" in answer.text
    assert reload(opened[0]).state == "waiting"
    second.post(undo_url)
    assert reload(opened[0]).state == "waiting"


def test_cases_of_another_workspace_are_as_if_absent(staff, opened, new_workspace):
    stranger = staff("success", of=new_workspace("Other"))
    page = f"/follow-ups/{opened[0].id}"
    assert stranger.get(page).status_code == 404
    assert stranger.post(page, {"state": "closed", "version": "1"}).status_code == 404
    assert stranger.post(f"{page}/suggestion", {"verdict": "accept"}).status_code == 404
    answer = stranger.post("/follow-ups/bulk", {"id": [str(opened[0].id)], "state": "closed"})
    assert answer.status_code == 303
    assert reload(opened[0]).version == 1
    assert "Acme" not in stranger.get("/follow-ups").text


def test_who_only_looks_cannot_change(staff, opened):
    viewer, page = staff("viewer"), f"/follow-ups/{opened[0].id}"
    html = viewer.get(page).text
    assert 'action="' + page not in html
    assert viewer.post(page, {"state": "closed", "version": "1"}).status_code == 403
    assert viewer.get("/settings/routing").status_code == 403


def test_erasing_a_person_takes_name_and_notes_from_their_case(api, staff, opened):
    from vocapp.people.service import erase_contact

    staff("success").post(f"/follow-ups/{opened[0].id}", {"note": "Mika was angry"})
    erase_contact(api.workspace_id, opened[0].contact_id, now=utcnow())
    assert reload(opened[0]).contact_id is None
    with snapshot() as session:
        lines = session.scalars(scoped(FollowUpEntry, api.workspace_id)).all()
        assert [line.note for line in lines if line.note] == []
    assert "Mika" not in staff("success").get(f"/follow-ups/{opened[0].id}").text


def glance_of(html: str) -> dict[str, str]:
    """Term → what it says, of what a case tells of its customer."""
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html, re.DOTALL)
    return {term: " ".join(re.sub(r"<[^>]+>", " ", said).split()) for term, said in pairs}


def test_a_case_has_the_account_at_a_glance(api, staff, opened, colleague):
    """Without leaving it: how the account is, who looks after it, what it wants and does."""
    person, address = staff("success"), f"/follow-ups/{opened[0].id}"
    before = glance_of(person.get(address).text)
    assert [before[term] for term in ("Owner (success)", "Last log-in", "Goals")] == [
        "Nobody yet", "Not known", "–",
    ]  # fmt: skip
    owner = colleague(api.workspace_id, "success", "Kana Ito")
    with transaction() as session:
        account = session.get_one(Account, (api.workspace_id, opened[0].account_id))
        account.owner_user_id = owner
    login = {"type": "login", "account": "acme", "at": "2026-10-02T01:00:00Z", "id": "e1"}
    used = login | {"type": "usage", "name": "export", "product": "core", "id": "e2"}
    goal = {"words": "Faster quotes", "measure": "hours", "baseline": 10, "target": 5}
    assert api.post("/api/v1/events", {"events": [login, used]}).json["accepted"] == 2
    added = api.post("/api/v1/accounts/acme/goals", goal | {"due_on": "2126-10-01"})
    assert added.status_code == 201
    html = person.get(address).text
    after = glance_of(html)
    assert after["Owner (success)"] == "Kana Ito"
    assert after["Last log-in"] != "Not known"
    assert after["Products used"].startswith("core")
    assert after["Goals"] == "Faster quotes On track"
    assert 'href="/accounts/acme"' in html


def test_whoever_sees_the_case_alone_gets_no_glance_at_the_account(api, staff, opened):
    """Of a case that was given to somebody limited to own accounts, only who it is about."""
    person = staff("success")
    with transaction() as session:
        member = session.scalars(
            select(Membership).where(
                Membership.workspace_id == api.workspace_id, Membership.role == "success"
            )
        ).one()
        member.only_own_accounts = True
        case = session.get_one(FollowUp, (api.workspace_id, opened[0].id))
        case.owner_user_id = member.user_id
    html = person.get(f"/follow-ups/{opened[0].id}").text
    assert "Mika Sato" in html
    assert "Last log-in" not in glance_of(html)
    assert 'href="/accounts/acme"' not in html


def test_the_first_page_has_the_most_urgent_of_my_cases(staff, opened):
    html = staff("success").get("/").text
    assert "Acme · Mika Sato" in html


def test_the_queue_and_a_case_take_a_fixed_number_of_statements(
    api, staff, opened, handle, count_statements
):
    person = staff("success")
    counts = []
    for _ in range(2):
        with count_statements() as counted:
            person.get("/follow-ups")
            person.get(f"/follow-ups/{opened[0].id}")
        counts.append(counted.n)
        for number in range(12):
            api.respond(score=1, account={"external_id": f"a{number}"}, comment="Too slow")
        handle()
    assert counts[1] <= counts[0]
    assert counts[0] < 40


# --- routing rules ------------------------------------------------------------------------


def test_the_rules_are_listed_moved_and_switched(staff):
    admin = staff("admin")
    html = admin.get("/settings/routing").text
    assert html.index("May cancel") < html.index("Security concern")
    first = re.search(r'action="(/settings/routing/[^"]+)/change"', html).group(1)
    admin.post(f"{first}/change", {"action": "down"})
    html = admin.get("/settings/routing").text
    assert html.index("Security concern") < html.index("May cancel")
    admin.post(f"{first}/change", {"action": "off"})
    assert "Switch on" in admin.get("/settings/routing").text
    admin.post(f"{first}/change", {"action": "remove"})
    assert "May cancel" not in admin.get("/settings/routing").text


RULE = {
    "name": "Large and unhappy", "category": ["detractor"], "attribute": "plan = enterprise, pro",
    "text_any": "slow\n遅い", "team": "support", "owner": "round_robin", "sla_hours": "2",
    "priority": "urgent",
}  # fmt: skip


def test_a_new_rule_comes_first_and_decides(api, staff, handle):
    admin = staff("admin")
    api.survey()
    account = {"external_id": "a", "plan": "pro"}
    api.respond(score=1, comment="とても遅いです", account=account)
    preview = admin.post("/settings/routing/new", RULE | {"action": "preview"}).text
    assert "This rule would have decided on 1 answer." in preview
    assert admin.post("/settings/routing/new", RULE | {"action": "save"}).status_code == 303
    handle()
    with snapshot() as session:
        case = session.scalars(scoped(FollowUp, api.workspace_id)).one()
    assert (case.team, case.rule_key[:5]) == ("support", "rule-")
    html = admin.get("/settings/routing").text
    assert html.index("Large and unhappy") < html.index("May cancel")


def test_a_rule_is_edited_with_what_it_asks_in_the_fields(staff):
    admin = staff("admin")
    admin.post("/settings/routing/new", RULE | {"action": "save"})
    html = admin.get("/settings/routing").text
    page = re.search(r'href="(/settings/routing/[0-9a-f-]{36})"', html).group(1)
    html = admin.get(page).text
    assert "plan = enterprise, pro" in html
    assert "遅い" in html
    admin.post(page, RULE | {"name": "Renamed", "action": "save"})
    assert "Renamed" in admin.get("/settings/routing").text


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"sla_hours": "0"}, {"sla_hours": "soon"}, {"team": "nobody"},
     {"score_at_least": "9", "score_at_most": "1"}, {"owner": "rubbish"},
     {"text_any": "x" * 300}, {"category": ["rubbish"]}],
)  # fmt: skip
def test_a_rule_that_cannot_be_used_is_not_saved_and_keeps_what_was_typed(staff, wrong):
    admin = staff("admin")
    answer = admin.post("/settings/routing/new", RULE | wrong | {"action": "save"})
    assert answer.status_code == 422
    assert "plan = enterprise, pro" in answer.text
    assert "Large and unhappy" not in admin.get("/settings/routing").text


def test_rules_of_another_workspace_are_as_if_absent(staff, new_workspace):
    admin = staff("admin")
    html = admin.get("/settings/routing").text
    page = re.search(r'href="(/settings/routing/[0-9a-f-]{36})"', html).group(1)
    stranger = staff("admin", of=new_workspace("Other"))
    assert stranger.get(page).status_code == 404
    assert stranger.post(f"{page}/change", {"action": "off"}).status_code == 404
