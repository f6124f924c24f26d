"""The `voc` command."""

from __future__ import annotations

import fcntl
import json as json_format
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask import Flask
from flask_migrate import upgrade
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import select

from config import Settings
from vocapp import create_app, outbox, supervisor
from vocapp.database import snapshot, utcnow
from vocapp.extensions import db
from vocapp.measuring import checking
from vocapp.measuring import service as measuring
from vocapp.problems import Problem
from vocapp.workspaces import service as workspaces
from vocapp.workspaces.models import Workspace

err = Console(stderr=True)


def with_app(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command inside the application; problems end it with their words, not a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            app = create_app()
            with app.app_context():
                return command(app, *args, **kwargs)
        except Problem as problem:
            raise click.ClickException(problem.detail) from problem
        except ValueError as exc:
            raise click.ClickException(str(exc)) from exc

    return run


@click.group()
@click.version_option(package_name="voc")
def main() -> None:
    """Surveys, themes, follow-up and customer success in your own house."""


@main.command()
@click.option("--name", required=True, help="Name of the workspace.")
@click.option("--email", required=True, help="E-mail of its admin.")
@click.option("--password", required=True, help="Password of its admin.")
@click.option("--locale", default="en", show_default=True, type=click.Choice(["en", "ja"]))
@click.option("--timezone", default="UTC", show_default=True, help="IANA zone, e.g. Asia/Tokyo.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_app
def init(
    app: Flask, *, name: str, email: str, password: str, locale: str, timezone: str, as_json: bool
) -> None:
    """Upgrade the database and create a workspace with an admin and API keys."""
    upgrade_database(app)
    made = workspaces.create_workspace(
        name=name, email=email, password=password, locale=locale, time_zone=timezone, now=utcnow()
    )
    shown = {
        "workspace_id": str(made.workspace_id),
        "email": made.email,
        "secret_key": made.secret_key,
        "public_key": made.public_key,
    }
    if as_json:
        click.echo(json_format.dumps(shown))
        return
    for label, value in shown.items():
        click.echo(f"{label:>13}: {value}")
    click.echo("The secret key is shown this once.")


def upgrade_database(app: Flask) -> None:
    """Bring the tables up to date; of two at once the second waits and finds nothing to do."""
    lock = app.config["SETTINGS"].data_dir / "upgrade.lock"
    with _only_one(lock):
        upgrade()


class _only_one:
    """An advisory lock on a file, for the machine's own processes."""

    def __init__(self, path: Any) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = open(self._path, "w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=None, help="Default: PORT or 8000.")
@click.option("--web-only", "part", flag_value="web", help="Only the web server.")
@click.option("--worker-only", "part", flag_value="worker", help="Only the background workers.")
@click.option("--scheduler-only", "part", flag_value="scheduler", help="Only the scheduler.")
def serve(*, host: str, port: int | None, part: str | None) -> None:
    """Web server, workers and scheduler in the foreground, until Ctrl-C or SIGTERM."""
    if port is not None:
        os.environ["PORT"] = str(port)
    settings = Settings().prepare()
    parts = (part,) if part else ("web", "worker", "scheduler")
    children = supervisor.commands(settings, host=host, parts=parts)
    err.print(f"Serving {settings.base_url} ({', '.join(parts)}); Ctrl-C ends it.")
    supervisor.Supervisor(children).run()


@main.command("run")
@click.option("--host", default="127.0.0.1", show_default=True)
def run_everything(*, host: str) -> None:
    """What `make run` does: upgrade the database, then serve; a demo fills an empty one."""
    settings = Settings().prepare()
    app = create_app(settings)
    with app.app_context():
        upgrade_database(app)
        is_empty = not _workspaces()
        db.engine.dispose()
    children = supervisor.commands(settings, host=host, parts=("web", "worker", "scheduler"))
    err.print(f"Serving {settings.base_url}; Ctrl-C ends it.")
    wants_demo = is_empty and settings.environment == "development"
    supervisor.Supervisor(children).run(
        on_start=(lambda: _fill_demo_when_ready(settings)) if wants_demo else None
    )


@main.command()
@click.option("--timeout", default=600.0, show_default=True, help="Seconds.")
@click.option("--refine", is_flag=True, help="Also what waits for the slower encoder.")
@with_app
def drain(_app: Flask, *, timeout: float, refine: bool) -> None:
    """Work off what is due, beside whatever else is running."""
    deadline = time.monotonic() + timeout
    while True:
        names = [kind.name for kind in outbox.kinds() if refine or not kind.refines]
        outbox.release_expired_leases(now=utcnow())
        for name in names:
            while outbox.work_off(name, now=utcnow()) and time.monotonic() < deadline:
                pass
        waiting = [row for row in outbox.backlog(now=utcnow()) if row.kind in names and row.due]
        if not waiting:
            break
        if time.monotonic() >= deadline:
            for row in waiting:
                click.echo(f"{row.kind}: {row.due} due")
            sys.exit(1)
        time.sleep(0.1)  # what remains is held by other workers
    for row in outbox.backlog(now=utcnow()):
        if row.set_aside:
            click.echo(f"{row.kind}: {row.set_aside} set aside")


def _fill_demo_when_ready(settings: Settings) -> None:
    """Once the service answers, fill the demo in a process of its own: serving goes first."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/healthz", timeout=1):
                break
        except OSError:
            time.sleep(0.2)
    subprocess.run([sys.argv[0], "demo"], check=False)


@main.group()
def cells() -> None:
    """The sums that scores are read from."""


@cells.command("check")
@with_app
def cells_check(_app: Flask) -> None:
    """Compare the stored cells with a full scan; exit 1 when they differ."""
    wrong = False
    for workspace_id, name in _workspaces():
        found = checking.check_cells(workspace_id)
        wrong = wrong or bool(found.differences) or bool(found.not_current)
        click.echo(
            f"{name}: {found.cells} cells, {len(found.differences)} differ, "
            f"{found.not_current} responses not counted"
        )
        for difference in found.differences[:20]:
            click.echo(f"  {difference}")
    if wrong:
        sys.exit(1)


@cells.command("rebuild")
@with_app
def cells_rebuild(_app: Flask) -> None:
    """Count everything anew."""
    with _progress() as progress:
        for workspace_id, name in _workspaces():
            task = progress.add_task(name, total=None)
            for done, total in measuring.rebuild_cells(workspace_id):
                progress.update(task, completed=done, total=total)


@cells.command("stats")
@with_app
def cells_stats(_app: Flask) -> None:
    """How many cells there are for each answer; warns above 0.2."""
    for workspace_id, name in _workspaces():
        stats = checking.cell_stats(workspace_id)
        ratio = stats.cells / stats.answers if stats.answers else 0.0
        warning = "  (above 0.2: fewer reportable attributes?)" if ratio > 0.2 else ""
        click.echo(
            f"{name}: {stats.cells} cells for {stats.answers} answers, {ratio:.3f} each{warning}"
        )


def _workspaces() -> list[tuple[Any, str]]:
    with snapshot() as session:
        return [(row.id, row.name) for row in session.execute(select(Workspace.id, Workspace.name))]


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
    )


if __name__ == "__main__":
    main()
