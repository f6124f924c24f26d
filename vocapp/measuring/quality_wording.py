"""The quality of the response in the reader's words, careful ones."""

from __future__ import annotations

from dataclasses import dataclass

from surveys.response_rates import EarlyLate
from vocapp.measuring.response_quality import FEWEST, MOST_LOOKED_AT, ResponseQuality
from vocapp.measuring.wording import amount_words
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui.formats import difference_text, number, percent

_SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class QualityWords:
    """Three sentences; early_late None: nothing is said of it."""

    rate: str
    early_late: str | None
    note: str


def quality_in_words(kind: str, found: ResponseQuality, *, confidential: bool) -> QualityWords:
    """What the response rate is, and whether late answers are a sign of anything."""
    parts = found.early_late
    return QualityWords(
        _rate_words(found),
        _early_late_words(kind, parts) if parts else None,
        _note(found, confidential=confidential),
    )


def _rate_words(found: ResponseQuality) -> str:
    rate = found.rate
    share, low, high = (percent((each or 0) / 100) for each in (rate.value, rate.low, rate.high))
    return _(
        "Response rate %(share)s (%(low)s to %(high)s): of %(invited)s people invited, "
        "%(answered)s answered.",
        share=share, low=low, high=high, invited=number(rate.of), answered=number(rate.count),
    )  # fmt: skip


def _early_late_words(kind: str, found: EarlyLate) -> str:
    change = found.change
    values = {
        "days": _late_words(found.cut),
        "amount": amount_words(kind, change.value or 0.0),
        "difference": difference_text(change.value, kind),
        "low": difference_text(change.low, kind),
        "high": difference_text(change.high, kind),
    }
    if change.p_value is None or change.p_value >= _SIGNIFICANT:
        return _(
            "Those who answered late (%(days)s) differ from the early ones by %(difference)s "
            "(%(low)s to %(high)s): no sign that the silent think otherwise, and no proof that "
            "they think alike.",
            **values,
        )
    if (change.value or 0.0) < 0:
        return _(
            "Those who answered late (%(days)s) score lower by %(amount)s (difference %(low)s to "
            "%(high)s): a sign that the silent may be less content than the score says.",
            **values,
        )
    return _(
        "Those who answered late (%(days)s) score higher by %(amount)s (difference %(low)s to "
        "%(high)s): a sign that the silent may be more content than the score says.",
        **values,
    )


def _late_words(days: int) -> str:
    return ngettext("after %(num)s day or more", "after %(num)s days or more", days)


def _note(found: ResponseQuality, *, confidential: bool) -> str:
    notes = [_("The strictest of the usual rates (AAPOR RR1): whoever did not answer counts.")]
    doubtful = found.returned + found.unclear
    if doubtful:
        notes.append(
            ngettext(
                "Among them %(count)s whose mail came back or may not have gone out.",
                "Among them %(count)s whose mail came back or may not have gone out.",
                doubtful, count=number(doubtful),
            )
        )  # fmt: skip
    if confidential:
        notes.append(_("Late answers of a confidential survey are not told apart."))
    elif found.early_late is None:
        notes.append(
            _("Early and late answers are compared from %(n)s of each on.", n=number(FEWEST))
        )
    elif found.is_part:
        notes.append(_("Early and late: of the latest %(n)s answers.", n=number(MOST_LOOKED_AT)))
    return " ".join(notes)
