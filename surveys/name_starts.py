"""Where names can be read from: what somebody types is looked for at these places only.

An index cannot lead to a text in the middle of a name, but to its beginning. So each place from
which people read a name is kept as a beginning of its own: every word, every capital within a
word, and, in scripts that put no space between words, every character.
"""

from __future__ import annotations

import unicodedata

LENGTH = 60  # characters from a place on; what is typed is compared no further
_MOST = 100  # places in one name
# Accents of Latin, Greek and Cyrillic letters; marks of kana and Indic scripts change what is read.
_FIRST_ACCENT, _LAST_ACCENT = "\u0300", "\u036f"


def folded(text: str) -> str:
    """A text as it is compared: without capitals, accents, width of letters and punctuation.

    >>> folded("  Ｍüller & Söhne,  ｶﾌﾞｼｷ ")
    'muller sohne カブシキ'
    """
    return _words(text).casefold()


def starts(text: str, *, capitals: bool = False) -> frozenset[str]:
    """All places from which a name can be read, each folded and at most LENGTH long.

    capitals: also at a capital after a small letter, as names of companies have them; not for
    identifiers, in which letters stand by chance. Only the first 100 places of a name count.

    >>> sorted(starts("GlobalTech Inc.", capitals=True))
    ['globaltech inc', 'inc', 'tech inc']
    >>> sorted(starts("東京ガス"))
    ['ガス', 'ス', '京ガス', '東京ガス']
    >>> sorted(starts("jane.doe@acme.example"))
    ['acme example', 'doe acme example', 'example', 'jane doe acme example']
    """
    words = _words(text)
    places = [at for at in range(len(words)) if _begins(words, at, capitals)][:_MOST]
    # Folding makes a letter up to three, so a little more than what is kept is enough of each.
    return frozenset(words[at : at + LENGTH].casefold()[:LENGTH] for at in places)


def _words(text: str) -> str:
    """Letters and digits in their usual form, one space between words."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(each for each in plain if not _FIRST_ACCENT <= each <= _LAST_ACCENT)
    plain = unicodedata.normalize("NFC", plain)
    return " ".join("".join(each if _is_read(each) else " " for each in plain).split())


def _is_read(character: str) -> bool:
    """Letters, their marks, digits; also the long vowel of kana, which counts as a letter."""
    return unicodedata.category(character)[0] in "LMN"


def _begins(words: str, at: int, capitals: bool) -> bool:
    here, before = words[at], words[at - 1] if at else " "
    if here == " ":
        return False
    if before == " " or unicodedata.category(here) == "Lo" or here == "ー":
        return True
    return capitals and here.isupper() and before.islower()
