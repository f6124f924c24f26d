"""What narrows the answers of a results page: a saved segment, a filter, or both, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vocapp.measuring.filter_wording import filter_in_words
from vocapp.measuring.segments import queries
from vocapp.measuring.segments.queries import Segment
from vocapp.workspaces.access import current_user, current_workspace

if TYPE_CHECKING:  # the form itself knows the segments
    from vocapp.measuring.forms import ResultsForm

_MOST_IN_A_MENU = 8
SAVERS = ("admin", "product", "success")


@dataclass(frozen=True, slots=True)
class Narrowed:
    """segments: the latest of those that can be chosen."""

    segment: Segment | None
    segment_words: str
    filter_words: str
    segments: tuple[Segment, ...]
    may_save: bool


def narrowed_by(form: ResultsForm) -> Narrowed:
    """form: validated."""
    segment, own = form.chosen_segment, form.own_filter
    return Narrowed(
        segment,
        filter_in_words(segment.filter) if segment else "",
        filter_in_words(own) if own else "",
        tuple(queries.latest_segments(current_workspace.id, limit=_MOST_IN_A_MENU)),
        current_user.role in SAVERS,
    )
