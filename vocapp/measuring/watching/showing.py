"""Watching as the results page and the first page show it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from surveys.periods import local_day
from vocapp.authoring.queries import SurveySummary
from vocapp.database import utcnow
from vocapp.measuring.watching import links, wording
from vocapp.measuring.watching.models import ScoreFall, ScoreWatch
from vocapp.measuring.watching.queries import last_fall, watched_scores
from vocapp.translating import gettext as _
from vocapp.workspaces.access import CurrentUser, current_user, current_workspace
from vocapp.workspaces.home import Card


def watching_shown(survey: SurveySummary) -> dict[str, Any]:
    """What the results page asks for: `watching`. A recent fall is told to everybody."""
    if survey.confidential:
        return {"watching": None}
    workspace_id, today = current_workspace.id, local_day(utcnow(), current_workspace.time_zone)
    mine = watched_scores(workspace_id, current_user.id, today=today, survey_id=survey.id)
    fall = last_fall(workspace_id, survey.id, today=today)
    return {"watching": _in_words(survey, mine[0].watch if mine else None, fall)}


def watched_card(workspace_id: UUID, user: CurrentUser, now: datetime) -> Card | None:
    """The scores that this person watches; those that fell stand first."""
    today = local_day(now, current_workspace.time_zone)
    found = watched_scores(workspace_id, user.id, today=today)
    if not found:
        return None
    found.sort(key=lambda each: each.last_fall is None)
    rows = [(each.survey, _in_words(each.survey, each.watch, each.last_fall)) for each in found]
    return Card(_("Watched scores"), "measuring/watching/home_card.html", {"rows": rows})


def _in_words(
    survey: SurveySummary, watch: ScoreWatch | None, fall: ScoreFall | None
) -> dict[str, Any]:
    return {
        "is_mine": watch is not None,
        "state": wording.state_words(watch, fall) if watch else "",
        "missing": wording.missing_words(watch) if watch else "",
        "fall": wording.fall_words(survey.kind, fall) if fall else "",
        "noticed_on": fall.noticed_on if fall else None,
        "compare_url": links.compare_path(survey.key, fall) if fall else "",
        "answers_url": links.answers_path(survey.key, fall) if fall else "",
    }
