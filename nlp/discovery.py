"""Themes that nobody defined: groups of comments that say alike, and say it more than before.

1. Comments become sentence vectors, moved to a centre that languages share, so that a group may
   hold comments in several (`nlp.features.LanguageCentre`).
2. Clumps are looked for in the comments of both periods together, blind to the period
   (`nlp.clumps`): a test of groups that were chosen because they had grown would be no test.
3. Balls around the clumps are scanned for more comments of the current period than chance
   explains, against permutations of the periods (`nlp.emergence`). In a quiet week anything at
   all is said with a chance of at most 2 %.
4. Without a baseline nothing can have grown. Then groups are told that lie closer together than
   any group does in vectors with the same spread but no groups: each principal component
   shuffled by itself (as in parallel analysis, Horn 1965, and the gap statistic, Tibshirani,
   Walther and Hastie 2001), Benjamini-Hochberg over the groups.
5. A group is named by its telling phrases in each of its languages (`nlp.telling`), and shown by
   its most central comments that do not say the same.

Same comments, same answer: their order and the seed of hashing play no part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from nlp.clumps import Matrix, Places, find_clumps, unit
from nlp.emergence import LEVEL, Ball, emerging_balls
from nlp.features import LanguageCentre, anchor_texts, anchors_from, encode_unique
from nlp.language import detect
from nlp.telling import telling_phrases
from nlp.text import Document, read
from nlp.vectors import Encoder

FEWEST_COMMENTS = 30  # of a period, with words in them
SAME_THEME = 0.75  # cosine of centres from which two groups are about one thing
_EXAMPLES = 5
_REPETITION = 0.95  # cosine from which one example says what another one says
_COVERED = 2 / 3  # share of a group that carries one theme already: nothing new
_LANGUAGE_SHARE = 0.15  # of a group, from which a language gets its own phrases
_LANGUAGE_FEWEST = 2
_BACKGROUND = 2_000  # comments of a language that phrases are told from
_NAMED_FROM = 500  # comments of a group that are read for its name
_READ_CHARACTERS = 2_000
_Z = 1.959964

# Without a baseline:
_NULL_GROUPS = 2_000  # that chance makes, to compare with
_NULL_DRAWS = (5, 100)  # at least, at most
_MOST_STANDING = 20
_FEWEST_TOGETHER = 5
_NULL_SHARE = 0.999  # of chance vectors lie farther from a centre than members may


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it is looked at. language None: found out. themes: keys it carries already."""

    text: str
    language: str | None = None
    themes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Growth:
    """Share of the theme in the current period over its share in the baseline.

    With 95 % limits (Katz on logarithms, half a comment added to each count, so that a theme
    nobody had mentioned has a growth, too). Of themes that were found because they grew it is
    on the high side.
    """

    ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EmergingTheme:
    """A group of comments. members, examples: places in `current`, the most central first.

    labels and terms: by language, most frequent language first. before: comments of the
    baseline in it, None without one, as growth. p_value: of the current period being so strong
    in it (without a baseline: of the group being so close) by chance alone, adjusted for
    everything that was looked at. covered_by: a theme that most of it carries already. centre:
    to tell the group again, with the same encoder.
    """

    labels: Mapping[str, str]
    terms: Mapping[str, tuple[str, ...]]
    size: int
    before: int | None
    growth: Growth | None
    p_value: float
    members: tuple[int, ...]
    examples: tuple[int, ...]
    languages: Mapping[str, int]
    centre: Matrix
    covered_by: str | None = None

    @property
    def label(self) -> str:
        """The name in the language that most of it is in."""
        return next(iter(self.labels.values()), "")

    @property
    def all_terms(self) -> list[str]:
        """Phrases of all its languages, those of the largest first."""
        return [term for terms in self.terms.values() for term in terms]


def discover(
    current: Sequence[Comment],
    baseline: Sequence[Comment] | None = None,
    *,
    encoder: Encoder,
    seed: int = 0,
    level: float = LEVEL,
) -> list[EmergingTheme]:
    """Themes that emerge in the current period, surest first; with no baseline, the largest first.

    Of fewer than 30 comments with words in either period nothing is said. level: chance of saying
    anything where nothing changed; of what is said without a baseline, the share by chance.
    """
    pool = _pool(current, baseline or (), encoder, seed)
    now = int(pool.is_current.sum())
    if now < FEWEST_COMMENTS:
        return []
    random = np.random.default_rng(seed)
    if baseline is None:
        groups = _standing_out(pool, random, level)
    elif len(pool.vectors) - now < FEWEST_COMMENTS:
        return []
    else:
        clumps = find_clumps(pool.vectors, pool.languages, random)
        groups = emerging_balls(
            pool.vectors, pool.languages, pool.is_current, clumps, random, level=level
        )
    names = _Names(pool)
    compared = baseline is not None
    found = [_described(group, pool, names, compared=compared) for group in _joined(groups)]
    if not compared:
        found.sort(key=lambda theme: (-theme.size, theme.p_value, theme.members))
    return found


# --- the comments of both periods -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pool:
    """Comments with words in an order of their own. place: where they stand in their period."""

    comments: Sequence[Comment]
    languages: Sequence[str | None]
    vectors: Matrix
    is_current: npt.NDArray[np.bool_]
    place: Places


def _pool(
    current: Sequence[Comment], baseline: Sequence[Comment], encoder: Encoder, seed: int
) -> _Pool:
    """Sorted by what they say, then shuffled with the seed.

    Sorting makes the order in which they came play no part; shuffling makes the period play
    none in which of two equal comments is taken first.
    """
    everything = [(c, True, place) for place, c in enumerate(current)]
    everything += [(c, False, place) for place, c in enumerate(baseline)]
    everything.sort(key=lambda each: (each[0].text, each[0].language or "", not each[1]))
    shuffled = np.random.default_rng(seed).permutation(len(everything))
    rows = [everything[number] for number in shuffled]
    guessed = {c.text: detect(c.text) for c, _, _ in rows if c.language is None}
    languages = [c.language or guessed.get(c.text) for c, _, _ in rows]
    raw = encode_unique(encoder, [c.text for c, _, _ in rows])
    full = np.flatnonzero(raw.any(axis=1))
    kept = [languages[number] for number in full]
    texts = anchor_texts()
    anchors = anchors_from(texts, encode_unique(encoder, [anchor.text for anchor in texts]))
    vectors = raw[full]
    if len(full):
        vectors = LanguageCentre.fit(vectors, kept, anchors).apply(vectors, kept)
    return _Pool(
        comments=[rows[number][0] for number in full],
        languages=kept,
        vectors=vectors,
        is_current=np.array([rows[number][1] for number in full], dtype=bool),
        place=np.array([rows[number][2] for number in full], dtype=np.int64),
    )


# --- without a baseline ---------------------------------------------------------------------


def _standing_out(pool: _Pool, random: np.random.Generator, level: float) -> list[Ball]:
    """Groups that lie closer together than chance makes any, disjoint, the closest first."""
    clumps = find_clumps(pool.vectors, pool.languages, random)
    if not len(clumps.centres):
        return []
    by_chance: dict[int, list[float]] = {}
    reach = 0.0
    wanted = -(-_NULL_GROUPS // len(clumps.centres))
    for _ in range(min(max(wanted, _NULL_DRAWS[0]), _NULL_DRAWS[1])):
        without = _without_groups(pool.vectors, random)
        drawn = find_clumps(without, [None] * len(without), random)
        levels = len(np.unique(drawn.group))
        for group, density in zip(drawn.group.tolist(), drawn.density.tolist(), strict=True):
            by_chance.setdefault(group, []).append(density)
        similar = drawn.centres @ without.T
        reach = max(reach, float(np.quantile(similar, _NULL_SHARE)))
    tongues = len(np.unique([language or "" for language in pool.languages]))
    chance = np.array([
        _beaten(by_chance[min(group // tongues, levels - 1)], density)
        for group, density in zip(clumps.group.tolist(), clumps.density.tolist(), strict=True)
    ])  # fmt: skip
    from scipy.stats import false_discovery_control  # 30 MB, and only here

    adjusted = false_discovery_control(chance)
    order = np.lexsort((-clumps.density, clumps.rank, adjusted))
    taken = np.zeros(len(pool.vectors), dtype=bool)
    found: list[Ball] = []
    for place in order:
        if adjusted[place] > level or len(found) == _MOST_STANDING:
            break
        centre = clumps.centres[place]
        similarity = pool.vectors @ centre
        near = np.flatnonzero((similarity >= reach) & ~taken)
        if len(near) >= _FEWEST_TOGETHER:
            members = near[np.argsort(-similarity[near], kind="stable")]
            taken[members] = True
            found.append(Ball(centre, members, float(adjusted[place])))
    return found


def _without_groups(vectors: Matrix, random: np.random.Generator) -> Matrix:
    """Vectors of the same spread in each principal direction, but nothing that goes together."""
    centre = vectors.mean(axis=0)
    directions = np.linalg.eigh(np.cov(vectors - centre, rowvar=False))[1].astype(np.float32)
    scores = (vectors - centre) @ directions
    return unit(random.permuted(scores, axis=0) @ directions.T + centre)


def _beaten(drawn: Sequence[float], value: float) -> float:
    """Share of chance groups that are as close, counting this one."""
    return (1 + sum(each >= value for each in drawn)) / (1 + len(drawn))


# --- what is told of a group ----------------------------------------------------------------


def _joined(groups: Iterable[Ball]) -> list[Ball]:
    """Groups about one thing as one, the first of them giving its name."""
    whole: list[Ball] = []
    for group in groups:
        for number, other in enumerate(whole):
            if float(other.centre @ group.centre) >= SAME_THEME:
                members = np.concatenate([other.members, group.members])
                whole[number] = replace(other, members=members)
                break
        else:
            whole.append(group)
    return whole


def _described(group: Ball, pool: _Pool, names: _Names, *, compared: bool) -> EmergingTheme:
    mine = group.members[pool.is_current[group.members]]
    size, before = len(mine), len(group.members) - len(mine)
    now = int(pool.is_current.sum())
    terms = names.terms(group.members)
    counted = Counter(pool.languages[place] or "" for place in mine)
    themes = Counter(key for place in mine for key in sorted(pool.comments[place].themes))
    key, carried = themes.most_common(1)[0] if themes else (None, 0)
    return EmergingTheme(
        labels={language: _label(phrases) for language, phrases in terms.items() if phrases},
        terms=terms,
        size=size,
        before=before if compared else None,
        growth=growth_of(size, now, before, len(pool.vectors) - now) if compared else None,
        p_value=group.p_value,
        members=tuple(pool.place[mine].tolist()),
        examples=tuple(pool.place[_examples(mine, pool)].tolist()),
        languages=dict(sorted(counted.items(), key=lambda each: (-each[1], each[0]))),
        centre=group.centre,
        covered_by=key if carried > _COVERED * size else None,
    )


def growth_of(size: int, now: int, before: int, earlier: int) -> Growth:
    """How the share size / now compares with before / earlier; see Growth.

    >>> growth_of(12, 400, 3, 400).ratio.__round__(2)
    3.57
    """
    a, b = size + 0.5, before + 0.5
    n, m = now + 0.5, earlier + 0.5
    logarithm = np.log(a / n) - np.log(b / m)
    width = _Z * np.sqrt(max(0.0, 1 / a - 1 / n + 1 / b - 1 / m))
    low, ratio, high = np.exp([logarithm - width, logarithm, logarithm + width]).tolist()
    return Growth(ratio, low, high)


def _label(phrases: Sequence[str]) -> str:
    """One phrase of several words says enough; single words need one another."""
    first = phrases[0]
    if len(first.split()) > 1 or len(phrases) == 1:
        return first
    return f"{first} / {phrases[1]}"


def _examples(members: Places, pool: _Pool) -> list[int]:
    """The most central ones that do not repeat one another, of each language as many as is fair."""
    counted = Counter(pool.languages[place] for place in members)
    seen: Counter[str | None] = Counter()
    turns = []
    for order, place in enumerate(members.tolist()):
        language = pool.languages[place]
        turns.append(((seen[language] + 0.5) / counted[language], order, place))
        seen[language] += 1
    chosen: list[int] = []
    for _, _, place in sorted(turns):
        if not chosen or float((pool.vectors[chosen] @ pool.vectors[place]).max()) < _REPETITION:
            chosen.append(place)
        if len(chosen) == _EXAMPLES:
            break
    return chosen


class _Names:
    """Phrases of groups. Comments are read once, and only where there is a group to name."""

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool
        self._read: dict[int, Document] = {}

    def terms(self, members: Places) -> dict[str, tuple[str, ...]]:
        """Phrases by language, that of most members first; of languages that matter in it."""
        shown = members[:_NAMED_FROM].tolist()
        counted = Counter(self._pool.languages[place] or "" for place in shown)
        found: dict[str, tuple[str, ...]] = {}
        for language, count in sorted(counted.items(), key=lambda each: (-each[1], each[0])):
            if found and (count < _LANGUAGE_FEWEST or count < _LANGUAGE_SHARE * len(shown)):
                continue
            inside = [place for place in shown if (self._pool.languages[place] or "") == language]
            outside = self._background(language, set(members.tolist()))
            phrases = telling_phrases(self._documents(inside), self._documents(outside))
            found[language or "und"] = tuple(phrases)
        return found

    def _background(self, language: str, without: set[int]) -> list[int]:
        """Comments are in no order, so the first of them are a sample."""
        places = (
            place
            for place, name in enumerate(self._pool.languages)
            if (name or "") == language and place not in without
        )
        return list(islice(places, _BACKGROUND))

    def _documents(self, places: Sequence[int]) -> list[Document]:
        for place in places:
            if place not in self._read:
                text = self._pool.comments[place].text[:_READ_CHARACTERS]
                self._read[place] = read(text, language=self._pool.languages[place])
        return [self._read[place] for place in places]
