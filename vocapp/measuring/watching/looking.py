"""What a watched score says, worked out from the cells of whole days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from surveys.alarms import YEAR, answers_missing, watch
from surveys.inference import estimate
from vocapp.measuring.asking import Ask
from vocapp.measuring.histograms import counts_of
from vocapp.measuring.models import NOTHING_YET
from vocapp.measuring.queries import Reading, metrics_of

BASELINE_DAYS = 90


@dataclass(frozen=True, slots=True)
class Watched:
    """From which day on answers are the baseline, and from which on they are watched."""

    baseline_from: date
    began_on: date

    @classmethod
    def anew(cls, day: date) -> Watched:
        return cls(day - timedelta(days=BASELINE_DAYS), day)


@dataclass(frozen=True, slots=True)
class Fall:
    """A fall, told by the answers up to noticed_on, inclusive; fell_on has answers."""

    noticed_on: date
    fell_on: date
    before_from: date
    before_value: float
    before_n: int
    after_value: float
    after_n: int


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen, and how watching goes on. looked_until: half-open."""

    watched: Watched
    falls: tuple[Fall, ...]
    looked_until: date
    more_needed: int


def look(opened: Reading, watched: Watched) -> Look | None:
    """Look at all days that are over; None while nothing is counted.

    The answer depends on the answers alone and not on when or how often one looks: days that
    were missed are taken one after another, each with what was known by then.
    """
    source = opened.source
    if source is None or source.state is None or source.state.generation == NOTHING_YET:
        return None
    falls: list[Fall] = []
    while True:
        days, fall = _look_once(opened, watched)
        if fall is not None:
            falls.append(fall)
            # The level after the fall is the new baseline: older answers would be told to have
            # fallen again.
            watched = Watched(fall.fell_on, fall.noticed_on + timedelta(days=1))
        elif days == YEAR:
            watched = Watched.anew(watched.began_on + timedelta(days=YEAR))
        else:
            break
    answers, _ = counts_of(source, Ask(since=watched.baseline_from, until=opened.today))
    missing = answers_missing(
        int(answers.overall.sum()), design_effect=_design_effect(opened, watched)
    )
    return Look(watched, tuple(falls), opened.today, missing)


def _look_once(opened: Reading, watched: Watched) -> tuple[int, Fall | None]:
    """How many days are watched, at most a year, and the first fall in them."""
    assert opened.source is not None
    days = max(0, min(YEAR, (opened.today - watched.began_on).days))
    until = watched.began_on + timedelta(days=days)
    ask = Ask(since=watched.baseline_from, until=until, interval="day")
    counts, _ = counts_of(opened.source, ask)
    baseline_days = (watched.began_on - watched.baseline_from).days
    table = np.zeros((baseline_days + days, counts.size), dtype=np.int64)
    for day, histogram in counts.periods.items():
        table[(day - watched.baseline_from).days] = histogram
    kind = opened.survey.kind
    alarm = watch(
        kind,
        table[:baseline_days].sum(axis=0).tolist(),
        table[baseline_days:].tolist(),
        design_effect=_design_effect(opened, watched),
    )
    if alarm.day is None or alarm.since is None:
        return days, None
    fell, noticed = baseline_days + alarm.since, baseline_days + alarm.day
    before = estimate(kind, table[:fell].sum(axis=0).tolist())
    after = estimate(kind, table[fell : noticed + 1].sum(axis=0).tolist())
    assert before.value is not None
    assert after.value is not None
    return days, Fall(
        noticed_on=watched.baseline_from + timedelta(days=noticed),
        fell_on=watched.baseline_from + timedelta(days=fell),
        before_from=watched.baseline_from,
        before_value=before.value, before_n=before.n,
        after_value=after.value, after_n=after.n,
    )  # fmt: skip


def _design_effect(opened: Reading, watched: Watched) -> float:
    """Of the 90 days before: known on the first day, so that no look changes an earlier one."""
    before = watched.began_on - timedelta(days=BASELINE_DAYS)
    found = metrics_of(opened, Ask(since=before, until=watched.began_on)).overall
    return found.estimate.design_effect or 1.0
