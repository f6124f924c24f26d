"""Pages: a file is chosen, checked and imported, by admins alone."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.conftest import Browser
from vocapp import outbox
from vocapp.connecting.importing import keeping
from vocapp.connecting.importing.models import FileImport
from vocapp.connecting.importing.wording import reason
from vocapp.database import scoped, snapshot, utcnow
from vocapp.people.models import Account, Contact
from vocapp.people.service import erase_contact

PEOPLE = (
    "メールアドレス,氏名,会社名,座席数\n"
    "saki@example.jp,髙﨑 咲,山崎商会,12\n"
    "ken@example.jp,森 健,山崎商会,3\n"
    "nobody,誰か,山崎商会,\n"
)  # fmt: skip


@pytest.fixture
def admin(any_database, any_api) -> Browser:
    browser = Browser(any_database)
    assert browser.sign_in(any_api.workspace.email).status_code == 303
    return browser


def brought(admin: Browser, kind: str, content: str | bytes, **form: Any) -> str:
    """The address of the page of a file that was chosen."""
    sent = content if isinstance(content, bytes) else content.encode()
    answer = admin.post(
        "/settings/imports", {"kind": kind, "file": (BytesIO(sent), "people.csv"), **form}
    )
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def work() -> None:
    while outbox.work_off(keeping.FILE_IMPORT, now=utcnow()):
        pass


def stats(html: str) -> dict[str, str]:
    return dict(re.findall(r'<dt>([^<]+)</dt>\s*<dd class="stat-value">(?:<a[^>]*>)?([^<]+)', html))


def rows(model: Any, workspace_id: UUID) -> list[Any]:
    with snapshot() as session:
        return list(session.scalars(scoped(model, workspace_id)))


def the_file(workspace_id: UUID) -> FileImport:
    (found,) = rows(FileImport, workspace_id)
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_file_is_checked_then_imported_and_tells_what_became_of_it(admin, any_api, encoding):
    page = brought(admin, "contacts", PEOPLE.encode(encoding))
    assert "data-live" in admin.get(page).text
    work()
    checked = admin.get(page).text
    assert "data-live" not in checked
    assert stats(checked) == {
        "Rows": "3", "New records": "2", "Changed": "0", "Unchanged": "0", "Refused": "1",
    }  # fmt: skip
    assert "座席数" in checked
    assert "name not known" in checked
    assert "髙﨑 咲" in checked
    assert "メールアドレス: is no e-mail address" in checked
    assert rows(Contact, any_api.workspace_id) == []
    assert admin.post(f"{page}/begin").status_code == 303
    work()
    done = admin.get(page).text
    assert "2 rows were imported" in done
    people = {row.email: row for row in rows(Contact, any_api.workspace_id)}
    assert people["saki@example.jp"].name == "髙﨑 咲"
    assert people["saki@example.jp"].attributes == {"座席数": 12}
    refused = admin.get(f"{page}/refused.csv")
    (row,) = csv.DictReader(io.StringIO(refused.data.decode("utf-8-sig")))
    assert (row["rejected_line"], row["メールアドレス"]) == ("4", "nobody")
    assert row["rejected_reason"].startswith("メールアドレス: expected an e-mail address")
    log = admin.get("/settings/audit").text
    assert "had a file imported" in log
    assert "a file was imported" in log


def test_the_content_goes_with_the_import_and_the_rest_after_two_weeks(admin, any_api):
    page = brought(admin, "contacts", PEOPLE)
    work()
    admin.post(f"{page}/begin")
    work()
    with snapshot() as session:
        content, refused = session.execute(
            select(FileImport.content, FileImport.refused).where(
                FileImport.workspace_id == any_api.workspace_id
            )
        ).one()
    assert content is None
    assert refused is not None
    outbox.work_off(keeping.FORGET_FILE, now=utcnow() + keeping.KEPT - timedelta(minutes=1))
    assert admin.get(page).status_code == 200
    outbox.work_off(keeping.FORGET_FILE, now=utcnow() + keeping.KEPT + timedelta(minutes=1))
    assert admin.get(page).status_code == 404
    assert rows(FileImport, any_api.workspace_id) == []


def test_what_is_new_what_changes_and_what_is_known_are_told_apart(admin, any_api):
    any_api.post("/api/v1/accounts", {"external_id": "acme", "name": "Acme", "plan": "free"})
    any_api.post("/api/v1/accounts", {"external_id": "globex", "name": "Globex"})
    text = "id,name,plan,parent\nacme,Acme,pro,\nglobex,Globex,,\nnew,New,,acme\nlost,L,,nowhere\n"
    page = brought(admin, "accounts", text)
    work()
    expected = {"Rows": "4", "New records": "1", "Changed": "1", "Unchanged": "1", "Refused": "1"}
    assert stats(admin.get(page).text) == expected
    admin.post(f"{page}/begin")
    work()
    assert stats(admin.get(page).text) == expected
    accounts = {row.external_id: row for row in rows(Account, any_api.workspace_id)}
    assert accounts["acme"].plan == "pro"
    assert accounts["new"].parent_account_id == accounts["acme"].id
    again = brought(admin, "accounts", text)
    work()
    assert stats(admin.get(again).text) == expected | {
        "New records": "0",
        "Changed": "0",
        "Unchanged": "3",
    }
    assert f"{again}/begin" not in admin.get(again).text


def test_events_and_answers_come_in_too(admin, any_api):
    any_api.survey()
    events = (
        "id,type,account,contact,at\ne1,login,acme,u1,2026-10-02T01:00:00Z\ne2,login,acme,,soon\n"
    )
    page = brought(admin, "events", events)
    work()
    assert stats(admin.get(page).text)["New records"] == "1"
    answers = brought(admin, "responses", "点数,日付\n9,2026-10-01\n", survey="nps")
    work()
    admin.post(f"{page}/begin")
    admin.post(f"{answers}/begin")
    work()
    assert "1 row was imported" in admin.get(answers).text
    assert any_api.get("/api/v1/accounts/acme").status_code == 200
    repeated = brought(admin, "responses", "点数,日付\n9,2026-10-01\n", survey="nps")
    work()
    told = stats(admin.get(repeated).text)
    assert (told["New records"], told["Unchanged"]) == ("0", "1")


def test_pasted_rows_do_as_well_and_thousands_of_them(admin, any_api):
    text = "email,name\r\n" + "".join(f"p{n}@example.com,{'x' * 250}\r\n" for n in range(3000))
    answer = admin.post("/settings/imports", {"kind": "contacts", "text": text})
    assert answer.status_code == 303
    work()
    assert stats(admin.get(answer.location).text)["New records"] == "3,000"
    assert len(text) > 500_000


def test_pressing_twice_imports_once(admin, any_api):
    page = brought(admin, "contacts", PEOPLE)
    assert admin.post(f"{page}/begin").status_code == 303  # before the check is done
    assert the_file(any_api.workspace_id).state == "checking"
    work()
    admin.post(f"{page}/begin")
    admin.post(f"{page}/begin")
    with snapshot() as session:
        assert outbox.pending_count(session, any_api.workspace_id, keeping.FILE_IMPORT) == 1
    assert admin.post(f"{page}/remove").location == page  # not while it is being imported
    work()
    assert len(rows(Contact, any_api.workspace_id)) == 2


def test_an_import_whose_worker_died_goes_on_and_counts_as_before(admin, any_api, monkeypatch):
    monkeypatch.setattr("vocapp.connecting.importing.service._BATCH", 1)
    page = brought(admin, "contacts", PEOPLE)
    work()
    admin.post(f"{page}/begin")
    calls = []

    def dies(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("vocapp.connecting.importing.working.give_way_to_writers", lambda: dies(1))
        work()
    assert the_file(any_api.workspace_id).done == 2
    outbox.work_off(keeping.FILE_IMPORT, now=utcnow() + timedelta(minutes=1))
    told = stats(admin.get(page).text)
    assert (told["New records"], told["Unchanged"], told["Refused"]) == ("2", "0", "1")


def test_what_was_given_up_says_so_and_is_tried_again(admin, any_api, monkeypatch):
    page = brought(admin, "contacts", PEOPLE)
    with monkeypatch.context() as patched:
        patched.setattr("vocapp.connecting.importing.working._run", lambda *_: 1 / 0)
        for _ in range(3):
            outbox.work_off(keeping.FILE_IMPORT, now=utcnow() + timedelta(hours=1))
    assert "because of a fault on our side" in admin.get(page).text
    admin.post(f"{page}/go-on")
    work()
    assert stats(admin.get(page).text)["New records"] == "2"


def test_bad_input_names_the_field_and_keeps_what_was_typed(admin, any_api):
    empty = admin.post("/settings/imports", {"text": "kept as typed"})
    assert empty.status_code == 422
    assert "Choose what the file tells of." in empty.text
    assert "kept as typed" in empty.text
    nothing = admin.post("/settings/imports", {"kind": "accounts"})
    assert (nothing.status_code, "Choose a file" in nothing.text) == (422, True)
    broken = admin.post(
        "/settings/imports", {"kind": "contacts", "text": 'email,name\na@b.c,"x\nd@e.f,y\n'}
    )
    assert broken.status_code == 422
    assert "Line 2: A quote (&#34;) is opened in this row and never closed." in broken.text
    workbook = admin.post(
        "/settings/imports", {"kind": "contacts", "file": (BytesIO(b"PK\3\4\x81\xff\0"), "x.xlsx")}
    )
    assert "has to be saved as CSV first" in workbook.text
    column = admin.post(
        "/settings/imports", {"kind": "events", "text": "id,type,account,at,colour\ne,l,a,x,y\n"}
    )
    assert "Line 1, column 5: An event has no such column" in column.text
    assert rows(FileImport, any_api.workspace_id) == []


def test_a_file_that_is_too_large_is_refused_in_words(admin, any_api):
    large = b"email\n" + b"a@example.com\n" * (keeping.MAX_FILE_BYTES // 14 + 1)
    answer = admin.post(
        "/settings/imports", {"kind": "contacts", "file": (BytesIO(large), "large.csv")}
    )
    assert answer.status_code == 422
    assert "larger than 10 MB" in answer.text
    larger = admin.post(
        "/settings/imports", {"kind": "contacts", "file": (BytesIO(large * 2), "larger.csv")}
    )
    assert larger.status_code == 303
    assert "larger than 10 MB" in admin.get("/settings/imports").text
    assert rows(FileImport, any_api.workspace_id) == []


def test_a_forgotten_person_takes_the_files_that_name_them_along(admin, any_api):
    any_api.post("/api/v1/contacts", {"email": "saki@example.jp", "name": "髙﨑 咲"})
    (saki,) = rows(Contact, any_api.workspace_id)
    page = brought(admin, "contacts", PEOPLE.encode("cp932"))
    other = brought(admin, "contacts", "email\nz@example.jp\n")
    work()
    erase_contact(any_api.workspace_id, saki.id, now=utcnow())
    assert "asked to be forgotten" in admin.get(page).text
    assert "saki@example.jp" not in admin.get(page).text
    admin.post(f"{page}/begin")
    work()
    assert rows(Contact, any_api.workspace_id) == []
    assert stats(admin.get(other).text)["New records"] == "1"


def test_cells_that_a_spreadsheet_would_run_come_back_harmless_and_as_they_were(admin, any_api):
    page = brought(admin, "contacts", "email,name\nnobody,=1+1\n")
    work()
    text = admin.get(f"{page}/refused.csv").text
    assert "'=1+1" in text
    page = brought(admin, "contacts", text.replace("nobody", "a@example.com"))
    work()
    admin.post(f"{page}/begin")
    work()
    (row,) = rows(Contact, any_api.workspace_id)
    assert row.name == "=1+1"


def test_only_admins_import(app, api, staff):
    for role in ("product", "success", "viewer"):
        someone = staff(role)
        assert someone.get("/settings/imports").status_code == 403
        assert someone.post("/settings/imports", {"kind": "accounts"}).status_code == 403
        assert "/settings/imports" not in someone.get("/accounts").text
    assert "/settings/imports?kind=accounts" in staff("admin").get("/accounts").text


@pytest.mark.parametrize("day", ["2027-13-01", "2027/02/30", "soon"])
def test_a_day_that_does_not_exist_is_told_of_as_the_column_is_called(admin, day):
    page = brought(admin, "accounts", f"external_id,started_on,renewal_on\na,{day},{day}\n")
    work()
    html = admin.get(page).text
    assert "Customer since: is no day such as 2027-03-31" in html
    assert "Renewal on: is no day such as 2027-03-31" in html


def test_reasons_are_told_in_words():
    said = {
        "Input should be 'started' or 'changed'": "is none of: started, changed",
        "Input should be greater than or equal to 0": "is less than 0",
        "expected a whole number from 0 to 10, got 'x'": "is no whole number from 0 to 10",
        "3 cells under a header of 4": "has 3 cells under 4 columns",
        "something that nobody foresaw": "something that nobody foresaw",
    }
    assert {message: reason(message) for message in said} == said
