"""Pages: who may be one person, and making one record of two."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for

from vocapp.api_documents import read_cursor
from vocapp.database import utcnow
from vocapp.people.merging import queries, service
from vocapp.problems import BadInput
from vocapp.signing import sign
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui import notice
from vocapp.ui.attribute_names import attribute_name
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("merging", __name__, template_folder="templates")

_PAGE = 10
_FACTS = {
    "external_id": _l("Key"),
    "name": _l("Name"),
    "email": _l("E-mail address"),
    "phone": _l("Telephone"),
    "account": _l("Account"),
    "locale": _l("Language"),
    "time_zone": _l("Time zone"),
}


def fact_name(name: str) -> str:
    """A fact of a person as a heading; attributes are named as the customer named them."""
    known = _FACTS.get(name)
    return str(known) if known else attribute_name(name.removeprefix("attributes."))


@blueprint.get("/contacts/duplicates")
@signed_in("admin", "success")
def suggestions() -> str:
    """Who may be one person, side by side."""
    after = read_cursor(request.args.get("cursor"), UUID)
    pairs = queries.suggested_pairs(current_workspace.id, limit=_PAGE + 1, after=after)
    shown = pairs[:_PAGE]
    following = sign("cursor", str(shown[-1].suggestion_id)) if len(pairs) > _PAGE else None
    return render_template(
        "merging/suggestions.html",
        pairs=shown,
        total=queries.count_suggestions(current_workspace.id),
        fact_name=fact_name,
        next_url=url_for(".suggestions", cursor=following) if following else None,
        first_url=url_for(".suggestions") if after else None,
    )


@blueprint.get("/contacts/duplicates/<uuid:suggestion_id>")
@signed_in("admin", "success")
def confirm(suggestion_id: UUID) -> str:
    """What merging would do, and that it cannot be undone."""
    pair = queries.suggested_pair(current_workspace.id, suggestion_id, keep=_kept())
    return render_template("merging/confirm.html", pair=pair, fact_name=fact_name)


@blueprint.post("/contacts/duplicates/<uuid:suggestion_id>")
@signed_in("admin", "success")
def merge(suggestion_id: UUID) -> Any:
    pair = queries.suggested_pair(current_workspace.id, suggestion_id, keep=_kept())
    service.merge_contacts(
        current_workspace.id, keep=pair.left.id, merge=pair.right.id,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    notice(_("Merged. All that was known of both is now with %(name)s.", name=pair.left.name))
    return redirect(url_for(".suggestions"), 303)


def _kept() -> UUID | None:
    """Which of the two records is to stay, where the person chose."""
    given = request.values.get("keep", "")
    try:
        return UUID(given) if given else None
    except ValueError as exc:
        raise BadInput.of("keep", "expected the id of a contact") from exc


@blueprint.post("/contacts/duplicates/<uuid:suggestion_id>/apart")
@signed_in("admin", "success")
def keep_apart(suggestion_id: UUID) -> Any:
    """Not the same person; said once, and taken back with one button."""
    _decide(suggestion_id, different=True)
    notice(
        _("Noted: two different people. They are not suggested again."),
        undo_url=url_for(".doubt", suggestion_id=suggestion_id),
    )
    return redirect(url_for(".suggestions"), 303)


@blueprint.post("/contacts/duplicates/<uuid:suggestion_id>/doubt")
@signed_in("admin", "success")
def doubt(suggestion_id: UUID) -> Any:
    """Undo."""
    _decide(suggestion_id, different=False)
    notice(_("Undone."))
    return redirect(url_for(".suggestions"), 303)


def _decide(suggestion_id: UUID, *, different: bool) -> None:
    service.decide_suggestion(
        current_workspace.id, suggestion_id, different=different,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
