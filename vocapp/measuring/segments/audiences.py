"""The rows of a filter of people, for pages of packages that come before this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from surveys.filter_drafts import Draft, read_draft
from vocapp.distributing.campaigns.building import Bench, register_bench
from vocapp.measuring.filter_wording import filter_in_words
from vocapp.measuring.segments.building import Drafted
from vocapp.measuring.segments.forms import draft_sent
from vocapp.measuring.segments.offers import offers_of_facts
from vocapp.measuring.segments.wording import JOINS, OPERATORS, PEOPLE

_FIRST = ("plan", "region", "locale", "started_on", "renewal_on")


def _drafted(draft: Draft, facts: Sequence[Mapping[str, Any]], show_faults: bool) -> Drafted:
    offers = offers_of_facts(facts, first=_FIRST)
    return Drafted(
        draft=draft, read=read_draft(draft), offers=offers, show_faults=show_faults, subject=PEOPLE
    )


def register() -> None:
    """Called once, where packages meet."""
    register_bench(Bench(draft_sent, _drafted, filter_in_words, OPERATORS, JOINS))
