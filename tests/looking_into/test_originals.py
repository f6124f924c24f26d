"""The words as they were written: who sees them, and that each look is noted."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from vocapp.database import snapshot, transaction, utcnow
from vocapp.following_up.models import FollowUp
from vocapp.people.models import Account
from vocapp.understanding.service import correct_theme
from vocapp.workspaces.models import AuditEntry, User

WORDS = "Ring me on 090-1234-5678 about the invoice"


@pytest.fixture
def response_id(api):
    api.survey()
    answer = api.respond(score=2, comment=WORDS, account={"external_id": "acme", "name": "Acme"})
    return answer.json["id"]


def looks() -> list[AuditEntry]:
    with snapshot() as session:
        return list(
            session.scalars(
                select(AuditEntry).where(AuditEntry.action == "response.original_shown")
            )
        )


def test_an_administrator_sees_the_original_and_the_look_is_noted(staff, response_id):
    answer = staff("admin").post(f"/responses/{response_id}/original")
    assert answer.status_code == 200
    assert WORDS in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    [look] = looks()
    assert look.subject_id == response_id
    assert look.actor_user_id is not None
    assert "090" not in str(look.detail)


@pytest.mark.parametrize("role", ["product", "viewer", "success"])
def test_others_do_not_and_nothing_is_noted(staff, response_id, role):
    answer = staff(role).post(f"/responses/{response_id}/original")
    assert answer.status_code == 403
    assert "090" not in answer.text
    assert looks() == []


def test_customer_success_sees_that_of_an_account_of_their_own(staff, response_id):
    browser = staff("success", email="mine@example.com")
    with transaction() as session:
        me = session.scalar(select(User.id).where(User.email == "mine@example.com"))
        session.execute(update(Account).values(owner_user_id=me))
    assert WORDS in browser.post(f"/responses/{response_id}/original").text
    assert [look.actor_user_id for look in looks()] == [me]


def test_a_confidential_survey_shows_no_original(api, staff):
    api.survey("quiet", confidential=True)
    given_id = api.respond("quiet", score=2, comment=WORDS).json["id"]
    answer = staff("admin").post(f"/responses/{given_id}/original")
    assert answer.status_code == 403
    assert looks() == []


def test_an_address_alone_shows_nothing(staff, response_id):
    assert staff("admin").get(f"/responses/{response_id}/original").status_code in {404, 405}


def test_another_workspace_has_no_such_response(staff, response_id, new_workspace):
    stranger = staff("admin", of=new_workspace("Other"))
    assert stranger.post(f"/responses/{response_id}/original").status_code == 404


def test_before_it_is_read_no_page_shows_a_telephone_number(staff, api, response_id):
    browser = staff("admin")
    page = browser.get("/accounts/acme").text
    assert "about the invoice" in page
    assert "[phone]" in page
    assert "090-1234" not in page
    assert UUID(response_id)


PAGES = ("/accounts/acme", "/results/nps/answers?period=all", "/themes/support?survey=nps")


@pytest.fixture
def pages(api, drain_outbox):
    """Every page that shows a comment of the account, after it was read and has a theme."""
    api.survey("nps")
    given = api.respond(
        "nps",
        score=2,
        comment=WORDS,
        account={"external_id": "acme", "name": "Acme"},
    )
    assert drain_outbox() == []
    correct_theme(
        api.workspace_id, UUID(given.json["id"]), "support", "add", user_id=None, now=utcnow()
    )
    with snapshot() as session:
        case = session.scalar(select(FollowUp.id).execution_options(voc_all_workspaces=True))
    return f"/responses/{given.json['id']}/original", (*PAGES, f"/follow-ups/{case}")


def test_each_page_leads_who_may_to_the_original(staff, pages):
    address, shown_on = pages
    mine = staff("success", email="mine@example.com")
    with transaction() as session:
        me = session.scalar(select(User.id).where(User.email == "mine@example.com"))
        session.execute(update(Account).values(owner_user_id=me))
    for browser in (staff("admin"), mine):
        for page in shown_on:
            text = browser.get(page).text
            assert "[phone]" in text, page
            assert text.count(f'action="{address}"') == 1, page


@pytest.mark.parametrize("role", ["product", "viewer", "success"])
def test_no_page_leads_others_to_a_refusal(staff, pages, role):
    address, shown_on = pages
    browser = staff(role)
    for page in shown_on:
        text = browser.get(page).text
        assert "[phone]" in text, page
        assert address not in text, page
