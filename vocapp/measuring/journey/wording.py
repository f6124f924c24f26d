"""The journey in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from surveys.journey import Journey, Ratio, Shape
from surveys.response_rates import Rate
from vocapp.measuring.forms import PAGE_MIN_N
from vocapp.measuring.journey.stages import ASKED
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.formats import number, percent

STAGES: Mapping[str, object] = {
    "aware": _l("Aware"),
    "appeal": _l("Appeal"),
    "ask": _l("Ask"),
    "act": _l("Act"),
    "advocate": _l("Advocate"),
}
MEANINGS: Mapping[str, object] = {
    "aware": _l("know the brand, at least by name"),
    "appeal": _l("would choose or consider it"),
    "ask": _l("looked for information or asked somebody in the past twelve months"),
    "act": _l("are customers, or were before"),
    "advocate": _l("are promoters: 9 or 10 of 10"),
}
CONVERSIONS: Mapping[str, object] = {
    "attraction": _l("Attraction"),
    "curiosity": _l("Curiosity"),
    "commitment": _l("Commitment"),
    "affinity": _l("Affinity"),
}
SHAPES: Mapping[str, object] = {
    "door_knob": _l("Door knob"),
    "goldfish": _l("Goldfish"),
    "trumpet": _l("Trumpet"),
    "funnel": _l("Funnel"),
}
TRAITS: Mapping[str, object] = {
    "door_knob": _l("Bought by habit, without much asking."),
    "goldfish": _l(
        "Asked about at length before few buy: many advise and decide, as in sales to companies."
    ),
    "trumpet": _l("Recommended by many who have not bought it."),
    "funnel": _l("Each stage keeps a like part of the one before."),
}
RATES: Mapping[str, object] = {
    **CONVERSIONS, "par": _l("Purchase action ratio"), "bar": _l("Brand advocacy ratio"),
}  # fmt: skip
_LEAST_CHANCE = 0.1


def stages_words(at: Sequence[str], not_at: Sequence[str]) -> str:
    """Who is listed, by stages."""
    reached = [str(STAGES[stage]) for stage in at if stage != ASKED] or [_("everybody asked")]
    words = _("Stages: %(names)s", names=_(", ").join(reached))
    if not not_at:
        return words
    missing = _(", ").join(str(STAGES[stage]) for stage in not_at)
    return _("%(words)s; not: %(names)s", words=words, names=missing)


def rates_of(journey: Journey) -> dict[str, Rate]:
    """The rates of RATES: the shares of those at a stage that are at the next as well, and those
    of the aware that act and that advocate."""
    passed = {each.name: each.passed for each in journey.conversions}
    return passed | {"par": journey.par, "bar": journey.bar}


def is_told(rate: Rate) -> bool:
    """Whether enough people are behind a share for it to be said."""
    return rate.of >= PAGE_MIN_N and rate.value is not None


def share_words(rate: Rate) -> str:
    return percent((rate.value or 0) / 100) if is_told(rate) else _("too few")


def between(rate: Rate) -> str:
    """The limits of a share; nothing where it is not told."""
    if not is_told(rate) or rate.low is None or rate.high is None:
        return ""
    return _("%(low)s to %(high)s", low=percent(rate.low / 100), high=percent(rate.high / 100))


def ratio_words(ratio: Ratio) -> str:
    """People at a stage for 100 at the one before; "108 (90 to 130)"."""
    if ratio.value is None or ratio.low is None or ratio.high is None:
        return _("too few")
    return _(
        "%(value)s (%(low)s to %(high)s)",
        value=number(ratio.value), low=number(ratio.low), high=number(ratio.high),
    )  # fmt: skip


def shape_words(found: Shape | None) -> str:
    """Which archetype it is most like, or that this cannot be told."""
    if found is None:
        return _("Fewer than 30 people know the brand: too few to tell a shape.")
    if found.sure:
        return _(
            "Of the four known shapes it is most like this one: %(shape)s (%(chance)s sure). "
            "%(trait)s",
            shape=SHAPES[found.nearest], chance=percent(found.chances[found.nearest]),
            trait=TRAITS[found.nearest],
        )  # fmt: skip
    likely = sorted(found.chances.items(), key=lambda each: -each[1])
    named = [
        _("%(shape)s (%(chance)s)", shape=SHAPES[name], chance=percent(chance))
        for name, chance in likely
        if chance >= _LEAST_CHANCE
    ]
    return _(
        "The answers cannot tell which shape it is. Possible: %(shapes)s.",
        shapes=_(", ").join(named),
    )


def weakest_words(found: Shape | None) -> str | None:
    """Which step falls shortest of the ideal."""
    if found is None:
        return None
    name = min(found.gaps, key=lambda each: found.gaps[each])
    gap = found.gaps[name]
    if gap >= 1:
        return None
    return _(
        "Beside the ideal of the book, the bow tie, the step that falls shortest is %(step)s: "
        "%(part)s of what it would be there.",
        step=CONVERSIONS[name], part=percent(gap),
    )  # fmt: skip


def path_words(journey: Journey) -> str:
    """The course from aware to advocate in a sentence."""
    if not is_told(journey.par):
        return _("Too few people know the brand to say how they go on.")
    return _(
        "Of 100 people who know the brand, %(par)s act (%(par_range)s) and %(bar)s advocate "
        "(%(bar_range)s).",
        par=number(journey.par.value), par_range=between(journey.par),
        bar=number(journey.bar.value), bar_range=between(journey.bar),
    )  # fmt: skip


def step_name(name: str, before: str, after: str) -> str:
    """A conversion with the stages that it lies between."""
    return _(
        "%(step)s: %(before)s → %(after)s",
        step=CONVERSIONS[name], before=STAGES[before], after=STAGES[after],
    )  # fmt: skip
