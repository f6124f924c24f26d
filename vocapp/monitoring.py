"""Whether the service lives, whether it can do its work, and its figures for Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, current_app
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from vocapp import outbox
from vocapp.database import has_wal_reset_bug, sqlite_module, transaction, utcnow
from vocapp.extensions import db
from vocapp.workspaces.access import anyone

blueprint = Blueprint("monitoring", __name__)
_requests = Counter("voc_http_requests", "Requests by status class", ["status"])
_WORKER_SILENT_S = 30
log = structlog.get_logger()


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.after_request(_count)


def _count(response: Response) -> Response:
    try:
        _requests.labels(f"{response.status_code // 100}xx").inc()
    except OSError as error:  # a full disk or a folder that is gone costs figures, never answers
        log.warning("metrics.not_counted", error=type(error).__name__)
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
        work = _work_state()  # reads a table: one that is not migrated yet takes no answers
    except DBAPIError:
        return {"status": "unavailable", "database": "unavailable"}, 503
    parts = {
        "database": _database_state(),
        "broker": "ok" if _broker_answers() else "degraded",
        "work": work,
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
    figures = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(figures)  # the sum over all processes of this machine
    else:
        figures.register(REGISTRY)
    figures.register(_Backlog())
    return Response(generate_latest(figures), content_type=CONTENT_TYPE_LATEST)


class _Backlog(Collector):
    """Pending work by kind, read when asked for."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        waiting = GaugeMetricFamily("voc_outbox_due", "Outbox rows due", labels=["kind"])
        aside = GaugeMetricFamily("voc_outbox_set_aside", "Rows set aside", labels=["kind"])
        for row in outbox.backlog(now=utcnow()):
            waiting.add_metric([row.kind], row.due)
            aside.add_metric([row.kind], row.set_aside)
        yield waiting
        yield aside
