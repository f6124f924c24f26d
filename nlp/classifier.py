"""The theme classifier: several themes a text, calibrated, with a threshold each; may abstain.

Two linear models see a text. One has the sentence vector alone: it knows a theme taught in
another language. The other adds n-grams of words and characters: it is sharper, but blind in a
language it has no examples in. They are mixed theme by theme, by how many labelled examples the
text's own language has. A theme's description and keywords stand in until there are labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from nlp.calibration import (
    DEFAULT_SHARES,
    Calibration,
    fit_calibration,
    fit_thresholds,
    folds,
    to_probabilities,
)
from nlp.described import Described, keywords_of, wordings_of
from nlp.experts import (
    Expert,
    Levels,
    Views,
    best_of,
    encode_views,
    expert_arrays,
    expert_from,
    pool,
    views_of,
)
from nlp.features import (
    LanguageCentre,
    Ngrams,
    Unit,
    anchor_texts,
    anchors_from,
    encode_unique,
    nearest_pack,
    nearness_to_kin,
    whole_of,
)
from nlp.language import detect
from nlp.lending import ENOUGH_OWN, Lent, Loan, lend
from nlp.linear import Linear, Rows, balanced_weights, fit_linear
from nlp.packs import Comment
from nlp.taxonomy import Taxonomy, Theme
from nlp.text import Document, Span, read, read_many
from nlp.vectors import Encoder, load_encoder

Matrix = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
Prediction = tuple[tuple[str, float], ...]

# Of what is learnt. Raised when a stored model can no longer be read, or when the same lessons
# would now give other answers: then comments are analysed again.
FORMAT = 4
_TRUST_NGRAMS = 10.0  # labelled examples of a theme in a language: n-grams count half
_TRUST_LABELS = 4.0  # labelled examples of a theme: its description counts half
_FEW = 3  # positives below which a theme teaches nothing about calibration
_SPEAK_FOR = 10.0  # positives that say how comments about a theme usually are
_ENOUGH = 20  # positives, all themes together, from which calibration is learnt
_WEIGHTS_LIMIT = 2_500_000  # weights of one model; bounds memory with many themes
_EXPLAIN_TOKENS = 48
_WORDING_WEIGHT = 0.5  # of a description or keyword, beside a comment's 1
_LENT_WEIGHT = 0.5  # of a comment that was lent, likewise
_L2, _L2_SINGLE = 1.0, 0.1
_UNTAUGHT_CUT = 0.25  # where F1 is best for themes known by words and by what was lent to them


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the classifier thinks of one document.

    whole: (t,) probabilities; thresholds: (t,) in this language. clauses: spans of the text;
    by_clause: (c, t) probabilities.
    """

    whole: FloatArray
    thresholds: FloatArray
    clauses: tuple[Span, ...]
    by_clause: FloatArray


@dataclass(frozen=True, slots=True)
class Reason:
    """A piece of the text that speaks for (weight > 0) or against a theme, in log-odds."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Extra:
    """p texts that teach beside the labelled ones and are never asked about.

    The themes' own words, and comments lent to them. targets, weights: (p, t).
    """

    rows: Rows
    targets: FloatArray
    weights: FloatArray

    def joined(self, loan: Loan, ngrams: Ngrams) -> Extra:
        """These and what was lent."""
        units = [whole_of(read(c.text, language=c.language)) for c in loan.comments]
        return Extra(
            Rows(
                np.concatenate([self.rows.dense, loan.vectors]),
                vstack([self.rows.sparse, ngrams.transform(units)], format="csr"),
            ),
            np.concatenate([self.targets, loan.targets]),
            np.concatenate([self.weights, _LENT_WEIGHT * loan.weights]),
        )


class ThemeClassifier(BaseEstimator):
    """Multi-label (or, where each text has exactly one label, multinomial) theme classifier.

    encoder: an Encoder, its name, or None for the best there is.
    l2: penalty of both linear models; None for the usual one (1.0, and 0.1 where labels exclude
    each other: there each label's weights see few examples of their own).
    random_state: seeds the cross-validation folds.

    Learnt: keys_, single_label_, counts_ (language → labelled texts a theme), centre_, ngrams_,
    described_, by_vectors_ and by_all_ (the experts), levels_ (of languages without labels),
    training_size_.
    """

    def __init__(
        self,
        encoder: Encoder | str | None = None,
        *,
        l2: float | None = None,
        random_state: int = 0,
    ) -> None:
        self.encoder = encoder
        self.l2 = l2
        self.random_state = random_state

    # --- learning ---------------------------------------------------------------------------

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        languages: Sequence[str | None] | None = None,
        taxonomy: Taxonomy | None = None,
        weights: Sequence[float] | Sequence[Sequence[float]] | None = None,
        typical: Sequence[float] | None = None,
    ) -> ThemeClassifier:
        """Learn from n texts with any number of labels each, and from the taxonomy's words.

        1. Choose the themes: the taxonomy's in its order, then other labels by name.
        2. Read and encode the texts, the taxonomy's wordings and the anchors, each once.
        3. Train both models, out of fold to learn calibration and thresholds, then on all.

        weights: (n,), how much each text counts; or (n, t), how much it counts for each theme
        (several themes a text only): a person who speaks of one is silent on the others. typical:
        (n,), by how much less a text counts for calibration and thresholds, where it was picked
        for being hard. Without texts a taxonomy is required: themes
        are then found by description and keywords. Raises ValueError on unequal lengths and
        when there is neither label nor taxonomy.
        """
        targets, row_weights = self._validate(texts, labels, taxonomy, weights)
        known = languages if languages is not None else [detect(text) for text in texts]
        self.encoder_ = self._resolve_encoder()
        documents = read_many(list(texts), languages=list(known))
        self.single_label_ = bool(len(texts)) and bool((targets.sum(axis=1) == 1).all())
        self.single_label_ &= len(self.keys_) > 1
        self.training_size_ = len(texts)
        self.counts_ = _counts_by_language(targets, [d.language for d in documents])
        views = views_of(documents, with_clauses=not self.single_label_)
        vectors, extra, anchored = self._learn_space(views, taxonomy)
        share = np.ones(len(texts)) if typical is None else np.asarray(typical, dtype=np.float64)
        if share.shape != (len(texts),) or (share < 0).any():
            raise ValueError(f"typical: expected {len(texts)} numbers >= 0")
        self._learn_models(views, vectors, extra, targets, row_weights, share)
        self.levels_ = Levels({})
        if self.by_vectors_.linear is not None:
            self.levels_ = Levels.fit(self.by_vectors_.linear, anchored, self.counts_)
        return self

    def _validate(
        self,
        texts: Sequence[str],
        labels: Sequence[Sequence[str]],
        taxonomy: Taxonomy | None,
        weights: Sequence[float] | Sequence[Sequence[float]] | None,
    ) -> tuple[FloatArray, FloatArray]:
        if len(labels) != len(texts):
            raise ValueError(f"labels: expected {len(texts)} entries, got {len(labels)}")
        self.keys_ = _choose_keys(labels, taxonomy)
        if not self.keys_:
            raise ValueError("labels: expected at least one label, or a taxonomy with themes")
        place = {key: number for number, key in enumerate(self.keys_)}
        targets = np.zeros((len(texts), len(self.keys_)))
        for row, keys in enumerate(labels):
            targets[row, [place[key] for key in keys]] = 1.0
        mass = np.ones(len(texts)) if weights is None else np.asarray(weights, dtype=np.float64)
        if mass.shape not in {(len(texts),), targets.shape} or (mass < 0).any():
            raise ValueError(f"weights: expected {len(texts)} numbers >= 0, or as many a theme")
        return targets, mass

    def _resolve_encoder(self) -> Encoder:
        if self.encoder is None or isinstance(self.encoder, str):
            return load_encoder(self.encoder)
        return self.encoder

    def _learn_space(
        self, views: Views, taxonomy: Taxonomy | None
    ) -> tuple[Matrix, Extra, dict[str, Matrix]]:
        """Learn centre, n-grams and descriptions; give the units' vectors, extra rows, and the
        anchors' vectors by language.
        """
        themes = _themes_in_order(self.keys_, taxonomy)
        wordings = wordings_of(themes)
        anchors = anchor_texts()
        units = views.units
        raw = encode_views(
            self.encoder_,
            views,
            [*(w.text for w in wordings), *(anchor.text for anchor in anchors)],
            composed=self._composes,
        )
        n, p = len(units), len(wordings)
        whole_languages = [units[row].language for row in views.whole]
        apart = anchors_from(anchors, raw[n + p :])
        self.centre_ = LanguageCentre.fit(raw[views.whole], whole_languages, apart)
        vectors = self.centre_.apply(raw[:n], [u.language for u in units])
        described = self.centre_.apply(raw[n : n + p], [w.language for w in wordings])
        background = {
            name: self.centre_.apply(v, [name] * len(v)) for name, v in apart.parallel.items()
        }
        owner = np.array([w.theme for w in wordings], dtype=np.intp)
        self.described_ = Described.fit(described, owner, background, keywords_of(themes))
        read_before = {a.text: row for a, row in zip(anchors, raw[n + p :], strict=True)}
        loan = self._borrow({u.text for u in units}, read_before)
        if loan is not None:
            self.described_ = self.described_.with_loan(loan, background)
        pack = nearest_pack(
            nearness_to_kin(raw[views.whole], whole_languages, apart.kin), apart.kin
        )
        anchored = {
            name: self.centre_.apply(
                np.concatenate([rows, apart.alike[name], apart.kin.comments[name][pack]]),
                [name] * (len(rows) + len(apart.alike[name]) + len(apart.kin.comments[name][pack])),
            )
            for name, rows in apart.parallel.items()
        }
        limit = _WEIGHTS_LIMIT // len(self.keys_)
        self.ngrams_ = Ngrams().fit([units[row] for row in views.whole], max_features=limit)
        own = np.zeros((p, len(self.keys_)))
        own[np.arange(p), owner] = 1.0
        words = [whole_of(read(w.text, language=w.language)) for w in wordings]
        extra = Extra(
            Rows(described, self.ngrams_.transform(words)), own, np.full(own.shape, _WORDING_WEIGHT)
        )
        if loan is not None and len(views.whole):
            extra = extra.joined(loan, self.ngrams_)
        return vectors, extra, anchored

    def _borrow(self, known: set[str], encoded: Mapping[str, Matrix]) -> Loan | None:
        """Comments of the packs for themes with words but hardly any texts of their own.

        known: texts that are taught anyway; encoded: raw vectors (d,) of texts that have one.
        """
        labelled = sum(self.counts_.values(), np.zeros(len(self.keys_)))
        need = np.clip(1 - labelled / ENOUGH_OWN, 0, 1) * self.described_.known
        rows = dict(encoded)

        def encode(comments: Sequence[Comment]) -> Matrix:
            new = [c.text for c in comments if c.text not in rows]
            rows.update(zip(new, encode_unique(self.encoder_, new), strict=True))
            raw = np.stack([rows[c.text] for c in comments])
            return self.centre_.apply(raw, [c.language for c in comments])

        def ask(vectors: Matrix, comments: Sequence[Comment]) -> FloatArray:
            texts, languages = [c.text for c in comments], [c.language for c in comments]
            return self.described_.log_odds(vectors, texts, languages)

        return lend(need, encode, ask, known=frozenset(known))

    def _learn_models(
        self,
        views: Views,
        vectors: Matrix,
        extra: Extra,
        targets: FloatArray,
        weights: FloatArray,
        typical: FloatArray,
    ) -> None:
        """Out-of-fold scores → calibration and thresholds; then the models on everything."""
        plain = self._untaught()
        self.by_vectors_, self.by_all_ = plain, plain
        if not len(views.whole):
            return
        rows = Rows(vectors, self.ngrams_.transform(views.units))
        wording = best_of(views, self._described(views.units, vectors))
        self.described_ = self.described_.tried_on(wording, targets)
        described = self._described(views.units, vectors)
        whole = rows.take(views.whole)
        usual = typical[:, None] if self.single_label_ else _usual(targets, typical)
        used = (usual * targets).sum(axis=0) >= _FEW
        calibrated = [plain, plain]
        if targets[:, used].sum() >= _ENOUGH:
            unseen = self._out_of_fold(views, rows, described, extra, targets, weights)
            mass = usual * (weights if weights.ndim == 2 else weights[:, None])
            calibrated = [self._calibrate(scores, targets, mass, used) for scores in unseen]
        linears = self._train(whole, extra, targets, weights)
        self.by_vectors_, self.by_all_ = (
            replace(expert, linear=linear)
            for expert, linear in zip(calibrated, linears, strict=True)
        )

    def _untaught(self) -> Expert:
        t, single = len(self.keys_), self.single_label_
        shares = np.array(DEFAULT_SHARES)
        cut = 0.0 if single else _UNTAUGHT_CUT
        return Expert(None, Calibration(shares, np.zeros(t), single), np.full(t, cut))

    def _out_of_fold(
        self,
        views: Views,
        rows: Rows,
        described: FloatArray,
        extra: Extra,
        targets: FloatArray,
        weights: FloatArray,
    ) -> FloatArray:
        """Scores (2, 2, n, t): by both models, of each text by those that have not seen it."""
        texts = np.array([views.units[row].text for row in views.whole])
        count = 5 if len(texts) < 3000 else 3
        fold = folds(targets, texts, count=count, seed=self.random_state)
        whole = rows.take(views.whole)
        scores = np.zeros((2, 2, len(texts), targets.shape[1]))
        for number in range(count):
            seen, asked = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            if not len(asked) or not len(seen):
                continue
            linears = self._train(whole.take(seen), extra, targets[seen], weights[seen])
            for which, linear in enumerate(linears):
                mixed = self._with_descriptions(linear.decide(rows), described)
                scores[which][:, asked] = pool(views, mixed, described)[:, asked]
        return scores

    def _calibrate(
        self, unseen: FloatArray, targets: FloatArray, weights: FloatArray, used: npt.NDArray[Any]
    ) -> Expert:
        """Themes with too few texts of their own get the offset and cut of the others."""
        single = self.single_label_
        if single:
            used = np.ones_like(used)
        weights = weights.mean(axis=1) if single else weights[:, used]
        learnt = fit_calibration(unseen[:, :, used], targets[:, used], weights, single=single)
        offsets = np.full(len(self.keys_), float(np.mean(learnt.offsets)))
        offsets[used] = learnt.offsets
        calibration = Calibration(learnt.shares, offsets, single)
        chances = calibration.apply(unseen)
        cuts = fit_thresholds(chances[:, used], targets[:, used], weights, single=single)
        thresholds = np.full(len(self.keys_), float(np.median(cuts)))
        thresholds[used] = cuts
        return Expert(None, calibration, thresholds)

    def _train(
        self,
        whole: Rows,
        extra: Extra,
        targets: FloatArray,
        weights: FloatArray,
    ) -> tuple[Linear, Linear]:
        dense = np.concatenate([whole.dense, extra.rows.dense])
        sparse = vstack([whole.sparse, extra.rows.sparse], format="csr")
        wanted = np.concatenate([targets, extra.targets])
        single = self.single_label_
        l2 = self.l2 if self.l2 is not None else (_L2_SINGLE if single else _L2)
        if single:
            own = weights.mean(axis=1) if weights.ndim == 2 else weights
            of_target = (extra.weights * extra.targets).sum(axis=1)
            loss_weights = np.concatenate([own, of_target])[:, None]
        else:
            own = weights if weights.ndim == 2 else weights[:, None] * np.ones_like(targets)
            loss_weights = balanced_weights(wanted, np.concatenate([own, extra.weights]))
        none = csr_matrix((len(wanted), 0), dtype=np.float32)
        options: dict[str, Any] = {"weights": loss_weights, "softmax": single, "l2": l2}
        return (
            fit_linear(Rows(dense, none), wanted, **options),
            fit_linear(Rows(dense, sparse), wanted, **options),
        )

    # --- judging ----------------------------------------------------------------------------

    def predict_proba(
        self, texts: Sequence[str], *, languages: Sequence[str | None] | None = None
    ) -> FloatArray:
        """Probability of each theme in each text, shape (n, t), columns as in keys_."""
        self._check_fitted()
        documents = read_many(list(texts), languages=_listed(languages))
        return self._judge(documents, with_clauses=not self.single_label_)[0]

    def predict(
        self, texts: Sequence[str], *, languages: Sequence[str | None] | None = None
    ) -> list[Prediction]:
        """The themes of each text that reach their threshold, most probable first."""
        self._check_fitted()
        documents = read_many(list(texts), languages=_listed(languages))
        chances = self._judge(documents, with_clauses=not self.single_label_)[0]
        cuts = [self.thresholds(document.language) for document in documents]
        return [self.choose(row, cut) for row, cut in zip(chances, cuts, strict=True)]

    def thresholds(self, language: str | None) -> FloatArray:
        """The probability (t,) from which on a theme is assigned in a language."""
        trust = self._trust(language)
        mixed = (1 - trust) * self.by_vectors_.thresholds + trust * self.by_all_.thresholds
        return np.asarray(mixed)

    def choose(self, probabilities: FloatArray, thresholds: FloatArray) -> Prediction:
        """The themes of one text that reach their threshold; () is an abstention."""
        columns = np.argsort(-probabilities, kind="stable")
        if self.single_label_:
            columns = columns[:1]
        return tuple(
            (self.keys_[column], float(probabilities[column]))
            for column in columns
            if probabilities[column] >= thresholds[column]
        )

    def judge(self, documents: Sequence[Document]) -> list[Judgement]:
        """Whole comments and each of their clauses, with one call of the encoder for all."""
        self._check_fitted()
        whole, by_clause = self._judge(documents, with_clauses=True)
        found = []
        cuts = {name: self.thresholds(name) for name in {d.language for d in documents}}
        for document, chances, clauses in zip(documents, whole, by_clause, strict=True):
            spans = document.clauses if len(document.clauses) > 1 else (_extent(document),)
            found.append(Judgement(chances, cuts[document.language], spans, clauses))
        return found

    def explain(self, document: Document, theme: str) -> list[Reason]:
        """The words that decided, strongest first: how the log-odds fall when each is left out.

        Every feature takes part, so this is what the classifier does, not what it might think.
        Of a long text only the words of its most telling clause are tried. Raises KeyError on an
        unknown theme.
        """
        self._check_fitted()
        column = {key: number for number, key in enumerate(self.keys_)}[theme]
        judged = self.judge([document])[0]
        best = judged.clauses[int(judged.by_clause[:, column].argmax())]
        words = [t for t in document.tokens if not t.is_punct]
        if len(words) > _EXPLAIN_TOKENS:
            words = [t for t in words if best.start <= t.start < best.end][:_EXPLAIN_TOKENS]
        text = document.text
        without = [
            read(text[: word.start] + " " + text[word.end :], language=document.language)
            for word in words
        ]
        chances = self._judge([document, *without], with_clauses=not self.single_label_)[0]
        odds = _log_odds(chances[:, column])
        reasons = [
            Reason(word.start, word.end, float(odds[0] - other))
            for word, other in zip(words, odds[1:], strict=True)
        ]
        return sorted(reasons, key=lambda reason: -abs(reason.weight))

    def _judge(
        self, documents: Sequence[Document], *, with_clauses: bool
    ) -> tuple[FloatArray, list[FloatArray]]:
        views = views_of(documents, with_clauses=with_clauses)
        units = views.units
        raw = encode_views(self.encoder_, views, composed=self._composes)
        vectors = self.centre_.apply(raw, [unit.language for unit in units])
        rows = Rows(vectors, self.ngrams_.transform(units))
        described = self._described(units, vectors)
        by_language = {name: self._trust(name) for name in {unit.language for unit in units}}
        trust = np.array([by_language[unit.language] for unit in units]).reshape(described.shape)
        whole, alone = np.zeros((len(documents), len(self.keys_))), np.zeros(described.shape)
        for expert, share in ((self.by_vectors_, 1 - trust), (self.by_all_, trust)):
            mixed = described
            if expert.linear is not None:
                learnt = expert.linear.decide(rows)
                if expert is self.by_vectors_:
                    learnt = self.levels_.apply(learnt, [unit.language for unit in units])
                mixed = self._with_descriptions(learnt, described)
            pooled = pool(views, mixed, described)
            whole += share[views.whole] * expert.calibration.odds(pooled)
            alone += share * expert.calibration.odds(np.stack([mixed, described]))
        by_unit = to_probabilities(alone, single=self.single_label_)
        return (
            to_probabilities(whole, single=self.single_label_),
            [by_unit[index] for index in views.clauses],
        )

    @property
    def _composes(self) -> bool:
        """Whether a comment's vector is put together from those of its clauses: where the
        encoder is slow, and clauses are judged anyway.
        """
        return self.encoder_.is_slow and not self.single_label_

    def _trust(self, language: str | None) -> FloatArray:
        """How much n-grams count for each theme (t,): by its labelled texts in the language."""
        counts = self.counts_.get(language or "", np.zeros(len(self.keys_)))
        return np.asarray(counts / (counts + _TRUST_NGRAMS))

    def _described(self, units: Sequence[Unit], vectors: Matrix) -> FloatArray:
        texts, languages = [unit.text for unit in units], [unit.language for unit in units]
        return self.described_.log_odds(vectors, texts, languages)

    def _with_descriptions(self, learnt: FloatArray, described: FloatArray) -> FloatArray:
        """Learnt log-odds (u, t), leaning on the descriptions as far as labels are lacking."""
        labelled = sum(self.counts_.values(), np.zeros(len(self.keys_)))
        lacking = _TRUST_LABELS / (labelled + _TRUST_LABELS) * self.described_.known
        return np.asarray((1 - lacking) * learnt + lacking * described)

    # --- keeping ----------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """Everything learnt, as values for JSON and as arrays; the encoder is not part of it."""
        self._check_fitted()
        ngrams, arrays = self.ngrams_.state()
        described = self.described_
        counted, centred = sorted(self.counts_), sorted(self.centre_.centres)
        levels, mapped = sorted(self.described_.level), sorted(self.levels_.maps)
        meta = {
            "format": FORMAT,
            "keys": list(self.keys_),
            "single_label": self.single_label_,
            "training_size": self.training_size_,
            "l2": self.l2,
            "random_state": self.random_state,
            "ngrams": ngrams,
            "keywords": [list(words) for words in described.keywords],
            "counted": counted,
            "centred": centred,
            "levels": levels,
            "mapped": mapped,
        }
        arrays |= {f"map_{n}": self.levels_.maps[name] for n, name in enumerate(mapped)}
        arrays |= {f"counts_{n}": self.counts_[name] for n, name in enumerate(counted)}
        centres = self.centre_.centres
        arrays |= {f"centre_{n}": centres[name] for n, name in enumerate(centred)}
        arrays |= {
            "directions": self.centre_.directions,
            "prototypes": described.prototypes,
            "prototype_owner": described.owner,
            "prototype_trust": described.trust,
            **{f"level_{n}": described.level[name] for n, name in enumerate(levels)},
        }
        if described.lent is not None:
            arrays |= described.lent.state()
        for name, expert in (("vectors", self.by_vectors_), ("all", self.by_all_)):
            arrays |= {f"{name}_{part}": array for part, array in expert_arrays(expert).items()}
        return meta, arrays

    @classmethod
    def from_state(
        cls, meta: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], *, encoder: Encoder
    ) -> ThemeClassifier:
        """The reverse of `state`. Raises KeyError or ValueError on a state that is not one."""
        if meta["format"] != FORMAT:
            raise ValueError(f"format: expected {FORMAT}, got {meta['format']!r}")
        l2 = None if meta["l2"] is None else float(meta["l2"])
        self = cls(encoder, l2=l2, random_state=int(meta["random_state"]))
        self.encoder_ = encoder
        self.keys_ = tuple(str(key) for key in meta["keys"])
        self.single_label_ = bool(meta["single_label"])
        self.training_size_ = int(meta["training_size"])
        self.ngrams_ = Ngrams.from_state(meta["ngrams"], arrays)
        self.counts_ = {name: arrays[f"counts_{n}"] for n, name in enumerate(meta["counted"])}
        centres = {name: arrays[f"centre_{n}"] for n, name in enumerate(meta["centred"])}
        self.centre_ = LanguageCentre(centres, arrays["directions"])
        self.described_ = Described(
            arrays["prototypes"],
            arrays["prototype_owner"],
            {name: arrays[f"level_{n}"] for n, name in enumerate(meta["levels"])},
            tuple(tuple(words) for words in meta["keywords"]),
            arrays["prototype_trust"],
            Lent.from_state(arrays, meta["levels"]),
        )
        self.levels_ = Levels({name: arrays[f"map_{n}"] for n, name in enumerate(meta["mapped"])})
        self.by_vectors_ = expert_from(arrays, "vectors", single=self.single_label_)
        self.by_all_ = expert_from(arrays, "all", single=self.single_label_)
        return self

    def _check_fitted(self) -> None:
        if not hasattr(self, "keys_"):
            raise NotFittedError("ThemeClassifier: call fit before asking")


def _usual(targets: FloatArray, typical: FloatArray) -> FloatArray:
    """How much each text says (n, t) of how comments about a theme usually are.

    targets: (n, t) of 0 or 1; typical: (n,). Where hardly anything is typical, what there is has
    to do: everywhere if all texts were picked, in the texts of a theme if they were.
    """
    known = typical @ targets
    if known[known >= _FEW].sum() < _ENOUGH:
        return np.ones_like(targets)
    picked = np.maximum(targets.sum(axis=0), 1e-9)
    share = np.clip((_SPEAK_FOR - known) / picked, 0, 1)
    return np.where(targets > 0, np.maximum(typical[:, None], share), typical[:, None])


def _choose_keys(labels: Sequence[Sequence[str]], taxonomy: Taxonomy | None) -> tuple[str, ...]:
    first = [theme.key for theme in taxonomy.themes] if taxonomy is not None else []
    others = sorted({key for keys in labels for key in keys} - set(first))
    return (*first, *others)


def _themes_in_order(keys: Sequence[str], taxonomy: Taxonomy | None) -> list[Theme]:
    """The theme of each key; one without words where the taxonomy does not know it."""
    known = {theme.key: theme for theme in taxonomy.themes} if taxonomy is not None else {}
    return [
        known.get(key) or Theme(key=key, label={}, description={}, keywords={}, examples={})
        for key in keys
    ]


def _counts_by_language(
    targets: FloatArray, languages: Sequence[str | None]
) -> dict[str, FloatArray]:
    """How many texts of each language carry each theme."""
    counts: dict[str, FloatArray] = {}
    for language in sorted({name or "" for name in languages}):
        counts[language] = targets[[(name or "") == language for name in languages]].sum(axis=0)
    return counts


def _extent(document: Document) -> Span:
    """The comment without the spaces around it."""
    if document.clauses:
        return document.clauses[0]
    return Span(0, len(document.text))


def _log_odds(chances: FloatArray) -> FloatArray:
    safe = np.clip(chances, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(safe) - np.log1p(-safe))


def _listed(languages: Sequence[str | None] | None) -> list[str | None] | None:
    return None if languages is None else list(languages)
