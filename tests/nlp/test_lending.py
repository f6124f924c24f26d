"""Themes without comments of their own borrow those of the starter packs."""

import numpy as np
import pytest

from nlp.classifier import ThemeClassifier
from nlp.lending import ENOUGH_OWN, Lent, Loan, lend
from nlp.packs import Comment, comments
from nlp.taxonomy import from_entries

MONEY = {
    "key": "money",
    "label": "Value for money",
    "description": "What it costs, price increases, fees, discounts.",
    "keywords": ["price", "expensive", "cost"],
}
PHONE = {
    "key": "phone",
    "label": "Mobile app",
    "description": "The app for phones and tablets.",
    "keywords": ["app", "phone", "tablet"],
}
NEITHER = {
    "key": "choir",
    "label": "Choir rehearsals",
    "description": "Singing together, the conductor, scores and voices.",
    "keywords": ["choir", "singing", "conductor"],
}


def asked(odds):
    """An `Ask` that knows the log-odds (t,) of each group; far below zero elsewhere."""

    def ask(vectors, asked_about):
        assert len(vectors) == len(asked_about)
        low = np.full(len(next(iter(odds.values()))), -4.0)
        return np.array([odds.get(c.group, low) for c in asked_about])

    return ask


def encode(asked_about):
    return np.ones((len(asked_about), 2), dtype=np.float32)


def test_comments_come_from_the_theme_whose_comments_the_words_lift():
    pricing = ("b2b_saas", "pricing")
    ask = asked({pricing: np.array([1.0, -4.0])})
    loan = lend(np.ones(2), encode, ask, known=frozenset())
    assert loan is not None
    own = np.array([c.group == pricing for c in loan.comments])
    assert {c.language for c in loan.comments} == {"en", "ja"}
    assert (loan.targets[own] == [1.0, 0.0]).all()
    assert (loan.weights == [1.0, 1.0]).all()


def test_comments_about_other_things_come_from_the_same_pack():
    pricing = ("b2b_saas", "pricing")
    loan = lend(np.ones(1), encode, asked({pricing: np.array([1.0])}), known=frozenset())
    assert loan is not None
    others = [c for c, lent in zip(loan.comments, loan.targets[:, 0], strict=True) if not lent]
    assert len({c.group for c in others}) == 17
    assert {c.group[0] for c in others} == {"b2b_saas"}


def test_a_theme_that_the_comments_may_be_about_as_well_is_left_open():
    ask = asked({("b2b_saas", "pricing"): np.array([1.0, -2.0])})
    loan = lend(np.ones(2), encode, ask, known=frozenset())
    assert loan is not None
    lent = loan.targets[:, 0] == 1
    assert (loan.weights[lent, 0] == 1).all()
    assert (loan.weights[lent, 1] == 0).all()


def test_the_more_comments_a_theme_has_the_less_it_is_lent():
    ask = asked({("b2b_saas", "pricing"): np.array([1.0, -4.0])})
    half = lend(np.array([0.5, 1.0]), encode, ask, known=frozenset())
    assert half is not None
    assert (half.weights[half.targets[:, 0] == 1, 0] == 0.5).all()
    assert lend(np.array([0.0, 1.0]), encode, ask, known=frozenset()) is None
    assert lend(np.zeros(2), encode, ask, known=frozenset()) is None


def test_nothing_is_lent_where_no_comments_stand_out():
    ask = asked({("b2b_saas", "pricing"): np.array([-2.6, -4.0])})
    assert lend(np.ones(2), encode, ask, known=frozenset()) is None


def test_of_several_packs_the_one_that_knows_most_themes_counts_most():
    ask = asked(
        {
            ("b2b_saas", "pricing"): np.array([1.0, -4.0]),
            ("b2b_saas", "mobile"): np.array([-4.0, 1.0]),
            ("hospitality", "value"): np.array([1.0, -4.0]),
        }
    )
    loan = lend(np.ones(2), encode, ask, known=frozenset())
    assert loan is not None
    weight = {c.group: w for c, w in zip(loan.comments, loan.weights[:, 0], strict=True)}
    assert weight["b2b_saas", "pricing"] == 1
    assert weight["hospitality", "value"] == 0.25


def test_comments_that_are_taught_anyway_are_not_lent_again():
    group = ("b2b_saas", "pricing")
    ask = asked({group: np.array([1.0])})
    texts = [c.text for c in comments() if c.group == group]
    loan = lend(np.ones(1), encode, ask, known=frozenset(texts[1:]))
    assert loan is not None
    assert [c.text for c in loan.comments if c.group == group] == texts[:1]
    assert lend(np.ones(1), encode, ask, known=frozenset(texts)) is None


def test_what_was_lent_joins_only_the_themes_it_was_lent_to():
    generator = np.random.default_rng(5)
    vectors = generator.normal(size=(40, 6)).astype(np.float32)
    targets = np.zeros((40, 2))
    targets[:, 0] = vectors[:, 0] > 0
    comment = Comment("", "en", ("a", "b"), 0)
    loan = Loan((comment,) * 40, vectors, targets, np.ones((40, 2)) * [1.0, 0.0])
    lent = Lent.fit(loan, {"": generator.normal(size=(50, 6)).astype(np.float32)})
    z = generator.normal(size=(40, 2))
    joined = lent.join(z, vectors, ["en"] * 40)
    assert np.array_equal(joined[:, 1], z[:, 1])
    assert np.corrcoef(joined[:, 0], targets[:, 0])[0, 1] > 0.7
    again = Lent.from_state(lent.state(), [""])
    assert again is not None
    assert np.array_equal(again.join(z, vectors, [None] * 40), joined)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Our budget was cut and finance asked what we get for it.", "en"),
        ("コストに見合わない", "ja"),
    ],
)
def test_words_that_no_description_names_are_found(text, language):
    """Said of money by customers, but not by whoever described the theme."""
    classifier = ThemeClassifier("static").fit([], [], taxonomy=from_entries([MONEY, PHONE]))
    money, phone = classifier.predict_proba([text], languages=[language])[0]
    assert money > classifier.thresholds(language)[0] > phone


def test_a_theme_that_the_packs_do_not_know_stays_with_its_words():
    classifier = ThemeClassifier("static").fit([], [], taxonomy=from_entries([MONEY, NEITHER]))
    lent = classifier.described_.lent
    assert lent is not None
    assert lent.share[0] > 0
    assert lent.share[1] == 0


def test_a_theme_with_enough_comments_of_its_own_is_lent_nothing():
    texts = [f"Number {n} costs too much." for n in range(ENOUGH_OWN)]
    classifier = ThemeClassifier("static").fit(
        texts, [("money",)] * ENOUGH_OWN, taxonomy=from_entries([MONEY])
    )
    assert classifier.described_.lent is None
