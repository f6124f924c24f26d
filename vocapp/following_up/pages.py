"""All pages of this package: importing them puts their routes on the blueprint."""

from vocapp.following_up import (  # noqa: F401
    action_views,
    call_views,
    case_views,
    channel_views,
    escalation_views,
    mention_views,
    merge_views,
    presence_views,
    rule_views,
)
from vocapp.following_up.views import blueprint
from vocapp.following_up.writing import template_views as template_views
from vocapp.following_up.writing import views as writing_views  # noqa: F401

__all__ = ["blueprint"]
