"""Where sentences and clauses end.

"The UI is good but support is slow" is one sentence and two opinions; sentiment and themes are
taken clause by clause. Offsets here are into normalised text (half-width punctuation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Bounds = tuple[int, int]


class Word(NamedTuple):
    """A token in normalised text; tag is the tagger's own, fine part of speech."""

    text: str
    start: int
    end: int
    lemma: str
    tag: str
    pos: str
    is_stop: bool
    is_punct: bool


_JAPANESE = "ぁ-ゖァ-ヺー一-鿿々"
_CLOSING = "」』)\\]\"'”’"
_SENTENCE_END = re.compile(
    rf"[。｡]+[{_CLOSING}]*"
    rf"|[!?]+[{_CLOSING}]*(?=\s|$|[^\x00-\x7f])"  # not in "foo?bar=1", but before 絵 and 😀
    rf"|\.+[{_CLOSING}]*(?=\s|$)"
    rf"|(?<=[{_JAPANESE}])\.+(?=[{_JAPANESE}])"  # …, typed by some as 。
    r"|\.{3,}(?=[A-Z])"
    r"|[\r\n]+"
)
_TITLE = re.compile(r"\b(?:mr|mrs|ms|dr|prof|st|vs|e\.g|i\.e|approx)$", re.IGNORECASE)
_MAYBE_ABBREVIATION = re.compile(
    r"\b(?:etc|no|inc|ltd|co|corp|dept|est|min|max|[a-z])$", re.IGNORECASE
)
_LONGEST_ABBREVIATION = 8


def sentence_bounds(text: str) -> list[Bounds]:
    """Cut after 。 ! ? . and at new lines; not in "v2.0", after "e.g." or a single initial.

    >>> sentence_bounds("速い。安い!")
    [(0, 3), (3, 6)]
    """
    cuts = [match.end() for match in _SENTENCE_END.finditer(text) if _ends(text, match)]
    return list(_pieces(text, (0, len(text)), cuts))


def _ends(text: str, match: re.Match[str]) -> bool:
    if match.group() != ".":
        return True
    before = text[max(0, match.start() - _LONGEST_ABBREVIATION) : match.start()]
    if _TITLE.search(before):
        return False
    starts_anew = text[match.end() : match.end() + 3].strip()[:1].isupper()
    return starts_anew or not _MAYBE_ABBREVIATION.search(before)


def _pieces(text: str, bounds: Bounds, cuts: Sequence[int]) -> Iterator[Bounds]:
    """Cut a stretch of text at ascending positions; pieces without their spaces, none empty."""
    start = bounds[0]
    for cut in [*cuts, bounds[1]]:
        piece = text[start:cut]
        left = start + len(piece) - len(piece.lstrip())
        right = cut - (len(piece) - len(piece.rstrip()))
        if left < right:
            yield left, right
        start = max(start, cut)


def clause_bounds(text: str, sentences: Sequence[Bounds], words: Sequence[Word]) -> list[Bounds]:
    """Cut each sentence where it turns: but, although, ";", が、けど、のに、ものの、一方…

    words: of the whole text, in order. A piece without a word of its own stays where it was.
    """
    found: list[Bounds] = []
    at = 0
    for bounds in sentences:
        while at < len(words) and words[at].start < bounds[0]:
            at += 1
        until = at
        while until < len(words) and words[until].end <= bounds[1]:
            until += 1
        inside = words[at:until]
        at = until
        cuts = sorted({*_english_cuts(inside), *_japanese_cuts(inside)})
        found.extend(_pieces(text, bounds, list(_worthwhile(cuts, inside))))
    return found


def _worthwhile(cuts: Sequence[int], words: Sequence[Word]) -> Iterator[int]:
    """Cuts with at least one real word on either side, up to the cut before."""
    starts = [word.start for word in words if not word.is_punct]
    last, seen = -1, 0
    for cut in cuts:
        before = seen
        while before < len(starts) and starts[before] < cut:
            before += 1
        if before > seen and before < len(starts) and cut > last:
            yield cut
            seen, last = before, cut


_BEGIN = frozenset(
    ["but", "however", "although", "though", "whereas", "nevertheless", "nonetheless"]
)
_BEGIN_AFTER_COMMA = frozenset(["yet", "while", "except", "otherwise"])
_CONCEDE = frozenset(["although", "though", "while", "whereas", "despite"])


def _english_cuts(words: Sequence[Word]) -> Iterator[int]:
    """Before a word that turns, after ";", and after the comma that ends "Although …,"."""
    conceding = False
    for at, word in enumerate(words):
        lower = word.text.lower()
        previous = words[at - 1].text.lower() if at else ""
        if lower == ";":
            yield word.end
        elif lower == "," and conceding:
            conceding = False
            yield word.end
        elif lower in _BEGIN or (lower in _BEGIN_AFTER_COMMA and previous == ","):
            yield words[at - 1].start if previous == "even" else word.start
        if lower in _CONCEDE and (not previous or previous in ",;" or previous == "even"):
            conceding = True


_TURNS = frozenset(["が", "けど", "けれど", "けれども", "けども", "ものの"])
_TURN_ANEW = frozenset((
    "しかし", "しかしながら", "でも", "ただ", "ただし", "だが", "だけど", "ですが", "ところが",
    "けれども", "けど", "とはいえ",
))  # fmt: skip
_COMMAS = ("、", ",")
_CONTRAST = frozenset(["一方", "反面", "半面", "他方"])
_HIRAGANA = {ord(c): ord(c) - 0x60 for c in map(chr, range(ord("ァ"), ord("ヶ") + 1))}
_PREDICATE = ("形容詞", "助動詞", "形状詞", "接尾辞-形容詞的", "動詞-非自立可能")


def _japanese_cuts(words: Sequence[Word]) -> Iterator[int]:
    """After a conjunctive particle that turns, before a conjunction that does.

    Sudachi's tags tell が "but" (接続助詞) from が of the subject (格助詞), and のに "although"
    by what stands before it: 重いのに turns, 使うのに便利 does not.
    """
    for at, word in enumerate(words):
        if not word.tag:
            continue
        after = words[at + 1] if at + 1 < len(words) else None
        comma = after is not None and after.text in _COMMAS
        end = after.end if comma and after is not None else word.end
        if word.tag == "助詞-接続助詞":
            particle = word.text.translate(_HIRAGANA)  # ｹﾄﾞ
            if particle in _TURNS or (comma and particle in ("し", "のに")):
                yield end
        elif word.tag == "接続詞" and word.text in _TURN_ANEW:
            yield word.start
        elif word.text in _CONTRAST and at:
            yield from _contrast_cuts(words, at)
        elif at > 1 and (comma or _turns_without_comma(words, at)):
            pair = words[at - 1].text + word.text
            if pair in ("のに", "ものの"):
                yield end


def _turns_without_comma(words: Sequence[Word], at: int) -> bool:
    """Whether のに or ものの, ending here, stands between two predicates.

    Not in 買えばいいのにと思う (a wish, quoted) and 安いものの中で (one of the things).
    """
    if not words[at - 2].tag.startswith(_PREDICATE) or at + 1 == len(words):
        return False
    after = words[at + 1]
    if words[at].text == "の":
        return not after.tag.startswith("名詞")
    return after.text != "と"


def _contrast_cuts(words: Sequence[Word], at: int) -> Iterator[int]:
    """一方 after a predicate ends its clause (with で and a comma), elsewhere it begins one."""
    after = words[at + 1].text if at + 1 < len(words) else ""
    if words[at - 1].tag.startswith(("動詞", *_PREDICATE)):
        last = at
        while last + 1 < len(words) and words[last + 1].text in ("で", *_COMMAS):
            last += 1
        yield words[last].end
    elif after in ("で", "は", *_COMMAS):  # not 一方的
        yield words[at].start
