"""Files of answers: complete, streamed, harmless in a spreadsheet, and imported again."""

from __future__ import annotations

import csv
import io
import json
import sys
import tracemalloc
from uuid import uuid4

import pytest
from click.testing import CliRunner

from vocapp import cli
from vocapp.authoring.queries import survey_by_key
from vocapp.connecting.exporting.service import FORMATS, export_responses
from vocapp.connecting.importing.service import Options, open_import
from vocapp.database import utcnow
from vocapp.measuring.segments.queries import segment_by_name
from vocapp.problems import Forbidden
from vocapp.spreadsheets import plain_cell, restored_cell, safe_cell

DANGEROUS = ["=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "＝1", "＋1", "－1", "＠a", "\u3000=1"]


def exported(api, **fields) -> bytes:
    file = io.BytesIO()
    export_responses(api.workspace_id, file, **fields)
    return file.getvalue()


def rows_of(api, **fields) -> list[dict[str, str]]:
    text = exported(api, **fields).decode().removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def records_of(api, **fields) -> list[dict]:
    return [json.loads(line) for line in exported(api, file_format="jsonl", **fields).splitlines()]


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_a_spreadsheet_would_run_is_marked(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["ok", "a=1", -3, 0.5, None, "", "日本語", "'tis"])
def test_other_values_stay_as_they_are(value):
    assert safe_cell(value) == value


@pytest.mark.parametrize("text", [*DANGEROUS, "'=1", "''=1", "'", "'a", "plain", "' =1"])
def test_what_was_marked_comes_back(text):
    assert restored_cell(safe_cell(text)) == text
    assert restored_cell(plain_cell(text)) == text


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_workspace_without_answers_gives_a_file_without_rows(api, file_format):
    content = exported(api, file_format=file_format)
    if file_format == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        assert parquet.read_table(io.BytesIO(content)).num_rows == 0
    else:
        assert content.decode().count("\n") == (1 if file_format == "csv" else 0)


def fill(api, drain_outbox) -> None:
    """Answers of every shape: people, accounts, nobody; ugly text; another question."""
    api.survey()
    api.survey(
        "csat", kind="csat",
        questions=[
            {"key": "score", "kind": "csat"}, {"key": "ease", "kind": "ces"},
            {"key": "comment", "kind": "text"},
        ],
    )  # fmt: skip
    account = {
        "external_id": "acme", "name": "Acme", "plan": "pro", "region": "jp", "mrr": 120000,
        "currency": "JPY", "started_on": "2025-04-01", "attributes": {"industry": "retail"},
    }  # fmt: skip
    person = {
        "external_id": "u1", "email": "a@example.com", "name": "Aiko", "locale": "ja",
        "attributes": {"role": "admin", "seats": 5, "code": "5", "beta": True, "rate": -0.5},
    }  # fmt: skip
    texts = ['=cmd()\n"とても", 良い', "'=1", "The price is too high", "  blanks \r\n kept  ", None]
    for number, text in enumerate(texts):
        api.respond(
            score=number * 2, comment=text, contact=person, account=account, locale="en",
            answered_at=f"2026-11-0{number + 1}T09:00:00.123456+09:00",
        )  # fmt: skip
    api.respond(score=10, answered_at="2026-11-01T00:00:00Z", channel="web")
    api.respond("csat", score=4, answers={"ease": 6}, comment="Support was quick",
                account={"external_id": "solo", "plan": "free"},
                answered_at="2026-10-01T00:00:00Z")  # fmt: skip
    assert drain_outbox() == []


def test_a_response_is_written_with_all_that_is_known_of_it(any_api, drain_outbox):
    fill(any_api, drain_outbox)
    rows = rows_of(any_api)
    assert len(rows) == 7
    full = next(row for row in rows if row["comment"] == "The price is too high")
    assert (full["survey"], full["score"], full["category"]) == ("nps", "4", "detractor")
    assert (full["contact_email"], full["account_name"]) == ("a@example.com", "Acme")
    assert full["answered_at"] == "2026-11-03T00:00:00.123456+00:00"
    assert "pricing" in full["themes"].split(";")
    assert (full["sentiment"], full["language"]) == ("negative", "en")
    attributes = {name: full[f"attribute.{name}"] for name in ("plan", "industry", "role", "mrr")}
    assert attributes == {"plan": "pro", "industry": "retail", "role": "admin", "mrr": "120000"}
    assert [full[f"attribute.{name}"] for name in ("seats", "code", "beta", "rate")] == [
        "5", '"5"', "true", "-0.5",
    ]  # fmt: skip
    other = next(row for row in rows if row["survey"] == "csat")
    assert (other["answer.ease"], other["attribute.role"]) == ("6", "")
    assert {row["channel"] for row in rows} == {"api", "web"}


@pytest.mark.parametrize("excel", [False, True])
def test_what_goes_out_comes_in_again(
    any_api, api_of, new_workspace, drain_outbox, tmp_path, excel
):
    fill(any_api, drain_outbox)
    path = tmp_path / "all.csv"
    path.write_bytes(exported(any_api, excel=excel))
    second = api_of(any_api.client, new_workspace("Second"))
    second.survey()
    second.survey(
        "csat", kind="csat",
        questions=[
            {"key": "score", "kind": "csat"}, {"key": "ease", "kind": "ces"},
            {"key": "comment", "kind": "text"},
        ],
    )  # fmt: skip
    opened = open_import(
        second.workspace_id, "responses", path, Options(time_zone="UTC"), now=utcnow()
    )
    assert list(opened.run()) == [7]
    assert opened.tally.counts == {"stored": 7}, path.with_suffix(".rejected.csv").read_text()
    assert drain_outbox() == []

    def told(api):
        found = records_of(api)
        for record in found:
            del record["received_at"]
        return sorted(found, key=lambda record: record["id"])

    assert told(second) == told(any_api)
    for query in ("", "&by=plan", "&by=role&by=region", "&interval=day"):
        for survey in ("nps", "csat"):
            address = f"/api/v1/surveys/{survey}/metrics?min_n=1{query}"
            there, here = second.get(address).json, any_api.get(address).json
            del there["marked"], here["marked"]  # how an answer came in, which a file cannot tell
            assert there == here


def test_an_export_changes_nothing_where_it_came_from(any_api, drain_outbox, tmp_path):
    fill(any_api, drain_outbox)
    path = tmp_path / "all.csv"
    path.write_bytes(exported(any_api))
    before = records_of(any_api)
    opened = open_import(
        any_api.workspace_id, "responses", path, Options(time_zone="UTC"), now=utcnow()
    )
    for _ in opened.run():
        pass
    assert opened.tally.counts == {"unchanged": 7}
    assert records_of(any_api) == before


def test_excel_gets_a_mark_of_utf_8_and_no_formula(any_api, drain_outbox):
    fill(any_api, drain_outbox)
    content = exported(any_api, excel=True)
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in content
    comments = {row["comment"] for row in rows_of(any_api, excel=True)}
    assert '\'=cmd()\n"とても", 良い' in comments
    assert {row["attribute.rate"] for row in rows_of(any_api, excel=True)} == {"-0.5", ""}
    assert '=cmd()\n"とても", 良い' in {row["comment"] for row in rows_of(any_api)}
    assert not exported(any_api).startswith(b"\xef\xbb\xbf")


def test_parquet_holds_the_same_rows_with_types(any_api, drain_outbox):
    parquet = pytest.importorskip("pyarrow.parquet")
    fill(any_api, drain_outbox)
    content = io.BytesIO(exported(any_api, file_format="parquet"))
    rows = {row["id"]: row for row in parquet.read_table(content).to_pylist()}
    for record in records_of(any_api):
        row = rows.pop(record["id"])
        assert (row["score"], row["comment"]) == (record["score"], record["comment"])
        assert row["themes"] == record["themes"]
        assert row["answered_at"].isoformat() == record["answered_at"]
        assert row["attribute.plan"] == record["attributes"].get("plan")
    assert rows == {}


def test_parquet_holds_every_kind_of_question_as_its_cell(any_api):
    parquet = pytest.importorskip("pyarrow.parquet")
    keys = ["a", "b"]
    any_api.survey(
        questions=[
            {"key": "score", "kind": "nps"},
            {"key": "stars", "kind": "stars", "text": "?"},
            {"key": "several", "kind": "multiple", "text": "?", "options": keys},
            {"key": "rank", "kind": "ranking", "text": "?", "options": keys},
            {"key": "grid", "kind": "matrix", "text": "?", "rows": keys, "columns": keys},
            {"key": "agree", "kind": "consent", "text": "?"},
            {"key": "who", "kind": "contact", "text": "?"},
        ]
    )
    answers = {
        "stars": 4, "several": ["a", "b"], "rank": ["b", "a"], "grid": {"a": "b"}, "agree": False,
        "who": {"name": "森 愛子"},
    }  # fmt: skip
    assert any_api.respond(score=9, answers=answers).status_code == 201
    any_api.respond(score=3)
    file = io.BytesIO(exported(any_api, file_format="parquet"))
    full, empty = sorted(parquet.read_table(file).to_pylist(), key=lambda row: -row["score"])
    assert {key: full[f"answer.{key}"] for key in answers} == {
        "stars": "4", "several": "a;b", "rank": "b;a", "grid": "a=b", "agree": "false",
        "who": '{"name": "森 愛子"}',
    }  # fmt: skip
    assert {empty[f"answer.{key}"] for key in answers} == {None}


def test_parquet_without_its_library_says_what_to_do(api, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match="make parquet"):
        exported(api, file_format="parquet")


def test_every_response_is_there_once_beyond_a_batch(any_api, monkeypatch):
    monkeypatch.setattr("vocapp.connecting.exporting.queries._BATCH", 3)
    any_api.survey()
    sent = {any_api.respond(score=n % 11).json["id"] for n in range(10)}
    found = [record["id"] for record in records_of(any_api)]
    assert len(found) == 10
    assert set(found) == sent


@pytest.mark.parametrize("file_format", FORMATS)
def test_memory_does_not_grow_with_the_number_of_responses(api, monkeypatch, file_format):
    monkeypatch.setattr("vocapp.connecting.exporting.queries._BATCH", 20)
    monkeypatch.setattr("vocapp.connecting.exporting.parquet._GROUP", 20)
    api.survey()
    for _ in range(5):
        items = [{"survey": "nps", "score": 9, "comment": str(uuid4()) * 150}] * 100
        api.post("/api/v1/responses/batch", {"responses": items})

    class Counting(io.RawIOBase):
        written = 0

        def writable(self):
            return True

        def write(self, data):
            self.written += len(data)
            return len(data)

    export_responses(api.workspace_id, Counting(), file_format=file_format)  # loads what it needs
    tracemalloc.start()
    counting = Counting()
    export_responses(api.workspace_id, counting, file_format=file_format)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counting.written > (2_500_000 if file_format != "parquet" else 10_000)
    assert peak < 1_500_000


def test_confidential_answers_stay_inside(api):
    api.survey("open")
    api.survey("secret", confidential=True)
    api.respond(
        "secret", score=1, comment="I am afraid",
        contact={"external_id": "u", "attributes": {"fear": "yes"}},
    )  # fmt: skip
    api.respond("open", score=9)
    for file_format in ("csv", "jsonl"):
        content = exported(api, file_format=file_format)
        assert b"afraid" not in content
        assert b"fear" not in content
    assert len(records_of(api)) == 1
    with pytest.raises(Forbidden):
        exported(api, survey=survey_by_key(api.workspace_id, "secret"))


def test_another_workspace_is_not_in_the_file(api, new_workspace, api_of, app):
    api.survey()
    other = api_of(app.test_client(), new_workspace("Other"))
    other.survey()
    other.respond(score=3, contact={"external_id": "x", "attributes": {"theirs": 1}})
    assert records_of(api) == []
    assert b"theirs" not in exported(api)


def test_the_command_writes_to_stdout_or_a_file(app, api, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "create_app", lambda: app)
    api.survey()
    api.respond(score=9, comment="良い")
    run = CliRunner().invoke
    shown = run(cli.main, ["export", "responses", "--survey", "nps", "--format", "jsonl"])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["comment"] == "良い"
    path = tmp_path / "responses.csv"
    written = run(cli.main, ["export", "responses", "--excel", "--out", str(path)])
    assert (written.exit_code, written.stdout) == (0, "")
    assert "良い" in path.read_text(encoding="utf-8-sig")
    wrong = run(cli.main, ["export", "responses", "--survey", "absent"])
    assert wrong.exit_code == 1
    assert "absent" in wrong.output
    assert run(cli.main, ["export", "responses", "--workspace", "Nowhere"]).exit_code == 1
    mixed = run(cli.main, ["export", "responses", "--excel", "--format", "jsonl"])
    assert (mixed.exit_code, "--excel" in mixed.output) == (1, True)


def test_a_failed_export_leaves_the_earlier_file(app, api, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "create_app", lambda: app)
    api.survey("secret", confidential=True)
    path = tmp_path / "responses.csv"
    path.write_text("earlier")
    arguments = ["export", "responses", "--survey", "secret", "--out", str(path)]
    assert CliRunner().invoke(cli.main, arguments).exit_code == 1
    assert (path.read_text(), [each.name for each in tmp_path.glob(".resp*")]) == ("earlier", [])


def filled_for_segments(api, drain_outbox):
    """Two open surveys and a confidential one, with plans; the segment "Paying" is saved."""
    for key, fields in (("nps", {}), ("other", {}), ("secret", {"confidential": True})):
        api.survey(key, **fields)
        for number, plan in enumerate(("pro", "team", "free", "pro", None)):
            facts = {"plan": plan} if plan else {}
            api.respond(key, score=number, comment=f"{key} {plan}",
                        account={"external_id": f"{key}-{number}"} | facts)  # fmt: skip
    drain_outbox()
    made = api.post("/api/v1/segments", {"name": "Paying", "filter": {
        "attribute": "plan", "operator": "in", "values": ["pro", "team"]}})  # fmt: skip
    assert made.status_code == 201, made.json
    return segment_by_name(api.workspace_id, "paying")


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_a_segment_is_exported_as_it_is_counted(any_api, drain_outbox, file_format):
    segment = filled_for_segments(any_api, drain_outbox)
    read = rows_of if file_format == "csv" else records_of
    nps = survey_by_key(any_api.workspace_id, "nps")
    rows = read(any_api, segment=segment, survey=nps)
    counted = any_api.get("/api/v1/surveys/nps/metrics?segment=" + segment.key).json["overall"]["n"]
    assert [row["comment"] for row in rows] == ["nps pro", "nps team", "nps pro"][::-1]
    assert len(rows) == counted == 3
    everywhere = read(any_api, segment=segment)
    assert sorted(row["survey"] for row in everywhere) == ["nps"] * 3 + ["other"] * 3


def test_the_command_exports_a_segment_or_says_which_there_are(app, api, drain_outbox, monkeypatch):
    monkeypatch.setattr(cli, "create_app", lambda: app)
    run, command = CliRunner().invoke, ["export", "responses", "--format", "jsonl", "--segment"]
    none = run(cli.main, [*command, "Paying"])
    assert (none.exit_code, "none is saved yet" in none.output) == (1, True)
    segment = filled_for_segments(api, drain_outbox)
    for name in ("Paying", "ＰＡＹＩＮＧ", segment.key):
        shown = run(cli.main, [*command, name])
        assert shown.exit_code == 0, shown.output
        assert len(shown.stdout.splitlines()) == 6
    wrong = run(cli.main, [*command, "Payers"])
    assert (wrong.exit_code, "There are: Paying." in wrong.output) == (1, True)
