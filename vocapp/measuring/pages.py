"""All pages of this package: importing them puts their routes on the blueprint."""

from vocapp.measuring import chart_views, segment_settings  # noqa: F401
from vocapp.measuring.views import blueprint

__all__ = ["blueprint"]
