"""Files of responses: complete, streamed, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc

import pytest
from click.testing import CliRunner

from vocapp import cli
from vocapp.authoring.queries import survey_by_key
from vocapp.measuring.export import response_lines, safe_cell
from vocapp.problems import Forbidden


def lines_of(api, **fields):
    return "".join(response_lines(api.workspace_id, **fields))


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "＝1", "－1"])
def test_text_that_a_spreadsheet_would_run_is_marked(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["ok", "a=1", -3, 0.5, None, "", "日本語"])
def test_other_values_stay_as_they_are(value):
    assert safe_cell(value) == value


def test_a_response_is_written_with_its_people_and_answers(any_api):
    any_api.survey()
    any_api.respond(
        score=9, comment='=cmd()\n"とても", 良い', locale="ja",
        answered_at="2026-11-01T09:00:00+09:00",
        contact={"external_id": "u1", "email": "a@example.com", "name": "Aiko"},
        account={"external_id": "acme", "name": "Acme", "plan": "pro"},
    )  # fmt: skip
    any_api.respond(score=0)
    text = lines_of(any_api)
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert len(rows) == 2
    full = next(row for row in rows if row["score"] == "9")
    assert full["comment"] == '\'=cmd()\n"とても", 良い'
    assert full["category"] == "promoter"
    assert (full["contact_email"], full["account_name"]) == ("a@example.com", "Acme")
    assert json.loads(full["attributes"])["plan"] == "pro"
    assert full["answered_at"] == "2026-11-01T00:00:00+00:00"
    found = [json.loads(line) for line in lines_of(any_api, file_format="jsonl").splitlines()]
    assert {item["comment"] for item in found} == {'=cmd()\n"とても", 良い', None}


def test_every_response_is_there_once_beyond_a_batch(any_api, monkeypatch):
    monkeypatch.setattr("vocapp.measuring.export._BATCH", 3)
    any_api.survey()
    sent = {any_api.respond(score=n % 11).json["id"] for n in range(10)}
    found = [json.loads(line)["id"] for line in lines_of(any_api, file_format="jsonl").splitlines()]
    assert len(found) == 10
    assert set(found) == sent


def test_memory_does_not_grow_with_the_number_of_responses(api, monkeypatch):
    monkeypatch.setattr("vocapp.measuring.export._BATCH", 20)
    api.survey()
    for _ in range(5):
        items = [{"survey": "nps", "score": 9, "comment": "x" * 5000}] * 100
        api.post("/api/v1/responses/batch", {"responses": items})
    lines_of(api)  # what is loaded once is loaded
    tracemalloc.start()
    written = sum(len(line) for line in response_lines(api.workspace_id))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert written > 5_000_000
    assert peak < 2_500_000


def test_confidential_answers_stay_inside(api):
    api.survey("open")
    api.survey("secret", confidential=True)
    api.respond("secret", score=1, comment="I am afraid")
    api.respond("open", score=9)
    assert "afraid" not in lines_of(api)
    assert lines_of(api, file_format="jsonl").count("\n") == 1
    with pytest.raises(Forbidden):
        lines_of(api, survey=survey_by_key(api.workspace_id, "secret"))


def test_another_workspace_is_not_in_the_file(api, new_workspace, api_of, app):
    api.survey()
    other = api_of(app.test_client(), new_workspace("Other"))
    other.survey()
    other.respond(score=3)
    assert lines_of(api, file_format="jsonl") == ""


def test_the_command_writes_to_stdout_or_a_file(app, api, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "create_app", lambda: app)
    api.survey()
    api.respond(score=9, comment="良い")
    run = CliRunner().invoke
    shown = run(cli.main, ["export", "responses", "--survey", "nps", "--format", "jsonl"])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["comment"] == "良い"
    path = tmp_path / "responses.csv"
    written = run(cli.main, ["export", "responses", "--out", str(path)])
    assert (written.exit_code, written.stdout) == (0, "")
    assert "良い" in path.read_text(encoding="utf-8-sig")
    wrong = run(cli.main, ["export", "responses", "--survey", "absent"])
    assert wrong.exit_code == 1
    assert "absent" in wrong.output
    assert run(cli.main, ["export", "responses", "--workspace", "Nowhere"]).exit_code == 1
