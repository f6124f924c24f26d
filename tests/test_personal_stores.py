"""A person who is forgotten is in no table, no file and no log any more."""

from __future__ import annotations

import json
import re
import tracemalloc
from base64 import b64encode
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import LargeBinary, String, Text, cast, select

from tests.conftest import Browser
from tests.test_tenancy import attachment_of
from vocapp import outbox
from vocapp.collecting.models import LinkFetch
from vocapp.connecting.personal_data import service as personal_data
from vocapp.connecting.personal_data.telling import LEFT_OUT
from vocapp.database import snapshot, transaction, utcnow, uuid7
from vocapp.distributing.mail import address_digests
from vocapp.distributing.models import Invitation
from vocapp.distributing.service import suppress
from vocapp.extensions import db
from vocapp.following_up import service as following_up
from vocapp.following_up.models import FollowUp
from vocapp.following_up.writing import service as writing
from vocapp.following_up.writing.drafts import Written, keep_draft
from vocapp.following_up.writing.models import CaseMail
from vocapp.people.models import Contact
from vocapp.people.personal_stores import personal_stores
from vocapp.people.service import erase_contact
from vocapp.sealing import SealedBytes, SealedText
from vocapp.understanding.models import Analysis
from vocapp.workspaces.reach import WHOLE_WORKSPACE

CANARIES = {
    "name": "Kanariako Yamada", "email": "kanariako@example.jp", "external_id": "kanaria-ext-1",
    "attribute": "kanaria-attribute", "comment": "kanaria-comment", "page": "kanaria-page",
    "note": "kanaria-note", "mail": "kanaria.mail@example.jp", "redacted": "kanaria-redacted",
    "letter": "kanaria-letter", "reply": "kanaria-reply", "draft": "kanaria-draft",
    "file": "kanaria-file", "phone": "+819087654321",
}  # fmt: skip


def places_of(words: dict[str, str]) -> list[tuple[str, str, str]]:
    """(table, column, which canary) of every text in the database that holds one."""
    found = []
    with snapshot() as session:
        for table in db.metadata.sorted_tables:
            for column in table.columns:
                text_type = Text if "JSON" in repr(column.type) else String
                # Sealed text is opened: it would hide from the search, not be gone.
                is_read_as_it_is = isinstance(column.type, LargeBinary | SealedText | SealedBytes)
                query = select(column if is_read_as_it_is else cast(column, text_type))
                for text in session.scalars(query.select_from(table)):
                    found += [
                        (table.name, column.name, which)
                        for which, word in words.items()
                        if text is not None and word.casefold() in str(text).casefold()
                    ]
    return found


def files_with(folder: Path, words: dict[str, str]) -> list[tuple[str, str]]:
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            found += [
                (path.name, which)
                for which, word in words.items()
                if word.encode().lower() in content
            ]
    return found


@pytest.fixture
def person(any_api, colleague) -> UUID:
    """Somebody who left something in every store."""
    api = any_api
    api.survey()
    contact = {
        "external_id": CANARIES["external_id"], "email": CANARIES["email"],
        "name": CANARIES["name"], "phone": CANARIES["phone"],
        "attributes": {"nick": CANARIES["attribute"]},
    }  # fmt: skip
    answered = api.respond(
        "nps", score=1, comment=f"{CANARIES['comment']} is slow", contact=contact,
        account={"external_id": "acme", "name": "Acme"},
    )  # fmt: skip
    assert answered.status_code == 201, answered.text
    asked = api.post(
        "/api/v1/invitations", {"survey": "nps", "channel": "email", "contact": contact}
    )
    assert asked.status_code in {200, 201}, asked.text
    seen = {
        "id": "seen", "type": "login", "account": "acme", "contact": CANARIES["external_id"],
        "at": "2026-10-02T01:00:00Z",
    }  # fmt: skip
    assert api.post("/api/v1/events", {"events": [seen]}).json["accepted"] == 1
    _work_off()
    response_id = UUID(answered.json["id"])
    with snapshot() as session:
        case = session.scalars(
            select(FollowUp).where(FollowUp.workspace_id == api.workspace_id)
        ).one()
        found = session.scalars(
            select(Contact).where(Contact.workspace_id == api.workspace_id)
        ).one()
    following_up.change_follow_up(
        api.workspace_id, case.id, following_up.Change(note=f"called {CANARIES['note']}"),
        reach=WHOLE_WORKSPACE, actor_user_id=None, now=utcnow(),
    )  # fmt: skip
    _write_letters(api.workspace_id, case.id, found.id, colleague(api.workspace_id))
    with transaction() as session:
        session.merge(
            Analysis(
                workspace_id=api.workspace_id, response_id=response_id, state="done",
                language="en", sentiment="negative", redacted=CANARIES["redacted"],
            )
        )  # fmt: skip
    return found.id


def _write_letters(workspace_id: UUID, case_id: UUID, contact_id: UUID, me: UUID) -> None:
    """One that went out, one that came back, and one that is begun."""
    letter = writing.Letter(f"About {CANARIES['letter']}", CANARIES["letter"])
    writing.write_mail(
        workspace_id, case_id, letter, reach=WHOLE_WORKSPACE, expected_version=None,
        actor_user_id=me, now=utcnow() - writing.HOLD,
    )  # fmt: skip
    keep_draft(
        workspace_id, case_id, me, Written("", CANARIES["draft"]), reach=WHOLE_WORKSPACE,
        now=utcnow(),
    )  # fmt: skip
    with transaction() as session:
        reply = CaseMail(
            workspace_id=workspace_id, id=uuid7(), follow_up_id=case_id, direction="in",
            state="received", contact_id=contact_id, address=CANARIES["email"],
            subject=CANARIES["reply"], body=CANARIES["reply"], message_digest="x",
            message_id=f"<{CANARIES['reply']}@example.jp>", at=utcnow(), attachments=1,
        )  # fmt: skip
        session.add(reply)
        session.flush()
        session.add(attachment_of(reply, CANARIES["file"]))


def _work_off() -> None:
    for kind in ("measure", "follow_up", "mail", "case_mail", "answered", "forget_mail"):
        while outbox.work_off(kind, now=utcnow()):
            pass


def test_the_person_is_everywhere_before(person):
    """Or the search below would find nothing because nothing was there."""
    tables = {table for table, _, _ in places_of(CANARIES)}
    assert {
        "contact",
        "contact_identity",
        "answer",
        "analysis",
        "follow_up_entry",
        "case_mail",
        "case_attachment",
        "case_draft",
    } <= tables
    assert {which for _, _, which in places_of(CANARIES)} >= set(CANARIES) - {"page", "mail"}


def test_a_forgotten_person_is_in_no_table_no_file_and_no_log(any_database, any_api, person, capfd):
    erase_contact(any_api.workspace_id, person, now=utcnow())
    _work_off()
    assert places_of(CANARIES) == []
    settings = any_database.config["SETTINGS"]
    if settings.is_sqlite:
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.session.remove()
        db.engine.dispose()
    assert files_with(settings.data_dir, CANARIES) == []
    printed = "".join(capfd.readouterr())
    assert [which for which, word in CANARIES.items() if word in printed] == []


def test_the_number_stays_and_the_person_does_not_come_back(any_api, person):
    erase_contact(any_api.workspace_id, person, now=utcnow())
    _work_off()
    again = any_api.respond(
        "nps", score=9, contact={"external_id": CANARIES["external_id"], "name": CANARIES["name"]}
    )
    assert again.status_code == 201
    _work_off()
    assert places_of({k: CANARIES[k] for k in ("name", "email", "external_id")}) == []
    metrics = any_api.get("/api/v1/surveys/nps/metrics?min_n=1").json
    assert metrics["overall"]["n"] == 2


def test_forgetting_one_person_touches_nobody_else(any_api, person):
    other = {"external_id": f"other-{uuid4()}", "name": "Nobody Else", "email": "n@example.com"}
    kept = any_api.respond("nps", score=2, comment="mine stays", contact=other)
    _work_off()
    erase_contact(any_api.workspace_id, person, now=utcnow())
    _work_off()
    still = {place[0] for place in places_of({"comment": "mine stays", "name": "Nobody Else"})}
    assert {"answer", "contact"} <= still
    assert kept.status_code == 201


# --- everything that is kept of a person ---------------------------------------------------


def test_whoever_asks_is_told_all_that_is_found_in_the_database(any_api, person):
    told = any_api.get(f"/api/v1/contacts/{person}/data")
    assert told.status_code == 200
    kept = told.json["kept"]
    seen = {(table, which) for table, _, which in places_of(CANARIES)}
    not_told = {
        (table, which)
        for table, which in seen
        if table not in LEFT_OUT and not _holds(kept.get(table), CANARIES[which])
    }
    # Which values an attribute has in the workspace; whose they are is not kept there.
    assert not_told == {("attribute_value", "attribute")}
    assert {which for _, which in seen} == {
        which for which, word in CANARIES.items() if _holds(kept, word)
    }


def _holds(told, word):
    found = json.dumps(told, ensure_ascii=False).casefold()
    return word.casefold() in found or b64encode(word.encode()).decode().casefold() in found


def test_ids_have_their_names_beside_them_and_questions_their_words(any_api, person):
    told = any_api.get(f"/api/v1/contacts/{person}/data").json
    (response,) = told["kept"]["response"]
    assert (response["survey"], response["account"], response["score"]) == ("nps", "Acme", 1)
    assert {each["question"] for each in told["kept"]["answer"]} >= {"comment"}
    assert [each["survey"] for each in told["definitions"]] == ["nps"]
    assert told["definitions"][0]["definition"]["questions"]


def test_nothing_is_told_of_others_nor_what_opens_a_door(any_api, person):
    other = {"external_id": "other", "name": "Nobody Else", "email": "n@example.com"}
    any_api.respond("nps", score=2, comment="mine stays", contact=other)
    _work_off()
    text = any_api.get(f"/api/v1/contacts/{person}/data").text
    assert "Nobody Else" not in text
    assert "mine stays" not in text
    columns = {name for rows in json.loads(text)["kept"].values() for row in rows for name in row}
    assert not {name for name in columns if re.search("digest|secret|token|password|^code$", name)}


def test_who_answered_a_confidential_survey_is_not_told(any_api, person):
    any_api.survey(key="secret", confidential=True)
    answered = any_api.respond(
        "secret", score=3, comment="between us",
        contact={"external_id": CANARIES["external_id"]},
    )  # fmt: skip
    assert answered.status_code == 201, answered.text
    _work_off()
    text = any_api.get(f"/api/v1/contacts/{person}/data").text
    assert "between us" not in text
    assert answered.json["id"] not in text


def test_what_was_pressed_in_the_mail_of_a_confidential_survey_is_not_told(any_api, person):
    nps = any_api.get("/api/v1/surveys/nps").json
    secret = any_api.survey(key="secret", confidential=True)
    now = utcnow()
    with transaction() as session:
        for survey, score in ((nps, 4), (secret, 3)):
            asked = Invitation(
                workspace_id=any_api.workspace_id, id=uuid7(), survey_id=UUID(survey["id"]),
                contact_id=person, channel="email", state="sent", send_at=now, created_at=now,
            )  # fmt: skip
            session.add(asked)
            session.flush()
            session.add(
                LinkFetch(
                    workspace_id=any_api.workspace_id, invitation_id=asked.id, at=now,
                    score=score, hidden=False,
                )
            )  # fmt: skip
    kept = any_api.get(f"/api/v1/contacts/{person}/data").json["kept"]
    assert [each["score"] for each in kept["link_fetch"]] == [4]


def test_files_of_many_megabytes_are_told_one_after_the_other(any_api, person):
    size, number = 1_000_000, 30
    with transaction() as session:
        mails = select(CaseMail).where(CaseMail.workspace_id == any_api.workspace_id)
        letter = session.scalars(mails.where(CaseMail.direction == "in")).one()
        for place in range(1, number + 1):
            file = attachment_of(letter, "x" * size)
            file.name, file.position = "file", place
            session.add(file)
    told = personal_data.told(any_api.workspace_id, person, now=utcnow())
    tracemalloc.start()
    try:
        total = sum(map(len, told))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > size * number
    assert most < size * number


def test_what_bars_an_address_is_told(any_api, person):
    with transaction() as session:
        digest = address_digests(any_api.workspace_id, CANARIES["email"])[0]
        suppress(session, any_api.workspace_id, digest, kind="bounced", now=utcnow())
    (bar,) = any_api.get(f"/api/v1/contacts/{person}/data").json["barred"]
    assert (bar["channel"], bar["address"], bar["kind"]) == (
        "email", CANARIES["email"], "bounced",
    )  # fmt: skip


def test_forgetting_by_api_is_once_and_for_all(any_api, person):
    assert any_api.delete(f"/api/v1/contacts/{person}").status_code == 204
    _work_off()
    assert places_of(CANARIES) == []
    assert any_api.get(f"/api/v1/contacts/{person}/data").status_code == 404
    again = any_api.post("/api/v1/contacts", {"external_id": CANARIES["external_id"]})
    assert again.status_code == 409


def test_an_admin_takes_the_file_and_forgets_in_the_pages(any_database, any_api, person):
    admin = Browser(any_database)
    assert admin.sign_in(any_api.workspace.email).status_code == 303
    page = admin.get(f"/contacts/{person}/data")
    assert CANARIES["name"] in page.text
    file = admin.post(f"/contacts/{person}/data.json")
    assert file.headers["Content-Disposition"].endswith(f'"contact-{person}.json"')
    assert CANARIES["comment"] in file.text
    unsure = admin.post(f"/contacts/{person}/forget")
    assert unsure.status_code == 422
    assert places_of({"name": CANARIES["name"]})
    assert admin.post(f"/contacts/{person}/forget", {"sure": "1"}).status_code == 303
    _work_off()
    assert places_of(CANARIES) == []
    log = admin.get("/settings/audit").text
    assert "made a file of what is kept of a person" in log
    assert "erased a person" in log


def test_every_package_with_personal_text_has_its_store(app):
    assert {store.name.split(".")[0] for store in personal_stores()} >= {
        "collecting", "distributing", "following_up", "understanding", "measuring", "people",
        "succeeding",
    }  # fmt: skip
