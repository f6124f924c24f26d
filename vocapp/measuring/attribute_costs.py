"""What cells for the attributes seen in answers would cost."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from surveys.attributes import Reportable, Reportables
from vocapp.measuring.attribute_sample import AttributeSample, SampledAttribute

MOST_ATTRIBUTES = 120
_NEVER_SEEN = SampledAttribute(0, 0, (), False, (), 0, 0, ())


@dataclass(frozen=True, slots=True)
class SeenAttribute:
    """distinct: values as they were given; share: of answers with a value, 0…1; cost: cells
    per answer that come with it."""

    reportable: Reportable
    chosen: bool
    is_number: bool
    distinct: int
    examples: tuple[str, ...]
    share: float
    cost: float


@dataclass(frozen=True, slots=True)
class AttributeCosts:
    """answers: how many were put into cells; cells_per_answer: with the chosen attributes."""

    answers: int
    cells_per_answer: float
    attributes: tuple[SeenAttribute, ...]


def attribute_costs(sample: AttributeSample, chosen: Reportables) -> AttributeCosts:
    """The chosen attributes and the others of a sample, with their cost."""
    seen = tuple(
        _seen(sample, item, chosen=item in chosen) for item in (*chosen, *_others(sample, chosen))
    )
    return AttributeCosts(sample.answers, cells_per_answer(sample, chosen), seen)


def cells_per_answer(sample: AttributeSample, chosen: Reportables) -> float:
    """With these attributes."""
    of_values = sum(_cells(_of(sample, item), item) for item in chosen)
    return _per(sample.days, sample.answers) + _per(of_values, sample.of_months)


def _others(sample: AttributeSample, chosen: Reportables) -> Iterator[Reportable]:
    """Those not chosen, the most frequent first; numbers in bands."""
    names = {item.name for item in chosen}
    others = [name for name in sample.attributes if name not in names]
    for name in others[:MOST_ATTRIBUTES]:
        yield Reportable(name, sample.attributes[name].edges)


def _seen(sample: AttributeSample, item: Reportable, *, chosen: bool) -> SeenAttribute:
    found = _of(sample, item)
    return SeenAttribute(
        reportable=item,
        chosen=chosen,
        is_number=found.is_number,
        distinct=found.distinct,
        examples=found.examples,
        share=_per(found.answers, sample.answers),
        cost=_per(_cells(found, item), sample.of_months),
    )


def _of(sample: AttributeSample, item: Reportable) -> SampledAttribute:
    return sample.attributes.get(item.name, _NEVER_SEEN)


def _cells(found: SampledAttribute, item: Reportable) -> int:
    """With numbers in the bands of the item; values that are none beside them."""
    if not item.edges:
        return found.cells
    bands = (len({bisect_right(item.edges, n) for n in month}) for month in found.numbers)
    return found.cells_of_texts + sum(bands)


def _per(amount: float, answers: int) -> float:
    return amount / answers if answers else 0.0
