"""The staff's own pages, put together: importing this fills the blueprint."""

from __future__ import annotations

from vocapp.workspaces import joining_views, settings_views, views  # noqa: F401
from vocapp.workspaces.blueprint import blueprint as blueprint
from vocapp.workspaces.office import views as office_views  # noqa: F401
