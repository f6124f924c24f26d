"""The Celery side: how the doorbell is configured and what rings it.

Messages carry a kind and nothing else (see outbox.py). The embedded default needs no
broker: messages are files. Its transport is kombu's own with one repair: a message
appears under its name only when it is whole, because readers take no lock and a half
written file ends a worker (kombu issue 1551).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from queue import Empty
from typing import Any

from celery import Celery, Task, shared_task
from celery.signals import worker_ready
from flask import Flask
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

from config import Settings
from vocapp import outbox
from vocapp.extensions import celery

EMBEDDED_POLL_S = 0.2
MOST_WAITING = 50  # rings of one queue in the embedded broker


class WholeFileChannel(filesystem.Channel):
    """A message is written beside its place and renamed into it, and taken out by renaming."""

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        if len(list(islice(folder.glob(f"*.{queue}.msg"), MOST_WAITING))) == MOST_WAITING:
            return  # nobody answers; the scheduler rings again, and no ring carries work
        name = f"{time.time_ns()}_{uuid.uuid4()}.{queue}.msg"
        part = Path(self.processed_folder) / f"{name}.part"
        part.write_bytes(str_to_bytes(dumps(payload)))
        part.replace(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002
        for path in sorted(Path(self.data_folder_in).glob(f"*.{queue}.msg")):
            taken = Path(self.processed_folder) / path.name
            try:
                path.rename(taken)
            except FileNotFoundError:
                continue  # another worker was quicker
            payload = taken.read_bytes()
            taken.unlink()
            return loads(bytes_to_str(payload))
        raise Empty


class WholeFileTransport(filesystem.Transport):
    Channel = WholeFileChannel


TRANSPORT_ALIASES["voc-files"] = "vocapp.worker:WholeFileTransport"


def init_app(app: Flask, settings: Settings) -> Celery:
    """Configure the one Celery app for these settings."""
    celery.main = "voc"
    celery.conf.update(
        broker_url=_broker_url(settings),
        # Said twice more, because Celery prefers CELERY_BROKER_URL of the environment to
        # `broker_url`, and there our own word "embedded" may stand.
        broker_read_url=_broker_url(settings),
        broker_write_url=_broker_url(settings),
        broker_transport_options=_transport_options(settings),
        broker_connection_timeout=2,
        broker_connection_retry_on_startup=True,
        task_ignore_result=True,
        task_default_queue="quick",
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        # Longer than any drain and shorter than the visibility time-out of Redis.
        task_time_limit=600,
        task_soft_time_limit=540,
    )
    celery.Task = _task_class(app)
    celery.flask_app = app
    celery.set_default()
    app.extensions["celery"] = celery
    return celery


def _task_class(app: Flask) -> type[Task]:
    class AppTask(Task):
        """Runs inside the application's context."""

        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    return AppTask


def _broker_url(settings: Settings) -> str:
    return "voc-files://localhost//" if settings.uses_embedded_broker else settings.broker_url


def _transport_options(settings: Settings) -> dict[str, Any]:
    if settings.uses_embedded_broker:
        folder = settings.data_dir / "broker"
        moving = folder / "moving"
        moving.mkdir(parents=True, exist_ok=True)
        return {
            "data_folder_in": str(folder),
            "data_folder_out": str(folder),
            "processed_folder": str(moving),
            "control_folder": str(folder / "control"),
            "store_processed": False,
            "polling_interval": EMBEDDED_POLL_S,
        }
    if settings.broker_url.startswith(("redis", "rediss")):
        # A request must not hang on a dead broker: the scheduler rings later anyway.
        return {"visibility_timeout": 3600, "socket_connect_timeout": 1, "socket_timeout": 5}
    return {"max_retries": 1, "connect_timeout": 1, "read_timeout": 5, "write_timeout": 5}


_before_work: dict[str, list[Callable[[], None]]] = {}


def before_work(queue: str, prepare: Callable[[], None]) -> None:
    """Have a worker of a queue prepare itself before it takes its first message."""
    prepared = _before_work.setdefault(queue, [])
    if prepare not in prepared:
        prepared.append(prepare)


@worker_ready.connect
def _prepare(sender: Any = None, **_: Any) -> None:
    with celery.flask_app.app_context():
        for queue in sender.app.amqp.queues.consume_from:
            for prepare in _before_work.get(queue, ()):
                prepare()


@shared_task(name="outbox.drain", ignore_result=True)
def drain(kind: str) -> None:
    """Work off a kind for some seconds; may ring twice, may be killed at any point."""
    if outbox.drain(kind):
        outbox.ring(kind)  # more is waiting


def tick(*, now: datetime) -> None:
    """What the scheduler does every second: free what died, ring for what is due."""
    outbox.release_expired_leases(now=now)
    outbox.ring(*outbox.due_kinds(now=now))
