"""Saved segments that routing rules ask for: who is in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.routing import Rule
from vocapp.measuring.attributes import from_stored
from vocapp.measuring.filtering import Given
from vocapp.measuring.reportable import chosen_attributes
from vocapp.measuring.segments.queries import filters_by_key


class AskedSegments:
    """The segments that some rules ask for, with bands as in results.

    Nothing is in one that was removed.
    """

    def __init__(self, session: Session, workspace_id: UUID, rules: Iterable[Rule]) -> None:
        keys = {key for rule in rules for key in segments_of(rule.when)}
        self._filters: dict[str, Given] = {}
        if keys:
            reportable = from_stored(chosen_attributes(session, workspace_id))
            for key, filter_ in filters_by_key(session, workspace_id, keys).items():
                self._filters[key] = Given(filter_, reportable)

    def holding(self, attributes: Mapping[str, Any], moment: datetime) -> frozenset[str]:
        """Keys of those that an answer with these attributes is in. moment: when it was given."""
        return frozenset(
            key for key, given in self._filters.items() if given.holds(attributes, moment)
        )


def segments_of(when: Mapping[str, Any]) -> list[str]:
    """Keys of the segments that a rule's conditions name."""
    return list(when.get("segment", ()))
