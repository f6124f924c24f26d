"""Pages: the saved segments, and the way to remove one and have it back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from vocapp.api_documents import read_cursor
from vocapp.authoring.queries import SurveySummary
from vocapp.database import utcnow
from vocapp.measuring.filter_wording import filter_in_words
from vocapp.measuring.queries import reading
from vocapp.measuring.segments import queries, service
from vocapp.measuring.segments.building import countable_surveys
from vocapp.measuring.segments.narrowing import SAVERS
from vocapp.measuring.segments.queries import Place, Segment
from vocapp.measuring.segments.service import InUse, NameTaken
from vocapp.measuring.segments.sizes import sizes
from vocapp.signing import sign
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.ui.formats import word_list
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("segments", __name__)
_PER_PAGE = 20


@blueprint.get("/segments")
@signed_in()
def list_segments() -> str:
    """Segments by name, with how many answers of one survey each holds."""
    search = request.args.get("search", "")[:200].strip()
    cursor = read_cursor(request.args.get("cursor"), _place)
    found = queries.segments(
        current_workspace.id, search=search, limit=_PER_PAGE + 1, after=cursor
    )  # fmt: skip
    shown = found[:_PER_PAGE]
    surveys = countable_surveys()
    wanted = request.args.get("survey")
    survey = next((each for each in surveys if each.key == wanted), surveys[0] if surveys else None)
    kept: dict[str, Any] = {"search": search or None, "survey": wanted}
    more = sign("cursor", shown[-1].place) if len(found) > _PER_PAGE else None
    counts = _counts(survey, shown)
    return render_template(
        "measuring/segments/list.html",
        rows=[
            (segment, filter_in_words(segment.filter), count)
            for segment, count in zip(shown, counts, strict=True)
        ],
        search=search,
        surveys=[(each.key, each.name) for each in surveys],
        survey=survey,
        some_uncounted=survey is not None and None in counts,
        may_save=current_user.role in SAVERS,
        next_url=url_for(".list_segments", cursor=more, **kept) if more else None,
        first_url=url_for(".list_segments", **kept) if cursor else None,
    )


def _place(value: Any) -> Place:
    name, key = value
    return str(name), str(key)


def _counts(survey: SurveySummary | None, segments: list[Segment]) -> list[int | None]:
    if survey is None:
        return [None] * len(segments)
    with reading(survey, time_zone=current_workspace.time_zone, now=utcnow()) as opened:
        return sizes(opened, [segment.filter for segment in segments])


@blueprint.post("/segments/<key>/remove")
@signed_in(*SAVERS)
def remove_segment(key: str) -> Any:
    segment = queries.segment_by_key(current_workspace.id, key)
    survey = request.args.get("survey")
    try:
        service.remove_segment(
            current_workspace.id, key, actor_user_id=current_user.id, now=utcnow()
        )
    except InUse as problem:
        words = _(
            "The segment “%(name)s” stays: routing rules ask for it (%(rules)s). Take it out of "
            "them first.",
            name=segment.name, rules=word_list(problem.users, "standard-narrow"),
        )  # fmt: skip
        notice(words, kind="warning")
    else:
        notice(
            _("The segment “%(name)s” is removed.", name=segment.name),
            undo_url=url_for(".restore_segment", key=key, survey=survey),
        )
    return redirect(url_for(".list_segments", survey=survey), 303)


@blueprint.post("/segments/<key>/restore")
@signed_in(*SAVERS)
def restore_segment(key: str) -> Any:
    """Undo the removal."""
    try:
        service.restore_segment(
            current_workspace.id, key, actor_user_id=current_user.id, now=utcnow()
        )
    except NameTaken:
        words = _("It cannot come back: another segment has its name now. Rename that one first.")
        notice(words, kind="warning")
    else:
        notice(_("Undone."))
    return redirect(url_for(".list_segments", survey=request.args.get("survey")), 303)
