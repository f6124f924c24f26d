"""Weights of the health by segment: what would change, saving, versions, putting back."""

from __future__ import annotations

import html
import re

import numpy as np
import pytest
from sqlalchemy import select

from surveys.health import COMPONENTS, Weights, band
from surveys.health_schemes import Rules, Scheme
from vocapp.database import snapshot, transaction, utcnow
from vocapp.people.models import Account
from vocapp.problems import Conflict, NotFound
from vocapp.succeeding.health import schemes
from vocapp.succeeding.health.models import AccountHealth
from vocapp.succeeding.health.reweighing import preview


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
    use_alone = Rules(Weights(survey=0, usage=100, payment=0, onboarding=0, support=0,
                              relationship=0, goals=0))  # fmt: skip
    with snapshot() as session:
        assert preview(session, customers.workspace_id, Scheme()).moved == 0
        found = preview(session, customers.workspace_id, Scheme("plan", {"pro": use_alone}))
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
    first, second = (Scheme(default=Rules(Weights(usage=each))) for each in (50, 70))
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


def test_a_manager_looks_saves_and_takes_back(api, staff):
    for key, plan in (("a", "free"), ("b", "pro")):
        api.post("/api/v1/accounts", {"external_id": key, "plan": plan})
    admin = staff("admin")
    page = admin.get("/health-score/weights").text
    assert "nobody has changed them" in page
    page = admin.post("/health-score/weights/own", typed(page, do="columns", by="plan")).text
    assert ">free</th>" in page
    assert ">pro</th>" in page
    column = re.search(r'aria-label="Use, pro"', page)
    assert column
    name = re.search(r'name="(w\d\.usage)"[^>]*aria-label="Use, pro"', page)[1]
    page = admin.post("/health-score/weights/own", typed(page, **{name: "x", "do": "save"}))
    assert page.status_code == 422
    assert "Enter a number" in page.text
    assert 'value="x"' in page.text
    page = admin.post(
        "/health-score/weights/own", typed(page.text, **{name: "80", "do": "look"})
    ).text
    assert "What would change" in page
    assert in_force(api) == Scheme()
    saved = admin.post("/health-score/weights/own", typed(page, do="save", why="Pro lives by use"))
    assert saved.status_code == 303
    assert in_force(api).by_value["pro"].weights.usage == 80
    assert in_force(api).by_value["free"].weights.usage == 30
    page = admin.get("/health-score/weights").text
    assert "Pro lives by use" in page
    undo = re.search(r'action="(/health-score/weights/own/undo[^"]*)"', page)[1]
    admin.post(html.unescape(undo), {})
    assert in_force(api) == Scheme()


def test_others_see_the_weights_and_change_none(api, staff):
    viewer = staff("viewer")
    page = viewer.get("/health-score/weights")
    assert page.status_code == 200
    assert "See what would change" not in page.text
    assert viewer.post("/health-score/weights/own", {}).status_code == 403
