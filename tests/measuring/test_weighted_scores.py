"""A weighted score stands beside the raw one, where the shares of all customers are known."""

from __future__ import annotations

from html import unescape

import pytest
from sqlalchemy import select

from surveys.weighting import estimate_weighted, rake
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import survey_by_key
from vocapp.database import transaction, utcnow
from vocapp.measuring.weighting import service
from vocapp.problems import BadInput
from vocapp.workspaces.models import Membership

METRICS = "/api/v1/surveys/nps/metrics"
PAGE = "/results/nps/shares"
FORM = {"attribute": "plan", "share.free": "60", "share.pro": "40"}


def answer(api, plan, scores, **fields):
    items = [
        {"survey": "nps", "score": score,
         "account": {"external_id": f"{plan}-{n}", **({"plan": plan} if plan else {}), **fields}}
        for n, score in enumerate(scores)
    ]  # fmt: skip
    sent = api.post("/api/v1/responses/batch", {"responses": items})
    assert {item["status"] for item in sent.json["items"]} == {201}, sent.json
    while outbox.work_off("measure", now=utcnow()):
        pass


def set_shares(api, attribute, shares):
    with transaction() as session:
        who = session.scalars(
            select(Membership.user_id).where(Membership.workspace_id == api.workspace_id)
        ).first()
    survey = survey_by_key(api.workspace_id, "nps")
    service.set_shares(survey, attribute, shares, actor_user_id=who, now=utcnow())


def test_without_shares_there_is_no_weighted_score(api):
    api.survey()
    answer(api, "free", [9, 3])
    assert "weighted" not in api.get(METRICS).json


def test_the_weighted_score_is_that_of_weighting_answer_by_answer(any_api):
    any_api.survey()
    free, pro = [0] * 5 + [9] * 5, [10] * 25 + [3] * 5
    answer(any_api, "free", free, region="jp")
    answer(any_api, "pro", pro[:20], region="jp")
    answer(any_api, "pro", pro[20:], region="us")
    answer(any_api, None, [9] * 4)
    answer(any_api, "gone", [9])
    set_shares(any_api, "plan", {"free": 60, "pro": 40})
    set_shares(any_api, "region", {"jp": 80, "us": 20})
    plain = [{"plan": "free", "region": "jp"}] * 10 + [{"plan": "pro", "region": "jp"}] * 20
    plain += [{"plan": "pro", "region": "us"}] * 10
    raked = rake(plain, {"plan": {"free": 60, "pro": 40}, "region": {"jp": 80, "us": 20}})
    wanted = estimate_weighted("nps", free + pro, raked.weights)
    document = any_api.get(METRICS).json
    found = document["weighted"]
    assert document["overall"]["n"] == 45
    for name in ("value", "low", "high"):
        assert found[name] == pytest.approx(getattr(wanted.weighted, name)), name
    assert found["effective_n"] == pytest.approx(wanted.effective_n)
    assert (found["n"], found["left_out"], found["converged"]) == (40, 5, True)
    assert found["targets"] == {"plan": {"free": 60, "pro": 40}, "region": {"jp": 80, "us": 20}}
    assert "weighted" not in any_api.get(f"{METRICS}?filter=plan:in(pro)").json


def test_a_group_that_nobody_answered_from_has_no_weight(api, staff):
    api.survey()
    answer(api, "free", [9] * 8)
    set_shares(api, "plan", {"free": 60, "enterprise": 40})
    found = api.get(METRICS).json["weighted"]
    assert (found["value"], found["missing"]) == (
        None, [{"attribute": "plan", "value": "enterprise"}],
    )  # fmt: skip
    page = unescape(staff("viewer").get("/results/nps").text)
    assert "No weighted score: nobody answered from enterprise" in page


def test_an_admin_sets_changes_and_removes_shares_on_a_page(api, staff):
    api.survey()
    answer(api, "free", [0] * 5 + [9] * 5)
    answer(api, "pro", [10] * 30)
    admin = staff("admin")
    assert PAGE in admin.get("/results/nps").text
    form = unescape(admin.get(f"{PAGE}?attribute=plan").text)
    assert 'name="share.free"' in form
    assert "75%" in form
    assert admin.post(PAGE, FORM).status_code == 303
    page = unescape(staff("viewer").get("/results/nps").text)
    assert "NPS · " in page
    assert "Weighted to all customers: +40 (" in page
    assert "The score above is the one as answered" in page
    assert PAGE not in page
    again = unescape(admin.get(f"{PAGE}?attribute=plan").text)
    assert 'value="60"' in again
    assert admin.post(PAGE, {"attribute": "plan", "action": "remove"}).status_code == 303
    assert "weighted" not in api.get(METRICS).json


@pytest.mark.parametrize(
    "wrong",
    [{"share.pro": "x"}, {"share.pro": "30"}, {"share.pro": ""}, {"share.free": "100"},
     {"share.pro": "-40"}, {"share.pro": "nan"}, {"share.pro": "inf"}],
    ids=str,
)  # fmt: skip
def test_wrong_shares_are_explained_and_what_was_typed_is_kept(api, staff, wrong):
    api.survey()
    answer(api, "free", [9])
    answer(api, "pro", [9])
    page = staff("admin").post(PAGE, FORM | wrong)
    assert page.status_code == 422
    assert "numbers above 0 that are 100 together" in page.text
    assert 'value="60"' in page.text or wrong.get("share.free") in page.text
    assert "weighted" not in api.get(METRICS).json


def test_only_administrators_set_shares(api, staff):
    api.survey()
    for role in ("product", "success", "viewer"):
        assert staff(role).get(PAGE).status_code == 403
        assert staff(role).post(PAGE, FORM).status_code == 403


def test_a_fourth_attribute_is_refused(api):
    api.survey()
    for name in ("plan", "region", "role"):
        set_shares(api, name, {"a": 50, "b": 50})
    set_shares(api, "role", {"a": 40, "b": 60})
    with pytest.raises(BadInput):
        set_shares(api, "industry", {"a": 50, "b": 50})


def test_a_confidential_survey_is_not_weighted(api, staff):
    api.survey(confidential=True)
    with pytest.raises(BadInput):
        set_shares(api, "plan", {"free": 60, "pro": 40})
    page = unescape(staff("admin").get(PAGE).text)
    assert "This survey is confidential, and is not weighted" in page
    assert PAGE not in staff("admin").get("/results/nps").text


def test_shares_given_before_a_survey_became_confidential_count_no_more(api):
    api.survey()
    answer(api, "free", [9] * 8)
    answer(api, "pro", [9] * 8)
    set_shares(api, "plan", {"free": 60, "pro": 40})
    assert api.get(METRICS).json["weighted"]["value"] == 100
    with transaction() as session:
        session.scalars(select(Survey).where(Survey.workspace_id == api.workspace_id)).one(
        ).confidential = True  # fmt: skip
    assert "weighted" not in api.get(METRICS).json
