"""All pages of this package: importing them puts their routes on the blueprint."""

from vocapp.following_up import action_views, call_views, case_views, rule_views  # noqa: F401
from vocapp.following_up.views import blueprint

__all__ = ["blueprint"]
