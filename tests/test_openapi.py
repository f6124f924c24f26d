"""The OpenAPI document says what the machine interface does."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from vocapp.openapi_answers import ANSWERS, SCHEMAS

_TYPES = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict,
    "array": list, "null": type(None),
}  # fmt: skip


@pytest.fixture
def document(app):
    answer = app.test_client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return answer.json


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def faults(schemas, schema, value, at="answer"):
    """What of a real answer its schema does not say; every field must be named."""
    if "$ref" in schema:
        return faults(schemas, schemas[schema["$ref"].rsplit("/", 1)[-1]], value, at)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if not any(isinstance(value, _TYPES[name]) for name in types):
        return [f"{at}: {value!r} is not {types}"]
    if isinstance(value, list):
        return [f for each in value for f in faults(schemas, schema["items"], each, f"{at}[]")]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    found = [f"{at}: no {name}" for name in schema.get("required", ()) if name not in value]
    for name, inner in value.items():
        if name not in schema["properties"]:
            found.append(f"{at}: {name} is not described")
        else:
            found += faults(schemas, schema["properties"][name], inner, f"{at}.{name}")
    return found


def test_it_is_openapi_3_1_and_every_reference_leads_somewhere(document):
    assert document["openapi"].startswith("3.1.")
    schemas = document["components"]["schemas"]
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        assert reference.removeprefix("#/components/schemas/") in schemas
    ids = Counter(operation["operationId"] for _, _, operation in operations(document))
    assert [name for name, n in ids.items() if n > 1] == []


def test_every_name_in_a_path_is_a_required_parameter(document):
    for path, _, operation in operations(document):
        named = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path)), path
        assert all(p["required"] for p in operation.get("parameters", ()) if p["in"] == "path")


def test_the_secret_key_is_asked_for_everywhere_but_in_public(document):
    assert document["components"]["securitySchemes"]["secret_key"] == {
        "type": "http", "scheme": "bearer",
    }  # fmt: skip
    for path, method, operation in operations(document):
        if path.startswith("/api/"):
            assert operation["security"] == [{"secret_key": []}], (method, path)
        else:
            assert not operation.get("security"), (method, path)


def test_every_operation_says_its_failures_as_problem_documents(document):
    for path, method, operation in operations(document):
        answers = operation["responses"]
        assert any(status.startswith("2") for status in answers), (method, path)
        wanted = {"401", "422", "default"}
        wanted |= {"404"} if "{" in path else set()
        wanted |= {"409"} if method != "get" else set()
        assert wanted <= answers.keys(), (method, path)
        for status, answer in answers.items():
            if not status.startswith("2"):
                assert list(answer["content"]) == ["application/problem+json"]


def test_every_described_answer_belongs_to_an_operation(document):
    known = {(method, path) for path, method, _ in operations(document)}
    assert ANSWERS.keys() <= known


def test_real_answers_are_as_described(api, document):
    schemas = document["components"]["schemas"]
    survey = api.survey()
    api.survey("journey", journey={})
    person = {"contact": {"email": "a@example.com"}, "account": {"external_id": "x", "name": "X"}}
    stored = api.respond(score=2, comment="slow", **person)
    asked = {"survey": "nps", "contact": {"email": "c@example.com"}}
    key = api.workspace.public_key
    public = {"key": key, "survey": survey["public_id"], "score": 3}
    public["id"] = "7f3c0d1e-52a5-4a3d-9d2e-0c5b0c6e1a11"
    known = api.post("/api/v1/contacts", person["contact"])
    real = {
        "Survey": api.get("/api/v1/surveys/nps"),
        "Surveys": api.get("/api/v1/surveys"),
        "SurveyVersions": api.get("/api/v1/surveys/nps/versions"),
        "SurveyVersion": api.get("/api/v1/surveys/nps/versions/1"),
        "SurveyDiff": api.get("/api/v1/surveys/nps/diff?since=1"),
        "Response": stored,
        "UnderstoodResponse": api.get(f"/api/v1/responses/{stored.json['id']}"),
        "BatchResult": api.post("/api/v1/responses/batch", {"responses": [{"survey": "nps"}, 1]}),
        "Comparison": api.get("/api/v1/surveys/nps/compare?a_since=2026-01-01&a.plan=pro"),
        "Funnel": api.get("/api/v1/surveys/nps/funnel"),
        "Workspace": api.get("/api/v1/workspace"),
        "Account": api.post("/api/v1/accounts", {"external_id": "y", "name": "Y"}),
        "Contact": api.post("/api/v1/contacts", {"email": "b@example.com"}),
        "PersonalData": api.get(f"/api/v1/contacts/{known.json['id']}/data"),
        "EventsTaken": api.post("/api/v1/events", {"events": [{"type": "login"}]}),
        "MailReportsTaken": api.post("/api/v1/mail-reports", {"reports": [{"type": "sent"}]}),
        "Drivers": api.get("/api/v1/surveys/nps/drivers"),
        "Journey": api.get("/api/v1/surveys/journey/journey?by=plan"),
        "Themes": api.get("/api/v1/themes"),
        "LifetimeValues": api.get("/api/v1/lifetime-values"),
        "ExchangeRates": api.get("/api/v1/exchange-rates"),
        "ThemeComments": api.get("/api/v1/themes/support/responses"),
        "Invitation": api.post("/api/v1/invitations", asked),
        "Asked": api.client.get(f"/public/v1/surveys/{survey['public_id']}?key={key}"),
        "TargetingRule": api.post("/api/v1/targeting-rules", {"name": "All", "survey": "nps"}),
        "TargetingRules": api.get("/api/v1/targeting-rules"),
        "RulesOfAPage": api.client.get(f"/public/v1/targeting?key={key}"),
        "Receipt": api.client.post("/public/v1/responses", json=public),
        "Problem": api.post("/api/v1/responses", {"survey": "nps", "score": 99}),
    }
    for name, answer in real.items():
        expected = 422 if name == "Problem" else (200, 201, 202)
        assert answer.status_code in (expected if isinstance(expected, tuple) else (expected,))
        assert faults(schemas, SCHEMAS[name], answer.json, name) == []


def test_metrics_hold_at_least_what_is_described(api):
    api.survey()
    metrics = api.get("/api/v1/surveys/nps/metrics").json
    assert set(SCHEMAS["Metrics"]["required"]) <= metrics.keys()
    assert set(SCHEMAS["Score"]["required"]) <= metrics["overall"].keys()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_shows_every_operation_with_a_call_to_copy(app, document, language):
    answer = app.test_client().get("/api/docs", headers={"Accept-Language": language})
    assert answer.status_code == 200
    for path, method, _ in operations(document):
        assert f'<code class="api-path">{path}</code>' in answer.text
        assert f"curl -X {method.upper()}" in answer.text
    assert "<code>contact.email</code>" in answer.text  # references are opened
    assert not re.search(
        r"<script(?![^>]*src=)|<style|style=|https?://(?!127\.0\.0\.1)", answer.text
    )
    assert ("必須" in answer.text) == (language == "ja")
