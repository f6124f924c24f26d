"""The `voc` command."""

from __future__ import annotations

import fcntl
import json as json_format
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from flask import Flask
from flask_migrate import upgrade
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from sqlalchemy import func, select

from config import Settings
from vocapp import create_app, outbox, supervisor
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.models import Response
from vocapp.connecting.backing_up import service as backing_up
from vocapp.connecting.exporting import service as exporting
from vocapp.connecting.importing import service as importing
from vocapp.connecting.importing.kinds import KINDS
from vocapp.connecting.whole_files import whole_file
from vocapp.database import snapshot, utcnow
from vocapp.demo import service as demo_service
from vocapp.demo.progress import Progress as DemoProgress
from vocapp.extensions import db
from vocapp.garbage import collect_rarely
from vocapp.measuring import checking
from vocapp.measuring.segments.queries import segment_by_name
from vocapp.problems import Problem
from vocapp.rebuilding import rebuild_all
from vocapp.resealing import reseal_workspace
from vocapp.workspaces import service as workspaces
from vocapp.workspaces.models import Workspace

err = Console(stderr=True)


def with_app(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command inside the application; problems end it with their words, not a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            app = create_app()
            collect_rarely()
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


@main.command("languages")
@with_app
def show_languages(app: Flask) -> None:
    """Interface packs in the data folder: what each lacks, and what is wrong with it."""
    packs = app.extensions["language_packs"].values()
    if not packs:
        click.echo("No interface packs; surveys in other languages than en and ja speak English.")
    for pack in packs:
        said = sum(len(words) for words in pack.words.values())
        click.echo(f"{pack.language}: {said} of {said + len(pack.missing)} words")
        for name in pack.missing:
            click.echo(f"  in English: {name}")
        for problem in pack.problems:
            click.echo(f"  wrong: {problem}")


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
    if "web" in parts:
        os.environ.update(supervisor.share_figures(settings))
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
    os.environ.update(supervisor.share_figures(settings))
    children = supervisor.commands(settings, host=host, parts=("web", "worker", "scheduler"))
    err.print(f"Serving {settings.base_url}; Ctrl-C ends it.")
    wants_demo = is_empty and settings.environment == "development"
    running = supervisor.Supervisor(children)
    running.run(on_start=(lambda: _fill_demo_when_ready(settings, running)) if wants_demo else None)


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


def _fill_demo_when_ready(settings: Settings, running: supervisor.Supervisor) -> None:
    """Once the service answers, fill the demo in a process of its own: serving goes first."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/healthz", timeout=1):
                break
        except OSError:
            if running.stopping.wait(0.2):
                return
    running.start_helper([sys.argv[0], "demo"])


@main.command()
@click.option("--force", is_flag=True, help="Also in production.")
@click.option("--seed", default=7, show_default=True, help="Another seed, other customers.")
@click.option("--new-passwords", is_flag=True, help="Print new sign-ins of a demo that is there.")
@with_app
def demo(app: Flask, *, force: bool, seed: int, new_passwords: bool) -> None:
    """Create and fill a workspace with invented customers; a second time changes nothing."""
    settings = app.config["SETTINGS"]
    if settings.environment == "production" and not force:
        raise click.ClickException(
            "This is production: the demo would put invented customers beside real ones. "
            "With --force it is made all the same, in a workspace of its own."
        )
    upgrade_database(app)
    with _only_one(settings.data_dir / "demo.lock"):
        opened = demo_service.open_demo(now=utcnow())
        if opened.is_filled and not new_passwords:
            click.echo("The demo is there already; nothing was changed.")
            click.echo("`voc demo --new-passwords` prints new sign-ins.")
            return
        sign_ins = opened.sign_ins or demo_service.give_passwords(opened.workspace_id, now=utcnow())
        click.echo(_sign_in_list(settings, sign_ins))
        _show_filling(demo_service.fill(opened, seed=seed, size=demo_service.Size()))


def _sign_in_list(settings: Settings, sign_ins: Sequence[demo_service.SignIn]) -> str:
    """One line a person; these passwords are kept nowhere else."""
    width = max(len(each.email) for each in sign_ins)
    lines = [f"  {each.role:<8} {each.email:<{width}}  {each.password}" for each in sign_ins]
    heading = f"The demo at {settings.base_url}/sign-in (passwords are shown this once):"
    return "\n".join((heading, *lines))


def _show_filling(steps: Iterator[DemoProgress]) -> None:
    """A bar for each step of the filling."""
    began = time.monotonic()
    with _progress() as progress:
        tasks: dict[str, Any] = {}
        for step in steps:
            if step.step not in tasks:
                tasks[step.step] = progress.add_task(step.step, total=step.total)
            progress.update(tasks[step.step], completed=step.done, total=step.total)
    if tasks:
        err.print(f"The demo is filled ({time.monotonic() - began:.0f} s).")


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
@click.option(
    "--jobs", type=click.IntRange(1, 64),
    help="Workspaces counted side by side, a process each. Default: as many as there are "
    "processors; one on SQLite, where only one can write.",
)  # fmt: skip
@with_app
def cells_rebuild(app: Flask, jobs: int | None) -> None:
    """Count everything anew."""
    settings = app.config["SETTINGS"]
    names = dict(_workspaces_by_size())
    if jobs is None:
        jobs = 1 if settings.is_sqlite else min(os.cpu_count() or 1, len(names))
    with _progress() as progress:
        tasks: dict[UUID, TaskID] = {}
        for workspace_id, done, total in rebuild_all(settings, list(names), max(1, jobs)):
            if workspace_id not in tasks:
                tasks[workspace_id] = progress.add_task(names[workspace_id])
            progress.update(tasks[workspace_id], completed=done, total=total)


@cells.command("stats")
@with_app
def cells_stats(_app: Flask) -> None:
    """How many cells there are for each answer; warns above 0.2, from 10,000 answers on."""
    for workspace_id, name in _workspaces():
        stats = checking.cell_stats(workspace_id)
        click.echo(
            f"{name}: {stats.cells} cells for {stats.answers} answers, "
            f"{stats.cells_per_answer:.3f} each, and {stats.bytes_per_answer:.0f} bytes of columns"
            f"{_verdict(stats)}"
        )


def _verdict(stats: checking.CellStats) -> str:
    if stats.too_many:
        return f"  (above {checking.MAX_CELLS_PER_ANSWER}: fewer reportable attributes?)"
    return "" if stats.judged else f"  (not judged below {checking.JUDGED_FROM:,} answers)"


@main.command()
@with_app
def reseal(_app: Flask) -> None:
    """Bring all sealed texts under the present SECRET_KEY; VOC_OLD_SECRET_KEYS opens them."""
    unreadable = 0
    for workspace_id, name in _workspaces():
        looked_at = rewritten = missing = 0
        with _progress() as progress:
            task = progress.add_task(name, total=None)
            for step in reseal_workspace(workspace_id):
                looked_at += step.looked_at
                rewritten += step.rewritten
                missing += step.unreadable
                progress.update(task, completed=looked_at)
        click.echo(f"{name}: {looked_at} texts, {rewritten} rewritten, {missing} without a key")
        unreadable += missing
    if unreadable:
        raise click.ClickException(
            "Some texts were sealed with a key that is not there: put the former SECRET_KEY "
            "into VOC_OLD_SECRET_KEYS and repeat."
        )


@main.command("import")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--survey", "survey_key", default=None, help="Survey of rows that name none.")
@click.option("--dry-run", is_flag=True, help="Check every row; change nothing.")
@click.option("--follow-up", is_flag=True, help="Open follow-ups as for answers that come in now.")
@click.option("--workspace", default=None, help="Name or id; needed where there are several.")
@with_app
def import_file(
    _app: Flask,
    *,
    kind: str,
    file: Path,
    survey_key: str | None,
    dry_run: bool,
    follow_up: bool,
    workspace: str | None,
) -> None:
    """Contacts, accounts, responses or events from a CSV file; a second time changes nothing."""
    workspace_id = _chosen_workspace(workspace)
    if survey_key is not None:
        survey_by_key(workspace_id, survey_key)  # a mistyped key ends here, not row by row
    options = importing.Options(
        time_zone=_time_zone(workspace_id),
        survey_key=survey_key,
        dry_run=dry_run,
        follow_up=follow_up,
    )
    opened = importing.open_import(workspace_id, kind, file, options, now=utcnow())
    err.print(f"Read as {opened.file.description}.", markup=False)
    if opened.columns.unknown:
        names = ", ".join(opened.columns.unknown)
        err.print(f"Taken for attributes: {names}", markup=False)
    with _progress() as progress:
        task = progress.add_task(kind, total=opened.file.rows)
        for done in opened.run():
            progress.update(task, completed=done)
    _print_tally(opened)


def _print_tally(opened: importing.Import) -> None:
    counts = opened.tally.counts
    new = counts["stored"] + counts["changed"]
    stored = f"{new} would be stored" if opened.dry_run else f"{new} stored"
    click.echo(f"{stored}, {counts['unchanged']} unchanged, {counts['rejected']} rejected")
    if counts["erased"]:
        click.echo(f"{counts['erased']} left out: these people were erased")
    if counts["rejected"]:
        click.echo(f"Rejected rows with their reasons: {opened.rejected}")


def _time_zone(workspace_id: UUID) -> str:
    with snapshot() as session:
        return session.scalars(
            select(Workspace.time_zone).where(Workspace.id == workspace_id)
        ).one()


@main.group()
def export() -> None:
    """What is stored, as a file."""


@export.command("responses")
@click.option("--survey", "survey_key", default=None, help="Key of a survey; default: all.")
@click.option(
    "--segment",
    "segment_name",
    default=None,
    help="Name or key of a saved segment: only the answers that it counts.",
)
@click.option(
    "--format", "file_format", default="csv", show_default=True,
    type=click.Choice(exporting.FORMATS),
)  # fmt: skip
@click.option("--excel", is_flag=True, help="CSV that a spreadsheet opens without running it.")
@click.option("--workspace", default=None, help="Name or id; needed where there are several.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file; default: stdout."
)
@with_app
def export_responses(
    _app: Flask,
    *,
    survey_key: str | None,
    segment_name: str | None,
    file_format: str,
    excel: bool,
    workspace: str | None,
    out: Path | None,
) -> None:
    """Answers with their people, themes and attributes; confidential ones stay inside."""
    workspace_id = _chosen_workspace(workspace)
    survey = survey_by_key(workspace_id, survey_key) if survey_key else None
    segment = segment_by_name(workspace_id, segment_name) if segment_name else None
    with whole_file(out) if out else nullcontext(sys.stdout.buffer) as file:
        exporting.export_responses(
            workspace_id, file,
            survey=survey, segment=segment, file_format=file_format, excel=excel,
        )  # fmt: skip
        file.flush()


@main.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_app
def backup(_app: Flask, *, file: Path) -> None:
    """Save everything in the database into one file, beside a running service."""
    with _progress() as progress:
        task = progress.add_task("rows", total=None)
        made = backing_up.back_up(
            file, now=utcnow(), tell=lambda done: progress.update(task, completed=done)
        )
    click.echo(
        f"{file}: {made.rows} rows of {len(made.tables)} tables, {file.stat().st_size} bytes"
    )


@main.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what the database holds.")
@with_app
def restore(app: Flask, *, file: Path, force: bool) -> None:
    """Put a backup back, into an empty database; stop the service first."""
    with _only_one(app.config["SETTINGS"].data_dir / "upgrade.lock"), _progress() as progress:
        task = progress.add_task("rows", total=None)
        restored = backing_up.restore(
            file, force=force, now=utcnow(),
            tell=lambda done: progress.update(task, completed=done),
        )  # fmt: skip
    click.echo(f"{restored.rows} rows restored, as of {restored.made_at}")
    if restored.key_check != backing_up.key_check():
        err.print(
            "Warning: the backup was made with another SECRET_KEY. Links in mails that were sent, "
            "unsubscriptions and the memory of erased people work with that key only: set it, "
            "and restore again.",
            markup=False,
        )


def _chosen_workspace(wanted: str | None) -> UUID:
    """The workspace of this name or id; without one the only one that is not the demo."""
    with snapshot() as session:
        rows = session.execute(select(Workspace.id, Workspace.name, Workspace.is_demo)).all()
    if wanted is None:
        found = [row.id for row in rows if not row.is_demo]
    else:
        found = [row.id for row in rows if wanted in (row.name, str(row.id))]
    if len(found) != 1:
        names = ", ".join(sorted(row.name for row in rows)) or "none"
        raise click.ClickException(f"--workspace: say which one by name or id. There is: {names}")
    return UUID(str(found[0]))


def _workspaces() -> list[tuple[Any, str]]:
    with snapshot() as session:
        return [(row.id, row.name) for row in session.execute(select(Workspace.id, Workspace.name))]


def _workspaces_by_size() -> list[tuple[Any, str]]:
    """Those with the most answers first: whoever counts them side by side ends sooner."""
    with snapshot() as session:
        counts = session.execute(
            select(Response.workspace_id, func.count()).group_by(Response.workspace_id)
        )
        size = {workspace_id: count for workspace_id, count in counts}
    return sorted(_workspaces(), key=lambda each: -size.get(each[0], 0))


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
