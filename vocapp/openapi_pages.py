"""The machine interface's document and a page to browse it, without any outside host."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template

from vocapp.openapi_answers import ANSWERS, FILES, LATER, SCHEMAS, Schema, ref
from vocapp.workspaces.access import anyone

blueprint = Blueprint("openapi_pages", __name__)
_METHODS = ("get", "post", "put", "patch", "delete")
_OBVIOUS = {("minLength", 1), ("minItems", 1)}
_DEPTH = 3  # of objects in objects that a table opens
_ERRORS = {
    "400": "The body is not JSON, or a cursor is unknown",
    "401": "The key is missing, wrong or revoked",
    "403": "This origin or edit token may not do this",
    "404": "There is nothing by this name in the workspace",
    "409": "It contradicts what is stored; nothing was changed",
    "410": "The survey, or the link, takes no answers any more; `detail` is its own sentence",
    "422": "A field is wrong; `errors` names each",
    "default": "Any other failure",
}
_INTRODUCTION = (
    "JSON in UTF-8; times as RFC 3339 with offset. Send the secret key as "
    "`Authorization: Bearer <secret_key>`. Paths under `/public/` take the public key instead, "
    "which may stand in a page. Lists answer `items` and `next`: pass `next` as `cursor` for the "
    "following page."
)


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a table: `path` is where it stands, as in `contact.email`."""

    path: str
    kind: str
    required: bool
    note: str


@blueprint.get("/api/v1/openapi.json")
@anyone
def openapi_document() -> Any:
    return document()


@blueprint.get("/api/docs")
@anyone
def openapi_page() -> str:
    """Every operation by subject: what it takes, what it answers, and how to call it."""
    described = document()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            name = (operation.get("tags") or ["Other"])[0]
            groups.setdefault(name, []).append(_entry(described, path, method, operation))
    return render_template("api_docs.html", document=described, groups=groups)


def document() -> dict[str, Any]:
    """OpenAPI 3.1: what the framework knows of requests, and what we say of answers."""
    made = deepcopy(current_app.api_doc)  # type: ignore[attr-defined]
    made["info"]["description"] = _INTRODUCTION
    made["servers"] = [{"url": current_app.config["BASE_URL"]}]
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("ValidationErrorModel", None)
    schemas.update(deepcopy(SCHEMAS))
    for path, operations in made["paths"].items():
        for method in _METHODS:
            if method in operations:
                _say_answers(path, method, operations[method])
    return dict(made)


def _say_answers(path: str, method: str, operation: dict[str, Any]) -> None:
    name, statuses = ANSWERS.get((method, path), ("", (200,)))
    content: dict[str, Any] = {
        "application/json": {"schema": ref(name) if name else {"type": "object"}}
    }
    if (method, path) in FILES:
        content = {"application/octet-stream": {}}
    operation["responses"] = {
        str(status): {
            "description": "Created" if status == 201 else "OK",
            "content": content,
        }
        for status in statuses
    }
    if later := LATER.get((method, path)):
        operation["responses"]["202"] = {
            "description": "Being worked out; ask again",
            "content": {"application/json": {"schema": ref(later)}},
        }
    problem = {"application/problem+json": {"schema": ref("Problem")}}
    for status in _errors_of(path, method, operation):
        operation["responses"][status] = {"description": _ERRORS[status], "content": problem}


def _errors_of(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    """The failures that this operation can really have."""
    found = ["401", "422", "default"]
    takes_body = "requestBody" in operation
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    if takes_body or "cursor" in names:
        found.append("400")
    if "{" in path:
        found.append("404")
    if method != "get":
        found.append("409")
    if method == "post" and path.endswith("/responses"):
        found.append("410")
    if path.startswith("/public/"):
        found.append("403")
    return sorted(found)


# --- the page ---------------------------------------------------------------------------


def _entry(
    described: dict[str, Any], path: str, method: str, operation: dict[str, Any]
) -> dict[str, Any]:
    """One operation as the page shows it."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = [
        {"status": status, "description": answer["description"], "schema": _schema_of(answer)}
        for status, answer in operation["responses"].items()
    ]
    good: Schema = next((a["schema"] for a in answers if a["status"].startswith("2")), {})
    return {
        "id": f"{method}-{path}".replace("/", "-").replace("{", "").replace("}", ""),
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "parameters": [_parameter(described, each) for each in operation.get("parameters", ())],
        "body": _fields(described, body.get("schema", {})),
        "answer": _fields(described, good),
        "statuses": [(a["status"], a["description"]) for a in answers],
        "example": _curl(described, path, method, operation, body.get("schema", {})),
    }


def _schema_of(answer: dict[str, Any]) -> Schema:
    content: dict[str, Any] = next(iter(answer.get("content", {}).values()), {})
    return dict(content.get("schema", {}))


def _parameter(described: dict[str, Any], parameter: dict[str, Any]) -> Field:
    schema = parameter.get("schema", {})
    place = {"path": "in the path", "query": "in the query"}.get(parameter["in"], parameter["in"])
    note = parameter.get("description") or _note(schema)
    return Field(
        parameter["name"],
        _kind(described, schema),
        bool(parameter.get("required")),
        f"{place}; {note}" if note else place,
    )


def _resolved(described: dict[str, Any], schema: Schema) -> Schema:
    """A schema without references and without the choice of null."""
    while True:
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            schema = described["components"]["schemas"].get(name, {})
            continue
        choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
        if len(choices) != 1:
            return schema
        around = {k: v for k, v in schema.items() if k not in {"anyOf", "default"}}
        schema = {**choices[0], **around, "nullable": True}


def _kind(described: dict[str, Any], schema: Schema) -> str:
    """A type in words: `string (uuid) or null`, `list of object`."""
    found = _resolved(described, schema)
    if found.get("anyOf"):
        return " or ".join(_kind(described, each) for each in found["anyOf"])
    types = found.get("type", "any")
    names = [types] if isinstance(types, str) else list(types)
    if found.get("nullable") and "null" not in names:
        names.append("null")
    words = []
    for name in names:
        if name == "array":
            words.append("list of " + _kind(described, found.get("items", {})))
        elif name != "null" and "format" in found:
            words.append(f"{name} ({found['format']})")
        else:
            words.append(name)
    return " or ".join(words)


def _note(schema: Schema) -> str:
    """Limits and choices of a field, short."""
    found = {**schema, **next((s for s in schema.get("anyOf", ()) if s.get("type") != "null"), {})}
    notes = [found["description"]] if "description" in found else []
    if "enum" in found:
        notes.append("one of " + ", ".join(map(str, found["enum"])))
    for name, word in (
        ("minimum", "at least {}"), ("maximum", "at most {}"),
        ("minLength", "from {} characters"), ("maxLength", "up to {} characters"),
        ("minItems", "from {} entries"), ("maxItems", "up to {} entries"),
    ):  # fmt: skip
        if name in found and (name, found[name]) not in _OBVIOUS:
            notes.append(word.format(f"{int(found[name]):,}"))
    if schema.get("default") not in (None, "", [], {}):
        notes.append(f"default {json.dumps(schema['default'])}")
    return "; ".join(notes)


def _fields(described: dict[str, Any], schema: Schema, prefix: str = "") -> list[Field]:
    """The fields of an object, those of inner objects after it."""
    found = _resolved(described, schema)
    if found.get("type") == "array" or "array" in found.get("type", ()):
        return _fields(described, found.get("items", {}), f"{prefix}[]")
    if prefix.count(".") >= _DEPTH:
        return []
    lines = []
    for name, inner in found.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        required = name in found.get("required", ())
        lines.append(Field(path, _kind(described, inner), required, _note(inner)))
        lines += _fields(described, inner, path)
    return lines


def _curl(
    described: dict[str, Any], path: str, method: str, operation: dict[str, Any], body: Schema
) -> str:
    """A call to copy: with what is required, and what makes it worth calling."""
    address = current_app.config["BASE_URL"] + path.replace("{", "<").replace("}", ">")
    if path.startswith("/public/") and method == "get":
        address += "?key=<public_key>"
    lines = [f"curl -X {method.upper()} '{address}'"]
    if operation.get("security"):
        lines.append("-H 'Authorization: Bearer <secret_key>'")
    if body:
        lines.append("-H 'Content-Type: application/json'")
        example = json.dumps(_example(described, body), ensure_ascii=False)
        lines.append("-d '" + example.replace("'", r"'\''") + "'")
    return " \\\n  ".join(lines)


_EXAMPLES: dict[str, Any] = {
    "survey": "nps-2026", "score": 9, "comment": "Quick answers", "key": "nps-2026",
    "name": "Yearly survey", "kind": "nps", "languages": ["en", "ja"],
    "email": "aiko@example.com", "external_id": "acme", "time_zone": "Asia/Tokyo",
    "id": "0190f3a2-7c1e-7d3a-9b52-6f0c2f1d8e11", "revision": 1, "edit_token": "<edit_token>",
    "state": "in_progress", "note": "Called, will write on Monday",
}  # fmt: skip


def _example(described: dict[str, Any], schema: Schema, depth: int = 0) -> dict[str, Any]:
    found = _resolved(described, schema)
    shown: dict[str, Any] = {}
    inside = found.get("properties", {})
    for name, inner in sorted(inside.items(), key=lambda pair: pair[0] not in ("key", "survey")):
        kind = _resolved(described, inner)
        required = name in found.get("required", ())
        if name == "responses":
            shown[name] = [{"survey": "nps-2026", "score": 9}, {"survey": "nps-2026", "score": 3}]
        elif name == "contact" and depth == 0:
            shown[name] = {"email": _EXAMPLES["email"]}
        elif name == "key" and "public" in str(found.get("title", "")).lower():
            shown[name] = "<public_key>"
        elif required or name in {"score", "comment", "email", "time_zone", "state", "note"}:
            shown[name] = _EXAMPLES.get(name, kind.get("default", "…"))
    return shown
