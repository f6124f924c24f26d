"""Words and phrases that tell some comments from the others.

Log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn, "Fightin' Words",
Political Analysis 16, 2008) over lemmas and runs of two and three of them, counted once a
comment: the prior is how common a phrase is in all comments, so that neither a rare word nor a
very common one wins by chance.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from nlp.text import Document, Token

MOST = 8
_PRIOR = 20.0  # comments' worth of trust in the common frequencies
_LONGEST = 3  # lemmas in a phrase
_FEWEST = 2  # comments in which a phrase must stand
_SHARE = 0.1  # of the comments that are to be named, likewise
_SAME_PLACES = 0.6  # of a word's comments have the longer phrase: the longer one names it
_WORDLESS = frozenset((
    "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NUM", "PART", "PRON", "PUNCT", "SCONJ", "SYM",
    "SPACE",
))  # fmt: skip
# Japanese verbs and nouns that every sentence may have and that name nothing.
_EMPTY = frozenset((
    "する", "為る", "成る", "なる", "有る", "ある", "居る", "いる", "出来る", "できる", "思う",
    "事", "こと", "物", "もの", "の", "様", "よう", "為", "ため", "言う", "いう", "因る", "よる",
    "来る", "行く", "見る", "くる", "いく", "みる", "無い", "ない", "良い", "よい", "いい",
    "此の", "其の", "此れ", "其れ", "方", "時", "所", "訳", "筈", "下さる", "貰う", "呉れる",
    "仕舞う", "付く", "又", "迚も", "余り", "少し", "本当", "今回",
))  # fmt: skip

_TELLING = 1.0  # standard deviations; less is no difference worth naming

Phrase = tuple[str, ...]


def telling_phrases(
    inside: Sequence[Document], others: Sequence[Document], *, most: int = MOST
) -> list[str]:
    """Phrases as people wrote them, the most telling first; of documents in one language.

    inside: the comments to be named, others: what they are to be told from. Empty where nothing
    is commoner inside.
    """
    within = [_phrases(document) for document in inside]
    counts = Counter(phrase for found in within for phrase in found)
    background = Counter(phrase for document in others for phrase in _phrases(document))
    fewest = max(_FEWEST, math.ceil(_SHARE * len(inside))) if len(inside) > 2 else 1
    scores = {
        phrase: _z(count, len(inside), background[phrase], len(others))
        for phrase, count in counts.items()
        if count >= fewest
    }
    # With little to be told from, what is common inside is the best name there is.
    least = _TELLING if len(others) >= len(inside) else 0.0
    ranked = sorted(
        (phrase for phrase, score in scores.items() if score >= least),
        key=lambda phrase: (-scores[phrase], -len(phrase), phrase),
    )
    chosen = _without_parts(ranked, counts, most)
    written: dict[Phrase, Counter[str]] = defaultdict(Counter)
    for found in within:
        for phrase in chosen:
            if phrase in found:
                written[phrase][found[phrase]] += 1
    return list(dict.fromkeys(_commonest(written[phrase]) for phrase in chosen))


def _commonest(written: Counter[str]) -> str:
    return min(written.items(), key=lambda each: (-each[1], each[0]))[0]


def _z(count: int, n: int, other: int, m: int) -> float:
    """Difference of the log-odds inside and outside, in standard deviations."""
    common = (count + other + 0.5) / (n + m + 1)
    prior = _PRIOR * common
    a, b = count + prior, other + prior
    rest_a, rest_b = n + _PRIOR - a, m + _PRIOR - b
    if min(rest_a, rest_b) <= 0:
        rest_a, rest_b = max(rest_a, 0.5), max(rest_b, 0.5)
    difference = math.log(a / rest_a) - math.log(b / rest_b)
    return difference / math.sqrt(1 / a + 1 / b)


def _without_parts(ranked: Sequence[Phrase], counts: Counter[Phrase], most: int) -> list[Phrase]:
    """The best phrases, none of which says again what another one says."""
    chosen: list[Phrase] = []
    for phrase in ranked:
        if any(_part_of(phrase, other) for other in chosen):
            continue
        longer = [
            other
            for other in ranked
            if _part_of(phrase, other) and counts[other] >= _SAME_PLACES * counts[phrase]
        ]
        best = longer[0] if longer else phrase
        chosen = [other for other in chosen if not _part_of(other, best)]
        if best not in chosen:
            chosen.append(best)
        if len(chosen) == most:
            break
    return chosen


def _part_of(short: Phrase, long: Phrase) -> bool:
    return len(short) < len(long) and any(
        long[start : start + len(short)] == short for start in range(len(long) - len(short) + 1)
    )


def _phrases(document: Document) -> dict[Phrase, str]:
    """Lemmas of each phrase and how it stands in the text, at its first place."""
    found: dict[Phrase, str] = {}
    for run in _runs(document.tokens):
        for start in range(len(run)):
            for end in range(start + 1, min(start + _LONGEST, len(run)) + 1):
                piece = run[start:end]
                if _says_something(piece[0]) and _says_something(piece[-1]):
                    lemmas = tuple(token.lemma for token in piece)
                    found.setdefault(lemmas, _written(document, piece))
    return found


def _written(document: Document, piece: Sequence[Token]) -> str:
    """As it stands in the text; a Japanese verb or adjective at the end in its dictionary form,
    since what is cut off after its stem is no word.
    """
    last = piece[-1]
    if document.language != "ja":
        text = document.text[piece[0].start : last.end].lower()
    elif last.pos in ("VERB", "ADJ"):
        text = document.text[piece[0].start : last.start] + last.lemma
    else:
        text = document.text[piece[0].start : last.end]
    return " ".join(text.split())


def _runs(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Tokens between punctuation."""
    run: list[Token] = []
    for token in tokens:
        if token.is_punct or not token.lemma.strip():
            yield run
            run = []
        else:
            run.append(token)
    yield run


def _says_something(token: Token) -> bool:
    if token.is_stop or token.pos in _WORDLESS or token.lemma in _EMPTY:
        return False
    if not any(character.isalpha() for character in token.lemma):
        return False
    return len(token.lemma) > 1 or not token.lemma.isascii()
