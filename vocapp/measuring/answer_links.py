"""Addresses of the answers behind a number, on a page of a package that this one must not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from flask import current_app, url_for

from surveys.scoring import categories
from vocapp.authoring.queries import SurveySummary

_PAGE = "looking_into.answers"
_COLOURS = ("promoter", "passive", "detractor")  # what charts call the categories of every metric


@dataclass(frozen=True, slots=True)
class AnswerLinks:
    """Where the numbers of a results page lead; parameters: what its address says; path: of
    the list."""

    survey: SurveySummary
    parameters: Mapping[str, str]
    path: str

    def all(self) -> str:
        return self._url({})

    def score(self, score: int) -> str:
        return self._url({"score": str(score)})

    def category(self, colour: str) -> str:
        """colour: promoter, passive or detractor, whatever the metric calls them."""
        return self._url({"category": categories(self.survey.kind)[_COLOURS.index(colour)]})

    def period(self, start: date) -> str:
        return self._url({"start": start.isoformat()})

    def segment(self, by: Mapping[str, str | None], start: date | None = None) -> str:
        """The answers of a segment; None is no value. start: only of the period that begins so."""
        named = {f"in.{name}": value or "" for name, value in by.items()}
        return self._url(named | ({"start": start.isoformat()} if start else {}))

    def invited(self) -> str:
        """The answers that the invitations of these days led to."""
        return self._url({"invited": "1"})

    def stages(
        self,
        at: Sequence[str],
        not_at: Sequence[str] = (),
        by: Mapping[str, str | None] | None = None,
    ) -> str:
        """The people at all of these stages of the journey and at none of those, by the latest
        answer of each."""
        named = {f"in.{name}": value or "" for name, value in (by or {}).items()}
        missing = {"not_at": ",".join(not_at)} if not_at else {}
        return self._url({"basis": "people", "at": ",".join(at)} | missing | named)

    def side(self, by: Mapping[str, str | None], since: date | None, until: date | None) -> str:
        """The answers of a segment within other days than those of the page (half-open)."""
        days = {"period": "custom" if since or until else "all"}
        if since:
            days["since"] = since.isoformat()
        if until:
            days["until"] = (until - timedelta(days=1)).isoformat()
        return self._url(days | {f"in.{name}": value or "" for name, value in by.items()})

    def _url(self, more: Mapping[str, str]) -> str:
        kept = {name: self.parameters[name] for name in self.parameters if name not in _NOT_KEPT}
        # A page has hundreds of them, and routing each anew was a tenth of its time.
        query = urlencode(kept | dict(more), safe=_PLAIN_IN_QUERIES)
        return f"{self.path}?{query}" if query else self.path


_PLAIN_IN_QUERIES = "!$'()*,/:;?@"  # as url_for leaves them
_NOT_KEPT = frozenset(("by", "by2", "a", "b"))


def links_of(survey: SurveySummary, parameters: Mapping[str, str]) -> AnswerLinks | None:
    """None for a confidential survey: its single answers are shown to nobody."""
    if survey.confidential or _PAGE not in current_app.view_functions:
        return None
    return AnswerLinks(survey, parameters, url_for(_PAGE, key=survey.key))
