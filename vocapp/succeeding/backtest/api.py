"""The back-test of the health score, for machines."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from vocapp.database import utcnow
from vocapp.succeeding.backtest import queries
from vocapp.workspaces.access import current_workspace, machine

api = APIBlueprint(
    "backtest_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Figures")],
    abp_security=[{"secret_key": []}],
)


@api.get("/health-score/back-test", summary="How well the health score foretold who left")
@machine()
def show_backtest() -> Any:
    return queries.present(current_workspace.id, now=utcnow())
