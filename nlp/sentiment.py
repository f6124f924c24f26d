"""Praise or blame, of a whole comment or of one clause in it.

A lexicon and rules rather than a model: no labelled comments are needed, the same words always
give the same answer, and a person can see why. Clauses are judged apart, so that "the UI is
good but support is slow" is praise, then blame, and as a whole mixed.
"""

import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from nlp.lexicon import words_of
from nlp.polarity import opinions
from nlp.text import Document, Span, Token

_POSITIVE_SIGNS = re.compile(
    r"[😀😃😄😁😊🙂😍🥰😘🤩👍👏🙌🎉💯❤♥💕💖😎🥳💪⭐🌟👌😻☺✨🤗😇]|(?<!\w)[:;]-?[)D]|\^_?\^|[(]笑[)]|♪"
)
_NEGATIVE_SIGNS = re.compile(
    r"[😞😟😠😡🤬😢😭😤👎💩😒🙁☹😩😫😖😣🤮🤢💔😑🙄😔😕👿😨😰]|(?<!\w):'?-?[(]|[(](?:泣|怒|涙)[)]"
)
_START, _END = attrgetter("start"), attrgetter("end")
_SIGN = 0.5
_EXCLAMATION = 1.15
_SOFTENING = 0.6  # an opinion of 0.6 scores 0.61, two of them 0.84; never beyond 1
_CLEAR = 0.3  # scores nearer to 0 are called neutral
_STRONG = 0.35  # what praise and blame must reach, in different clauses, to be mixed
_STRONG_TOGETHER = 0.55  # the same within one clause, where the words may belong together
Opinion = tuple[float, float]  # praise and blame, both >= 0

_LEAST_SHARE = 0.35  # of the weaker side against the stronger: one aside is not mixed


@dataclass(frozen=True, slots=True)
class Sentiment:
    """label: positive, neutral, negative or mixed; score: -1 (blame) to 1 (praise)."""

    label: str
    score: float


def sentiment(
    document: Document, span: Span | None = None, *, known: dict[Span, Opinion] | None = None
) -> Sentiment:
    """Sentiment of a comment, or of the clauses a span of it touches.

    known: what was found in clauses of this document before; whoever asks about a comment and
    then about its themes hands in the same dict, and each clause is read once.

    English and Japanese are understood; of other languages only emoji. A comment with clear
    praise in one place and clear blame in another is mixed. Without an opinion: neutral, 0.0.

    >>> from nlp.text import read
    >>> sentiment(read("The UI is great but support is terribly slow.", language="en")).label
    'mixed'
    """
    known = {} if known is None else known
    found = []
    for clause in _clauses(document, span):
        if clause not in known:
            known[clause] = _opinion(document, clause)
        found.append(known[clause])
    score = _score(sum(praise - blame for praise, blame in found))
    if _is_mixed(found):
        return Sentiment("mixed", score)
    if abs(score) < _CLEAR:
        return Sentiment("neutral", score)
    return Sentiment("positive" if score > 0 else "negative", score)


def _is_mixed(found: Sequence[Opinion]) -> bool:
    """Whether one clause praises and another blames, or one does both loudly."""
    if any(_balanced(praise, blame, least=_STRONG_TOGETHER) for praise, blame in found):
        return True
    praise = sum(max(0.0, praise - blame) for praise, blame in found)
    blame = sum(max(0.0, blame - praise) for praise, blame in found)
    return _balanced(praise, blame, least=_STRONG)


def _balanced(praise: float, blame: float, *, least: float) -> bool:
    weaker, stronger = sorted((praise, blame))
    return weaker >= max(least, _LEAST_SHARE * stronger)


def _score(total: float) -> float:
    """Opinions added up, brought into -1..1. Shape: Hutto & Gilbert, VADER, ICWSM 2014."""
    return round(total / math.sqrt(total * total + _SOFTENING), 4)


def _clauses(document: Document, span: Span | None) -> Iterator[Span]:
    """The clauses, or the parts of them within a span."""
    for clause in document.clauses or (Span(0, len(document.text)),):
        if span is None:
            yield clause
        elif clause.start < span.end and span.start < clause.end:
            yield Span(max(clause.start, span.start), min(clause.end, span.end))


def _opinion(document: Document, clause: Span) -> Opinion:
    """Praise and blame in one clause, both >= 0."""
    text = unicodedata.normalize("NFKC", document.text[clause.start : clause.end])
    text = text.strip().lower().replace("’", "'")
    found = [_SIGN] * min(3, len(_POSITIVE_SIGNS.findall(text)))
    found += [-_SIGN] * min(3, len(_NEGATIVE_SIGNS.findall(text)))
    if document.language in ("en", "ja", None):
        language = document.language or "en"
        words = words_of(_tokens_in(document, clause), language=language)
        found += opinions(words, text, language=language)
    factor = _EXCLAMATION if "!" in text else 1.0
    praise = factor * sum(weight for weight in found if weight > 0)
    blame = factor * -sum(weight for weight in found if weight < 0)
    return praise, blame


def _tokens_in(document: Document, span: Span) -> Sequence[Token]:
    """The tokens wholly inside a span; by bisection, for a comment may have thousands of both."""
    first = bisect_left(document.tokens, span.start, key=_START)
    last = bisect_right(document.tokens, span.end, key=_END)
    return document.tokens[first:last]
