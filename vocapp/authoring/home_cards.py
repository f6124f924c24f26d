"""What an empty workspace offers: a first survey, sent to oneself, and a tag to paste."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import url_for

from vocapp.authoring import queries
from vocapp.authoring.views import widget_tag
from vocapp.translating import gettext as _
from vocapp.workspaces.access import CurrentUser
from vocapp.workspaces.home import Card
from vocapp.workspaces.navigation import page_exists


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


def send_card(
    workspace_id: UUID,
    user: CurrentUser,
    now: datetime,  # noqa: ARG001
) -> Card | None:
    """The real mail by the real way, to oneself."""
    survey = _open_survey(workspace_id)
    can = page_exists("distributing.send_to_myself") and user.role != "viewer"
    if survey is None or not can:
        return None
    return Card(_("Send yourself a survey"), "authoring/send_card.html", {"survey": survey})


def _open_survey(workspace_id: UUID) -> queries.SurveySummary | None:
    surveys = queries.list_surveys(workspace_id)
    return next((survey for survey in surveys if survey.state == "published"), None)
