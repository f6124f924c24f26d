"""Weights of the health by segment: what would change, saving, versions, putting back."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from surveys.filters import parse_compact
from surveys.health import COMPONENTS, Bands, Weights, band
from surveys.health_schemes import Scheme, Segment
from vocapp.database import snapshot, transaction, utcnow
from vocapp.people.models import Account
from vocapp.problems import Conflict, NotFound
from vocapp.succeeding.health import schemes
from vocapp.succeeding.health.keeping import compute
from vocapp.succeeding.health.models import AccountHealth, HealthDay
from vocapp.succeeding.health.queries import fallen
from vocapp.succeeding.health.reweighing import preview
from vocapp.succeeding.health.segmenting import facts_by_account
from vocapp.workspaces.models import Membership


@pytest.fixture
def customers(any_api):
    """Six accounts of two plans, of which three parts are known each."""
    for number in range(6):
        any_api.post(
            "/api/v1/accounts",
            {"external_id": f"a{number}", "plan": "pro" if number % 2 else "free"},
        )
    with transaction() as session:
        rows = session.execute(select(Account.id, Account.external_id)).all()
        for account_id, key in rows:
            known = {"survey": 90.0, "usage": 15.0 * int(key[1]), "payment": 50.0}
            score = (20 * 90 + 30 * known["usage"] + 10 * 50) / 60
            session.add(
                AccountHealth(
                    workspace_id=any_api.workspace_id, account_id=account_id, score=score,
                    band=band(score), last_band=band(score), band_since=utcnow(), coverage=0.6,
                    components=[
                        {"key": each, "points": known.get(each), "weight": 0.1, "reasons": []}
                        for each in COMPONENTS
                    ],
                    reasons=[], computed_at=utcnow(),
                )
            )  # fmt: skip
    return any_api


def test_the_preview_is_what_the_formula_says_account_by_account(customers):
    use_alone = Weights(**(dict.fromkeys(COMPONENTS, 0.0) | {"usage": 100.0}))
    scheme = Scheme(segments=(Segment(parse_compact("plan:in(pro)"), use_alone),))
    with snapshot() as session:
        assert preview(session, customers.workspace_id, Scheme(), {}).moved == 0
        facts = facts_by_account(session, customers.workspace_id)
        found = preview(session, customers.workspace_id, scheme, facts)
    assert found.counted == 6
    expected = []
    for number in (1, 3, 5):
        before = (20 * 90 + 30 * 15 * number + 10 * 50) / 60
        # Only use counts, which is all of the weight: its points are the score.
        after = 15.0 * number
        if band(before) != band(after, band(before)):
            expected.append((f"a{number}", band(before), band(after, band(before))))
    assert [(m.external_id, m.before, m.after) for m in found.first] == sorted(
        expected, key=lambda each: [m.external_id for m in found.first].index(each[0])
    )
    assert found.moved == len(expected)
    assert np.isclose(sum(n for *_pair, n in found.moves), 6)


def own(api, scheme, base, why="because"):
    return schemes.use_own(
        api.workspace_id, scheme, why=why, base=base, actor_user_id=api.workspace.user_id,
        now=utcnow(),
    )  # fmt: skip


def in_force(api):
    with snapshot() as session:
        return schemes.scheme_in_force(session, api.workspace_id)


def test_versions_say_why_and_an_earlier_one_is_put_back(any_api):
    first, second = (Scheme(Weights(usage=each)) for each in (50, 70))
    assert own(any_api, first, 0)
    with pytest.raises(Conflict):
        own(any_api, second, 0)  # somebody changed them meanwhile
    assert own(any_api, second, 1, "use tells more")
    assert own(any_api, second, 2) is None
    actor, api = any_api.workspace.user_id, any_api
    schemes.put_back(api.workspace_id, 1, actor_user_id=actor, now=utcnow())
    assert in_force(api) == first
    with snapshot() as session:
        told = [(row.number, row.basis, row.why) for row in schemes.versions(
            session, api.workspace_id)]  # fmt: skip
    assert told == [(3, "restored", "because"), (2, "own", "use tells more"), (1, "own", "because")]
    with pytest.raises(NotFound):
        schemes.put_back(api.workspace_id, 9, actor_user_id=actor, now=utcnow())


# --- the page ---------------------------------------------------------------------------------


def typed(html_text, **changes):
    """The fields of the form as a browser sends them, with changes."""
    fields = {}
    form = html_text.split('id="weights"')[1].split("</form>")[0]
    for tag in re.findall(r"<input[^>]+>", form):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "csrf_token":
            fields.setdefault(html.unescape(name[1]), []).append(
                html.unescape(value[1] if value else "")
            )
    return fields | changes


def pressed(client, page_text, do, **changes):
    return client.post("/health-score/weights/own", typed(page_text, do=do, **changes))


def with_segment(client, page_text, **asked):
    """The page with one more segment: asked are attributes and the value that each has."""
    page = pressed(client, page_text, "add").text
    fields = {"f.join": "all"}
    for place, (name, value) in enumerate(asked.items()):
        row = {"attribute": name, "was": name, "operator": "in", "values": value}
        fields |= {f"f.{place}.{field}": text for field, text in row.items()}
    return pressed(client, page, "use", **fields).text


def shown_segments(page_text):
    listed = page_text.split('<ol class="list segments">')[1].split("</ol>")[0]
    return [
        re.sub(r"(<[^>]+>|\s)+", " ", html.unescape(each)).strip()
        for each in re.findall(r"<li.*?</li>", listed, re.S)
    ]


def test_a_manager_joins_attributes_orders_looks_saves_and_takes_back(api, staff):
    for key, plan, region in (("a", "pro", "jp"), ("b", "pro", "us"), ("c", "free", "jp")):
        api.post("/api/v1/accounts", {"external_id": key, "plan": plan, "region": region})
    admin = staff("admin")
    page = admin.get("/health-score/weights").text
    assert "nobody has changed them" in page
    page = with_segment(admin, page, plan="pro")
    page = with_segment(admin, page, plan="pro", region="jp")
    first, second, others = shown_segments(page)
    assert first.startswith("Segment 1 Plan is pro")
    assert "2 accounts" in first
    assert "0 accounts · 1 more meets these conditions and is in an earlier segment" in second
    assert "1 account" in others
    page = pressed(admin, page, "up:1").text
    first, second, _others = shown_segments(page)
    assert "Plan is pro, and Region is jp" in first
    assert "1 account" in first
    assert "1 more meets" in second
    wrong = pressed(admin, page, "save", **{"w1.usage": "x"})
    assert wrong.status_code == 422
    assert "Enter a number" in wrong.text
    assert 'value="x"' in wrong.text
    page = pressed(admin, wrong.text, "look", **{"w1.usage": "80"}).text
    assert "What would change" in page
    assert in_force(api) == Scheme()
    saved = pressed(admin, page, "save", why="Japan lives by use")
    assert saved.status_code == 303
    scheme = in_force(api)
    assert [scheme.weights_of({"plan": "pro", "region": each}).usage for each in ("jp", "us")] == [
        80, 30
    ]  # fmt: skip
    page = admin.get("/health-score/weights").text
    assert "Japan lives by use" in page
    assert "2 segments with weights of their own" in page
    undo = re.search(r'action="(/health-score/weights/own/undo[^"]*)"', page)[1]
    admin.post(html.unescape(undo), {})
    assert in_force(api) == Scheme()


def test_conditions_that_are_not_finished_or_stand_twice_are_named_and_kept(api, staff):
    api.post("/api/v1/accounts", {"external_id": "a", "plan": "pro"})
    admin = staff("admin")
    page = with_segment(admin, admin.get("/health-score/weights").text, plan="pro")
    opened = pressed(admin, page, "add", **{"w1.usage": "77"}).text
    # What is being written would be lost by working on another segment.
    assert [button in each for each in (page, opened) for button in ('"edit:0"', '"drop:0"')] == [
        True, True, False, False
    ]  # fmt: skip
    half = {"f.join": "all", "f.0.attribute": "plan", "f.0.operator": "in", "f.0.typed": ""}
    for button in ("use", "look", "save"):
        answer = pressed(admin, opened, button, **half)
        assert answer.status_code == 422
        assert "Choose at least one value, or type one." in answer.text
        assert 'value="77"' in answer.text  # what was typed elsewhere stays
        assert 'option value="plan" selected' in answer.text
    answer = pressed(admin, opened, "use")
    assert answer.status_code == 200  # nothing asked: no new segment
    twice = pressed(admin, with_segment(admin, page, plan="pro"), "save")
    assert twice.status_code == 422
    assert "The same conditions as segment 1" in twice.text
    assert in_force(api) == Scheme()
    forged = pressed(admin, page, "save", segment="plan:in(")
    assert forged.status_code == 422


def test_a_saved_segment_can_be_the_beginning(api, staff):
    api.post("/api/v1/accounts", {"external_id": "a", "plan": "pro"})
    for name, attribute in (("Pros", "plan"), ("By widget", "channel")):
        api.post("/api/v1/segments", {"name": name, "filter": {
            "attribute": attribute, "operator": "in", "values": ["pro"]}})  # fmt: skip
    admin = staff("admin")
    opened = pressed(admin, admin.get("/health-score/weights").text, "add").text
    assert "Pros</option>" in opened
    assert "By widget</option>" not in opened  # accounts have no channel
    taken = pressed(admin, opened, "take", saved="pros").text
    assert "Plan is pro." in taken


def work_out_all(api):
    with transaction() as session:
        ids = session.scalars(select(Account.id)).all()
        compute(session, api.workspace_id, ids, time_zone="UTC", now=utcnow())


def test_conditions_that_name_others_are_not_told_to_whoever_sees_own_accounts_only(api, staff):
    api.post("/api/v1/accounts", {"external_id": "a", "plan": "pro"})
    segment = Segment(parse_compact("plan:in(pro,zanzibar)"), Weights(usage=80))
    own(api, Scheme(segments=(segment,)), 0)
    work_out_all(api)
    browser = staff("success")
    assert "zanzibar" in browser.get("/accounts/a").text
    with transaction() as session:
        member = session.scalars(select(Membership).where(Membership.role == "success")).one()
        session.scalars(select(Account)).one().owner_user_id = member.user_id
        member.only_own_accounts = True
    page = browser.get("/accounts/a").text
    assert "It has the weights of segment 1 of 1." in page
    assert "zanzibar" not in page


def test_the_page_of_an_account_and_the_api_name_its_segment(api, staff):
    for key, plan in (("a", "pro"), ("b", "free")):
        api.post("/api/v1/accounts", {"external_id": key, "plan": plan})
    scheme = Scheme(segments=(Segment(parse_compact("plan:in(pro)"), Weights(usage=80)),))
    own(api, scheme, 0)
    work_out_all(api)
    viewer = staff("viewer")
    assert "weights of segment 1: Plan is pro." in viewer.get("/accounts/a").text
    assert "it is in no segment" in viewer.get("/accounts/b").text
    told = api.get("/api/v1/accounts/a").json["health"]["segment"]
    assert told == {"number": 1, "of": 1, "filter": {
        "attribute": "plan", "operator": "in", "values": ["pro"]}}  # fmt: skip
    own(api, Scheme(Weights(usage=1)), 1)  # not worked out yet: nothing is said of segments
    assert "no segment" not in viewer.get("/accounts/b").text


def test_limits_of_bands_are_checked_kept_and_saved(api, staff):
    admin = staff("admin")
    page = admin.get("/health-score/weights").text
    for changes, told in (
        ({"risk_below": "39.5"}, "Enter a whole number from 0 to 100."),
        ({"good_from": "101"}, "Enter a whole number from 0 to 100."),
        ({"margin": ""}, "Enter a whole number from 0 to 100."),
        ({"good_from": "40"}, "This has to lie above 40"),
        ({"margin": "16"}, "has to fit between 40 and 70: enter at most 15."),
    ):
        answer = pressed(admin, page, "save", **changes)
        assert answer.status_code == 422
        assert told in answer.text
        for name, value in changes.items():
            assert typed(answer.text)[name] == [value]
    assert in_force(api) == Scheme()
    page = pressed(admin, page, "look", good_from="８０", margin="20").text
    assert pressed(admin, page, "save").status_code == 303
    assert in_force(api) == Scheme(bands=Bands.with_margin(40, 80, 20))
    assert "At risk below 40, good from 80 on. A band is left 20 points beyond" in (
        admin.get("/health-score/weights").text
    )
    with pytest.raises(Conflict):  # by whoever looked at the weights before
        own(api, Scheme(Weights(usage=1)), 0)
    schemes.use_initial(api.workspace_id, actor_user_id=api.workspace.user_id, now=utcnow())
    assert in_force(api).bands.good_from == 80  # the weights of the product, and no more


def test_other_limits_put_accounts_into_other_bands_and_leave_the_past(any_api):
    api, owner, now = any_api, any_api.workspace.user_id, utcnow()
    api.post("/api/v1/accounts", {"external_id": "a"})
    with transaction() as session:
        account = session.scalars(select(Account)).one()
        account.owner_user_id, account_id = owner, account.id
        compute(session, api.workspace_id, [account_id], time_zone="UTC", now=now)
        row = session.get(AccountHealth, (api.workspace_id, account_id))
        before = {"score": 75.0, "band": "good"}
        row.score, row.band, row.last_band, row.band_since = 75.0, "good", "good", now
        row.components = [dict(each, points=75.0) for each in row.components]
        past = (now - timedelta(days=20)).date()
        session.add(HealthDay(workspace_id=api.workspace_id, account_id=account_id, day=past,
                              points=[75.0] * 7, **before))  # fmt: skip
    scheme = Scheme(bands=Bands.with_margin(80, 90, 2))
    with snapshot() as session:
        assert preview(session, api.workspace_id, scheme, {}).moves == [("good", "risk", 1)]
    own(api, scheme, 0)
    with transaction() as session:
        row = session.get(AccountHealth, (api.workspace_id, account_id))
        row.band, row.last_band = "risk", "risk"
    found = fallen(api.workspace_id, owner, time_zone="UTC", now=now, limit=5)
    assert found == []  # the limits moved, and not the account
    with snapshot() as session:
        assert session.get(HealthDay, (api.workspace_id, account_id, past)).band == "good"


def test_others_see_the_weights_and_change_none(api, staff):
    viewer = staff("viewer")
    page = viewer.get("/health-score/weights")
    assert page.status_code == 200
    assert "See what would change" not in page.text
    assert viewer.post("/health-score/weights/own", {}).status_code == 403
