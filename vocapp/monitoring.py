"""Whether the service lives, whether it can do its work, and its figures for Prometheus."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, current_app
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    generate_latest,
)
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from vocapp import outbox
from vocapp.database import has_wal_reset_bug, sqlite_module, transaction, utcnow
from vocapp.extensions import db
from vocapp.workspaces.access import anyone

blueprint = Blueprint("monitoring", __name__)
_figures = CollectorRegistry()
_requests = Counter("voc_http_requests", "Requests by status class", ["status"], registry=_figures)
_waiting = Gauge("voc_outbox_due", "Outbox rows due, by kind", ["kind"], registry=_figures)
_set_aside = Gauge("voc_outbox_set_aside", "Rows set aside, by kind", ["kind"], registry=_figures)
_WORKER_SILENT_S = 30


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.after_request(_count)


def _count(response: Response) -> Response:
    _requests.labels(f"{response.status_code // 100}xx").inc()
    return response


@blueprint.get("/healthz")
@anyone
def healthz() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@anyone
def readyz() -> tuple[dict[str, Any], int]:
    """200 while the database accepts writes; the body tells what is degraded."""
    try:
        _write_probe()
    except DBAPIError:
        return {"status": "unavailable", "database": "unavailable"}, 503
    parts = {
        "database": _database_state(),
        "broker": "ok" if _broker_answers() else "degraded",
        "work": _work_state(),
        "encoder": current_app.config["SETTINGS"].encoder or "automatic",
    }
    return {"status": "ok", **parts}, 200


def _write_probe() -> None:
    """Take the writer's lock and let go: proves that an answer could be stored now."""
    with transaction() as session:
        if db.engine.dialect.name == "postgresql":
            in_recovery = session.scalar(text("SELECT pg_is_in_recovery()"))
            if in_recovery:
                raise DBAPIError("read only", None, Exception("standby"))
        else:
            session.execute(text("PRAGMA user_version"))


def _database_state() -> str:
    if db.engine.dialect.name == "sqlite" and has_wal_reset_bug(
        tuple(sqlite_module().sqlite_version_info)
    ):
        return "degraded: this SQLite can lose commits (WAL-reset bug); see docs/operations.md"
    return "ok"


def _broker_answers() -> bool:
    """Whether a ring would go through now."""
    return outbox.doorbell_works() and outbox.broker_reachable()


def _work_state() -> str:
    """`behind` when due work has waited long: the workers are down or overloaded."""
    waited = outbox.longest_wait_s(now=utcnow())
    return "ok" if waited < _WORKER_SILENT_S else f"behind by {int(waited)} s"


@blueprint.get("/metrics")
@anyone
def metrics() -> Response:
    """Figures in the Prometheus text format; without ids or personal text."""
    for row in outbox.backlog(now=utcnow()):
        _waiting.labels(row.kind).set(row.due)
        _set_aside.labels(row.kind).set(row.set_aside)
    return Response(generate_latest(_figures), content_type=CONTENT_TYPE_LATEST)
