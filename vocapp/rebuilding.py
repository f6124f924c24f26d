"""Counting the answers of many workspaces anew, side by side: `voc cells rebuild`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from queue import Empty
from typing import Any
from uuid import UUID

from flask import Flask

from config import Settings
from vocapp import create_app
from vocapp.garbage import collect_rarely
from vocapp.measuring.service import rebuild_cells

Step = tuple[UUID, int, int]  # workspace, answers that are done, of how many
_PATIENCE_S = 0.2


def rebuild_all(settings: Settings, workspaces: Sequence[UUID], jobs: int) -> Iterator[Step]:
    """Count these workspaces anew, as many at once as there are jobs; in an application's context.

    Each job is a process, as counting is work for a processor. What one workspace ends with ends
    all, after the steps that are under way; the workers go on with what was begun.
    """
    if jobs == 1:
        for workspace_id in workspaces:
            for done, total in rebuild_cells(workspace_id):
                yield workspace_id, done, total
        return
    context = get_context("spawn")  # a fork would share connections
    with context.Manager() as manager:
        steps = manager.Queue()
        pool = ProcessPoolExecutor(
            jobs, mp_context=context, initializer=_start, initargs=(settings, steps)
        )
        try:
            yield from _told([pool.submit(_rebuild, each) for each in workspaces], steps)
        finally:
            pool.shutdown(cancel_futures=True)


def _told(counting: list[Future[None]], steps: Any) -> Iterator[Step]:
    """Steps as they come, until all are done and none is left; raises what one ended with."""
    while True:
        is_done = all(future.done() for future in counting)
        for future in counting:
            if future.done():
                future.result()
        try:
            while True:
                yield steps.get(timeout=_PATIENCE_S)
        except Empty:
            if is_done:
                return


_app: Flask
_steps: Any


def _start(settings: Settings, steps: Any) -> None:
    """Of a process, once."""
    global _app, _steps
    _app, _steps = create_app(settings), steps
    collect_rarely()


def _rebuild(workspace_id: UUID) -> None:
    with _app.app_context():
        for done, total in rebuild_cells(workspace_id):
            _steps.put((workspace_id, done, total))
