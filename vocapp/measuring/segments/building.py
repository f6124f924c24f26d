"""One state of the page on which a filter is built: what was written, and what it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from surveys.filter_drafts import (
    FIELD_OF,
    MAX_GROUPS,
    Draft,
    Path,
    ReadDraft,
    Row,
    name_of,
    read_draft,
    rows_of,
)
from surveys.filters import Filter, joined
from vocapp.authoring.queries import SurveySummary, list_surveys
from vocapp.database import utcnow
from vocapp.measuring.asking import Ask
from vocapp.measuring.filter_wording import filter_in_words
from vocapp.measuring.queries import reading
from vocapp.measuring.segments.offers import Offer, Offers, offers_of, offers_without_answers
from vocapp.measuring.segments.sizes import Preview, preview
from vocapp.measuring.segments.wording import ANSWERS, Subject, fault_words, range_help
from vocapp.translating import gettext as _
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.workspaces.access import current_workspace


@dataclass(frozen=True, slots=True)
class OfferedValue:
    """A value to be ticked. count: recent answers that have it; None: it was not seen."""

    value: str
    label: str
    count: int | None
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A draft with what may be asked. show_faults: it was to be applied or saved; before,
    unfinished rows are no error. subject: of what the filter is."""

    draft: Draft
    read: ReadDraft
    offers: Offers
    show_faults: bool
    subject: Subject = ANSWERS

    @property
    def words(self) -> str:
        return filter_in_words(self.read.filter) if self.read.filter else ""

    @property
    def unfinished(self) -> int:
        """How many rows and groups the sentence leaves out."""
        return len(self.read.faults)

    def fault(self, path: Path, field: str = "") -> str:
        """What is wrong with a field, in words; without a field: with the group."""
        found = self.read.faults.get(path) if self.show_faults else None
        return fault_words(found) if found and FIELD_OF.get(found, "") == field else ""

    def faults(self) -> list[tuple[str, str]]:
        """All that is wrong: the id of its field, and what it is."""
        if not self.show_faults:
            return []
        names = {path: attribute_name(row.attribute) for path, row in rows_of(self.draft)}
        return [
            (self.field_id(path, FIELD_OF.get(fault, "join")),
             _named(names.get(path, ""), fault_words(fault)))
            for path, fault in sorted(self.read.faults.items())
        ]  # fmt: skip

    deepest: ClassVar[int] = MAX_GROUPS - 1  # a way of this length holds no further groups
    name_of = staticmethod(name_of)
    attribute_name = staticmethod(attribute_name)

    @staticmethod
    def field_id(path: Path, field: str) -> str:
        """The id of a field's element: its name, without what a selector would stumble over."""
        return name_of(path, field).replace(".", "-")

    def attributes(self, row: Row) -> list[tuple[bool, list[tuple[str, str]]]]:
        """What can be chosen: the reportable attributes, then the others."""
        names = dict.fromkeys(self.offers.by_attribute)
        if row.attribute:
            names.setdefault(row.attribute)
        found: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
        for name in names:
            found[self.offer(name).is_reportable].append((name, attribute_name(name)))
        return [(is_reportable, options) for is_reportable, options in found.items() if options]

    def offer(self, name: str) -> Offer:
        return self.offers.by_attribute.get(name) or Offer(name, is_reportable=False)

    def values(self, row: Row) -> list[OfferedValue]:
        """The values of an attribute: those chosen that nobody has, then the most frequent."""
        offered = dict(self.offer(row.attribute).values)
        counts: dict[str, int | None] = {
            **{value: None for value in row.values if value not in offered}, **offered
        }  # fmt: skip
        return [
            OfferedValue(value, value_name(row.attribute, value), count, value in row.values)
            for value, count in counts.items()
        ]

    def range_help(self, row: Row) -> str:
        return range_help(self.offer(row.attribute))


@dataclass(frozen=True, slots=True, kw_only=True)
class Built(Drafted):
    """preview: how many answers it holds of; None: there are none to be counted."""

    preview: Preview | None


def _named(name: str, words: str) -> str:
    return _("%(name)s: %(words)s", name=name, words=words) if name else words


def built(
    draft: Draft,
    survey: SurveySummary | None,
    ask: Ask,
    *,
    within: Filter | None = None,
    show_faults: bool = False,
) -> Built:
    """survey: whose answers are offered and counted, in the period of `ask`; within: a filter
    that has to hold, too."""
    read = read_draft(draft)
    if survey is None:
        offers = offers_without_answers(current_workspace.id)
        return Built(draft=draft, read=read, offers=offers, show_faults=show_faults, preview=None)
    ask = replace(ask, filter=joined([each for each in (within, read.filter) if each]))
    with reading(survey, time_zone=current_workspace.time_zone, now=utcnow()) as opened:
        return Built(
            draft=draft, read=read, offers=offers_of(opened), show_faults=show_faults,
            preview=preview(opened, ask),
        )  # fmt: skip


def countable_surveys() -> Sequence[SurveySummary]:
    """The surveys whose answers a filter may count: published ones that are not confidential."""
    return [
        survey
        for survey in list_surveys(current_workspace.id)
        if survey.published_version is not None and not survey.confidential
    ]
