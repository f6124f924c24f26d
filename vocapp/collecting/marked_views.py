"""Page: the answers of a survey that are marked, with the reasons."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for

from surveys.response_quality import MARKS
from vocapp.api_documents import moment_and_id, read_cursor
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.marked_queries import counts_by_reason, marked_answers
from vocapp.collecting.marked_wording import REASON_WORDS, SHORT_WORDS
from vocapp.problems import NotFound
from vocapp.signing import sign
from vocapp.ui.attribute_names import value_name
from vocapp.workspaces.access import current_workspace, signed_in

blueprint = Blueprint("marked", __name__, template_folder="templates")
PAGE_SIZE = 50


@blueprint.get("/results/<key>/marked")
@signed_in()
def answers(key: str) -> Any:
    """Reasons to look, not verdicts: all of them count."""
    survey = survey_by_key(current_workspace.id, key)
    if survey.confidential:
        raise NotFound("Of a confidential survey no single answers are shown.")
    reason = request.args.get("reason") if request.args.get("reason") in MARKS else None
    cursor = request.args.get("cursor")
    rows = marked_answers(
        survey, reason=reason, limit=PAGE_SIZE + 1, before=read_cursor(cursor, moment_and_id)
    )
    following = None
    if len(rows) > PAGE_SIZE:
        last = rows[PAGE_SIZE - 1]
        following = sign("cursor", [last.answered_at.isoformat(), str(last.id)])
    address: dict[str, Any] = {"key": key, "reason": reason}
    return render_template(
        "collecting/marked.html",
        survey=survey,
        rows=rows[:PAGE_SIZE],
        reason=reason,
        counts=counts_by_reason(survey),
        reason_words=REASON_WORDS,
        short_words=SHORT_WORDS,
        value_name=value_name,
        next_url=url_for(".answers", **address, cursor=following) if following else None,
        first_url=url_for(".answers", **address) if cursor else None,
    )
