"""The customer path of five A's: aware, appeal, ask, act, advocate.

Where does a brand lose people on the way from knowing it to recommending it? Conversion rates
between the stages, and the shape of the path beside known ones. Source: Kotler, Kartajaya,
Setiawan, Marketing 4.0, 2017, chapters 5 to 7. The survey that asks it: `surveys.journey_survey`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from surveys.inference import Difference, benjamini_hochberg, difference
from surveys.intervals import quantile
from surveys.journey_survey import stages_of, template
from surveys.response_rates import Rate, rate

__all__ = [
    "ARCHETYPES",
    "CONVERSIONS",
    "IDEAL",
    "STAGES",
    "Contrast",
    "Conversion",
    "Journey",
    "Ratio",
    "Shape",
    "analyse_journey",
    "compare",
    "count_paths",
    "shape",
    "stages_of",
    "template",
]

STAGES = ("aware", "appeal", "ask", "act", "advocate")
CONVERSIONS = ("attraction", "curiosity", "commitment", "affinity")  # from each stage to the next
LEAST_AWARE = 30

# The book draws the shapes and says which conversion stands out in each; the numbers are ours.
# A shape is in the proportions of the conversions, so that a strong funnel is still a funnel.
ARCHETYPES: Mapping[str, tuple[float, float, float, float]] = {
    "door_knob": (0.6, 0.3, 1.2, 0.5),  # bought without asking, by habit
    "goldfish": (0.4, 1.2, 0.3, 0.6),  # asked about by many who advise or decide with others
    "trumpet": (0.6, 0.6, 0.3, 1.5),  # recommended by many who cannot have it
    "funnel": (0.6, 0.6, 0.6, 0.6),  # every stage a like part of the one before
}
IDEAL = ("bow_tie", (0.8, 0.5, 2.0, 1.25))  # all who like it buy, all who know it recommend it

Paths = Mapping[frozenset[str], int]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ratio:
    """People at a stage per 100 at the one before, with its interval; may be above 100.

    All None where nobody is at the one before.
    """

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Conversion:
    """From one stage to the next.

    ratio: people at the next stage per 100 at this one, as in the book: above 100 where more act
    than ask. passed: of those at this stage, the share that is at the next as well, 0..100.
    skipped: people at the next stage who are not at this one, such as who acts without asking.
    """

    name: str
    ratio: Ratio
    passed: Rate
    skipped: int


@dataclass(frozen=True, slots=True)
class Journey:
    """counts: people at each stage of STAGES. asked: people in all. awareness: of those asked.

    par, bar: purchase action ratio and brand advocacy ratio, people who act or advocate per 100
    who are aware. implied: people who named a later stage but not "aware", taken as aware.
    """

    asked: int
    counts: Mapping[str, int]
    awareness: Rate
    conversions: tuple[Conversion, ...]
    par: Rate
    bar: Rate
    implied: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The archetype that a path is like.

    distances: to each archetype, >= 0, 0 for its very proportions. chances: how probable it is,
    given the answers, that each is the nearest; sums to 1. nearest: the one at the least distance.
    sure: its chance is at least the level asked for. to_ideal: distance to the bow tie, in which
    the size of the conversions counts as well. gaps: by which factor each conversion lies above
    (> 1) or below that of the bow tie.
    """

    nearest: str
    sure: bool
    distances: Mapping[str, float]
    chances: Mapping[str, float]
    to_ideal: float
    gaps: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Contrast:
    """A rate of one group beside that of the others (or of the reference), and whether it differs.

    rate: "attraction" to "affinity" (shares that pass on), "par" or "bar". change: group minus
    others, in percentage points. differs: after false-discovery control over all contrasts; None
    where one side has nobody.
    """

    group: str
    rate: str
    own: Rate
    others: Rate
    change: Difference
    differs: bool | None


def count_paths(respondents: Iterable[Iterable[str]]) -> dict[frozenset[str], int]:
    """How many people are at which stages: the form that all else here takes.

    respondents: the stages of each, none for who does not know the brand. ValueError for a
    stage that is not one of STAGES.

    >>> count_paths([["aware", "act"], ["act", "aware"], []])[frozenset()]
    1
    """
    paths: dict[frozenset[str], int] = {}
    for stages in respondents:
        path = frozenset(stages)
        paths[path] = paths.get(path, 0) + 1
    _checked(paths)
    return paths


def analyse_journey(paths: Paths, *, level: float = 0.95) -> Journey:
    """Conversion rates of a path, with intervals.

    paths: people by the set of stages they are at (`count_paths`). ValueError for an unknown
    stage or a count below 0.

    The stages need not contain one another: people act without asking, and advocate what they never
    bought. The book divides the numbers of people at two stages, and so does `ratio`; to
    take whoever acts as having asked would make every path a funnel. `passed` is a true share
    beside it. Only "aware" is taken as given where a later stage is: nobody buys or recommends
    what they have not heard of.

    Shares have Wilson's interval, ratios that of Bonett and Price (Statistics in Medicine 25,
    2006), for two shares of the same people. That of a ratio may reach above 100 though nobody
    was seen to skip the stage: of few people, that does not show that nobody does.

    >>> paths = {frozenset(STAGES): 20, frozenset(["aware", "appeal", "act"]): 10,
    ...          frozenset(["aware", "appeal"]): 20, frozenset(["aware"]): 50, frozenset(): 100}
    >>> found = analyse_journey(paths)
    >>> [(each.name, round(each.ratio.value), round(each.passed.value), each.skipped)
    ...  for each in found.conversions[2:]]
    [('commitment', 150, 100, 10), ('affinity', 67, 67, 0)]
    >>> found.awareness.value, found.par.value, found.bar.value
    (50.0, 30.0, 20.0)
    """
    cells = _checked(paths)
    counts = {stage: _at(cells, stage) for stage in STAGES}
    asked = sum(paths.values())
    return Journey(
        asked=asked,
        counts=counts,
        awareness=rate(counts["aware"], asked, level=level),
        conversions=tuple(
            _conversion(name, cells, before, after, level)
            for name, before, after in zip(CONVERSIONS, STAGES, STAGES[1:], strict=False)
        ),
        par=rate(counts["act"], counts["aware"], level=level),
        bar=rate(counts["advocate"], counts["aware"], level=level),
        implied=sum(count for path, count in paths.items() if path and "aware" not in path),
    )


def shape(paths: Paths, *, seed: int, draws: int = 2000, level: float = 0.95) -> Shape | None:
    """Which archetype the path is like, and how sure that is; None of fewer than 30 aware.

    1. Half a person is added to every stage, so that an empty one has a logarithm.
    2. Distance to an archetype: between the logarithms of the four conversions, less their mean
       (Aitchison, JRSS B 44, 1982: only proportions count), Euclidean. To the bow tie: the same
       without taking off the mean.
    3. How sure: the paths of those aware are drawn from their posterior distribution (Dirichlet;
       Rubin's Bayesian bootstrap, Annals of Statistics 9, 1981, with one person more, spread
       evenly, as resampling never draws what nobody did); the share of draws with each nearest.

    >>> paths = {frozenset(STAGES): 10, frozenset(["aware", "appeal", "act"]): 50,
    ...          frozenset(["aware", "appeal"]): 40, frozenset(["aware"]): 60}
    >>> found = shape(paths, seed=1)
    >>> found.nearest, found.sure
    ('door_knob', True)
    """
    quantile(level)
    cells = _checked(paths)
    if _at(cells, "aware") < LEAST_AWARE:
        return None
    kinds = _kinds()
    counts = np.array([cells.get(kind, 0) for kind in kinds], dtype=float) + 1 / len(kinds)
    member = np.array([[stage in kind for stage in STAGES] for kind in kinds], dtype=float)
    drawn = np.random.default_rng(seed).dirichlet(counts, size=draws)
    nearest = _distances(_logs(drawn @ member)).argmin(axis=1)
    logs = _logs(counts @ member)
    distances = dict(zip(ARCHETYPES, _distances(logs[None])[0].tolist(), strict=True))
    shares = np.bincount(nearest, minlength=len(ARCHETYPES)) / draws
    chances = dict(zip(ARCHETYPES, shares.tolist(), strict=True))
    best = min(distances, key=lambda name: distances[name])
    away = logs - np.log(IDEAL[1])
    return Shape(
        nearest=best,
        sure=chances[best] >= level,
        distances=distances,
        chances=chances,
        to_ideal=float(np.sqrt((away**2).sum())),
        gaps=dict(zip(CONVERSIONS, np.exp(away).tolist(), strict=True)),
    )


def compare(
    groups: Mapping[str, Paths],
    *,
    reference: str | None = None,
    q: float = 0.05,
    level: float = 0.95,
) -> list[Contrast]:
    """Which rates differ between segments, or between brands.

    groups: paths by segment or brand. reference: each other group is compared with this one (one's
    own brand); None: with all others together. ValueError for a reference that is not there.
    Tests and intervals of `surveys.inference.difference`; false discoveries controlled over
    all rates of all groups together. The people of the groups are taken for different ones: where
    the same people were asked about several brands the test is, as a rule, too cautious.

    >>> liked = {frozenset(["aware", "appeal"]): 60, frozenset(["aware"]): 40}
    >>> known = {frozenset(["aware", "appeal"]): 30, frozenset(["aware"]): 70}
    >>> [(each.rate, each.change.value, each.differs)
    ...  for each in compare({"ours": liked, "theirs": known}, reference="theirs")][0]
    ('attraction', 30.0, True)
    """
    if reference is not None and reference not in groups:
        raise ValueError(f"reference: expected one of the groups, got {reference!r}")
    shares = {name: _shares(_checked(paths)) for name, paths in groups.items()}
    rows = [
        (name, kind, own, _others(shares, name, kind, reference))
        for name in groups
        if name != reference
        for kind, own in shares[name].items()
    ]
    changes = [
        difference("csat", _histogram(own), _histogram(others), level=level)
        for _, _, own, others in rows
    ]
    verdicts = benjamini_hochberg([each.p_value for each in changes], q=q)
    return [
        Contrast(name, kind, rate(*own, level=level), rate(*others, level=level), change, differs)
        for (name, kind, own, others), change, differs in zip(rows, changes, verdicts, strict=True)
    ]


def _checked(paths: Paths) -> dict[frozenset[str], int]:
    """People by path, those aware only; a later stage makes aware."""
    cells: dict[frozenset[str], int] = {}
    for path, count in paths.items():
        unknown = sorted(set(path) - set(STAGES))
        if unknown:
            raise ValueError(f"paths: expected the stages {', '.join(STAGES)}, got {unknown[0]!r}")
        if count < 0:
            raise ValueError(f"paths: expected counts >= 0, got {count!r}")
        if path:
            known = path | {"aware"}
            cells[known] = cells.get(known, 0) + count
    return cells


def _at(cells: Paths, *stages: str) -> int:
    return sum(count for path, count in cells.items() if path.issuperset(stages))


def _conversion(name: str, cells: Paths, before: str, after: str, level: float) -> Conversion:
    first, second, both = _at(cells, before), _at(cells, after), _at(cells, before, after)
    passed = rate(both, first, level=level)
    return Conversion(name, _ratio(first, second, both, level), passed, second - both)


def _ratio(first: int, second: int, both: int, level: float) -> Ratio:
    """Per 100; Bonett and Price 2006. Wilson's intervals of both shares, of the people at either
    stage, at a level that makes the interval of their ratio the one asked for."""
    if not first:
        return Ratio(None, None, None)
    either = first + second - both
    spread = sqrt((either - both + 2) / ((first + 1) * (second + 1)))
    parts = [sqrt((1 - (count + 1) / (either + 2)) / (count + 1)) for count in (first, second)]
    within = 2 * float(ndtr(quantile(level) * spread / sum(parts))) - 1
    shares = [rate(count, either, level=within) for count in (first, second)]
    (low_first, high_first), (low_second, high_second) = (
        (share.low or 0.0, share.high or 0.0) for share in shares
    )
    return Ratio(100 * second / first, 100 * low_second / high_first, 100 * high_second / low_first)


def _kinds() -> list[frozenset[str]]:
    """All sets of stages with "aware"."""
    later = STAGES[1:]
    return [
        frozenset(["aware", *(stage for at, stage in enumerate(later) if bits >> at & 1)])
        for bits in range(2 ** len(later))
    ]


def _logs(sizes: Floats) -> Floats:
    """Logarithms of the four conversions; sizes: (..., 5) people or shares at each stage."""
    return np.asarray(np.diff(np.log(np.maximum(sizes, np.finfo(float).tiny)), axis=-1))


def _distances(logs: Floats) -> Floats:
    """logs: (n, 4). Returns (n, archetypes)."""
    known = np.log(np.array(list(ARCHETYPES.values())))
    centred = logs - logs.mean(axis=-1, keepdims=True)
    known = known - known.mean(axis=-1, keepdims=True)
    return np.asarray(np.sqrt(((centred[:, None, :] - known) ** 2).sum(axis=-1)))


Share = tuple[int, int]


def _shares(cells: Paths) -> dict[str, Share]:
    """Each rate as (how many, of how many)."""
    shares = {
        name: (_at(cells, before, after), _at(cells, before))
        for name, before, after in zip(CONVERSIONS, STAGES, STAGES[1:], strict=False)
    }
    aware = _at(cells, "aware")
    return shares | {"par": (_at(cells, "act"), aware), "bar": (_at(cells, "advocate"), aware)}


def _others(
    shares: Mapping[str, Mapping[str, Share]], name: str, kind: str, reference: str | None
) -> Share:
    if reference is not None:
        return shares[reference][kind]
    rest = [each[kind] for other, each in shares.items() if other != name]
    return sum(count for count, _ in rest), sum(of for _, of in rest)


def _histogram(share: Share) -> Sequence[int]:
    """A share as top-two-box satisfaction, which is one, too."""
    count, of = share
    return [of - count, 0, 0, 0, count]
