"""After a change of the secret key nobody is written to who must not be, as the former is kept."""

import shutil

import pytest

from config import Settings
from tests.conftest import Api, make_workspace
from vocapp import create_app
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.distributing.mail import unsubscribe_url
from vocapp.distributing.service import reason_not_to_mail
from vocapp.following_up.writing.service import digest_of_message, digests_of_message
from vocapp.people.models import Contact
from vocapp.people.service import erase_contact
from vocapp.signing import BadToken, sign, unsign

FIRST, SECOND = "first-" * 8, "second-" * 8
ADDRESS = "aiko@example.com"


@pytest.fixture
def app_with(tmp_path, migrated_sqlite):
    shutil.copy(migrated_sqlite, tmp_path / "voc.sqlite3")

    def made(key: str, former: str = ""):
        return create_app(
            Settings(environment="test", data_dir=tmp_path, secret_key=key, old_secret_keys=former)
        )

    return made


def reason(workspace_id) -> str | None:
    with transaction() as session:
        return reason_not_to_mail(session, workspace_id, ADDRESS)


def path_of(url: str) -> str:
    return "/u/" + url.rsplit("/u/")[1]


def test_who_unsubscribed_or_was_erased_stays_so_under_another_key(app_with):
    first = app_with(FIRST)
    with first.app_context():
        api = Api(first.test_client(), make_workspace())
        workspace_id = api.workspace_id
        api.survey()
        first.test_client().post(path_of(unsubscribe_url(workspace_id, ADDRESS)))
        assert reason(workspace_id) == "unsubscribed"
        api.respond(score=3, contact={"email": "gone@example.com", "external_id": "gone"})
        with snapshot() as session:
            (gone,) = session.scalars(scoped(Contact, workspace_id))
        erase_contact(workspace_id, gone.id, now=utcnow())
    second = app_with(SECOND, FIRST)
    with second.app_context():
        assert reason(workspace_id) == "unsubscribed"
        api = Api(second.test_client(), api.workspace)
        asked = {"survey": "nps", "contact": {"email": "gone@example.com"}}
        assert api.post("/api/v1/invitations", asked).json["reason"] == "erased"
    lost = app_with(SECOND)
    with lost.app_context():
        assert reason(workspace_id) is None


def test_links_in_mails_open_and_a_retried_wish_is_one_invitation_under_another_key(app_with):
    first = app_with(FIRST)
    with first.app_context():
        api = Api(first.test_client(), make_workspace())
        api.survey()
        link = path_of(unsubscribe_url(api.workspace_id, ADDRESS))
        token, reset = sign("invitation-link", "x"), sign("undo", "x")
        message = digest_of_message("<1@example.com>")
        wish = {"survey": "nps", "contact": {"email": "mei@example.com"}}
        retried = {"headers": {"Idempotency-Key": "k-1"}}
        made = api.post("/api/v1/invitations", wish, **retried)
    second = app_with(SECOND, f"another-{FIRST},{FIRST}")
    with second.app_context():
        api = Api(second.test_client(), api.workspace)
        assert unsign("invitation-link", token) == "x"
        assert unsign("invitation-link", sign("invitation-link", "y")) == "y"
        with pytest.raises(BadToken):
            unsign("undo", reset)
        assert message in digests_of_message("<1@example.com>")
        again = api.post("/api/v1/invitations", wish, **retried)
        assert again.json["id"] == made.json["id"]
        assert reason(api.workspace_id) is None
        assert second.test_client().post(link).status_code == 200
        assert reason(api.workspace_id) == "unsubscribed"
