"""The card of the first page: the scores."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from flask import url_for

from surveys.periods import local_day
from vocapp.authoring.queries import list_surveys
from vocapp.measuring.answer_links import links_of
from vocapp.measuring.asking import Ask
from vocapp.measuring.forms import PAGE_MIN_N
from vocapp.measuring.queries import survey_metrics
from vocapp.translating import gettext as _
from vocapp.workspaces.access import CurrentUser, current_workspace
from vocapp.workspaces.home import Card

_DAYS, _MOST = 365, 5


def scores_card(workspace_id: UUID, user: CurrentUser, now: datetime) -> Card | None:  # noqa: ARG001
    """The newest surveys that take answers, each with its score and interval."""
    zone = current_workspace.time_zone
    ask = Ask(since=local_day(now, zone) - timedelta(days=_DAYS - 1), min_n=PAGE_MIN_N)
    surveys = [survey for survey in list_surveys(workspace_id) if survey.state != "draft"][:_MOST]
    if not surveys:
        return None
    rows = [
        (
            survey,
            survey_metrics(survey, ask, time_zone=zone, now=now),
            links.all() if (links := links_of(survey, {})) else None,
        )
        for survey in surveys
    ]
    return Card(
        _("Scores of the last 365 days"),
        "measuring/home_card.html",
        {"rows": rows},
        more_url=url_for("measuring.results"),
        more_label=_("All results"),
    )
