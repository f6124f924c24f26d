"""Who is never asked: the list, and putting many on it at once."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, select

from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.distributing.asking import never_views, queries, service
from vocapp.distributing.asking.listing import MAX_LISTED, read_list
from vocapp.distributing.asking.models import NeverAsked
from vocapp.extensions import db
from vocapp.people.merging.service import merge_contacts
from vocapp.people.models import Account, Contact
from vocapp.problems import BadInput, Conflict
from vocapp.workspaces.models import AuditEntry, Membership
from vocapp.workspaces.reach import WHOLE_WORKSPACE, OwnAccounts
from vocapp.workspaces.service import find_or_create_user

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
LIST, ADD = "/contacts/never-asked", "/contacts/never-asked/add"


@pytest.fixture
def people(any_api):
    """Four who are known: two at an account, one by the address alone, one without any."""
    any_api.survey()
    for contact, account in (
        ({"external_id": "u-1", "email": "Aiko@example.com", "name": "Aiko Tanaka"}, "acme"),
        ({"external_id": "u-2", "email": "ben@example.com", "name": "Ben"}, "other"),
        ({"email": "chiyo@example.com"}, None),
        ({"external_id": "u-4", "name": "Dan"}, None),
    ):
        body = {"survey": "nps", "score": 9, "contact": contact}
        body |= {"account": {"external_id": account, "name": account.title()}} if account else {}
        assert any_api.respond(**body).status_code == 201
    return any_api


@pytest.fixture
def except_listed(people):
    def give(text, *, reach=WHOLE_WORKSPACE, by=None, now=NOON):
        return service.never_ask_listed(
            people.workspace_id, read_list(text), reach=reach, actor_user_id=by, now=now
        )

    return give


@pytest.fixture
def desk(any_database, people):
    """Somebody of the workspace, signed in on each kind of database."""
    from tests.conftest import PASSWORD, Browser

    def sign_in(role="success", *, only_own=False, name="Mika", language="en"):
        email = f"{role}-{uuid4().hex[:8]}@example.com"
        with transaction() as session:
            user = find_or_create_user(
                session, email=email, name=name, password=PASSWORD, locale=language, now=utcnow()
            )
            session.add(
                Membership(
                    workspace_id=people.workspace_id, user_id=user.id, role=role,
                    only_own_accounts=only_own, created_at=utcnow(),
                )
            )  # fmt: skip
        browser = Browser(any_database)
        assert browser.sign_in(email).status_code == 303
        browser.user_id = user.id
        return browser

    return sign_in


def excepted(api):
    """Keys or addresses of those who are never asked."""
    with snapshot() as session:
        rows = session.execute(
            select(Contact.external_id, Contact.email)
            .join(NeverAsked, NeverAsked.contact_id == Contact.id)
            .where(NeverAsked.workspace_id == api.workspace_id)
        )
        return {row.external_id or row.email for row in rows}


def noted(api, action):
    with snapshot() as session:
        rows = session.scalars(
            scoped(AuditEntry, api.workspace_id).where(AuditEntry.action == action)
        )
        return len(rows.all())


def own(api, user_id, key="acme"):
    with transaction() as session:
        row = session.scalars(
            scoped(Account, api.workspace_id).where(Account.external_id == key)
        ).one()
        row.owner_user_id = user_id


def undo_of(page):
    return page.partition(f'action="{LIST}/undo?')[2].partition('"')[0].replace("&amp;", "&")


# --- reading a list -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a@example.com\nBen <B@example.com>\n\nc@example.com, Chiyo",
         {1: "a@example.com", 2: "b@example.com", 4: "c@example.com"}),
        ("名前,メールアドレス\n愛子,a@example.com\n,\n花,B@example.com",
         {2: "a@example.com", 4: "b@example.com"}),
        ("Company;External ID\nAcme;u-1\n\"Two\nlines\";u-2", {2: "u-1", 3: "u-2"}),
        ("Ｅ-ｍａｉｌ\na@example.com\r\n", {2: "a@example.com"}),
        ("contact_email\tscore\na@example.com\t9", {2: "a@example.com"}),
        ("u-1\nnobody at all", {1: "u-1", 2: "nobody at all"}),
    ],
)  # fmt: skip
def test_a_list_is_lines_or_a_table_with_a_heading(text, names):
    assert {each.line: each.names[-1][1] for each in read_list(text)} == names


@pytest.mark.parametrize(
    "text", ["", " \n\n", "email\n", 'email,note\na@example.com,"never closed\nb@example.com,x']
)
def test_a_list_that_is_empty_or_broken_is_refused_whole(text):
    with pytest.raises(BadInput) as refused:
        read_list(text)
    assert [each.field for each in refused.value.errors] == ["people"]


def test_a_list_has_an_end():
    most = "\n".join(f"u-{number}" for number in range(MAX_LISTED))
    assert len(read_list(most)) == MAX_LISTED
    with pytest.raises(BadInput, match="At most 5,000 people at once"):
        read_list(f"{most}\nu-x")


# --- excepting many -------------------------------------------------------------------------


def test_all_whom_a_list_names_are_excepted_and_the_other_lines_told(people, except_listed):
    done = except_listed("aiko@EXAMPLE.com\nnobody@example.com\nu-2\nu-2\n\nu-9")
    assert (done.new, done.already) == (2, 0)
    assert [(each.line, each.text) for each in done.unknown] == [
        (2, "nobody@example.com"), (6, "u-9"),
    ]  # fmt: skip
    assert excepted(people) == {"u-1", "u-2"}
    again = except_listed("u-1\nchiyo@example.com", now=NOON + timedelta(days=1))
    assert (again.new, again.already, again.unknown) == (1, 1, [])
    assert noted(people, "contact.never_asked") == 3
    since = {row.contact_id: row.since for row in rows_of(people)}
    assert sorted(since.values()) == [NOON, NOON, NOON + timedelta(days=1)]


def rows_of(api):
    with snapshot() as session:
        return session.scalars(scoped(NeverAsked, api.workspace_id)).all()


def test_the_key_goes_before_the_address_and_an_address_is_that_of_all_who_have_it(
    people, except_listed
):
    people.respond(score=3, contact={"external_id": "u-5", "email": "ben@example.com"})
    except_listed("id,email\nu-1,ben@example.com")
    assert excepted(people) == {"u-1"}
    assert except_listed("id,email\nu-9,ben@example.com").new == 2
    assert excepted(people) == {"u-1", "u-2", "u-5"}


def test_who_is_on_the_list_is_not_asked(people, except_listed):
    body = {"survey": "nps", "contact": {"email": "chiyo@example.com"}}
    assert people.post("/api/v1/invitations", body).json["state"] == "scheduled"
    assert except_listed("chiyo@example.com").new == 1
    again = people.post("/api/v1/invitations", body).json
    assert (again["state"], again["reason"]) == ("not_sent", "excluded")


def test_a_merged_record_leads_to_the_person(people, except_listed):
    with snapshot() as session:
        ids = dict(
            session.execute(
                select(Contact.external_id, Contact.id).where(
                    Contact.workspace_id == people.workspace_id
                )
            ).all()
        )
    merge_contacts(people.workspace_id, keep=ids["u-1"], merge=ids["u-2"], now=NOON)
    assert except_listed("u-2").new == 1
    assert excepted(people) == {"u-1"}


def test_a_list_names_nobody_of_another_workspace(
    any_database, people, except_listed, new_workspace, api_of
):
    other = api_of(any_database.test_client(), new_workspace("Other"))
    other.survey()
    other.respond(score=1, contact={"external_id": "theirs", "email": "theirs@example.com"})
    done = except_listed("theirs\ntheirs@example.com\nu-1")
    assert (done.new, [each.line for each in done.unknown]) == (1, [1, 2])
    assert rows_of(other) == []
    assert queries.count_never_asked(other.workspace_id, reach=WHOLE_WORKSPACE) == 0


def test_a_list_is_taken_back_by_whom_it_was_and_no_further(people, except_listed, colleague):
    by, another = (colleague(people.workspace_id) for _ in range(2))
    except_listed("u-1", by=by)
    now = NOON + timedelta(hours=1)
    except_listed("u-1\nu-2\nu-4", by=by, now=now)
    how = {"reach": WHOLE_WORKSPACE, "now": now + timedelta(minutes=1)}
    with pytest.raises(Conflict):
        service.take_back_listed(people.workspace_id, now, actor_user_id=another, **how)
    service.take_back_listed(people.workspace_id, now, actor_user_id=by, **how)
    assert excepted(people) == {"u-1"}
    assert noted(people, "contact.asked_again") == 2
    with pytest.raises(Conflict):
        service.take_back_listed(people.workspace_id, now, actor_user_id=by, **how)


def test_who_sees_own_accounts_excepts_and_lets_go_no_others(people, except_listed, colleague):
    by = colleague(people.workspace_id)
    own(people, by)
    reach = OwnAccounts(by)
    done = except_listed("u-1\nu-2\nchiyo@example.com", reach=reach, by=by)
    assert (done.new, [each.line for each in done.unknown]) == (1, [2, 3])
    except_listed("u-2")
    shown = queries.never_asked(people.workspace_id, reach=reach, limit=10)
    assert [row.name for row in shown] == ["Aiko Tanaka"]
    assert queries.count_never_asked(people.workspace_id, reach=reach) == 1
    own(people, None)
    with pytest.raises(Conflict):
        service.take_back_listed(people.workspace_id, NOON, reach=reach, actor_user_id=by, now=NOON)
    assert excepted(people) == {"u-1", "u-2"}


def test_thousands_take_a_few_statements(people, except_listed):
    with transaction() as session:
        for number in range(600):
            session.add(
                Contact(
                    workspace_id=people.workspace_id, external_id=f"many-{number}",
                    email=f"many-{number}@example.com", attributes={}, fact_as_of={},
                    created_at=NOON, updated_at=NOON,
                )
            )  # fmt: skip
    ran = []

    def count(_conn, _cursor, statement, *_):
        ran.append(statement)

    text = "\n".join(f"many-{number}@example.com" for number in range(600))
    with db.engine.connect():
        event.listen(db.engine, "before_cursor_execute", count)
        try:
            done = except_listed(text)
        finally:
            event.remove(db.engine, "before_cursor_execute", count)
    assert done.new == 600
    assert len(ran) < 20, len(ran)


# --- pages ----------------------------------------------------------------------------------


def test_the_page_of_nobody_says_what_it_is_for(desk):
    page = desk().get(LIST).text
    assert "Nobody is excepted" in page
    assert "what was planned for them is stopped" in page
    assert f'href="{ADD}"' in page
    assert f'href="{ADD}"' not in desk("product").get(LIST).text


def test_a_list_is_pasted_and_undone(people, desk):
    browser = desk()
    said = browser.post(ADD, {"people": "aiko@example.com\nu-4"}, follow_redirects=True).text
    assert "2 people are not asked any more." in said
    for words in ("Aiko Tanaka", "aiko@example.com".title()[:4], "Acme", "Dan", "Mika"):
        assert words in said
    undone = browser.post(f"{LIST}/undo?{undo_of(said)}", follow_redirects=True).text
    assert "Undone." in undone
    assert excepted(people) == set()
    late = browser.post(f"{LIST}/undo?{undo_of(said)}", follow_redirects=True).text
    assert "can no longer be undone" in late


def test_what_names_nobody_is_told_with_its_line_and_stays_typed(people, desk):
    typed = "aiko@example.com\nnobody@example.com\n<b>\nu-4"
    answer = desk().post(ADD, {"people": typed})
    assert answer.status_code == 200
    assert "2 people are not asked any more." in answer.text
    assert "2 lines name nobody who is known here." in answer.text
    for words in ("Line 2", "Line 3", "nobody@example.com\n&lt;b&gt;\nu-4"):
        assert words in answer.text
    assert "<b>" not in answer.text
    assert undo_of(answer.text)
    assert excepted(people) == {"u-1", "u-4"}


def test_a_list_of_those_who_are_excepted_already_changes_nothing(people, desk):
    browser = desk()
    browser.post(ADD, {"people": "u-1\nu-2"}, follow_redirects=True)
    said = browser.post(ADD, {"people": "u-1\nu-2"}, follow_redirects=True).text
    assert "2 people were excepted before." in said
    assert not undo_of(said)
    assert excepted(people) == {"u-1", "u-2"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp932"])
def test_a_file_of_a_spreadsheet_is_read_as_it_was_saved(people, desk, encoding):
    content = "氏名,メール\r\n愛子,aiko@example.com\r\n花,hana@example.com\r\n".encode(encoding)
    answer = desk().post(ADD, {"people": "", "file": (io.BytesIO(content), "list.csv")})
    assert "Line 3" in answer.text
    assert "花, hana@example.com" in answer.text
    assert excepted(people) == {"u-1"}


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"people": ""}, "Enter at least one person"),
        ({"people": "u-1", "file": b"\x81\x00\xff"}, "is not text in UTF-8"),
        ({"people": "u-1", "file": b'email,x\n"a'}, "The list cannot be read"),
    ],
)
def test_a_list_that_cannot_be_read_changes_nothing_and_what_was_typed_stays(
    people, desk, form, says
):
    if "file" in form:
        form = form | {"file": (io.BytesIO(form["file"]), "list.csv")}
    answer = desk().post(ADD, form)
    assert answer.status_code == 422
    assert says in answer.text
    assert f"\n{form['people']}</textarea>" in answer.text
    assert excepted(people) == set()


def test_somebody_is_let_go_from_the_list_and_back(people, desk):
    browser = desk()
    browser.post(ADD, {"people": "u-1\nu-4"})
    page = browser.get(f"{LIST}?q=aik").text
    (again,) = re.findall(r'action="(/contacts/[^"]+/asking/again)"', page)
    (back,) = re.findall(r'asking/again">.*?name="next" value="([^"]+)"', page)
    assert back == f"{LIST}?q=aik"
    answer = browser.post(again, {"next": back})
    assert answer.location == back
    assert excepted(people) == {"u-4"}
    said = browser.get(LIST).text
    undo = said.partition('action="/asking/undo?')[2].partition('"')[0].replace("&amp;", "&")
    assert browser.post(f"/asking/undo?{undo}").location == back
    assert excepted(people) == {"u-1", "u-4"}


@pytest.mark.parametrize(
    ("text", "found"),
    [("aiko", {"Aiko Tanaka"}), ("tana", {"Aiko Tanaka"}), ("chiyo@", {"chiyo@example.com"}),
     ("u-4", {"Dan"}), ("zz", set()), ("\0", {"Aiko Tanaka", "chiyo@example.com", "Dan"})],
)  # fmt: skip
def test_the_list_is_searched_by_name_address_and_key(people, except_listed, desk, text, found):
    except_listed("u-1\nchiyo@example.com\nu-4")
    page = desk().get(LIST, query_string={"q": text}).text
    assert set(re.findall(r'asking">([^<]+)</a></?', page)) == found
    assert ("Nobody of that name is excepted" in page) is not found or bool(found)


def test_the_list_goes_on_page_by_page_the_latest_first(people, except_listed, desk, monkeypatch):
    monkeypatch.setattr(never_views, "PAGE_SIZE", 2)
    except_listed("u-4")
    except_listed("u-1\nu-2\nchiyo@example.com", now=NOON + timedelta(days=1))
    browser = desk()
    seen, url = [], LIST
    while url:
        page = browser.get(url).text
        assert "4 people" in page
        seen.append(re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', page))
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following and following[1].replace("&amp;", "&")
    assert [len(each) for each in seen] == [2, 2]
    assert seen[1][-1] == "Dan"
    assert len(set(seen[0] + seen[1])) == 4


def test_who_sees_own_accounts_finds_no_others_on_the_page(people, except_listed, desk):
    except_listed("u-1\nu-2\nchiyo@example.com")
    browser = desk(only_own=True)
    assert "Nobody is excepted" in browser.get(LIST).text
    own(people, browser.user_id)
    page = browser.get(LIST).text
    assert "1 person" in page
    assert "Aiko Tanaka" in page
    assert "Ben" not in page
    answer = browser.post(ADD, {"people": "u-2"})
    assert "1 line names nobody who is known here." in answer.text
    assert "excepted before" not in answer.text


def test_the_list_is_reached_from_asking(people, except_listed, desk):
    page = desk("admin").get("/settings/asking").text
    assert "Nobody is excepted." in page
    except_listed("u-1")
    page = desk("admin").get("/settings/asking").text
    assert "1 person is asked by no survey" in page
    assert f'href="{LIST}"' in page
    (row,) = rows_of(people)
    assert f'href="{LIST}"' in desk().get(f"/contacts/{row.contact_id}/asking").text
    assert f'href="{LIST}"' in desk().get("/surveys/nps/invitations").text


def test_viewers_neither_see_nor_change_the_list(people, desk):
    viewer = desk("viewer")
    assert viewer.get(LIST).status_code == 403
    assert viewer.post(ADD, {"people": "u-1"}).status_code == 403
    assert desk("product").post(ADD, {"people": "u-1"}).status_code == 403
    assert excepted(people) == set()
