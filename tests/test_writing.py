"""Who waits to write on SQLite, and for how long."""

from __future__ import annotations

import threading
import time

from sqlalchemy import select

from vocapp.database import give_way_to_writers, snapshot, transaction, utcnow
from vocapp.workspaces.models import AuditEntry
from vocapp.workspaces.service import audit

MANY, HOLDS_S = 6, 0.39


def test_a_writer_gets_its_turn_between_the_transactions_of_long_work(app, new_workspace):
    """Where SQLite itself waits, it asks so rarely that all of the long work goes first."""
    home, is_writing = new_workspace().workspace_id, threading.Event()

    def work_long():
        with app.app_context():
            for _ in range(MANY):
                with transaction() as session:
                    session.connection()  # begins
                    is_writing.set()
                    time.sleep(HOLDS_S)
                    audit(session, home, "long", now=utcnow())
                give_way_to_writers()

    worker = threading.Thread(target=work_long)
    worker.start()
    is_writing.wait()
    with transaction() as session:
        audit(session, home, "short", now=utcnow())
    worker.join()
    with snapshot() as session:
        rows = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.workspace_id == home, AuditEntry.action.in_(("long", "short")))
            .order_by(AuditEntry.id)
        ).all()
    assert rows.index("short") <= 2
