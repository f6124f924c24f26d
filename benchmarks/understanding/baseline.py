"""What anybody would try first: n-grams and a logistic regression, nothing tuned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MultiLabelBinarizer

from nlp.evaluate import Line
from nlp.text import read


def plain_answers(train: Sequence[Line], test: Sequence[Line]) -> list[set[str]]:
    """The labels that a plain classifier gives to each of n lines.

    TF-IDF of one and two words and of one to three characters; a logistic regression for each
    label, classes weighted by how rare they are; a label from an even chance on.
    """
    binarizer = MultiLabelBinarizer()
    targets = binarizer.fit_transform([line.labels for line in train])
    model = make_pipeline(
        make_union(
            TfidfVectorizer(analyzer=_words, sublinear_tf=True),
            TfidfVectorizer(
                preprocessor=lambda line: line.text.lower(),
                analyzer="char",
                ngram_range=(1, 3),
                sublinear_tf=True,
            ),
        ),
        OneVsRestClassifier(LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000)),
    )
    model.fit(train, targets)
    said = np.asarray(model.predict(test))
    keys = np.array(binarizer.classes_)
    return [set(keys[row.astype(bool)].tolist()) for row in said]


def _words(line: Line) -> list[str]:
    """Words and pairs of them; what is a word in Japanese the product's tokeniser says."""
    words = [t.text.lower() for t in read(line.text, language=line.language).tokens]
    return [*words, *(f"{a} {b}" for a, b in pairwise(words))]
