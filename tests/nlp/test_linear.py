import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from nlp.linear import Rows, balanced_weights, fit_linear


def _rows(seed: int = 0, n: int = 120) -> Rows:
    generator = np.random.default_rng(seed)
    dense = generator.normal(size=(n, 4)).astype(np.float32)
    sparse = generator.poisson(0.3, size=(n, 9)).astype(np.float32)
    return Rows(dense, csr_matrix(sparse))


def _all_features(rows: Rows) -> np.ndarray:
    return np.hstack([rows.dense, rows.sparse.toarray()])


def test_every_theme_gets_the_weights_scikit_learn_would_give_it():
    rows = _rows()
    targets = np.stack([rows.dense[:, 0] > 0.3, rows.dense[:, 1] + rows.dense[:, 2] > 1], axis=1)
    targets = targets.astype(float)
    weights = balanced_weights(targets, np.ones(len(rows)))
    ours = fit_linear(rows, targets, weights=weights, softmax=False, l2=1.0).decide(rows)
    for column in range(2):
        theirs = LogisticRegression(C=1.0, class_weight="balanced", tol=1e-8)
        theirs.fit(_all_features(rows), targets[:, column])
        expected = theirs.decision_function(_all_features(rows))
        assert ours[:, column] == pytest.approx(expected, abs=0.05)


def test_softmax_gives_the_probabilities_scikit_learn_would_give():
    rows = _rows(1)
    classes = np.argmax(rows.dense[:, :3], axis=1)
    targets = np.eye(3)[classes]
    weights = np.ones((len(rows), 1))
    scores = fit_linear(rows, targets, weights=weights, softmax=True, l2=1.0).decide(rows)
    ours = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    theirs = LogisticRegression(C=1.0, tol=1e-8).fit(_all_features(rows), classes)
    assert ours == pytest.approx(theirs.predict_proba(_all_features(rows)), abs=0.02)


def test_examples_and_counter_examples_weigh_the_same():
    targets = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    weights = balanced_weights(targets, np.ones(4))
    assert weights[0, 0] == pytest.approx(weights[1:, 0].sum())
    assert weights[:, 1].tolist() == [1, 1, 1, 1]  # no example: nothing to balance
