"""Pages: who is never asked, and excepting many at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from vocapp.api_documents import moment_and_id, read_cursor
from vocapp.database import utcnow
from vocapp.distributing.asking import queries, service
from vocapp.distributing.asking.listing import MAX_LISTED, read_list
from vocapp.distributing.asking.service import Excepted
from vocapp.problems import BadInput
from vocapp.signing import sign
from vocapp.spreadsheets import text_of_file
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui import notice
from vocapp.ui.formats import number
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("never_asked", __name__, template_folder="templates")

PAGE_SIZE = 50
SHOWN_LINES = 200  # of those that name nobody
_UNDO = "never_asked_listed"


@blueprint.get("/contacts/never-asked")
@signed_in("admin", "product", "success", within_own_accounts=True)
def people() -> str:
    """Who is never asked by whatever survey, since when, and by whose decision."""
    text = request.args.get("q", "").replace("\0", " ").strip()
    within: dict[str, Any] = {"reach": current_user.reach, "text": text}
    cursor = read_cursor(request.args.get("cursor"), moment_and_id)
    rows = queries.never_asked(current_workspace.id, **within, limit=PAGE_SIZE + 1, before=cursor)
    following = None
    if len(rows) > PAGE_SIZE:
        last = rows[PAGE_SIZE - 1]
        following = sign("cursor", [last.since.isoformat(), str(last.contact_id)])
    address: dict[str, Any] = {"q": text or None}
    return render_template(
        "asking/never.html",
        rows=rows[:PAGE_SIZE],
        total=queries.count_never_asked(current_workspace.id, **within),
        search=text,
        next_url=url_for(".people", **address, cursor=following) if following else None,
        first_url=url_for(".people", **address) if cursor else None,
    )


@blueprint.route("/contacts/never-asked/add", methods=["GET", "POST"])
@signed_in("admin", "success", within_own_accounts=True)
def add() -> Any:
    """Except all of a list; what names nobody is told, and stays typed."""
    if request.method == "GET":
        return _form()
    typed = request.form.get("people", "")
    try:
        listed = read_list(_sent() or typed)
    except BadInput as problem:
        return _form(typed, error=problem.errors[0].message), problem.status
    now = utcnow()
    done = service.never_ask_listed(
        current_workspace.id, listed, reach=current_user.reach, actor_user_id=current_user.id,
        now=now,
    )  # fmt: skip
    _say(done, now)
    if done.unknown:
        return _form(typed, done=done)
    return redirect(url_for(".people"), 303)


def _sent() -> str:
    """What the chosen file says; nothing where none was chosen."""
    upload = request.files.get("file")
    if not upload or not upload.filename:
        return ""
    try:
        return text_of_file(upload.stream.read())
    except UnicodeDecodeError as exc:
        words = _("The file is not text in UTF-8 or Shift_JIS; save it as CSV.")
        raise BadInput.of("people", words) from exc


def _form(typed: str = "", *, error: str = "", done: Excepted | None = None) -> str:
    return render_template(
        "asking/never_add.html",
        typed=typed, error=error, done=done, shown_lines=SHOWN_LINES, most=MAX_LISTED,
    )  # fmt: skip


def _say(done: Excepted, now: datetime) -> None:
    already = ngettext(
        "%(count)s person was excepted before.", "%(count)s people were excepted before.",
        done.already, count=number(done.already),
    )  # fmt: skip
    if not done.new:
        notice(already if done.already else _("Nothing was changed."), kind="info")
        return
    words = ngettext(
        "%(count)s person is not asked any more.", "%(count)s people are not asked any more.",
        done.new, count=number(done.new),
    )  # fmt: skip
    token = undo_token(_UNDO, current_workspace.id, current_user.id, since=now.isoformat())
    say_done(f"{words} {already}" if done.already else words, token)


@blueprint.post("/contacts/never-asked/undo")
@signed_in("admin", "success", within_own_accounts=True)
def undo() -> Any:
    """Take a list back: those whom it excepted, not those who were already."""
    with said_undone():
        told = read_undo(
            request.args.get("token", ""), _UNDO, current_workspace.id, current_user.id
        )
        service.take_back_listed(
            current_workspace.id, datetime.fromisoformat(told["since"]), reach=current_user.reach,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    return redirect(url_for(".people"), 303)
