"""What was learnt, in the reader's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from surveys.inference import benjamini_hochberg
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui.formats import number
from vocapp.understanding.learning.queries import Version

if TYPE_CHECKING:
    from nlp.comparing import Comparison, Figures, Rate, ThemeComparison


def state_word(version: Version) -> str:
    return {
        "champion": _("Serves now"),
        "challenger": _("Being taught"),
        "rejected": _("Not taken"),
        "retired": _("Served before"),
    }[version.state]


def reason_in_words(version: Version) -> str:
    """Why it was taken, or why not."""
    found = version.found
    if version.reason == "themes_changed":
        return _("The themes were changed while it was being taught; it is taught anew.")
    if version.reason == "broken":
        return _("Teaching it failed and was given up.")
    if found is None:
        return ""
    counted = _(
        "Of %(n)s corrected comments it was nearer to what people said in %(wins)s and "
        "farther from it in %(losses)s.",
        n=number(found.n), wins=number(found.wins), losses=number(found.losses),
    )  # fmt: skip
    if version.reason == "better":
        verdict = _("That is better beyond chance.")
    elif found.needed is not None:
        verdict = ngettext(
            "That may be chance: if it goes on like this, %(num)d more corrected comment would "
            "settle it.",
            "That may be chance: if it goes on like this, %(num)d more corrected comments would "
            "settle it.",
            found.needed,
        )
    else:
        verdict = _("That is not better, so the version before goes on serving.")
    return f"{counted} {verdict}"


def summary(version: Version) -> str:
    """What all corrections together did, in a sentence."""
    found = version.found
    if found is None or found.before.f1 is None or found.after.f1 is None:
        return ""
    return _(
        "All themes together: precision from %(precision_before)s to %(precision)s, recall from "
        "%(recall_before)s to %(recall)s.",
        precision_before=rate(found.before.precision), precision=rate(found.after.precision),
        recall_before=rate(found.before.recall), recall=rate(found.after.recall),
    )  # fmt: skip


def clear_themes(found: Comparison) -> frozenset[str]:
    """Themes judged better beyond chance, with all of the page taken together."""
    clear = benjamini_hochberg([row.p_value for row in found.themes])
    return frozenset(row.key for row, is_clear in zip(found.themes, clear, strict=True) if is_clear)


def raised(version: Version, row: ThemeComparison, name: str) -> str:
    """The short form for a theme that got clearly better or worse in one of its figures."""
    count = ngettext("%(num)d correction", "%(num)d corrections", version.corrections)
    what, before, after = _strongest(row)
    words = {"corrections": count, "theme": name, "before": number(before.value, 2)}
    words |= _spelled(after)
    is_up = (after.value or 0.0) >= (before.value or 0.0)
    if what == "precision":
        if is_up:
            return _(
                "%(corrections)s raised %(theme)s precision from %(before)s to %(value)s "
                "(%(low)s–%(high)s).", **words,
            )  # fmt: skip
        return _(
            "%(corrections)s lowered %(theme)s precision from %(before)s to %(value)s "
            "(%(low)s–%(high)s).", **words,
        )  # fmt: skip
    if is_up:
        return _(
            "%(corrections)s raised %(theme)s recall from %(before)s to %(value)s "
            "(%(low)s–%(high)s).", **words,
        )  # fmt: skip
    return _(
        "%(corrections)s lowered %(theme)s recall from %(before)s to %(value)s "
        "(%(low)s–%(high)s).", **words,
    )  # fmt: skip


def _strongest(row: ThemeComparison) -> tuple[str, Rate, Rate]:
    """Precision or recall, whichever moved more of those that there were before and after."""
    pairs = [
        ("precision", row.before.precision, row.after.precision),
        ("recall", row.before.recall, row.after.recall),
    ]
    return max(pairs, key=lambda pair: abs(_difference(*pair[1:])))


def _difference(before: Rate, after: Rate) -> float:
    if before.value is None or after.value is None:
        return 0.0
    return after.value - before.value


def moved(row: ThemeComparison) -> float:
    """How far the figure of a theme went that moved most."""
    return _difference(*_strongest(row)[1:])


def figures_row(
    name: str, said: int | None, before: Figures, after: Figures, *, is_clear: bool
) -> dict[str, Any]:
    """A line of the table. is_clear: better beyond chance."""
    return {
        "name": name,
        "is_clear": is_clear,
        "said": None if said is None else number(said),
        "precision_before": rate(before.precision),
        "precision": rate(after.precision),
        "precision_range": spread(after.precision),
        "recall_before": rate(before.recall),
        "recall": rate(after.recall),
        "recall_range": spread(after.recall),
    }


def rate(share: Rate) -> str:
    return number(share.value, 2)


def spread(share: Rate) -> str:
    """Its interval; empty where there is nothing to take a share of."""
    if share.value is None:
        return ""
    return _("%(low)s–%(high)s", **{key: _spelled(share)[key] for key in ("low", "high")})


def _spelled(share: Rate) -> dict[str, str]:
    low, high = share.interval
    return {"value": number(share.value, 2), "low": number(low, 2), "high": number(high, 2)}
