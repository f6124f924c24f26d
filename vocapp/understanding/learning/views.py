"""The page that says what the model learnt from corrections, and lets it learn or go back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for

from vocapp import ui
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.ui.formats import number
from vocapp.understanding.learning import retheming, service, wording
from vocapp.understanding.learning.queries import Learning, Version, last_retheming, learning
from vocapp.understanding.views import text_in_language
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("learning", __name__)


@blueprint.get("/themes/learning")
@signed_in("product")
def show() -> str:
    """What was corrected, what it did, which versions there are."""
    return _page()


def _page(*, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    found = learning(current_workspace.id)
    shown = found.told
    return render_template(
        "understanding/learning.html",
        learning=found,
        past=last_retheming(current_workspace.id),
        name=partial(_name, found),
        fewest=service.FEWEST,
        shown=shown if shown and shown.found else None,
        sentences=_sentences(found, shown) if shown and shown.reason == "better" else [],
        rows=_rows(found, shown) if shown else [],
        state_word=wording.state_word,
        reason=wording.reason_in_words,
        summary=wording.summary,
        errors=errors or {},
        form=request.form,
    ), status


def _sentences(found: Learning, version: Version) -> list[str]:
    """Of the themes that moved most, clear ones first; at most five."""
    if version.found is None:
        return []
    moving = [row for row in version.found.themes if abs(wording.moved(row)) >= 0.01]
    moving.sort(key=lambda row: (row.p_value, -abs(wording.moved(row)), row.key))
    return [wording.raised(version, row, _name(found, row.key)) for row in moving[:5]]


def _rows(found: Learning, version: Version) -> list[dict[str, Any]]:
    """The table: all themes together, then each, most spoken of first."""
    if version.found is None:
        return []
    comparison = version.found
    together = wording.figures_row(
        _("All themes"), None, comparison.before, comparison.after, is_clear=False
    )
    ranked = sorted(comparison.themes, key=lambda row: (-row.said, row.key))
    clear = wording.clear_themes(comparison)
    return [together] + [
        wording.figures_row(
            _name(found, row.key), row.said, row.before, row.after, is_clear=row.key in clear
        )
        for row in ranked
    ]


def _name(found: Learning, key: str) -> str:
    return text_in_language(found.labels.get(key, {})) or key


@blueprint.post("/themes/learning")
@signed_in("product")
def learn_now() -> Any:
    """Teach a new version now instead of tonight."""
    found = learning(current_workspace.id)
    service.ask(current_workspace.id, user_id=current_user.id, now=utcnow())
    if found.new or found.set_aside or not found.versions:
        ui.notice(_("The model is being taught what people corrected. You may leave this page."))
    else:
        told = _(
            "Nothing was corrected since it last learnt; it learns anew only if a correction "
            "was taken back."
        )
        ui.notice(told, kind="info")
    return redirect(url_for("learning.show"))


@blueprint.post("/themes/learning/setting")
@signed_in("product")
def set_when() -> Any:
    """When the model learns by itself."""
    written = request.form.get("after", "").strip()
    try:
        after = int(written) if written else None
        service.set_when_to_learn(
            current_workspace.id, nightly="nightly" in request.form, after=after,
            user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except (ValueError, BadInput):
        wanted = _(
            "A whole number from 1 to %(most)s, or nothing.", most=number(service.MOST_AFTER)
        )
        return _page(errors={"after": wanted}, status=422)
    ui.notice(_("Saved."))
    return redirect(url_for("learning.show"))


@blueprint.post("/themes/learning/serving")
@signed_in("product")
def serve() -> Any:
    """Let a former version serve again; 0 stands for what the themes alone teach.

    The version stands in the form, or in the address where this undoes a change.
    """
    version = request.values.get("version", type=int)
    if version is None:
        raise BadInput.of("version", "the number of a version")
    before = service.serve_version(
        current_workspace.id, version, user_id=current_user.id, now=utcnow()
    )
    words = (
        _(
            "Version %(number)s serves: comments that come from now on are judged by it.",
            number=version,
        )
        if version
        else _("Nothing but the themes' own words serves from now on.")
    )
    ui.notice(words, undo_url=url_for("learning.serve", version=before))
    return redirect(url_for("learning.show"))


# --- the past ---------------------------------------------------------------------------


@blueprint.post("/themes/learning/past")
@signed_in("product")
def look_at_past() -> Any:
    """What judging the past anew would change."""
    return _with_past(retheming.look, refused=_("The past is being judged anew already."))


@blueprint.post("/themes/learning/past/<uuid:retheming_id>/start")
@signed_in("product")
def start_past(retheming_id: UUID) -> Any:
    """Judge the past anew, or go on."""
    return _with_past(
        retheming.start, retheming_id, refused=_("The past is being judged anew already.")
    )


@blueprint.post("/themes/learning/past/<uuid:retheming_id>/stop")
@signed_in("product")
def stop_past(retheming_id: UUID) -> Any:
    """Stop where it is, or give up a look."""
    retheming.stop(current_workspace.id, retheming_id, now=utcnow())
    return _to_past()


@blueprint.post("/themes/learning/past/<uuid:retheming_id>/undo")
@signed_in("product")
def undo_past(retheming_id: UUID) -> Any:
    """Put the former themes back."""
    return _with_past(
        retheming.undo,
        retheming_id,
        refused=_("What was replaced is not kept any more."),
        kind="warning",
    )


def _with_past(step: Callable[..., object], *of: UUID, refused: str, kind: str = "info") -> Any:
    """Take a step, or say why it was refused."""
    try:
        step(current_workspace.id, *of, user_id=current_user.id, now=utcnow())
    except Conflict:
        ui.notice(refused, kind=kind)
    return _to_past()


def _to_past() -> Any:
    return redirect(url_for("learning.show", _anchor="past"))
