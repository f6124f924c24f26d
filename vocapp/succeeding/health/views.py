"""The page of weights and bands: by segment, what would change, and earlier versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from surveys.filters import attributes_of
from surveys.health import COMPONENTS
from surveys.health_schemes import Scheme
from vocapp import outbox
from vocapp.database import snapshot, utcnow
from vocapp.measuring.filter_wording import filter_in_words
from vocapp.measuring.segments.building import Drafted
from vocapp.measuring.segments.offers import Offers
from vocapp.measuring.segments.queries import find_segment, segments
from vocapp.measuring.segments.wording import ACCOUNTS, JOINS, OPERATORS
from vocapp.people.health_changes import HEALTH_DAILY
from vocapp.problems import BadInput, Conflict
from vocapp.succeeding.health import schemes, wording
from vocapp.succeeding.health.reweighing import Preview, preview
from vocapp.succeeding.health.segmenting import (
    count_matching,
    counts_by_segment,
    facts_by_account,
    offers_of,
)
from vocapp.succeeding.health.weight_forms import MAX_SEGMENTS, WeightsForm, compact_of
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.navigation import may_open
from vocapp.workspaces.queries import members
from vocapp.workspaces.taking_back import said_undone, say_done

blueprint = Blueprint("health_weights", __name__, template_folder="templates")

_FINAL = ("look", "save", "use")  # buttons after which unfinished conditions are an error
_MOST_SAVED = 200  # segments of answers that are offered as a beginning


@blueprint.get("/health-score/weights")
@signed_in()
def show() -> str:
    """What counts now, and what did before."""
    with snapshot() as session:
        scheme = schemes.scheme_in_force(session, current_workspace.id)
        number = schemes.number_of(session, current_workspace.id)
    return _page(WeightsForm.of(scheme, number))


@blueprint.post("/health-score/weights/own")
@signed_in("admin")
def save() -> Any:
    """Other segments, a look at what would change, or saving; what was typed stays."""
    form = WeightsForm.of_post(request.form)
    what = request.form.get("do", "look")
    if what == "take":
        return _page(_begun_with_saved(form))
    if what not in _FINAL:
        return _page(form.changed(what))
    form = form.settled().checked()
    if form.editing:
        return _page(form, show_faults=True), BadInput.status
    if what == "use":
        return _page(form)
    scheme = form.read()
    if scheme is None:
        return _page(form), BadInput.status
    if what == "look":
        with snapshot() as session:
            accounts = _accounts(session, form)
            found = preview(session, current_workspace.id, scheme, accounts)
        return _page(form, found=found, accounts=accounts)
    try:
        token = schemes.use_own(
            current_workspace.id, scheme, why=form.why, base=form.base,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(
            _(
                "Somebody changed weights or bands meanwhile. Look at what counts now, then save "
                "again."
            ),
            kind="warning",
        )
        with snapshot() as session:
            form = form.based_on(schemes.number_of(session, current_workspace.id))
        return _page(form), Conflict.status
    return _done(
        _("What you saved counts from now on. All scores are being worked out anew."), token
    )


def _begun_with_saved(form: WeightsForm) -> WeightsForm:
    """With the conditions of a saved segment: as they are now, later changes of it do not count."""
    found = find_segment(current_workspace.id, request.form.get("saved", ""))
    if found is None or form.editing is None:
        return form
    return form.drafted(form.editing.place, found.filter)


@blueprint.post("/health-score/weights/put-back")
@signed_in("admin")
def put_back() -> Any:
    """Let an earlier version count again."""
    given = request.form.get("number", "")
    number = int(given) if given.isdecimal() and len(given) < 9 else 0
    token = schemes.put_back(
        current_workspace.id, number, actor_user_id=current_user.id, now=utcnow()
    )
    return _done(
        _("Version %(number)s counts again. All scores are being worked out anew.", number=number),
        token,
    )


def _done(text: str, token: str | None) -> Any:
    outbox.ring(HEALTH_DAILY)
    say_done(text, token)
    return redirect(url_for(".show"), 303)


@blueprint.post("/health-score/weights/own/undo")
@signed_in("admin")
def undo() -> Any:
    """Let what counted before count again, unless it was changed since."""
    return undone()


def undone() -> Any:
    """Take back the change of weights that the request names, and show the page of its blueprint:
    weights are changed here, and where the back-test offers learnt ones."""
    with said_undone():
        schemes.undo(
            current_workspace.id, request.args.get("token", ""), actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
    outbox.ring(HEALTH_DAILY)
    return redirect(url_for(".show"), 303)


def _accounts(session: Session, form: WeightsForm) -> Mapping[UUID, Mapping[str, Any]]:
    """Of each what it is told apart by; of none where nothing is."""
    if not form.segments and not form.editing:
        return {}
    return facts_by_account(session, current_workspace.id)


def _page(
    form: WeightsForm,
    *,
    found: Preview | None = None,
    show_faults: bool = False,
    accounts: Mapping[UUID, Mapping[str, Any]] | None = None,
) -> str:
    with snapshot() as session:
        changes = schemes.versions(session, current_workspace.id)
        scheme = schemes.scheme_in_force(session, current_workspace.id)
        facts = list((_accounts(session, form) if accounts is None else accounts).values())
    counts, others = counts_by_segment(facts, form.filters)
    bench = None
    if form.editing:
        offers = offers_of(facts)
        bench = Drafted(
            draft=form.editing.draft, read=form.editing.read, offers=offers,
            show_faults=show_faults, subject=ACCOUNTS,
        )  # fmt: skip
    return render_template(
        "weights/page.html",
        form=form,
        compact=compact_of(form.segments),
        bench=bench,
        show_faults=show_faults,
        matching=count_matching(facts, bench.read.filter) if bench else 0,
        saved=_saved_choices(bench.offers) if bench else [],
        counts=counts,
        others=others,
        most=MAX_SEGMENTS,
        components=COMPONENTS,
        words=wording,
        in_words=filter_in_words,
        operators=OPERATORS,
        joins=JOINS,
        found=found,
        changes=[(each, Scheme.from_json(each.scheme)) for each in changes],
        scheme=scheme,
        people={each.user_id: each.name for each in members(current_workspace.id)},
        may_change=may_open("health_weights.save"),
    )


def _saved_choices(offers: Offers) -> list[tuple[str, str]]:
    """Saved segments that ask nothing but what accounts have; they are about answers, too."""
    return [
        (each.key, each.name)
        for each in segments(current_workspace.id, limit=_MOST_SAVED)
        if all(name in offers.by_attribute for name in attributes_of(each.filter))
    ]
