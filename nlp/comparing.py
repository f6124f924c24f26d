"""Whether a newly taught classifier may take the place of the one that serves.

Both judge the same comments of which people said something, and neither has seen them: a comment
is judged by a classifier that was taught with the others only (cross-fitting, five folds). So
every correction is there to learn from and to be measured by, which matters while there are forty
of them. Comments with the same words share a fold.

What counts is the comment: is it wrong in more themes by the one or by the other? Themes of a
comment depend on each other, so they are not counted as if they were so many trials. Over the
comments in which the two differ an exact sign test is one-sided at 5 %: the newcomer wins only
where better is more than chance (for paired classifiers this is McNemar's test; Dietterich, Neural
Computation 10, 1998, compares the alternatives). Corrections lie where the serving classifier was
wrong, so themes that a person left standing are measured, too, at half the weight of what was
said: else a newcomer that merely says something else would win.

The folds share most of what they are taught, which makes the test a little bolder than it says
(Bengio and Grandvalet, JMLR 5, 2004); what stands is by the serving classifier, which makes it
more careful.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any, Literal

from scipy.special import bdtrc

from nlp.text import normalise
from nlp.training import Lesson

FOLDS = 5
LEVEL = 0.05
FEWEST = 10  # comments below which no comparison can say anything that lasts
_STANDING = 0.5  # how much an error counts in what a person left standing, beside what was said
_MOST_NEEDED = 2000  # comments; who needs more than that is not better in any useful sense
_Z = 1.959964

Reason = Literal["better", "not_better", "not_enough"]


@dataclass(frozen=True, slots=True)
class Rate:
    """hits of n, with the 95 % interval of Wilson (1927)."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        """None where there is nothing to take a share of."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """From 0 to 1 where there is nothing to go by."""
        if not self.n:
            return (0.0, 1.0)
        share, wide = self.hits / self.n, _Z**2 / self.n
        middle = (share + wide / 2) / (1 + wide)
        half = _Z * sqrt(share * (1 - share) / self.n + wide / (4 * self.n)) / (1 + wide)
        return (max(0.0, middle - half), min(1.0, middle + half))


@dataclass(frozen=True, slots=True)
class Figures:
    """precision: of the themes given, those that belong; recall: of those that belong, given."""

    precision: Rate
    recall: Rate

    @property
    def f1(self) -> float | None:
        """2 · hits / (given + belonging); None where nothing is given and nothing belongs."""
        both = self.precision.n + self.recall.n
        return 2 * self.precision.hits / both if both else None


@dataclass(frozen=True, slots=True)
class ThemeComparison:
    """said: comments of which a person said whether they have the theme. p_value: one-sided, of
    an exact sign test over the comments in which it is right by one and wrong by the other."""

    key: str
    said: int
    before: Figures
    after: Figures
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """n comments with different words; wins: fewer errors by the newcomer; losses: more.

    needed: so many further corrected comments, as different as these, until the difference would
    be beyond chance; None where there is none in favour of the newcomer.
    """

    n: int
    wins: int
    losses: int
    p_value: float
    reason: Reason
    needed: int | None
    before: Figures
    after: Figures
    themes: tuple[ThemeComparison, ...]


def fold_of(text: str) -> int:
    """The fold 0…4 of a comment: by a hash of its words, so always the same."""
    return hashlib.sha256(normalise(text).text.encode()).digest()[0] % FOLDS


def compare(
    lessons: Sequence[Lesson],
    before: Sequence[Collection[str]],
    after: Sequence[Collection[str]],
    *,
    themes: Sequence[str],
) -> Comparison:
    """Compare the themes given to each lesson's comment before and after.

    before, after: by classifiers that have not seen the comment. themes: those that count; others
    are passed over. Lessons with the same words should have been merged (merged_lessons).
    """
    known = frozenset(themes)
    wins = losses = 0
    for lesson, old, new in zip(lessons, before, after, strict=True):
        gain = _errors(lesson, old, known) - _errors(lesson, new, known)
        wins, losses = wins + (gain > 0), losses + (gain < 0)
    p_value = sign_test(wins, losses)
    needed = _needed(len(lessons), wins, losses)
    reason: Reason = "not_better" if needed is None else "not_enough"
    if p_value <= LEVEL:
        reason = "better"
    each = tuple(_of_theme(key, lessons, before, after) for key in themes)
    told = tuple(row for row in each if row.said)
    return Comparison(
        n=len(lessons),
        wins=wins,
        losses=losses,
        p_value=p_value,
        reason=reason,
        needed=None if reason == "better" else needed,
        before=_together([row.before for row in each]),
        after=_together([row.after for row in each]),
        themes=told,
    )


def sign_test(wins: int, losses: int) -> float:
    """The chance of so many wins or more were both equally good; 1 without any difference.

    >>> sign_test(5, 0), sign_test(0, 0)
    (0.03125, 1.0)
    """
    return float(bdtrc(wins - 1, wins + losses, 0.5)) if wins + losses else 1.0


def _errors(lesson: Lesson, given: Collection[str], known: Collection[str]) -> float:
    belongs = set(lesson.labels)
    wrong = (belongs ^ set(given)) & set(known)
    return sum(1.0 if lesson.complete or key in lesson.said else _STANDING for key in wrong)


def _needed(n: int, wins: int, losses: int) -> int | None:
    """How many further comments if wins and losses go on as they did."""
    differing = wins + losses
    if wins <= losses:
        return None
    for more in range(1, _MOST_NEEDED):
        growth = (n + more) / n
        trials = round(differing * growth)
        won = ceil(trials * wins / differing - 1e-9)
        if sign_test(won, trials - won) <= LEVEL:
            return more
    return None


def _of_theme(
    key: str,
    lessons: Sequence[Lesson],
    before: Sequence[Collection[str]],
    after: Sequence[Collection[str]],
) -> ThemeComparison:
    belongs = [key in lesson.labels for lesson in lessons]
    old, new = [key in given for given in before], [key in given for given in after]
    rows = list(zip(belongs, old, new, strict=True))
    return ThemeComparison(
        key=key,
        said=sum(key in lesson.said or lesson.complete for lesson in lessons),
        before=_figures(belongs, old),
        after=_figures(belongs, new),
        p_value=sign_test(
            sum(was != truth and now == truth for truth, was, now in rows),
            sum(was == truth and now != truth for truth, was, now in rows),
        ),
    )


def _figures(belongs: Sequence[bool], given: Sequence[bool]) -> Figures:
    hits = sum(truth and said for truth, said in zip(belongs, given, strict=True))
    return Figures(Rate(hits, sum(given)), Rate(hits, sum(belongs)))


def _together(figures: Sequence[Figures]) -> Figures:
    hits = sum(each.precision.hits for each in figures)
    return Figures(
        Rate(hits, sum(each.precision.n for each in figures)),
        Rate(hits, sum(each.recall.n for each in figures)),
    )


def as_json(comparison: Comparison) -> dict[str, Any]:
    """What `from_json` reads back: counts only, from which all figures follow."""
    return {
        "n": comparison.n, "wins": comparison.wins, "losses": comparison.losses,
        "p_value": comparison.p_value, "reason": comparison.reason, "needed": comparison.needed,
        "before": _counts(comparison.before), "after": _counts(comparison.after),
        "themes": [
            {
                "key": row.key, "said": row.said, "p_value": row.p_value,
                "before": _counts(row.before), "after": _counts(row.after),
            }
            for row in comparison.themes
        ],
    }  # fmt: skip


def from_json(stored: Mapping[str, Any]) -> Comparison:
    """The reverse of `as_json`."""
    values = dict(stored)
    rows = values.pop("themes")
    themes = tuple(ThemeComparison(**_with_figures(row)) for row in rows)
    return Comparison(**_with_figures(values), themes=themes)


def _counts(figures: Figures) -> list[int]:
    return [figures.precision.hits, figures.precision.n, figures.recall.n]


def _with_figures(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _from_counts(value) if name in {"before", "after"} else value
        for name, value in values.items()
    }


def _from_counts(counts: Sequence[int]) -> Figures:
    hits, given, belonging = counts
    return Figures(Rate(hits, given), Rate(hits, belonging))
