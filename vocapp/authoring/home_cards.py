"""What an empty workspace offers: a first survey, and its widget to paste into a page."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _

from vocapp.authoring import queries
from vocapp.authoring.views import widget_tag
from vocapp.workspaces.access import CurrentUser
from vocapp.workspaces.home import Card


def first_survey_card(
    workspace_id: UUID,
    user: CurrentUser,  # noqa: ARG001 - the signature of every card
    now: datetime,  # noqa: ARG001
) -> Card | None:
    """A way to the first survey, while there is none that takes answers."""
    if _open_survey(workspace_id) is not None:
        return None
    url = url_for("authoring.new_survey")
    return Card(_("Ask your first question"), "authoring/first_survey_card.html", {"url": url})


def widget_card(
    workspace_id: UUID,
    user: CurrentUser,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> Card | None:
    """The tag to paste, once a survey takes answers."""
    survey = _open_survey(workspace_id)
    if survey is None:
        return None
    return Card(
        _("Show it on your page"),
        "authoring/widget_card.html",
        {"survey": survey, "snippet": widget_tag(survey)},
    )


def _open_survey(workspace_id: UUID) -> queries.SurveySummary | None:
    surveys = queries.list_surveys(workspace_id)
    return next((survey for survey in surveys if survey.state == "published"), None)
