"""The machine interface's document and a page to browse it, without any outside host."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template

from vocapp.workspaces.access import anyone

blueprint = Blueprint("openapi_pages", __name__)


@blueprint.get("/api/v1/openapi.json")
@anyone
def openapi_document() -> Any:
    return current_app.api_doc  # type: ignore[attr-defined]


@blueprint.get("/api/docs")
@anyone
def openapi_page() -> str:
    """The document as a plain page: every path, what it takes and what it answers."""
    document = current_app.api_doc  # type: ignore[attr-defined]
    return render_template("api_docs.html", document=document)
