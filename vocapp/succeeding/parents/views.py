"""Choosing what an account belongs to, on its page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from vocapp.database import utcnow
from vocapp.problems import BadInput
from vocapp.succeeding import queries as accounts
from vocapp.succeeding.parents import service
from vocapp.succeeding.parents.queries import parent_key
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("parents", __name__, template_folder="templates")


@blueprint.route("/account-parent", methods=["GET", "POST"])
@signed_in("admin", "success")
def change() -> Any:
    """The key of the account above; what was typed stays where it cannot be."""
    key = request.values.get("account", "")
    if request.method == "GET" and not key:
        return redirect(url_for("succeeding.accounts"))  # where one is chosen
    account = accounts.account_by_key(current_workspace.id, key, reach=current_user.reach)
    if request.method == "GET":
        return _page(key, account, parent_key(account) or "", None), 200
    given = request.form.get("parent", "")
    try:
        done = service.change_parent(
            current_workspace.id, key, given, actor_user_id=current_user.id, now=utcnow()
        )
    except BadInput as problem:
        return _page(key, account, given, problem), problem.status
    if done.changed:
        token = undo_token(
            "account_parent", current_workspace.id, current_user.id, account=key,
            before=done.before, after=given.strip(),
        )  # fmt: skip
        notice(_("Saved."), undo_url=url_for(".undo", account=key, token=token))
    return redirect(url_for("succeeding.account", external_id=key), 303)


def _page(key: str, account: Any, given: str, problem: BadInput | None) -> str:
    words = None
    if problem is not None:
        words = _("Choose another one: there is none with this key, or it belongs to this account.")
    return render_template(
        "parents/change.html", key=key, name=account.name or key, given=given, error=words
    )


@blueprint.post("/account-parent/undo")
@signed_in("admin", "success")
def undo() -> Any:
    """Put it back where it was, unless somebody changed it since."""
    key = request.args.get("account", "")
    told = read_undo(
        request.args.get("token", ""), "account_parent", current_workspace.id, current_user.id,
        account=key,
    )  # fmt: skip
    account = accounts.account_by_key(current_workspace.id, key, reach=current_user.reach)
    if (parent_key(account) or "") != told["after"]:
        notice(_("Somebody changed it since, so it was left as it is."), kind="warning")
    else:
        service.change_parent(
            current_workspace.id, key, told["before"], actor_user_id=current_user.id, now=utcnow()
        )
        notice(_("Undone."))
    return redirect(url_for("succeeding.account", external_id=key), 303)
