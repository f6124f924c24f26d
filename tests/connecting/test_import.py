"""Files of people and answers come in: whole, once, and with a reason for what does not."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from vocapp import cli
from vocapp.collecting.models import Response
from vocapp.connecting.importing.files import MAX_LINE_CHARS, inspect
from vocapp.connecting.importing.kinds import KINDS
from vocapp.connecting.importing.service import Options, open_import
from vocapp.database import scoped, snapshot, utcnow
from vocapp.extensions import db
from vocapp.outbox import BACKLOG, Pending
from vocapp.people.models import Account, Contact
from vocapp.people.service import erase_contact
from vocapp.problems import BadInput


@dataclass(frozen=True)
class Importing:
    """Writes a file and imports it."""

    workspace_id: UUID
    folder: Path

    def __call__(self, kind: str, text: str | bytes, name: str = "f.csv", **options: Any) -> Any:
        path = self.folder / name
        content = text if isinstance(text, bytes) else text.encode()
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        opened = open_import(
            self.workspace_id, kind, path, Options(time_zone="Asia/Tokyo", **options), now=utcnow()
        )
        for _ in opened.run():
            pass
        return opened

    def rejected(self, name: str = "f") -> list[dict[str, str]]:
        path = self.folder / f"{name}.rejected.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def importing(any_api, tmp_path) -> Importing:
    return Importing(any_api.workspace_id, tmp_path)


def rows(model, workspace_id):
    with snapshot() as session:
        return session.scalars(scoped(model, workspace_id)).all()


def all_rows() -> list[str]:
    with snapshot() as session:
        return sorted(
            f"{table.name} {row!r}"
            for table in db.metadata.sorted_tables
            for row in session.execute(table.select())
        )


ANSWERS = (
    "survey,score,comment,answered_at,email,company,plan,role\n"
    "nps,9,良い,2026-10-01T09:00:00+09:00,a@example.com,acme,pro,admin\n"
    "nps,3,\"slow, and\nugly\",2026/10/2 18:30,b@example.com,acme,pro,user\n"
    "nps,10,,2026-10-03,,,,\n"
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_rows_is_refused_in_words(importing, kind):
    with pytest.raises(BadInput, match="no row below the header"):
        importing(kind, "email,name\n")
    with pytest.raises(BadInput, match=r"line 1.*names of the columns are missing"):
        importing(kind, "")


def test_answers_come_in_with_people_facts_and_times(importing, any_api, drain_outbox):
    any_api.survey()
    opened = importing("responses", ANSWERS)
    assert (opened.tally.counts["stored"], importing.rejected()) == (3, [])
    assert opened.columns.unknown == ("role",)
    found = sorted(rows(Response, any_api.workspace_id), key=lambda row: row.answered_at)
    assert [row.score for row in found] == [9, 3, 10]
    assert [row.answered_at.isoformat() for row in found] == [
        "2026-10-01T00:00:00+00:00", "2026-10-02T09:30:00+00:00", "2026-10-02T15:00:00+00:00",
    ]  # fmt: skip
    assert found[0].attributes["role"] == "admin"
    assert found[0].attributes["plan"] == "pro"
    (account,) = rows(Account, any_api.workspace_id)
    assert (account.external_id, account.plan) == ("acme", "pro")
    assert {row.email for row in rows(Contact, any_api.workspace_id)} == {
        "a@example.com", "b@example.com",
    }  # fmt: skip
    shown = any_api.get(f"/api/v1/responses/{found[1].id}").json
    assert shown["comment"] == "slow, and\nugly"
    assert drain_outbox() == []
    metrics = any_api.get("/api/v1/surveys/nps/metrics?by=plan&min_n=1").json
    assert metrics["overall"]["n"] == 3


def test_a_second_run_changes_nothing(importing, any_api):
    any_api.survey()
    importing("responses", ANSWERS)
    importing("contacts", "email,name,account,seats\nc@example.com,Chie,globex,12\n", "c.csv")
    importing("accounts", "id,name,plan\nacme,Acme,pro\n", "a.csv")
    before = all_rows()
    again = [
        importing("responses", ANSWERS),
        importing("contacts", "email,name,account,seats\nc@example.com,Chie,globex,12\n", "c.csv"),
        importing("accounts", "id,name,plan\nacme,Acme,pro\n", "a.csv"),
    ]
    assert all_rows() == before
    assert [opened.tally.counts["unchanged"] for opened in again] == [3, 1, 1]


def test_an_interrupted_import_is_repeated_and_completes(importing, any_api, monkeypatch):
    monkeypatch.setattr("vocapp.connecting.importing.service._BATCH", 1)
    any_api.survey()
    path = importing.folder / "f.csv"
    path.write_text(ANSWERS)
    options = Options(time_zone="Asia/Tokyo")
    steps = open_import(any_api.workspace_id, "responses", path, options, now=utcnow()).run()
    assert next(steps) == 1
    steps.close()
    assert len(rows(Response, any_api.workspace_id)) == 1
    assert importing("responses", ANSWERS).tally.counts == {"unchanged": 1, "stored": 2}
    assert len(rows(Response, any_api.workspace_id)) == 3


def test_a_dry_run_changes_nothing_and_finds_the_same_faults(importing, any_api):
    any_api.survey()
    before = all_rows()
    opened = importing("responses", ANSWERS + "nps,11,,2026-10-03,,,,\n", dry_run=True)
    assert all_rows() == before
    assert opened.tally.counts == {"stored": 3, "rejected": 1}
    assert [row["rejected_line"] for row in importing.rejected()] == ["6"]


def test_people_who_cannot_be_told_apart_are_all_counted(importing, any_api):
    any_api.survey()
    text = "score,date\n" + "9,2026-10-01\n" * 5 + "0,2026-10-01\n" * 2
    assert importing("responses", text, survey_key="nps").tally.counts == {"stored": 7}
    assert importing("responses", text, survey_key="nps").tally.counts == {"unchanged": 7}
    assert len(rows(Response, any_api.workspace_id)) == 7


def test_a_rejected_row_comes_back_corrected(importing, any_api):
    any_api.survey()
    text = (
        "survey,score,answered_at,email\n"
        "nps,eleven,2026-10-01,a@example.com\n"
        "nope,9,2026-10-01,b@example.com\n"
        "nps,9,1/2/2026,c@example.com\n"
        "nps,9,2026-10-01,not an address\n"
        "nps,9\n"
        "nps,8,2026-10-01,d@example.com\n"
    )
    opened = importing("responses", text)
    assert opened.tally.counts == {"stored": 1, "rejected": 5}
    rejected = importing.rejected()
    assert [(row["rejected_line"], row["rejected_reason"].split(":")[0]) for row in rejected] == [
        ("2", "score"), ("3", "survey"), ("4", "answered_at"), ("5", "email"), ("6", "row"),
    ]  # fmt: skip
    corrected = (importing.folder / "f.rejected.csv").read_bytes().decode()
    for wrong, right in (
        (",eleven,", ",9,"), (",nope,", ",nps,"), ("1/2/2026", "2026-02-01"),
        ("not an address", "e@example.com"), (",nps,9\r\n", ",nps,9,2026-10-02,f@example.com\r\n"),
    ):  # fmt: skip
        assert wrong in corrected
        corrected = corrected.replace(wrong, right)
    assert importing("responses", corrected, "g.csv").tally.counts == {"stored": 5}
    assert importing.rejected("g") == []
    assert len(rows(Response, any_api.workspace_id)) == 6


def test_a_value_that_no_database_holds_is_named_and_takes_no_other_row_with_it(importing, any_api):
    any_api.survey()
    text = 'survey,score,answered_at,role\nnps,9,2026-10-01,{}\nnps,8,2026-10-01,"""x"""\n'
    opened = importing("responses", text.format('"""a\\u0000b"""'))
    assert opened.tally.counts == {"stored": 1, "rejected": 1}
    (row,) = importing.rejected()
    assert (row["rejected_line"], row["rejected_reason"].split(":")[0]) == ("2", "role")


def test_of_two_rows_about_one_person_the_later_one_holds(importing, any_api):
    text = (
        "email,name,role,company,plan\n"
        "a@example.com,Aiko,user,acme,\n"
        "b@example.com,Ben,,acme,pro\n"
        "A@example.com,Aiko Yamada,admin,globex,\n"
    )
    for expected in ({"stored": 2, "changed": 1}, {"changed": 2, "unchanged": 1}):
        assert importing("contacts", text).tally.counts == expected
        aiko, _ = sorted(rows(Contact, any_api.workspace_id), key=lambda row: row.email.lower())
        assert (aiko.name, aiko.attributes["role"]) == ("Aiko Yamada", "admin")
        accounts = {row.external_id: row for row in rows(Account, any_api.workspace_id)}
        assert aiko.account_id == accounts["globex"].id


def test_imported_history_opens_nothing_and_waits_behind_fresh_work(importing, any_api):
    any_api.survey()
    importing("responses", ANSWERS)
    work = rows(Pending, any_api.workspace_id)
    # Figures of past months are split by what was answered before them.
    assert {row.kind for row in work} == {"measure", "analyse", "figures"}
    assert {row.priority for row in work} == {BACKLOG}


def test_follow_ups_are_opened_when_asked_for(importing, any_api, drain_outbox):
    any_api.survey()
    importing("responses", ANSWERS, follow_up=True)
    drain_outbox()
    cases = any_api.get("/api/v1/follow-ups?state=open").json["items"]
    assert [case["response"]["score"] for case in cases] == [3]


def test_an_erased_person_does_not_come_back_by_a_file(importing, any_api):
    any_api.survey()
    importing("responses", ANSWERS)
    person = next(
        row for row in rows(Contact, any_api.workspace_id) if row.email == "b@example.com"
    )
    erase_contact(any_api.workspace_id, person.id, now=utcnow())
    again = ANSWERS.replace("ugly", "ugly indeed")
    opened = importing("responses", again)
    assert opened.tally.counts == {"unchanged": 2, "erased": 1}
    assert importing("contacts", "email\nB@example.com\n", "c.csv").tally.counts == {"erased": 1}
    assert not [line for line in all_rows() if "indeed" in line or "'b@example.com" in line]


def test_an_old_file_does_not_overwrite_what_became_known_later(importing, any_api):
    importing("accounts", "id,plan,mrr,currency\nacme,free,0,JPY\n")
    any_api.post("/api/v1/accounts", {"external_id": "acme", "plan": "pro"})
    importing("accounts", "id,plan,mrr,currency\nacme,free,0,JPY\n")
    (account,) = rows(Account, any_api.workspace_id)
    assert (account.plan, account.mrr_minor) == ("pro", 0)


def test_the_same_answers_sent_in_another_way_are_known_again(importing, any_api):
    any_api.survey()
    sent = any_api.respond(score=9, comment="x", answered_at="2026-10-01T00:00:00Z").json["id"]
    text = "id,survey,score,comment,answered_at\n{},nps,{},x,2026-10-01T00:00:00Z\n"
    assert importing("responses", text.format(sent, 9)).tally.counts == {"unchanged": 1}
    looked = importing("responses", text.format(sent, 9), "dry.csv", dry_run=True)
    assert looked.tally.counts == {"unchanged": 1}
    looked = importing("responses", text.format(sent, 8), "dry.csv", dry_run=True)
    assert looked.tally.counts == {"rejected": 1}
    opened = importing("responses", text.format(sent, 8))
    assert opened.tally.counts == {"rejected": 1}
    assert "other content" in importing.rejected()[0]["rejected_reason"]


def test_a_row_of_another_survey_is_not_counted_for_the_chosen_one(importing, any_api):
    any_api.survey()
    any_api.survey("csat", kind="csat")
    text = "survey,score,answered_at\ncsat,5,2026-10-01\nold-key,5,2026-10-01\n"
    assert importing("responses", text, survey_key="nps").tally.counts == {
        "stored": 1, "rejected": 1,
    }  # fmt: skip


def test_facts_without_an_account_are_checked_all_the_same(importing, any_api, drain_outbox):
    any_api.survey()
    text = "survey,score,date,started_on,mrr,currency\nnps,9,2026-10-01,{},{},JPY\n"
    assert importing("responses", text.format("soon", 1)).tally.counts == {"rejected": 1}
    assert importing("responses", text.format("2026-01-01", "x")).tally.counts == {"rejected": 1}
    assert importing("responses", text.format("2026/1/1", '"12,000"')).tally.counts == {"stored": 1}
    assert drain_outbox() == []
    (found,) = rows(Response, any_api.workspace_id)
    assert (found.attributes["started_on"], found.attributes["mrr"]) == ("2026-01-01", 12000)


def test_an_id_of_another_tool_is_an_identity(importing, any_api):
    any_api.survey()
    text = "id,survey,score,answered_at\nresp_1,nps,9,2026-10-01\nresp_2,nps,9,2026-10-01\n"
    assert importing("responses", text).tally.counts == {"stored": 2}
    assert importing("responses", text).tally.counts == {"unchanged": 2}


# --- how files are written ----------------------------------------------------------------

JAPANESE = "メールアドレス,氏名,会社名\nsaki@example.jp,髙﨑 咲,山崎商会\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (JAPANESE.encode(), "utf-8"),
        (JAPANESE.encode("utf-8-sig"), "utf-8-sig"),
        (JAPANESE.encode("cp932"), "cp932"),
        (JAPANESE.replace(",", "\t").encode("utf-16"), "utf-16"),
        (JAPANESE.replace(",", ";").replace("\n", "\r\n").encode(), "utf-8"),
        (JAPANESE.replace("\n", "\r").encode(), "utf-8"),
    ],
)
def test_each_way_of_saving_a_file_gives_the_same_people(importing, any_api, content, encoding):
    opened = importing("contacts", content)
    assert opened.file.encoding == encoding
    (person,) = rows(Contact, any_api.workspace_id)
    assert (person.email, person.name) == ("saki@example.jp", "髙﨑 咲")
    (account,) = rows(Account, any_api.workspace_id)
    assert account.name == "山崎商会"


def test_the_reason_stands_in_a_file_that_excel_reads_when_it_came_from_excel(importing):
    importing("contacts", "メール,氏名\n髙﨑,咲\n".encode("cp932"))
    assert (importing.folder / "f.rejected.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert importing.rejected()[0]["メール"] == "髙﨑"


def test_a_reason_holds_no_markup_and_no_control_sequence(importing, any_api):
    any_api.survey()
    importing(
        "responses", 'survey,score,date\nnps,"<img src=x onerror=alert(1)>\x1b[2J",2026-1-1\n'
    )
    (row,) = importing.rejected()
    assert not set("<>&\x1b") & set(row["rejected_reason"])


UGLY = {
    "ragged in the header": ("email,email\na@b.c,d\n", "line 1, column 2.*same name as column 1"),
    "names that differ in width": ("ＥＭＡＩＬ,email\na,b\n", "line 1, column 2"),
    "two words for one field": ("email,メール\na,b\n", "line 1, column 2: means the same"),
    "a NUL": ("email,name\na@b.c,x\0y\n", "line 2, character 8"),
    "a quote that is never closed": ('email,name\na@b.c,"x\nd@e.f,y\n', "line 2.*never closed"),
    "one that swallows the file": (
        'email,name\na@b.c,"x\n' + "d@e.f,y\n" * 40_000, "line 2.*never closed",
    ),
    "a quote inside a cell": ('email,name\na@b.c,"x"y\n', "line 2.*inside a cell"),
    "a broken encoding": (b"email\na@b.c\n\x81\xff\n", "line 3.*neither UTF-8 nor CP932"),
    "a million columns": ("c," * 1_000_000 + "\n1\n", "line 1: is longer"),
    "two thousand columns": (
        ",".join(f"c{n}" for n in range(2000)) + "\n1\n", "line 1: 2,000 columns; at most 1000",
    ),
    "a cell of a hundred megabytes": (
        "email,name\na@b.c," + "x" * 100_000_000 + "\n", "line 2: is longer",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UGLY)
def test_a_broken_file_is_refused_whole_and_says_where(importing, case):
    text, message = UGLY[case]
    before = all_rows()
    with pytest.raises(BadInput, match=message):
        importing("contacts", text)
    assert all_rows() == before


def test_a_file_is_walked_in_little_memory(tmp_path):
    import tracemalloc

    path = tmp_path / "big.csv"
    with path.open("w") as file:
        file.write("email,name\n")
        file.writelines(f"a{n}@example.com,{'x' * 200}\n" for n in range(50_000))
    tracemalloc.start()
    found = inspect(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.rows == 50_000
    assert peak < 4 * MAX_LINE_CHARS


def test_the_command_says_how_it_read_and_what_became_of_it(app, api, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "create_app", lambda: app)
    api.survey()
    path = tmp_path / "answers.csv"
    path.write_text("score,date,role\n9,2026-10-01,admin\n99,2026-10-01,admin\n", encoding="cp932")
    run = CliRunner().invoke
    done = run(cli.main, ["import", "responses", str(path), "--survey", "nps"])
    assert done.exit_code == 0, done.output
    assert "separated by commas" in done.output
    assert "Taken for attributes: role" in done.output
    assert "1 stored, 0 unchanged, 1 rejected" in done.output
    assert (tmp_path / "answers.rejected.csv").exists()
    with snapshot() as session:
        assert session.scalar(select(func.count()).select_from(Response)) == 1
    wrong = run(cli.main, ["import", "responses", str(path), "--survey", "absent"])
    assert (wrong.exit_code, "absent" in wrong.output) == (1, True)
    unknown = run(cli.main, ["import", "letters", str(path)])
    assert unknown.exit_code == 2
    assert all(kind in unknown.output for kind in KINDS)


def test_accounts_belong_to_others_that_stand_in_any_row_and_bad_ones_are_rejected(importing):
    text = (
        "id,name,parent\nshop,Shop,group\ngroup,Group,\nlost,Lost,nowhere\nself,Self,self\n"
        "below,Below,lost\n"  # what it belongs to is rejected
    )
    done = importing("accounts", text)
    assert dict(done.tally.counts) == {"stored": 2, "rejected": 3}
    assert len(rows(Account, importing.workspace_id)) == 2
    shop, group = (
        next(row for row in rows(Account, importing.workspace_id) if row.external_id == key)
        for key in ("shop", "group")
    )
    assert shop.parent_account_id == group.id
    reasons = [row["rejected_reason"] for row in importing.rejected()]
    assert all(reason.startswith("parent: ") for reason in reasons)
    assert "stored" not in importing("accounts", text).tally.counts
