"""Bad input to every JSON endpoint: a clear refusal in JSON, nothing stored, never a 5xx."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from vocapp.api_documents import MAX_BODY_BYTES, MAX_PUBLIC_BYTES
from vocapp.collecting.models import Response
from vocapp.database import snapshot
from vocapp.problems import MACHINE_PATHS

# What no JSON parser should take, or what is JSON and yet nothing that we could want.
NOT_JSON = {
    "empty object cut off": b"{",
    "a word": b"hello",
    "trailing comma": b'{"score": 1,}',
    "single quotes": b"{'score': 1}",
    "NaN": b'{"survey": "nps", "score": NaN}',
    "Infinity": b'{"survey": "nps", "score": -Infinity}',
    "a name twice": b'{"survey": "nps", "survey": "nps", "score": 9}',
    "two documents": b"{}{}",
    "bytes that are not UTF-8": b'{"survey": "\xff\xfe"}',
    "nested without end": b"[" * 100_000,
    "nested deeply": b"[" * 5_000 + b"]" * 5_000,
    "nested as far as parsers go": b"[" * 700 + b"]" * 700,
    "nested objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "an integer of 10,000 digits": b'{"survey": "nps", "score": ' + b"9" * 10_000 + b"}",
}
WRONG_VALUES: dict[str, Any] = {
    "null": None, "true": True, "a list": [], "a list of nulls": [None], "an object": {},
    "empty text": "", "blank": " ", "NUL": "a\0b", "half a character": "\ud800",
    "very long": "x" * 100_000, "9.5": 9.5, "-1": -1, "11": 11, "text 9": "9", "2^63": 2**63,
    "-2^200": -(2**200), "1e308": 1e308, "1e-320": 1e-320,
    "a date that is none": "2026-02-30T00:00:00Z", "year 0": "0000-01-01T00:00:00Z",
    "far future": "9999-12-31T23:59:59-12:00", "no zone": "2026-01-01T00:00:00",
    "a script": "<script>alert(1)</script>", "a template": "{{ 7 * 7 }}",
    "SQL": "'; DROP TABLE response; --", "CRLF": "a\r\nBcc: b@example.com",
    "nested": {"a": {"b": {"c": [1, {"d": None}]}}}, "emoji": "👩‍👩‍👧‍👦", "RTL": "\u202egnp.exe",
}  # fmt: skip
NO_FIELD_TAKES = {
    "null", "true", "a list", "a list of nulls", "an object", "9.5", "-1", "11", "2^63",
    "-2^200", "1e308", "1e-320", "nested", "text 9", "empty text", "blank", "very long",
}  # fmt: skip
GOOD: dict[str, dict[str, Any]] = {
    "/api/v1/responses": {
        "id": None, "survey": "nps", "survey_version": 1, "score": 9, "comment": "fine",
        "answers": {}, "channel": "api", "answered_at": "2026-11-01T09:00:00+09:00",
        "locale": "ja",
        "contact": {"external_id": "u1", "email": "a@example.com", "name": "A",
                    "attributes": {"role": "admin"}},
        "account": {"external_id": "acme", "name": "Acme", "plan": "pro", "region": "jp",
                    "mrr": 120000, "currency": "JPY", "started_on": "2025-04-01",
                    "renewal_on": "2027-03-31", "attributes": {"industry": "retail"}},
    },
    "/api/v1/surveys": {
        "key": "k", "name": "N", "kind": "nps", "languages": ["en"], "confidential": False,
        "publish": True,
        "questions": [{"key": "q", "kind": "nps", "text": {"en": "How likely?"}}],
    },
    "/api/v1/accounts": {"external_id": "acme", "name": "Acme", "mrr": 1, "currency": "JPY",
                         "started_on": "2025-04-01", "attributes": {"a": 1}},
    "/api/v1/contacts": {"external_id": "u1", "email": "a@example.com", "name": "A",
                         "attributes": {"a": 1}, "account": {"external_id": "acme"}},
    "/api/v1/invitations": {"survey": "nps", "channel": "email",
                            "contact": {"email": "b@example.com"}, "send_at": None},
    "/public/v1/responses": {"key": None, "survey": "", "id": None, "survey_version": 1,
                             "score": 9, "comment": "x", "locale": "en", "page": "https://x.example",
                             "identity": "token"},
}  # fmt: skip

OTHER_TYPES = (
    "text/plain", "text/html", "application/xml", "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded", "image/png",
)  # fmt: skip


@pytest.fixture
def survey(api) -> dict[str, Any]:
    return api.survey()


# Machines' paths whose own address, and not a key, says whose they are.
_ADDRESSED = "/hooks/text-messages/"


def methods_of(rule) -> set[str]:
    return (rule.methods or set()) - {"HEAD", "OPTIONS"}


def json_routes(app) -> list[tuple[str, str]]:
    """(method, path) of every machine's route that takes a body, with something in its path."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(MACHINE_PATHS):
            for method in sorted(methods_of(rule) & {"POST", "PUT", "PATCH"}):
                path = re.sub(r"<uuid:\w+>", str(uuid4()), rule.rule)
                found.append((method, re.sub(r"<\w+>", "nps", path)))
    return found


def send(api, method, path, data, **headers):
    headers = {"Authorization": f"Bearer {api.workspace.secret_key}",
               "Content-Type": "application/json"} | headers  # fmt: skip
    return api.client.open(path, method=method, data=data, headers=headers)


def is_problem(answer) -> bool:
    """Whether an answer is an RFC 9457 document that agrees with its own status."""
    if answer.mimetype != "application/problem+json":
        return False
    body = json.loads(answer.text)
    whole = {"type", "title", "status", "detail"} <= set(body)
    errors = body.get("errors", [])
    return (
        whole
        and body["status"] == answer.status_code
        and all(set(error) == {"field", "message"} for error in errors)
        and (answer.status_code != 422 or bool(errors))
    )


def is_json(answer) -> bool:
    return answer.mimetype in {"application/json", "application/problem+json"}


def stored() -> int:
    with snapshot() as session:
        return session.scalar(select(func.count()).select_from(Response)) or 0


def test_what_is_not_json_is_refused_by_every_route_that_takes_json(app, api, survey):
    wrong = []
    for method, path in json_routes(app):
        for name, body in NOT_JSON.items():
            answer = send(api, method, path, body)
            # What a parser can still read may be said to come to an address that is none.
            known = {400, 401, 422, 404} if path.startswith(_ADDRESSED) else {400, 401, 422}
            if answer.status_code not in known or not is_problem(answer):
                wrong.append((method, path, name, answer.status_code, answer.text[:200]))
    assert wrong == []
    assert stored() == 0


def test_a_body_that_is_no_object_is_refused_by_every_route(app, api, survey):
    wrong = []
    for method, path in json_routes(app):
        for body in (b"", b"null", b"true", b"1", b'"text"', b"[]", b"[{}]", b"\xef\xbb\xbf{}"):
            answer = send(api, method, path, body)
            # Some routes need no body; then an answer is as good as a refusal.
            good = is_json(answer) and answer.status_code < 500
            if answer.status_code >= 400 and not is_problem(answer):
                good = False
            if not good:
                wrong.append((method, path, body, answer.status_code, answer.text[:200]))
    assert wrong == []
    assert stored() == 0


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a document, the outermost left out."""
    children: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    found = [path] if path else []
    for name, child in children:
        found += places(child, (*path, name))
    return found


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(document))
    target = copy
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    return copy


def filled(path: str, api: Any, survey: dict[str, Any]) -> dict[str, Any]:
    """A good body for this workspace; ids new each time."""
    body = json.loads(json.dumps(GOOD[path]))
    if "id" in body:
        body["id"] = str(uuid4())
    if path.startswith("/public/"):
        body |= {"key": api.workspace.public_key, "survey": survey["public_id"]}
        del body["identity"]
    return body


@pytest.mark.parametrize("path", list(GOOD))
def test_a_wrong_value_in_any_field_is_answered_in_json_and_never_with_a_5xx(api, survey, path):
    good = filled(path, api, survey)
    wrong = []
    for place in places(good):
        for name, value in WRONG_VALUES.items():
            body = put(filled(path, api, survey), place, value)
            answer = send(api, "POST", path, json.dumps(body))
            refused = answer.status_code >= 400
            good = is_problem(answer) if refused else is_json(answer)
            if answer.status_code >= 500 or not good:
                wrong.append((place, name, answer.status_code, answer.text[:200]))
    assert wrong == []


@pytest.mark.parametrize("name", sorted(NO_FIELD_TAKES))
def test_a_wrong_score_stores_nothing_and_names_its_field(api, survey, name):
    for body in (
        {"survey": "nps", "score": WRONG_VALUES[name]},
        {"survey": "nps", "answers": {survey["questions"][0]["key"]: WRONG_VALUES[name]}},
    ):
        answer = api.post("/api/v1/responses", body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json["errors"][0]["field"].startswith(("score", "answers"))
    assert stored() == 0


def test_a_field_that_nobody_knows_is_named(api, survey):
    for path in GOOD:
        body = filled(path, api, survey) | {"surprise": 1}
        answer = send(api, "POST", path, json.dumps(body))
        assert answer.status_code == 422, path
        assert "surprise" in [error["field"] for error in answer.json["errors"]], path


def test_a_batch_answers_for_each_item_whatever_the_others_are(api, survey):
    items = [
        None, 1, "x", [], {}, {"survey": "nps"}, {"survey": "none", "score": 9},
        {"survey": "nps", "score": 99}, {"survey": ["nps"], "score": 9},
        {"survey": "nps", "score": 9, "id": "no uuid"}, {"survey": "nps", "score": 10},
    ]  # fmt: skip
    answer = api.post("/api/v1/responses/batch", {"responses": items})
    assert answer.status_code == 200
    assert [item["status"] for item in answer.json["items"]] == [422] * 10 + [201]
    assert all(item["errors"] for item in answer.json["items"][:-1])
    assert stored() == 1


@pytest.mark.parametrize("responses", [[], None, {}, "x", [{}] * 1001])
def test_a_batch_that_is_empty_too_long_or_no_list_is_refused_whole(api, survey, responses):
    answer = api.post("/api/v1/responses/batch", {"responses": responses})
    assert answer.status_code == 422
    assert is_problem(answer)


# --- around the body --------------------------------------------------------------------------


def test_wrong_queries_are_answered_in_json(app, api, survey):
    wrong = []
    names = ("limit", "cursor", "since", "until", "interval", "min_n", "by", "days", "basis",
             "state", "sort", "owner", "sentiment", "key")  # fmt: skip
    values = ("", "-1", "0", "999999999999999999999", "x", "%00", "2026-02-30", "é", "'", "1e9")
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/api/v1/", "/public/")) and "GET" in rule.methods:
            path = re.sub(r"<uuid:\w+>", str(uuid4()), rule.rule)
            path = re.sub(r"<\w+>", "nps", path)
            for name in names:
                for value in values:
                    answer = api.get(f"{path}?{name}={value}")
                    if answer.status_code >= 500 or not is_json(answer):
                        wrong.append((path, name, value, answer.status_code))
    assert wrong == []


def test_wrong_words_in_a_path_are_answered_in_json(app, api):
    wrong = []
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(("/api/v1/", "/public/")) or not rule.arguments:
            continue
        for word in ("%00", "%ff", "..", "%2e%2e%2f", "x" * 5000, "'", "日本", "%0d%0a", "{{7*7}}"):
            path = re.sub(r"<[^>]+>", lambda _: word, rule.rule)  # noqa: B023 - used at once
            for method in methods_of(rule):
                answer = send(api, method, path, b"{}")
                if answer.status_code == 308:
                    continue  # two slashes are taken for one: a redirect is no error
                if answer.status_code >= 500 or not is_problem(answer):
                    if answer.mimetype == "application/json" and answer.status_code == 200:
                        continue
                    wrong.append((method, path[:80], answer.status_code, answer.mimetype))
    assert wrong == []


@pytest.mark.parametrize(
    "start", ["/api/v1/", "/api/", "/public/v1/", "/public/", "/delighted/v1/"]
)
def test_an_unknown_path_of_machines_is_a_404_in_json(app, api, start):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answer = api._call(method, f"{start}nothing-here")
        assert answer.status_code == 404
        assert is_problem(answer)


def test_a_method_that_a_path_does_not_know_is_a_405_in_json_that_says_which_it_knows(app, api):
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/api/v1/", "/public/")):
            path = re.sub(r"<uuid:\w+>", str(uuid4()), rule.rule)
            path = re.sub(r"<\w+>", "x", path)
            answer = api._call("DELETE", path)
            if answer.status_code != 405:
                continue  # one that knows DELETE
            assert is_problem(answer), path
            assert answer.headers["Allow"], path


def test_a_body_of_another_type_is_refused_in_json(app, api, survey):
    body = json.dumps({"survey": "nps", "score": 9})
    wrong = []
    for method, path in json_routes(app):
        if path.endswith("/publish"):
            continue  # takes no body and looks at none
        for kind in OTHER_TYPES:
            answer = send(api, method, path, body, **{"Content-Type": kind})
            if answer.status_code < 400 or answer.status_code >= 500 or not is_problem(answer):
                wrong.append((method, path, kind, answer.status_code, answer.text[:100]))
    assert wrong == []
    assert stored() == 0


def test_a_body_that_is_too_large_is_a_413_in_json(api, survey):
    public = ("/public/v1/responses", f"/kiosk/{survey['public_id']}")
    for path in ("/api/v1/responses", "/api/v1/responses/batch", *public):
        size = MAX_PUBLIC_BYTES if path in public else MAX_BODY_BYTES
        body = b'{"survey": "nps", "comment": "' + b"x" * size + b'"}'
        answer = send(api, "POST", path, body)
        assert answer.status_code == 413, path
        assert is_problem(answer) or path.startswith("/kiosk/")
    assert stored() == 0


def test_no_key_or_a_wrong_key_is_a_401_in_json_on_every_route(app, api):
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/") or "openapi" in rule.rule:
            continue
        path = re.sub(r"<uuid:\w+>", str(uuid4()), rule.rule)
        path = re.sub(r"<\w+>", "x", path)
        for method in methods_of(rule):
            for key in ("", "Bearer ", "Bearer wrong", "Basic eDp5", "Bearer \xe9", "Bearer a b"):
                headers = {"Authorization": key} if key else {}
                answer = api.client.open(path, method=method, headers=headers, json={})
                assert answer.status_code == 401, (method, path, key)
                assert is_problem(answer)
                assert answer.headers["WWW-Authenticate"] == "Bearer"


# --- the document ------------------------------------------------------------------------------


@pytest.fixture
def document(app) -> dict[str, Any]:
    answer = app.test_client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json)


def walk(value: Any) -> Any:
    """Every object inside a document."""
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from walk(child)
    elif isinstance(value, list):
        for child in value:
            yield from walk(child)


def test_the_openapi_document_lists_every_route_of_the_api(app, document):
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert {"title", "version"} <= set(document["info"])
    listed = {
        (method.upper(), re.sub(r"\{[^}]+\}", "{}", path))
        for path, item in document["paths"].items()
        for method in item
        if method in {"get", "post", "put", "patch", "delete"}
    }
    routes = {
        (method, re.sub(r"<[^>]+>", "{}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in methods_of(rule)
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith("/openapi.json")
    }
    assert routes - listed == set()


def test_the_openapi_document_is_whole(document):
    for found in walk(document):
        target = found.get("$ref")
        if isinstance(target, str):
            place: Any = document
            for name in target.removeprefix("#/").split("/"):
                place = place[name.replace("~1", "/").replace("~0", "~")]
    names = []
    for path, item in document["paths"].items():
        assert path.startswith("/")
        for method, operation in item.items():
            if method not in {"get", "post", "put", "patch", "delete"}:
                continue
            assert operation["responses"], (method, path)
            names.append(operation.get("operationId"))
            given = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert given == set(re.findall(r"\{([^}]+)\}", path)), (method, path)
            for used in operation.get("security", []):
                assert set(used) <= set(document["components"]["securitySchemes"])
    assert None not in names
    assert len(names) == len(set(names))
