"""The charts of the results pages as files."""

from __future__ import annotations

from flask import Response

from vocapp.authoring import queries as authoring
from vocapp.measuring.compare_views import compare_charts_of, read_comparison
from vocapp.measuring.views import blueprint, charts_of, read_overview
from vocapp.problems import NotFound
from vocapp.ui.chart_files import chart_file
from vocapp.workspaces.access import current_workspace, signed_in

OVERVIEW = {"score", "distribution", "changes", "trend", "funnel", "segments"}
COMPARE = {"heat", "sides", "mix"}


@blueprint.get("/results/<key>/charts/<name>.<ending>")
@signed_in()
def chart(key: str, name: str, ending: str) -> Response:
    """A chart as SVG or CSV. The address holds what the page's address holds."""
    survey = authoring.survey_by_key(current_workspace.id, key)
    if name in COMPARE:
        charts = compare_charts_of(read_comparison(survey.key))
    elif name in OVERVIEW:
        charts = charts_of(read_overview(survey.key))
    else:
        raise NotFound("there is no such chart")
    return chart_file(charts, name, ending, stem=survey.key)
