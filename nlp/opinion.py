"""What words and signs say of one clause: the rules' side of sentiment."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from nlp.lexicon import words_of
from nlp.polarity import heard
from nlp.text import Document, Span, Token

_POSITIVE_SIGNS = re.compile(
    r"[😀😃😄😁😊🙂😍🥰😘🤩👍👏🙌🎉💯❤♥💕💖😎🥳💪⭐🌟👌😻☺✨🤗😇]|(?<!\w)[:;]-?[)D]|\^_?\^|[(]笑[)]|♪"
)
_NEGATIVE_SIGNS = re.compile(
    r"[😞😟😠😡🤬😢😭😤👎💩😒🙁☹😩😫😖😣🤮🤢💔😑🙄😔😕👿😨😰]|(?<!\w):'?-?[(]|[(](?:泣|怒|涙)[)]"
    # Faces of brackets: ( ; _ ; ), (´;ω;`), (-_-;), ( ゚Д゚)
    r"|[(#` ´]*;[ ωдД_]+;|[(]-_-|゚?[дД]゚|orz\b"
)
_START, _END = attrgetter("start"), attrgetter("end")
_SIGN = 0.5
_EXCLAMATION = 1.15


class Opinion(NamedTuple):
    """Praise and blame in a clause, both >= 0; whether it wishes and whether it asks."""

    praise: float
    blame: float
    wishes: bool = False
    asks: bool = False


def opinion(document: Document, clause: Span) -> Opinion:
    """What the lexicon and the rules find in a clause; of other languages than English and
    Japanese only emoji and faces."""
    text = unicodedata.normalize("NFKC", document.text[clause.start : clause.end])
    text = text.strip().lower().replace("’", "'")
    found = [_SIGN] * min(3, len(_POSITIVE_SIGNS.findall(text)))
    found += [-_SIGN] * min(3, len(_NEGATIVE_SIGNS.findall(text)))
    wishes = asks = False
    if document.language in ("en", "ja", None):
        language = document.language or "en"
        words = words_of(tokens_in(document, clause), language=language)
        said = heard(words, text, language=language)
        found += said.weights
        wishes, asks = said.wishes, said.asks
    factor = _EXCLAMATION if "!" in text else 1.0
    praise = factor * sum(weight for weight in found if weight > 0)
    blame = factor * -sum(weight for weight in found if weight < 0)
    return Opinion(praise, blame, wishes, asks)


def tokens_in(document: Document, span: Span) -> Sequence[Token]:
    """The tokens wholly inside a span; by bisection, for a comment may have thousands of both."""
    first = bisect_left(document.tokens, span.start, key=_START)
    last = bisect_right(document.tokens, span.end, key=_END)
    return document.tokens[first:last]
