"""Learnt weights: out of time, refused where thin, plain, and offered only where better."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks.health_simulations import World, columns, draw, month_of, observations
from surveys.health import COMPONENTS
from surveys.health_learning import LearntComponent, LearntScore, learn, learn_rows
from surveys.health_observations import HORIZON_DAYS

UNTIL = month_of(24)
# All that foretells is in a component whose weight is low.
ELSEWHERE = World(signal=0.9, shown="elsewhere", accounts=1000)


@pytest.fixture(scope="module")
def rows():
    drawn = draw(ELSEWHERE, np.random.default_rng(3), ELSEWHERE.accounts)
    return observations(drawn, drawn.seen)


@pytest.fixture(scope="module")
def found(rows):
    return learn(rows, until=UNTIL)


def test_weights_are_offered_where_they_are_better_on_later_months(found):
    assert found.verdict == "offered"
    assert found.difference.low > 0
    assert found.difference.value == pytest.approx(found.learnt.value - found.hand_set.value)
    assert found.model.codes()[0].startswith("odds_per_10_points:payment:0.")


def test_no_outcome_that_was_learnt_from_lies_in_the_months_judged(rows, found):
    assert found.learnt_until < found.judged_from
    last = max(row.month for row in rows if row.month < found.learnt_until)
    assert last + timedelta(days=HORIZON_DAYS) <= found.judged_from


def test_what_later_months_say_changes_nothing_that_is_learnt(rows, found):
    blank = dict.fromkeys(COMPONENTS, 50.0)
    changed = [
        row if row.month < found.learnt_until else replace(row, components=blank) for row in rows
    ]
    assert learn(changed, until=UNTIL).model == found.model


def test_months_between_are_in_neither_part(rows, found):
    blank = dict.fromkeys(COMPONENTS, 50.0)
    between = [
        replace(row, components=blank)
        if found.learnt_until <= row.month < found.judged_from
        else row
        for row in rows
    ]
    assert between != rows
    assert learn(between, until=UNTIL) == found


def test_the_same_observations_give_the_same_weights(rows, found):
    assert learn(rows, until=UNTIL) == found


def test_chances_are_judged_beside_the_plain_rate(found):
    assert found.brier < found.brier_of_rate
    assert 0 <= found.ece < 0.1
    assert sum(tenth.n for tenth in found.calibration) == found.n


def test_too_few_that_left_on_one_side_are_refused():
    drawn = draw(World(signal=0.6, accounts=120), np.random.default_rng(1), 120)
    found = learn(observations(drawn, drawn.seen), until=UNTIL)
    assert (found.verdict, found.model, found.learnt) == ("too_thin", None, None)
    assert learn([], until=UNTIL).verdict == "too_thin"


def test_one_month_has_no_earlier_one_to_learn_from():
    world = World(signal=0.6, accounts=1500, months=3)
    drawn = draw(world, np.random.default_rng(1), world.accounts)
    assert learn_rows(columns(drawn, drawn.seen)).verdict == "too_thin"


def test_noise_is_not_offered():
    world = World(signal=0.0, accounts=500)
    drawn = draw(world, np.random.default_rng(2), world.accounts)
    found = learn_rows(columns(drawn, drawn.seen))
    assert found.verdict == "not_better"


def test_components_that_never_vary_or_were_never_known_are_left_out(rows):
    plain = [
        replace(row, components={**row.components, "goals": None, "support": 70.0}) for row in rows
    ]
    keys = [each.key for each in learn(plain, until=UNTIL).model.components]
    assert keys == [key for key in COMPONENTS if key not in ("goals", "support")]


def test_where_nothing_varies_the_chance_is_the_rate_before(rows):
    found = learn([replace(row, components={}) for row in rows], until=UNTIL)
    early = [r.churned for r in rows if r.month < found.learnt_until and r.score is not None]
    assert found.model.components == ()
    assert found.model.risks(np.full((1, 7), np.nan))[0] == pytest.approx(np.mean(early))
    assert found.verdict != "offered"


def test_a_model_is_plain_numbers_and_comes_back_whole(found):
    stored = json.loads(json.dumps(found.model.as_json()))
    assert LearntScore.from_json(stored) == found.model


def test_a_learnt_score_worked_by_hand():
    usage = LearntComponent("usage", mean=60.0, spread=20.0, weight=-0.8, unknown=0.3)
    model = LearntScore(base=-2.0, strength=1.0, components=(usage,))
    points = np.full((3, 7), np.nan)
    points[:2, COMPONENTS.index("usage")] = 60.0, 40.0
    odds = np.exp([-2.0, -1.2, -1.7])
    assert model.risks(points) == pytest.approx(odds / (1 + odds))
    assert model.scores(points) == pytest.approx(100 / (1 + odds))
    assert model.codes() == ("odds_per_10_points:usage:0.67", "odds_unknown:usage:1.35")


def test_what_was_always_known_adds_nothing_where_it_is_not(rows):
    known = [
        replace(
            row,
            components={k: 50.0 if v is None else v for k, v in row.components.items()},
        )
        for row in rows
    ]
    model = learn(known, until=UNTIL).model
    assert {each.unknown for each in model.components} == {0.0}
    assert model.risks(np.full((1, 7), np.nan)) == pytest.approx(1 / (1 + np.exp(-model.base)))
    assert not any("unknown" in code for code in model.codes())


def test_days_that_are_not_over_are_not_learnt_from(rows):
    early = [row for row in rows if row.month <= date(2025, 7, 1)]
    until = date(2025, 9, 29)
    assert learn(rows, until=until) == learn(early, until=until)
