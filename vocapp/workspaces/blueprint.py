"""The blueprint of the staff's own pages; views.py and settings_views.py fill it."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("workspaces", __name__, template_folder="templates")
