"""What a theme does: its effect on the score, its growth, and how sure one can be of either.

An effect is read from categories (promoter, passive, detractor …) because that is what is counted
of a theme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from surveys.inference import difference
from surveys.scoring import categories, scale

# A score of each category, best first, on the scale by which the difference is tested. Of CES
# the categories tell the share of easy answers, not the mean; a share is tested as in CSAT.
_TESTED_AS: dict[str, tuple[str, tuple[int, int, int]]] = {
    "nps": ("nps", (10, 8, 0)),
    "csat": ("csat", (5, 3, 1)),
    "ces": ("csat", (5, 3, 1)),
}


@dataclass(frozen=True, slots=True)
class Effect:
    """By how many points the score of all differs from what it is without the group.

    points, low, high: NPS points, else percentage points of the best category; negative where
    the group lowers the score. p_value: of the group answering like the others.
    """

    points: float
    low: float
    high: float
    p_value: float


def effect_on_score(
    kind: str, inside: Mapping[str, int], overall: Mapping[str, int]
) -> Effect | None:
    """Effect of a group on the score: its share of the answers times its distance from the rest.

    inside, overall: answers per category of the metric (others are ignored), inside being part of
    overall (ValueError otherwise). None where nobody or everybody is in the group. With s the
    share, all - rest = s (group - rest) exactly; interval and test are those of `difference`
    between group and rest, times s, which is taken as given. Associated, not caused.

    >>> found = effect_on_score("nps", {"detractor": 10}, {"detractor": 10, "promoter": 90})
    >>> found.points, round(found.low, 1), round(found.high, 1)
    (-20.0, -20.0, -14.7)
    """
    group, whole = _histogram(kind, inside), _histogram(kind, overall)
    rest = [all_of - part for all_of, part in zip(whole, group, strict=True)]
    if min(rest) < 0:
        raise ValueError(f"inside: expected a part of overall, got {dict(inside)}")
    if not any(group) or not any(rest):
        return None
    found = difference(_TESTED_AS[kind][0], group, rest)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.p_value is not None
    share = sum(group) / sum(whole)
    return Effect(share * found.value, share * found.low, share * found.high, found.p_value)


def growth_p_values(themes: Sequence[tuple[int, int, int, int]]) -> list[float]:
    """The chance of each theme coming up so often now if it came up no more often than before.

    themes: (now, of_now, before, of_before); now of of_now comments have the theme, before of
    of_before had it in the period before; whole numbers with now <= of_now and before <= of_before
    (ValueError otherwise). One-sided, exact, given how many have it in all: the conditional test
    of two rates (Przyborowski and Wilenski, Biometrika 31, 1940), which makes no claim from few
    comments. 1.0 where nobody commented.

    >>> [round(p, 4) for p in growth_p_values([(19, 280, 5, 290), (1, 100, 1, 100)])]
    [0.0026, 0.75]
    """
    for now, of_now, before, of_before in themes:
        if not (0 <= now <= of_now and 0 <= before <= of_before):
            raise ValueError(
                f"now, before: expected parts, got {now}/{of_now} and {before}/{of_before}"
            )
    found = [1.0] * len(themes)
    places = [place for place, theme in enumerate(themes) if theme[0]]
    if places:
        table = np.array([themes[place] for place in places], dtype=np.int64)
        now_, of_now_, before_, of_before_ = table.T
        p_values = bdtrc(now_ - 1, now_ + before_, of_now_ / (of_now_ + of_before_))
        for place, p_value in zip(places, p_values.tolist(), strict=True):
            found[place] = p_value
    return found


def _histogram(kind: str, counts: Mapping[str, int]) -> list[int]:
    tested_as, scores = _TESTED_AS[kind]
    points = scale(tested_as)
    histogram = [0] * len(points)
    for name, score in zip(categories(kind), scores, strict=True):
        histogram[score - points.start] = counts.get(name, 0)
    return histogram
