"""The page of a person at a customer: roles, and whether they have left."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.contact_roles import OFFERED, read_roles
from surveys.phone_numbers import normalised, readable
from vocapp.database import utcnow
from vocapp.people import roles as service
from vocapp.people import service as people
from vocapp.people.models import Contact
from vocapp.problems import Conflict
from vocapp.succeeding import queries as accounts
from vocapp.succeeding.contacts import queries
from vocapp.succeeding.contacts.wording import ROLES, departure_text, role_word
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.navigation import may_open
from vocapp.workspaces.office.places import country_of
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("contacts", __name__, template_folder="templates")

_UNDO = "contact_standing"


@blueprint.get("/contacts/<uuid:contact_id>")
@signed_in(within_own_accounts=True)
def person(contact_id: UUID) -> str:
    """Who is this, and what do they do there."""
    return _page(contact_id)


def _page(
    contact_id: UUID,
    *,
    own: str | None = None,
    error: str | None = None,
    phone: str | None = None,
    phone_error: str | None = None,
) -> str:
    found = queries.person(current_workspace.id, contact_id, reach=current_user.reach)
    held = found.contact.roles if own is None else request.form.getlist("role")
    words = [each for each in found.contact.roles if each not in ROLES]
    latest = accounts.latest_scores(
        current_workspace.id, Contact, [found.contact.id], reach=current_user.reach
    )
    return render_template(
        "contacts/person.html",
        person=found,
        contact=found.contact,
        latest=latest.get(found.contact.id),
        offered=[(role, role_word(role), role in held) for role in OFFERED],
        own=", ".join(words) if own is None else own,
        error=error,
        phone=found.contact.phone and readable(found.contact.phone) if phone is None else phone,
        phone_error=phone_error,
        country=country_of(current_workspace.time_zone),
        role_word=role_word,
        departure_text=departure_text,
        may_change=may_open("contacts.change"),
    )


@blueprint.post("/contacts/<uuid:contact_id>/roles")
@signed_in("admin", "success", within_own_accounts=True)
def change(contact_id: UUID) -> Any:
    """The roles that are ticked, and own words between commas; what was typed stays."""
    own = request.form.get("own", "")
    ticked = [role for role in request.form.getlist("role") if role in ROLES]
    try:
        wanted = read_roles([*ticked, *own.replace("、", ",").replace("，", ",").split(",")])
    except ValueError:
        text = _("Write at most ten roles of at most 60 characters each, with commas between.")
        return _page(contact_id, own=own, error=text), 422
    done = _changed(contact_id, roles=wanted)
    say_done(_("Saved."), _token(contact_id, done) if done else None)
    return _back(contact_id)


@blueprint.post("/contacts/<uuid:contact_id>/phone")
@signed_in("admin", "success", within_own_accounts=True)
def change_phone(contact_id: UUID) -> Any:
    """The number as it is written here: without its country's code it is one of the workspace's
    country."""
    typed = request.form.get("phone", "").replace("\0", " ").strip()
    try:
        region = country_of(current_workspace.time_zone)
        number = normalised(typed, region=region) if typed else ""
    except ValueError:
        text = _("This is no telephone number. Write it with its country’s code: +81 90-1234-5678.")
        return _page(contact_id, phone=typed, phone_error=text), 422
    people.change_phone(
        current_workspace.id, contact_id, number, reach=current_user.reach,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    notice(_("Saved."))
    return _back(contact_id)


@blueprint.post("/contacts/<uuid:contact_id>/left")
@signed_in("admin", "success", within_own_accounts=True)
def left(contact_id: UUID) -> Any:
    """The person has left the company, or (with `back`) is there after all."""
    is_back = bool(request.form.get("back"))
    done = _changed(contact_id, has_left=not is_back)
    text = _("Is with the company again.") if is_back else _("Noted as having left the company.")
    say_done(text, _token(contact_id, done) if done else None)
    return _back(contact_id)


@blueprint.post("/contacts/standing/undo")
@signed_in("admin", "success", within_own_accounts=True)
def undo() -> Any:
    """What held before, unless somebody changed it since."""
    with said_undone():
        told = read_undo(
            request.args.get("token", ""), _UNDO, current_workspace.id, current_user.id
        )
        contact_id = UUID(told["contact"])
        shown = queries.person(current_workspace.id, contact_id, reach=current_user.reach)
        if [shown.contact.roles, shown.contact.left_at is not None] != told["after"]:
            raise Conflict("It was changed since.")
        roles, has_left = told["before"]
        _changed(contact_id, roles=tuple(roles), has_left=has_left)
        return _back(contact_id)
    return redirect(url_for("workspaces.home"), 303)


def _changed(
    contact_id: UUID, *, roles: tuple[str, ...] | None = None, has_left: bool | None = None
) -> service.Changed | None:
    return service.change_standing(
        current_workspace.id, contact_id, roles=roles, has_left=has_left,
        reach=current_user.reach, actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip


def _token(contact_id: UUID, before: service.Changed) -> str:
    shown = queries.person(current_workspace.id, contact_id, reach=current_user.reach)
    after = [shown.contact.roles, shown.contact.left_at is not None]
    return undo_token(
        _UNDO, current_workspace.id, current_user.id, contact=contact_id.hex,
        before=[list(before.roles), before.has_left], after=after,
    )  # fmt: skip


def _back(contact_id: UUID) -> Response:
    return redirect(url_for(".person", contact_id=contact_id), 303)
