"""The path of five A's: rates, intervals that hold the truth, shapes, and the survey."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.definitions import DefinitionError, from_json, to_json
from surveys.journey import (
    ARCHETYPES,
    CONVERSIONS,
    IDEAL,
    LEAST_AWARE,
    STAGES,
    analyse_journey,
    compare,
    count_paths,
    shape,
    stages_of,
    template,
)
from surveys.questions import validate_answer
from surveys.response_rates import rate

SETS = [frozenset(each) for n in range(6) for each in combinations(STAGES, n)]
people = st.lists(st.sampled_from(SETS), max_size=80)
NESTED = [frozenset(STAGES[:n]) for n in range(6)]


def drawn(rng, n, chances):
    """n aware people; chances: of appeal, ask, act, advocate, each apart from the others."""
    at = rng.random((n, 4)) < chances
    return count_paths(["aware", *np.array(STAGES[1:])[each]] for each in at)


def widths(conversions):
    return np.cumprod(conversions)


# rates


@given(people)
def test_rates_are_those_counted_person_by_person(people):
    found = analyse_journey(count_paths(people))
    aware = [path | {"aware"} for path in people if path]
    at = {stage: [path for path in aware if stage in path] for stage in STAGES}
    assert found.counts == {stage: len(paths) for stage, paths in at.items()}
    assert found.awareness == rate(len(aware), len(people))
    assert found.implied == sum(bool(path) and "aware" not in path for path in people)
    for each, before, after in zip(found.conversions, STAGES, STAGES[1:], strict=False):
        both = sum(after in path for path in at[before])
        assert each.passed == rate(both, len(at[before]))
        assert each.skipped == len(at[after]) - both
        if not at[before]:
            assert each.ratio.value is None
            continue
        assert each.ratio.value == pytest.approx(100 * len(at[after]) / len(at[before]))
        assert 0 <= each.ratio.low <= each.ratio.value <= each.ratio.high
    assert found.par == rate(len(at["act"]), len(aware))
    assert found.bar == rate(len(at["advocate"]), len(aware))


@given(st.lists(st.sampled_from(NESTED), min_size=1, max_size=60))
def test_where_nobody_skips_a_stage_ratios_are_shares_and_multiply_to_the_whole(people):
    found = analyse_journey(count_paths(people))
    for each in found.conversions:
        assert (each.skipped, each.ratio.value) == (0, each.passed.value)
    values = [each.ratio.value for each in found.conversions]
    if None not in values:
        assert 100 * np.prod(np.array(values) / 100) == pytest.approx(found.bar.value)


@given(people, st.randoms())
def test_the_order_of_people_is_irrelevant(people, random):
    first = analyse_journey(count_paths(people))
    random.shuffle(people)
    assert analyse_journey(count_paths(people)) == first


def test_more_can_act_than_ask():
    paths = {frozenset(["aware", "appeal", "ask"]): 10, frozenset(["aware", "appeal", "act"]): 40}
    commitment = analyse_journey(paths).conversions[2]
    assert (commitment.ratio.value, commitment.passed.value, commitment.skipped) == (400, 0, 40)


@pytest.mark.parametrize(
    ("ask", "act", "both"), [(0.4, 0.6, 0.3), (0.2, 0.1, 0.05), (0.5, 0.5, 0.45), (0.3, 0.6, 0.0)]
)
def test_the_interval_of_a_ratio_holds_the_truth(ask, act, both):
    rng = np.random.default_rng(11)
    chances = [both, ask - both, act - both, 1 - ask - act + both]
    cells = [("ask", "act"), ("ask",), ("act",), ()]
    covered = []
    for counts in rng.multinomial(150, chances, size=2000).tolist():
        paths = {frozenset(["aware", *cell]): n for cell, n in zip(cells, counts, strict=True)}
        ratio = analyse_journey(paths).conversions[2].ratio
        covered.append(ratio.low <= 100 * act / ask <= ratio.high)
    assert 0.95 - 3 * (0.95 * 0.05 / 2000) ** 0.5 <= np.mean(covered) <= 0.98


def test_nobody_has_no_rates():
    found = analyse_journey({})
    assert (found.asked, found.par.value, found.awareness.value) == (0, None, None)
    assert all(each.ratio.value is each.passed.value is None for each in found.conversions)
    assert shape({}, seed=1) is None


@pytest.mark.parametrize("paths", [{frozenset(["aware", "buy"]): 1}, {frozenset(["aware"]): -1}])
def test_a_wrong_path_is_refused(paths):
    with pytest.raises(ValueError, match="paths: "):
        analyse_journey(paths)
    with pytest.raises(ValueError, match="'buy'"):
        count_paths([["buy"]])


# shapes


@pytest.mark.parametrize("name", list(ARCHETYPES))
@pytest.mark.parametrize("strength", [0.8, 1.0, 1.2])
def test_every_archetype_is_recognised_however_strong(name, strength):
    chances = widths(np.array(ARCHETYPES[name]) * strength)
    found = shape(drawn(np.random.default_rng(1), 4000, chances), seed=2)
    assert (found.nearest, found.sure) == (name, True)
    assert (
        found.distances[name]
        < 0.35
        < min(each for other, each in found.distances.items() if other != name)
    )
    assert sum(found.chances.values()) == pytest.approx(1)


def test_few_people_make_no_sure_shape():
    rng = np.random.default_rng(3)
    between = np.sqrt(widths(ARCHETYPES["funnel"]) * widths(ARCHETYPES["door_knob"]))
    sure = [shape(drawn(rng, 40, between), seed=at).sure for at in range(60)]
    assert np.mean(sure) <= 0.15
    assert shape(drawn(rng, LEAST_AWARE - 1, between), seed=1) is None


def test_who_is_said_to_be_sure_is_right():
    """Of paths drawn from archetypes and called sure, at most one of twenty is another."""
    rng = np.random.default_rng(4)
    names = list(ARCHETYPES) * 50
    found = [shape(drawn(rng, 100, widths(ARCHETYPES[name])), seed=5, draws=400) for name in names]
    called = [(name, each.nearest) for name, each in zip(names, found, strict=True) if each.sure]
    assert len(called) > 60
    assert np.mean([truth == nearest for truth, nearest in called]) >= 0.95


def test_an_ideal_path_is_near_the_bow_tie():
    rng = np.random.default_rng(6)
    ideal = shape(drawn(rng, 5000, widths(IDEAL[1]) - 1e-3), seed=1)
    funnel = shape(drawn(rng, 5000, widths(ARCHETYPES["funnel"])), seed=1)
    assert ideal.to_ideal < 0.15 < 1 < funnel.to_ideal
    assert list(ideal.gaps) == list(CONVERSIONS)
    assert list(ideal.gaps.values()) == pytest.approx([1] * 4, abs=0.1)
    assert funnel.gaps["commitment"] == pytest.approx(0.6 / 2.0, abs=0.03)


def test_nobody_at_a_stage_still_has_a_shape():
    paths = {frozenset(["aware"]): 50, frozenset(["aware", "appeal"]): 50}
    found = shape(paths, seed=1)
    assert all(np.isfinite(list(found.distances.values())))
    assert not found.sure
    assert shape(paths, seed=1) == found


# groups


def test_no_difference_is_rarely_found_and_a_planted_one_is():
    rng = np.random.default_rng(7)
    chances = widths(ARCHETYPES["funnel"])
    false = [
        any(each.differs for each in compare({str(g): drawn(rng, 150, chances) for g in range(5)}))
        for _ in range(150)
    ]
    assert np.mean(false) <= 0.05 + 3 * (0.05 * 0.95 / 150) ** 0.5
    other = chances * [0.6, 1, 1, 1]
    groups = {"pro": drawn(rng, 400, chances), "free": drawn(rng, 400, other)}
    contrasts = {(each.group, each.rate): each for each in compare(groups)}
    assert contrasts["free", "attraction"].differs
    assert contrasts["free", "attraction"].change.high < 0
    assert contrasts["pro", "attraction"].change.low > 0


def test_brands_are_compared_with_ones_own():
    rng = np.random.default_rng(8)
    groups = {name: drawn(rng, 100, widths(ARCHETYPES["funnel"])) for name in ("us", "a", "b")}
    found = compare(groups, reference="us")
    assert {(each.group, each.rate) for each in found} == {
        (group, kind) for group in "ab" for kind in (*CONVERSIONS, "par", "bar")
    }
    own = analyse_journey(groups["us"])
    assert all(each.others == own.par for each in found if each.rate == "par")
    with pytest.raises(ValueError, match="reference"):
        compare(groups, reference="c")


def test_an_empty_group_is_not_judged():
    found = compare({"pro": {frozenset(STAGES): 30}, "free": {}})
    assert {each.differs for each in found} == {None}


# the survey


@pytest.mark.parametrize("languages", [["en", "ja"], ["ja"], ["fr", "ja-JP"]])
def test_the_template_is_a_definition_in_every_language(languages):
    survey = template(languages)
    assert from_json(to_json(survey)) == survey
    assert [question.key for question in survey.questions] == [*STAGES, "comment"]
    for question in survey.questions:
        for texts in (question.text, *(option.label for option in question.options)):
            assert list(texts) == languages
            assert "{" not in "".join(texts.values())


def test_japanese_is_japanese_and_the_brand_is_named():
    ours, theirs = template(["en", "ja"]), template(["en", "ja"], brand="Example {1}")
    for mine, other in zip(ours.questions[:5], theirs.questions[:5], strict=True):
        assert mine.text["ja"] != mine.text["en"]
        for tag in ("en", "ja"):
            assert "Example {1}" in other.text[tag]
            assert "Example" not in mine.text[tag]
    with pytest.raises(DefinitionError):
        template(["en"], brand="x" * 2000)


@given(st.data())
def test_every_answer_to_the_template_has_its_stages(data):
    answers = {}
    for question in template(["en"]).questions[:5]:
        options = [option.key for option in question.options] or list(range(11))
        left_open = [] if question.required else [None]
        chosen = data.draw(st.sampled_from([*options, *left_open]))
        answers[question.key] = validate_answer(question, chosen)
    stages = stages_of(answers)
    assert ("advocate" in stages) == (answers["advocate"] in (9, 10))
    assert ("aware" in stages) == (answers["aware"] != "unknown")
    assert ("appeal" in stages) == (answers["appeal"] in ("first", "considered"))
    assert ("ask" in stages) == (answers["ask"] == "yes")
    assert ("act" in stages) == (answers["act"] in ("now", "before"))


def test_no_answers_are_no_stage():
    assert stages_of({"colour": "red", "ask": "no", "advocate": 99}) == frozenset()
