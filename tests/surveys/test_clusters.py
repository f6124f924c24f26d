import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from surveys.clusters import _Careful, _degrees
from surveys.inference import estimate, estimate_clustered
from surveys.intervals import interval, point_values
from surveys.scoring import METRICS, scale

TRUTHS = {
    "nps": [0.02, 0.01, 0.02, 0.02, 0.02, 0.05, 0.06, 0.12, 0.18, 0.25, 0.25],
    "csat": [0.05, 0.05, 0.1, 0.4, 0.4],
    "ces": [0.05, 0.05, 0.05, 0.1, 0.15, 0.3, 0.3],
}


@st.composite
def tables(draw):
    kind = draw(st.sampled_from(METRICS))
    size = len(scale(kind))
    row = st.lists(st.integers(0, 4), min_size=size, max_size=size)
    return kind, draw(st.lists(row, min_size=1, max_size=12))


@given(tables(), st.sampled_from([0.8, 0.95, 0.99]))
def test_clusters_of_one_give_the_simple_interval_to_the_last_digit(drawn, level):
    kind, table = drawn
    counts = np.sum(table, axis=0)
    alone = np.repeat(np.eye(len(counts), dtype=int), counts, axis=0)
    simple = estimate(kind, counts, level=level)
    for found in (
        estimate_clustered(kind, alone, level=level),
        estimate_clustered(kind, [], singles=counts, level=level),
    ):
        assert found.design_effect == (1.0 if simple.n else None)
        fields = ("n", "value", "low", "high", "share")
        assert [getattr(found, f) for f in fields] == [getattr(simple, f) for f in fields]


@given(tables())
def test_clustering_moves_no_score_and_never_narrows_an_interval(drawn):
    kind, table = drawn
    simple = estimate(kind, np.sum(table, axis=0))
    found = estimate_clustered(kind, table)
    assert (found.n, found.value, found.share) == (simple.n, simple.value, simple.share)
    if simple.n:
        assert found.low <= simple.low <= found.value <= simple.high <= found.high


@given(tables(), st.randoms())
def test_the_order_of_clusters_and_empty_ones_never_matter(drawn, random):
    kind, table = drawn
    shuffled = [*table, [0] * len(table[0])]
    random.shuffle(shuffled)
    found, again = estimate_clustered(kind, table), estimate_clustered(kind, shuffled)
    if found.n:
        assert again.design_effect == pytest.approx(found.design_effect)
        assert (again.low, again.high) == pytest.approx((found.low, found.high))


@given(tables(), st.data())
def test_single_answers_may_come_summed(drawn, data):
    kind, table = drawn
    alone = data.draw(st.lists(st.sampled_from(range(len(table[0]))), max_size=9))
    rows = [[int(point == at) for point in range(len(table[0]))] for at in alone]
    summed = np.sum([[0] * len(table[0]), *rows], axis=0)
    apart = estimate_clustered(kind, [*table, *rows])
    together = estimate_clustered(kind, table, singles=summed)
    if apart.n:
        assert together.design_effect == pytest.approx(apart.design_effect)
        assert (together.low, together.high) == pytest.approx((apart.low, apart.high))


@pytest.mark.parametrize("kind", METRICS)
def test_the_design_effect_is_that_of_an_independent_implementation(kind):
    table = np.random.default_rng(3).integers(0, 4, size=(30, len(scale(kind))))
    values = np.concatenate([np.repeat(point_values(kind), row) for row in table])
    groups = np.repeat(np.arange(len(table)), table.sum(axis=1))
    model = sm.OLS(values, np.ones(len(values)))
    robust = model.fit(cov_type="cluster", cov_kwds={"groups": groups}).bse[0] ** 2
    simple = model.fit().bse[0] ** 2
    assert estimate_clustered(kind, table).design_effect == pytest.approx(robust / simple)


@pytest.mark.parametrize("kind", METRICS)
def test_copies_of_one_answer_count_little_more_than_once(kind):
    rows = np.eye(len(scale(kind)), dtype=int)
    once = estimate_clustered(kind, rows.tolist() * 4)
    copied = estimate_clustered(kind, (rows * 50).tolist() * 4)
    assert copied.design_effect == pytest.approx(50, rel=0.06)
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.06)


@pytest.mark.parametrize("kind", METRICS)
def test_one_account_of_many_answers_says_no_more_than_one_answer(kind):
    row = [7] * len(scale(kind))
    found, alone = estimate_clustered(kind, [row]), estimate(kind, [1] * len(row))
    assert found.design_effect == found.n
    assert found.high - found.low > alone.high - alone.low


@pytest.mark.parametrize("kind", METRICS)
def test_two_unanimous_accounts_are_not_a_hundred_unanimous_people(kind):
    row = [0] * (len(scale(kind)) - 1) + [50]
    found = estimate_clustered(kind, [row, row])
    two = estimate(kind, [0] * (len(row) - 1) + [2])
    assert (found.low, found.high) == pytest.approx((two.low, two.high))


@pytest.mark.parametrize("kind", METRICS)
def test_the_truth_is_covered_where_the_simple_interval_misses_it(kind):
    """Accounts differ (Dirichlet, concentration 1.5), eight answers each on average."""
    rng = np.random.default_rng(11)
    truth = np.array(TRUTHS[kind])
    target = np.dot(point_values(kind), truth)
    robust, simple = [], []
    for _ in range(300):
        accounts = rng.dirichlet(truth * 1.5, size=20)
        table = np.array([rng.multinomial(1 + rng.poisson(7), account) for account in accounts])
        for hits, found in (
            (robust, estimate_clustered(kind, table)),
            (simple, estimate(kind, table.sum(axis=0))),
        ):
            hits.append(found.low <= target <= found.high)
    assert np.mean(robust) >= 0.91
    assert np.mean(simple) <= 0.75


def test_few_accounts_widen_the_interval_by_the_t_distribution_up_to_the_worst_case():
    few = [[4, 0, 0, 0, 16], [10, 0, 0, 0, 10], [6, 0, 0, 0, 14]]
    found = estimate_clustered("csat", few)
    t_of_2, t_of_59 = 4.302653, 2.000995  # printed tables
    effect = found.design_effect * (t_of_2 / t_of_59) ** 2
    assert 1 < effect < 20  # 20 answers each: the worst case does not hold yet
    expected = interval("csat", [20 / effect, 0, 0, 0, 40 / effect], level=0.95)
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-4)

    torn = estimate_clustered("csat", [[4, 0, 0, 0, 16], [17, 0, 0, 0, 3], [20, 0, 0, 0, 0]])
    assert torn.design_effect * (t_of_2 / t_of_59) ** 2 > 20
    worst = interval("csat", [41 / 20, 0, 0, 0, 19 / 20], level=0.95)
    assert (torn.low, torn.high) == pytest.approx(worst)


@pytest.mark.parametrize(
    "clusters", [[[1, 2]], [[1] * 5, [1] * 4], [[-1, 0, 0, 0, 2]], [[0.5] * 5], [1, 2, 3, 4, 5]]
)
def test_a_table_of_another_shape_is_an_error(clusters):
    with pytest.raises(ValueError, match="clusters"):
        estimate_clustered("csat", clusters)


def test_no_cluster_at_all_is_nobody():
    found = estimate_clustered("nps", [])
    assert (found.n, found.value, found.low, found.design_effect) == (0, None, None, None)


def by_matrices(sizes, alike):
    """CR2's weights and Satterthwaite's degrees of freedom, by their definition."""
    n = sum(sizes)
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    left_over = np.eye(n) - 1 / n
    same = cluster[:, None] == cluster[None, :]
    covariance = np.where(same, alike, 0.0) + (1 - alike) * np.eye(n)
    columns = []
    for group in range(len(sizes)):
        inside = cluster == group
        values, vectors = np.linalg.eigh(left_over[np.ix_(inside, inside)])
        root = vectors @ np.diag(values**-0.5) @ vectors.T
        columns.append(left_over[:, inside] @ root @ np.ones(sizes[group]) / n)
    spread = np.array(columns) @ covariance @ np.array(columns).T
    return np.array(columns), np.trace(spread) ** 2 / np.trace(spread @ spread)


@pytest.mark.parametrize("alike", [0.0, 0.1, 0.6])
def test_the_interval_uses_the_bias_reduced_variance_and_its_degrees_of_freedom(alike):
    sizes = [1, 1, 2, 5, 9, 14]
    times = np.ones(len(sizes))
    columns, degrees = by_matrices(sizes, alike)
    assert _degrees(np.array(sizes, dtype=float), times, alike) == pytest.approx(degrees)
    rng = np.random.default_rng(8)
    table = np.array([rng.multinomial(size, TRUTHS["csat"]) for size in sizes])
    values = np.concatenate([np.repeat(point_values("csat"), row) for row in table])
    careful = _Careful.of("csat", table, np.zeros(5, dtype=int))
    reduced = ((columns @ values) ** 2).sum() / (values.var(ddof=1) / len(values))
    assert careful.effect >= reduced - 1e-9  # or that of the model, where it is larger
    apart = np.array([[0, 0, 0, 0, 9], [9, 0, 0, 0, 0], [0, 0, 0, 0, 2], [2, 0, 0, 0, 0]])
    columns, _ = by_matrices([9, 9, 2, 2], 0)
    values = np.concatenate([np.repeat(point_values("csat"), row) for row in apart])
    reduced = ((columns @ values) ** 2).sum() / (values.var(ddof=1) / len(values))
    assert _Careful.of("csat", apart, np.zeros(5, dtype=int)).effect == pytest.approx(reduced)


def test_ten_clusters_of_very_unequal_size_are_covered():
    rng = np.random.default_rng(29)
    shares, hits = np.array([0.2, 0, 0, 0, 0.8]), 0
    for _ in range(600):
        sizes = rng.integers(1, 51, size=10)
        own = rng.multinomial(1, shares, size=10)
        copies = rng.binomial(sizes, np.sqrt(0.1))  # correlation 0.1 within clusters
        table = own * copies[:, None] + rng.multinomial(sizes - copies, shares)
        found = estimate_clustered("csat", table)
        hits += found.low <= 80 <= found.high
    assert hits / 600 >= 0.92  # 0.89 with CR1 and m - 1 degrees of freedom
