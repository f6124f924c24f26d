"""Counting the data set: how long `voc cells rebuild` takes, and what the cells weigh."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from flask import Flask
from sqlalchemy import func, inspect, select, text

from benchmarks.ten_million.timing import Figure, peak_mb
from vocapp.database import snapshot
from vocapp.extensions import db
from vocapp.measuring.checking import cell_stats
from vocapp.measuring.models import (
    AnswerChunk,
    AnswerColumn,
    AttributeMonth,
    AttributeValue,
    CellState,
    CountedAnswer,
    ScoreMonth,
)
from vocapp.understanding.models import CommentMonth, ThemeMonth

REBUILD_S = 480.0  # of ten million answers
CELLS_PER_ANSWER = 0.05
# What pages read in place of answers; and what is kept so that it can be moved.
CELLS = (ScoreMonth, AttributeMonth, AnswerChunk, AnswerColumn, ThemeMonth, CommentMonth)
KEPT = (CountedAnswer, AttributeValue)


def rebuild(app: Flask, answers: int) -> list[Figure]:
    """Run the command as an operator would; its time and the most memory it held."""
    settings = app.config["SETTINGS"]
    began = time.monotonic()
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("voc")), "cells", "rebuild"],
        stderr=subprocess.DEVNULL,
        env={
            "PATH": "/usr/bin:/bin", "VOC_ENV": "test", "VOC_DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.database_url,
        },
    )  # fmt: skip
    peak = peak_mb(process)
    took = round(time.monotonic() - began, 1)
    if process.returncode:
        raise RuntimeError(f"voc cells rebuild ended with {process.returncode}")
    target = REBUILD_S * answers / 10_000_000
    figures = [Figure("voc cells rebuild", took, "s", max(target, 15.0))]
    if peak is not None:
        figures.append(Figure("voc cells rebuild: most memory", peak, "MB"))
    return figures


def weigh(app: Flask, answers: int) -> list[Figure]:
    """Cells for each answer over all workspaces, as rows of all their tables and as the histograms
    of days and values that `voc cells stats` counts; and bytes by table."""
    with app.app_context():
        with snapshot() as session:
            cells = sum(
                session.scalar(select(func.count()).select_from(model)) or 0 for model in CELLS
            )
            workspaces = session.scalars(select(CellState.workspace_id)).all()
        held = sum(cell_stats(workspace_id).cells for workspace_id in workspaces)
        sizes = _bytes_by_table(app)
    of_cells = {model.__tablename__: sizes[model.__tablename__] for model in (*CELLS, *KEPT)}
    return [
        Figure("cells per answer, in rows", round(cells / answers, 4), "", CELLS_PER_ANSWER),
        Figure("cells per answer, in histograms", round(held / answers, 4), "", CELLS_PER_ANSWER),
        Figure("database", round(sum(sizes.values()) / 1e6, 1), "MB"),
        *(
            Figure(f"  {name} with its indexes", round(size / 1e6, 1), "MB")
            for name, size in sorted(of_cells.items(), key=lambda item: -item[1])
        ),
    ]


def _bytes_by_table(app: Flask) -> dict[str, int]:
    """Bytes of each table with its indexes."""
    path = app.config["SETTINGS"].sqlite_path
    if path is not None:
        # Python's own module: the bundled one is built without this table.
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            return dict(
                connection.execute(
                    "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) "
                    "GROUP BY tbl_name"
                ).fetchall()
            )
    with snapshot() as session:
        return {
            name: session.execute(
                text("SELECT pg_total_relation_size(CAST(:name AS regclass))"),
                {"name": f'"{name}"'},
            ).scalar_one()
            for name in inspect(db.engine).get_table_names()
        }
