"""All pages of this package: importing them puts their routes on the blueprint."""

from vocapp.measuring.segments import builder_views  # noqa: F401
from vocapp.measuring.segments.views import blueprint

__all__ = ["blueprint"]
