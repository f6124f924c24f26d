"""Triage asks about what the model does not know, and not twenty times about the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nlp.analysis import train_analyser
from nlp.taxonomy import starter_pack
from nlp.triage import MOST_CANDIDATES, bits_of, pick, uncertainty_of, worth_showing

chances = arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 1))


def unit(rows) -> np.ndarray:
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def test_an_even_chance_is_most_doubtful_and_a_sure_thing_least():
    assert uncertainty_of(np.array([0.5, 0.0, 0.0])) == pytest.approx(1)
    assert uncertainty_of(np.array([1.0, 0.0, 0.0])) == pytest.approx(0)
    assert uncertainty_of(np.array([0.3])) > uncertainty_of(np.array([0.9]))


@given(chances)
def test_doubts_about_several_themes_add_up_whatever_their_order(values):
    found = uncertainty_of(values)
    assert 0 <= found <= len(values)
    assert uncertainty_of(values[::-1]) == pytest.approx(found)
    assert bits_of(values).sum() == pytest.approx(found, abs=1e-9)
    assert uncertainty_of(np.append(values, 0.5)) == pytest.approx(found + 1, abs=1e-9)


def test_without_themes_there_is_no_doubt_and_without_comments_nothing_to_pick():
    assert uncertainty_of(np.zeros(0)) == 0
    assert pick(np.zeros((0, 2)), np.zeros((0, 4), dtype=np.float32)) == []


def test_near_misses_are_shown_beside_what_is_assigned_the_likeliest_first():
    shown = worth_showing(np.array([0.9, 0.25, 0.01, 0.3]), np.full(4, 0.5))
    assert shown == [0, 3, 1]


def test_the_same_comment_is_not_asked_twice_while_others_wait():
    # Two hundred copies of the most doubtful comment, and a few of three other kinds.
    kinds = [200, 20, 20, 20]
    vectors = unit(np.repeat(np.eye(4), kinds, axis=0))
    chances = np.repeat([0.5, 0.3, 0.3, 0.3], kinds)[:, None]
    first = pick(chances, vectors, most=4)
    assert {int(vectors[place].argmax()) for place in first} == {0, 1, 2, 3}


def test_every_theme_is_asked_about_although_one_is_doubtful_everywhere():
    vectors = unit(np.random.default_rng(0).normal(size=(60, 40)))
    chances = np.zeros((60, 3))
    chances[:50, 0], chances[50:55, 1], chances[55:, 2] = 0.5, 0.4, 0.4
    first = pick(chances, vectors, most=6)
    assert (chances[first] > 0).sum(axis=0).min() >= 1


def test_of_equally_doubtful_comments_one_of_many_that_are_alike_comes_first():
    vectors = unit(np.vstack([np.eye(3)[:1], np.repeat(np.eye(3)[1:2], 30, axis=0)]))
    assert pick(np.full((31, 1), 0.5), vectors, most=1) == [1]


def test_what_the_model_is_sure_of_is_asked_last():
    vectors = unit(np.random.default_rng(0).normal(size=(60, 8)))
    chances = np.concatenate([np.full(30, 0.4), np.full(30, 0.999)])[:, None]
    assert max(pick(chances, vectors, most=20)) < 30


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 30), st.integers(1, 4), st.integers(0, 5))
def test_picks_are_distinct_as_many_as_asked_and_the_same_each_time(n, most, themes, seed):
    generator = np.random.default_rng(seed)
    vectors = unit(generator.normal(size=(n, 5)))
    chances = generator.random((n, themes))
    first = pick(chances, vectors, most=most)
    assert len(first) == len(set(first)) == min(n, most)
    assert first == pick(chances, vectors, most=most)
    assert pick(chances, vectors, most=1) == first[:1]


def test_comments_without_a_vector_are_asked_by_their_doubt():
    chances = np.array([[0.1], [0.5], [0.3]])
    assert pick(chances, np.zeros((3, 4), dtype=np.float32), most=3) == [1, 2, 0]


def test_more_comments_than_are_planned_for_are_refused():
    n = MOST_CANDIDATES + 1
    with pytest.raises(ValueError, match="at most"):
        pick(np.zeros((n, 1)), np.zeros((n, 1), dtype=np.float32))
    with pytest.raises(ValueError, match="expected"):
        pick(np.zeros((3, 1)), np.zeros((2, 4), dtype=np.float32))


@pytest.fixture(scope="module")
def analyser():
    return train_analyser(starter_pack(), encoder="static")


def test_an_analysis_says_what_it_doubts_and_where(analyser):
    text = "Support never answers. サポートの返事が遅い"
    found = analyser.analyse([text])[0].certainty
    keys = [doubt.key for doubt in found.doubts]
    assert keys[0] == "support"
    assert found.doubts[0].is_given
    assert all(0 <= each.start < each.end <= len(text) for each in found.doubts)
    assert found.top == pytest.approx(found.doubts[0].probability)


def test_a_plain_comment_is_less_doubtful_than_a_puzzling_one(analyser):
    plain, puzzling = analyser.analyse(
        ["Support is slow.", "I was billed for seats that the integration had deleted."]
    )
    assert plain.certainty.uncertainty < puzzling.certainty.uncertainty
    assert {theme.key for theme in plain.themes} == {
        doubt.key for doubt in plain.certainty.doubts if doubt.is_given
    }


def test_words_that_no_example_had_are_counted(analyser):
    known, odd = analyser.analyse(["the support is slow", "zyxgrommet blorfed quuxly"])
    assert known.certainty.unseen < 0.3
    assert odd.certainty.unseen > 0.6
    assert analyser.analyse(["…"])[0].certainty is None
