"""The words of a poster as a PDF can set them: in which of its two fonts, and where lines end."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby
from typing import Literal
from unicodedata import normalize

Script = Literal["latin", "japanese"]

# Languages that write Chinese characters in other shapes than Japanese, which is all we can set.
_OTHER_SHAPES = ("zh", "yue", "ko")
_OPENING, _CLOSING = "（［｛「『【〈《〔“‘", "、。，．・：；？！）］｝」』】〉》〕”’…‥"
_SMALL = "ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ々"
_WIDE, _HIRAGANA = r"⺀-￯", r"ぁ-ゟ"
_WORD = rf"(?![{_HIRAGANA}{_OPENING}{_CLOSING}])[{_WIDE}]"
# Japanese is broken where a phrase begins: before what is not hiragana, and its polite お or ご.
_PHRASE = re.compile(
    rf" ?[{_OPENING}]*(?:[おご]?(?:{_WORD})+(?:(?![おご]{_WORD})[{_HIRAGANA}])*"
    rf"|(?:(?![おご]{_WORD})[{_HIRAGANA}])+|[^\s{_WIDE}]+|\S)[{_CLOSING}]*"
)
_CHARACTER = re.compile(rf" ?[{_OPENING}]*\S[{_CLOSING}{_SMALL}]*")


def tidied(text: str) -> str:
    """The text with its characters composed and its white space single, as it is set."""
    return " ".join(normalize("NFC", text).split())


def not_settable(text: str, language: str) -> str:
    """The characters, each once, that neither font has or has in the shape of the language."""
    return "".join(dict.fromkeys(each for each in tidied(text) if not _script(each, language)))


def runs(line: str, language: str) -> list[tuple[Script, str]]:
    """The pieces of a line that one font sets, in order; only for text that can be set."""
    pieces = groupby(line, key=lambda each: _script(each, language) or "latin")
    return [(script, "".join(characters)) for script, characters in pieces]


def lines(text: str, width: Callable[[str], float], limit: float) -> list[str]:
    """The text in as few lines as fit the limit, which are of about one length.

    width: how wide a line is, in the unit of the limit. A word that is wider than a line is broken.
    """
    pieces = [
        piece
        for phrase in _PHRASE.findall(text)
        for piece in ([phrase] if width(phrase) <= limit else _CHARACTER.findall(phrase))
    ]
    fewest = _filled(pieces, width, limit)
    for twentieths in range(10, 20):
        even = _filled(pieces, width, limit * twentieths / 20)
        if len(even) == len(fewest):
            return even
    return fewest


def _filled(pieces: list[str], width: Callable[[str], float], limit: float) -> list[str]:
    done = [""]
    for piece in pieces:
        if done[-1] and width(done[-1] + piece) > limit:
            done.append("")
        done[-1] += piece if done[-1] else piece.lstrip()
    return done


def _script(character: str, language: str) -> Script | None:
    base = language.lower().split("-")[0]
    wide = character >= "\u2000"  # quotes and dots are as wide as a character in Japanese only
    latin = _in(character, "cp1252")
    if not wide or base in _OTHER_SHAPES or (latin and base != "ja"):
        return "latin" if latin else None
    # Each of the two has signs that the other calls by another code, such as the wave dash.
    japanese = _in(character, "cp932") or _in(character, "shift_jis")
    return "japanese" if japanese else None


def _in(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
