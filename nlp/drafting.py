"""What a classifier would say if a theme were described in other words, before it is taught.

Only the evidence of descriptions and keywords follows the draft; what was learnt from comments
stays. That is all that changes at once: of themes with many examples it is little.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np

from nlp.classifier import ThemeClassifier
from nlp.described import Described, keywords_of, wordings_of
from nlp.features import anchor_texts, anchors_from, encode_unique
from nlp.taxonomy import Taxonomy, Theme


def in_other_words(classifier: ThemeClassifier, taxonomy: Taxonomy) -> ThemeClassifier:
    """A copy of a fitted classifier with the descriptions of this taxonomy.

    Themes that the classifier does not know are left out: it has no column for them.
    """
    known = {theme.key: theme for theme in taxonomy.themes}
    themes = [
        known.get(key) or Theme(key=key, label={}, description={}, keywords={}, examples={})
        for key in classifier.keys_
    ]
    wordings, anchors = wordings_of(themes), anchor_texts()
    raw = encode_unique(
        classifier.encoder_, [*(w.text for w in wordings), *(a.text for a in anchors)]
    )
    count, centre = len(wordings), classifier.centre_
    apart = anchors_from(anchors, raw[count:])
    changed = copy.copy(classifier)
    words = Described.fit(
        centre.apply(raw[:count], [w.language for w in wordings]),
        np.array([w.theme for w in wordings], dtype=np.intp),
        {name: centre.apply(v, [name] * len(v)) for name, v in apart.parallel.items()},
        keywords_of(themes),
    )
    # What examples told of the themes stands: only their words are other ones.
    before = classifier.described_
    changed.described_ = replace(words, trust=before.trust, lent=before.lent)
    return changed
