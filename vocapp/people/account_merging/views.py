"""Pages: choosing the other record of a customer, and making one of both."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from vocapp.database import utcnow
from vocapp.people.account_merging import queries, service
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui import notice
from vocapp.ui.attribute_names import attribute_name
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("account_merging", __name__, template_folder="templates")

_FACTS = {
    "external_id": _l("Key"),
    "name": _l("Name"),
    "plan": _l("Plan"),
    "region": _l("Region"),
    "mrr_minor": _l("Monthly revenue"),
    "started_on": _l("Customer since"),
    "renewal_on": _l("Renewal"),
    "subscriptions": _l("Subscriptions"),
}


def fact_name(name: str) -> str:
    """A fact of an account as a heading; attributes are named as the customer named them."""
    known = _FACTS.get(name)
    return str(known) if known else attribute_name(name.removeprefix("attributes."))


@blueprint.get("/account-merge")
@signed_in("admin", "success")
def choose() -> Any:
    """The other record is looked for; once it is chosen, what merging would do."""
    keep, merge = request.args.get("keep", ""), request.args.get("merge", "")
    if not keep:
        return redirect(url_for("succeeding.accounts"))  # where one is chosen
    search = request.args.get("q", "").strip()[:100]
    if keep and merge:
        pair = queries.account_pair(current_workspace.id, keep, merge)
        return render_template("account_merging/confirm.html", pair=pair, fact_name=fact_name)
    queries.account_id_of(current_workspace.id, "keep", keep)
    return render_template(
        "account_merging/choose.html", keep=keep, search=search,
        found=queries.choices(current_workspace.id, search, without=keep) if search else (),
    )  # fmt: skip


@blueprint.post("/account-merge")
@signed_in("admin", "success")
def merge() -> Any:
    pair = queries.account_pair(
        current_workspace.id, request.form.get("keep", ""), request.form.get("merge", "")
    )
    service.merge_accounts(
        current_workspace.id, keep=pair.left.id, merge=pair.right.id,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    notice(_("Merged. All that was known of both is now with %(name)s.", name=pair.left.name))
    return redirect(url_for("succeeding.account", external_id=pair.left_key), 303)
