"""The page that stands where figures are being summed for the first time."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from vocapp.problems import show_problem
from vocapp.succeeding.figures.kept import BeingSummed


def show(problem: BeingSummed) -> Any:
    """The handler of the blueprints of figures: the page loads again by itself until they are
    there. Files and pictures have nothing to show meanwhile."""
    if request.args.get("format") == "csv" or "ending" in (request.view_args or {}):
        return show_problem(problem)
    return render_template("succeeding/figures_waiting.html", here=request.endpoint)
