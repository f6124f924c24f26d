import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks

from nlp.classifier import ThemeClassifier
from nlp.experts import Levels
from nlp.linear import Linear
from nlp.taxonomy import Taxonomy, Theme, from_entries
from nlp.text import read

PRICE = (
    "The price is too high for what we get.",
    "Way too expensive for a small company.",
    "Your plans cost twice as much as others.",
    "The monthly fee went up again.",
    "We cannot afford the new prices.",
    "Cheap and worth every cent.",
    "The discount for annual payment is welcome.",
    "Pricing is fair.",
)
SUPPORT = (
    "Support took three days to answer.",
    "The help desk was friendly and quick.",
    "Nobody replies to our tickets.",
    "Your support team solved my problem at once.",
    "I waited an hour on the support hotline.",
    "Customer service ignored my question.",
    "The agent in the chat was very helpful.",
    "Great help from the support staff.",
)
SPEED = (
    "The dashboard loads slowly.",
    "Pages take ages to open.",
    "It is so fast now.",
    "Everything lags in the afternoon.",
    "Searching takes half a minute.",
    "The app freezes and is slow.",
    "Response times are excellent.",
    "Loading a report is painfully slow.",
)
NOTHING = ("Thank you.", "Nothing in particular.", "I moved to another city.", "See you next year.")

TEXTS = (*PRICE, *SUPPORT, *SPEED, "Slow pages and an expensive plan.", *NOTHING)
LABELS = (
    *[("price",)] * 8,
    *[("support",)] * 8,
    *[("speed",)] * 8,
    ("price", "speed"),
    *[()] * 4,
)
ENTRIES = [
    {
        "key": "price",
        "label": "Pricing",
        "description": "What the product costs, plans, discounts and value for money.",
        "keywords": ["price", "expensive", "cost", "fee"],
        "label_ja": "価格",
        "description_ja": "料金、プラン、割引、費用対効果について。",
        "keywords_ja": ["価格", "料金", "高い", "費用"],
    },
    {
        "key": "support",
        "label": "Customer support",
        "description": "How quickly and how well support answers questions and tickets.",
        "keywords": ["support", "help desk", "ticket"],
        "label_ja": "サポート",
        "description_ja": "問い合わせへの対応の速さや丁寧さについて。",
        "keywords_ja": ["サポート", "問い合わせ", "対応"],
    },
]


@pytest.fixture(scope="module")
def taught() -> ThemeClassifier:
    return ThemeClassifier("static").fit(TEXTS, LABELS, languages=["en"] * len(TEXTS))


def _keys(prediction):
    return {key for key, _ in prediction}


def test_a_text_has_as_many_themes_as_it_speaks_of(taught):
    both, one, none = taught.predict(
        [
            "The price is far too high and support never answers our tickets.",
            "Support staff answered my ticket quickly.",
            "My cousin has a birthday on Sunday.",
        ]
    )
    assert {"price", "support"} <= _keys(both)
    assert _keys(one) == {"support"}
    assert _keys(none) == set()


def test_probabilities_are_bounded_and_an_empty_batch_has_the_right_shape(taught):
    assert taught.predict_proba([]).shape == (0, 3)
    assert taught.predict([]) == []
    chances = taught.predict_proba(["", " ", "👍", "\ud800", "a" * 3000, "price"])
    assert chances.shape == (6, 3)
    assert ((chances >= 0) & (chances <= 1)).all()


def test_the_answer_to_a_text_does_not_depend_on_its_company(taught):
    alone = taught.predict_proba(["The fee is too high."])
    among = taught.predict_proba(["Slow.", "The fee is too high.", "Thanks."])
    assert among[1] == pytest.approx(alone[0], abs=1e-6)


def test_the_same_training_gives_the_same_classifier(taught):
    again = ThemeClassifier("static").fit(TEXTS, LABELS, languages=["en"] * len(TEXTS))
    assert (again.predict_proba(TEXTS) == taught.predict_proba(TEXTS)).all()


def test_a_theme_taught_in_english_is_found_in_japanese(taught):
    chances = taught.predict_proba(
        [
            "料金が高すぎます。",
            "サポートの返事が遅くて困ります。",
            "画面の読み込みがとても遅いです。",
        ]
    )
    price, speed, support = (taught.keys_.index(key) for key in ("price", "speed", "support"))
    assert chances[:, price].argmax() == 0
    assert chances[:, support].argmax() == 1
    assert chances[2, speed] > chances[2, price]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("It is too expensive for us.", "price"),
        ("The support team never answers.", "support"),
        ("料金が高いです。", "price"),
        ("サポートの対応が遅いです。", "support"),
    ],
)
def test_a_description_alone_finds_its_theme_in_both_languages(cold, text, key):
    chances = cold.predict_proba([text])[0]
    assert cold.keys_[int(chances.argmax())] == key
    assert key in _keys(cold.predict([text])[0])


def test_a_description_alone_is_silent_about_other_things(cold):
    assert cold.predict(["The weather was lovely.", "天気が良かったです。"]) == [(), ()]


@pytest.fixture(scope="module")
def cold() -> ThemeClassifier:
    return ThemeClassifier("static").fit([], [], taxonomy=from_entries(ENTRIES))


@pytest.mark.parametrize("examples", [1, 3])
def test_a_few_examples_of_a_theme_are_enough_to_rank_it_first(examples):
    texts = [*PRICE[:examples], *SUPPORT[:examples], *SPEED[:examples]]
    labels = [(key,) for key in ("price", "support", "speed") for _ in range(examples)]
    few = ThemeClassifier("static").fit(texts, labels)
    asked = ["It costs too much.", "Nobody from support replied.", "The page is slow to load."]
    best = few.predict_proba(asked).argmax(axis=1)
    assert [few.keys_[column] for column in best] == ["price", "support", "speed"]


def test_one_label_on_every_text_makes_the_probabilities_exclusive():
    texts = [*PRICE, *SUPPORT, *SPEED]
    labels = [(key,) for key in ("price", "support", "speed") for _ in range(8)]
    single = ThemeClassifier("static").fit(texts, labels)
    assert single.single_label_
    chances = single.predict_proba(["Too expensive and slow.", "Hello."])
    assert chances.sum(axis=1) == pytest.approx([1, 1])
    assert all(len(found) <= 1 for found in single.predict(texts))


def test_a_hundred_and_fifty_themes_with_an_example_each_can_be_taught():
    themes = [f"theme_{number}" for number in range(150)]
    texts = [f"We talk about subject number {number} here." for number in range(150)]
    many = ThemeClassifier("static").fit(texts, [(key,) for key in themes])
    assert many.predict_proba(["subject number 7"]).shape == (1, 150)


def test_new_labels_beside_a_taxonomy_become_themes_after_its_own():
    mixed = ThemeClassifier("static").fit(
        ["The door is broken."], [("door",)], taxonomy=from_entries(ENTRIES)
    )
    assert mixed.keys_ == ("price", "support", "door")


def test_reasons_point_into_the_original_text(taught):
    text = "Ｔｈｅ ｐｒｉｃｅ is high, but I like the colours."
    reasons = taught.explain(read(text, language="en"), "price")
    strongest = text[reasons[0].start : reasons[0].end]
    assert strongest in {"ｐｒｉｃｅ", "high"}
    assert reasons[0].weight > 0
    assert [abs(r.weight) for r in reasons] == sorted(
        (abs(r.weight) for r in reasons), reverse=True
    )


def test_reasons_for_an_unknown_theme_are_refused(taught):
    with pytest.raises(KeyError):
        taught.explain(read("Hello."), "unheard_of")


def test_clauses_are_judged_by_themselves(taught):
    document = read("The price is too high but the support team was friendly.", language="en")
    judged = taught.judge([document])[0]
    assert judged.by_clause.shape == (len(judged.clauses), 3)
    price, support = taught.keys_.index("price"), taught.keys_.index("support")
    assert judged.by_clause[:, price].argmax() == 0
    assert judged.by_clause[:, support].argmax() == len(judged.clauses) - 1


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="labels: expected 1"):
        ThemeClassifier("static").fit(["a"], [])
    with pytest.raises(ValueError, match="at least one label"):
        ThemeClassifier("static").fit(["a"], [()])
    with pytest.raises(ValueError, match="weights"):
        ThemeClassifier("static").fit(["a"], [("x",)], weights=[-1.0])
    with pytest.raises(NotFittedError):
        ThemeClassifier("static").predict(["a"])


def test_the_constructor_only_stores():
    copy = clone(ThemeClassifier("static", random_state=7))
    assert copy.get_params()["random_state"] == 7
    assert not hasattr(copy, "keys_")


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_mixin_order,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_set_params,
        estimator_checks.check_valid_tag_types,
    ],
)
def test_the_checks_of_scikit_learn_that_need_no_table_of_numbers_pass(check):
    """The others fit arrays; this estimator's input is text, and a text may have any labels."""
    check("ThemeClassifier", ThemeClassifier("static"))


def test_a_theme_without_any_words_or_examples_is_never_assigned():
    bare = Theme("bare", {}, {}, {}, {})
    taxonomy = Taxonomy("t", "1", (*from_entries(ENTRIES).themes, bare))
    found = ThemeClassifier("static").fit([], [], taxonomy=taxonomy).predict(["It is expensive."])
    assert "bare" not in _keys(found[0])


def test_weights_let_one_opinion_count_more():
    texts = ["It is fine.", "It is fine, really."]
    heavy = ThemeClassifier("static").fit(texts, [("good",), ()], weights=[5.0, 0.2])
    light = ThemeClassifier("static").fit(texts, [("good",), ()], weights=[0.2, 5.0])
    assert np.isfinite(heavy.predict_proba(texts)).all()
    assert heavy.predict_proba(texts[:1])[0, 0] >= light.predict_proba(texts[:1])[0, 0]


def test_scores_of_a_language_without_labels_get_the_level_of_the_labelled_one():
    generator = np.random.default_rng(7)
    english = generator.normal(size=(60, 8)).astype(np.float32)
    weakened = 0.6 * english - 0.3  # the same sentences, less telling and off centre
    linear = Linear(
        generator.normal(size=(8, 3)).astype(np.float32),
        np.zeros((0, 3), np.float32),
        np.zeros(3, np.float32),
    )
    levels = Levels.fit(linear, {"en": english, "ja": weakened}, {"en": np.full(3, 5e3)})
    plain = english @ linear.dense
    assert np.allclose(levels.apply(weakened @ linear.dense, ["ja"] * 60), plain, atol=1e-3)
    assert np.allclose(levels.apply(plain, ["en"] * 60), plain, atol=0.05)
    assert np.array_equal(levels.apply(plain, [None] * 60), plain)


def test_with_labels_in_both_languages_each_keeps_its_own_level():
    generator = np.random.default_rng(7)
    english = generator.normal(size=(60, 8)).astype(np.float32)
    linear = Linear(
        np.ones((8, 2), np.float32), np.zeros((0, 2), np.float32), np.zeros(2, np.float32)
    )
    many = {"en": np.full(2, 1e6), "ja": np.full(2, 1e6)}
    levels = Levels.fit(linear, {"en": english, "ja": 0.6 * english}, many)
    scores = 0.6 * english @ linear.dense
    assert np.allclose(levels.apply(scores, ["ja"] * 60), scores, atol=1e-2)
    assert Levels.fit(linear, {"en": english}, {}).maps == {}


def test_a_theme_taught_in_one_language_is_levelled_though_others_have_labels_in_both():
    generator = np.random.default_rng(7)
    english = generator.normal(size=(60, 8)).astype(np.float32)
    linear = Linear(
        generator.normal(size=(8, 2)).astype(np.float32),
        np.zeros((0, 2), np.float32),
        np.zeros(2, np.float32),
    )
    counts = {"en": np.array([1e6, 1e6]), "ja": np.array([1e6, 0.0])}
    levels = Levels.fit(linear, {"en": english, "ja": 0.6 * english}, counts)
    plain = english @ linear.dense
    levelled = levels.apply(0.6 * plain, ["ja"] * 60)
    assert np.allclose(levelled[:, 0], 0.6 * plain[:, 0], atol=1e-2)
    assert np.allclose(levelled[:, 1], plain[:, 1], atol=1e-2)


def test_a_label_that_tells_nothing_does_not_stand_in_the_way_of_examples():
    """Eight comments about money, under a name of its own and under one that says nothing."""
    taught = [*PRICE, *SUPPORT, *SPEED], [*[("money",)] * 8, *[()] * 16]
    trust = {}
    for label, described in (("Pricing", "What it costs."), ("Team A", "Goes to team A.")):
        entry = {"key": "money", "label": label, "description": described, "keywords": []}
        classifier = ThemeClassifier("static").fit(*taught, taxonomy=from_entries([entry]))
        trust[label] = classifier.described_.trust[0]
        assert "money" in dict(classifier.predict(["It became too expensive for us."])[0])
    assert trust["Pricing"] > trust["Team A"] + 0.2


def test_corrected_comments_say_how_a_theme_is_spoken_of_where_nothing_else_does():
    """A new theme known from corrections alone gets a level of its own, not that of the others."""
    texts, labels = [*TEXTS], [*LABELS]
    places = ("Germany", "France", "Canada", "Japan", "the EU", "Norway", "India", "Chile")
    new = [f"We need the data kept in {place}." for place in places]
    typical = [1.0] * len(texts) + [1 / 15] * len(new)
    classifier = ThemeClassifier("static").fit(
        [*texts, *new], [*labels, *[("region",)] * len(new)], typical=typical
    )
    assert "region" in dict(classifier.predict(["Is our data kept in Poland?"])[0])
