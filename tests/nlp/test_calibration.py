import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from nlp.calibration import fit_calibration, fit_thresholds, folds


def _scores_and_truth(n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    odds = generator.normal(-1, 2, size=(n, 2))
    return odds, (generator.random((n, 2)) < expit(odds)).astype(float)


def test_scores_that_are_too_sure_become_probabilities_that_come_true():
    odds, truth = _scores_and_truth()
    shouting = 3 * odds[None] + 1
    learnt = fit_calibration(shouting, truth, np.ones(len(odds)), single=False)
    assert learnt.apply(shouting) == pytest.approx(expit(odds), abs=0.05)


def test_a_single_label_rows_sum_to_one():
    odds, _ = _scores_and_truth(60)
    truth = np.eye(2)[odds.argmax(axis=1)]
    learnt = fit_calibration(odds[None], truth, np.ones(60), single=True)
    assert learnt.apply(odds[None]).sum(axis=1) == pytest.approx(np.ones(60))


def test_evidence_never_speaks_against_its_theme():
    odds, truth = _scores_and_truth(300)
    learnt = fit_calibration(-odds[None], truth, np.ones(300), single=False)
    assert (learnt.shares >= 0).all()


def test_a_theme_with_many_examples_gets_the_cut_where_its_f1_is_best():
    chances = np.concatenate([np.full((100, 1), 0.3), np.full((300, 1), 0.1)])
    truth = np.concatenate([np.ones((100, 1)), np.zeros((300, 1))])
    cut = fit_thresholds(chances, truth, np.ones(400), single=False)[0]
    assert 0.1 < cut <= 0.3


def test_a_theme_with_one_example_follows_the_others():
    rare = np.array([[0.9]] + [[0.05]] * 399)
    common = np.concatenate([np.full((200, 1), 0.4), np.full((200, 1), 0.1)])
    chances = np.hstack([common, rare])
    truth = np.hstack([(common > 0.2), (rare > 0.5)]).astype(float)
    cuts = fit_thresholds(chances, truth, np.ones(400), single=False)
    assert cuts[1] <= 0.4


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 5))
def test_copies_of_a_text_share_a_fold_and_rare_themes_are_spread(seed, count):
    targets = np.zeros((40, 2))
    targets[:5, 0] = 1
    targets[5:, 1] = 1
    groups = np.array([f"text {min(number, 37)}" for number in range(40)])
    fold = folds(targets, groups, count=count, seed=seed)
    assert len(set(fold[37:])) == 1
    sizes = np.bincount(fold[:5], minlength=count)
    assert sizes.max() - sizes.min() <= 1
    assert (fold == folds(targets, groups, count=count, seed=seed)).all()
