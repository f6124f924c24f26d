"""Whether a comment says anything: "said", "nothing", "gibberish" or "spam".

Precision first: a short complaint ("遅い", "price") is said, and so is whatever is in doubt. Rules
instead of a model, as people can read what they do.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from typing import Literal

Content = Literal["said", "nothing", "gibberish", "spam"]

_LONGEST = 2_000  # characters looked at
_URL = re.compile(r"(?:https?://|www\.)[!-~]{1,2000}")
_NOTHING = re.compile(
    r"(?:n ?/? ?a|nil|null|none|nothing|no|nope|nah|no thanks?(?: you)?"
    r"|nothing (?:really|else|more|special|in particular|at all|for now|at the moment)"
    r"|nothing comes to mind"
    r"|nothing (?:else |more )?to (?:add|say|report|comment|mention)"
    r"|(?:i have )?no (?:further |other |more |additional )?"
    r"(?:comments?|suggestions?|feedback|remarks?|opinion|answer|ideas?|issues?)(?: at this time)?"
    r"|not applicable|none at (?:all|the moment|this time))"
    r"|(?:(?:今のところ|今は|現時点では|現在|いまのところ)、?(?:は|、)?)?"
    r"(?:特に|とくに|別に|べつに|何も|なにも|該当|意見は?|要望は?|コメントは?|特に意見は?|特に要望は?"
    r"|特に問題は?|特に不満は?|特に何も)?"
    r"(?:なし|無し|ナシ|無い|ない|ないです|無いです|なしです|無しです|ありません|有りません|御座いません|ございません)"
    r"|特に|とくに|特になしです"
)
_SIGNS = re.compile(r"[\s!-,.:-@\[-`{-~、。・，．！？…‥ー\-−–—_/~〜〃。]+")
_LAUGHS = frozenset("wｗ笑草hｈ")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
# 1 or -1 from one key to the next in a row.
_STEPS = {keys[at : at + 2]: 1 for keys in _ROWS for at in range(len(keys) - 1)}
_STEPS |= {pair[::-1]: -1 for pair in _STEPS}
_WALK, _COVERED = 4, 0.75  # keys in one direction; share of the text in such runs
_MASHED = 6  # letters without a vowel
_TIMES, _SEGMENT = 5, 8  # how often a sentence of how many characters is repeated in spam


def content_of(text: str) -> Content:
    """What kind of text a comment is.

    >>> [content_of(text) for text in ("遅い", "特になし", "asdfgh", "https://a.example/")]
    ['said', 'nothing', 'gibberish', 'spam']
    """
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).lower().strip()
    without_links = _URL.sub(" ", plain)
    if without_links != plain:
        links = len(_URL.findall(plain))
        rest = _SIGNS.sub("", without_links)
        return "spam" if not rest or (links >= 3 and len(rest) < 20) else "said"
    if _is_repeated(plain):
        return "spam"
    bare = _SIGNS.sub(" ", plain).strip()
    if not any(unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "So" for c in bare):
        return "nothing"
    if _NOTHING.fullmatch(bare) or _NOTHING.fullmatch(bare.replace(" ", "")):
        return "nothing"
    return "gibberish" if _is_gibberish(bare.replace(" ", "")) else "said"


def _is_repeated(plain: str) -> bool:
    """The same sentence over and over."""
    segments = [part.strip() for part in re.split(r"[\n。.!?！？]+", plain) if part.strip()]
    if len(segments) < _TIMES:
        return False
    segment, times = Counter(segments).most_common(1)[0]
    return len(segment) >= _SEGMENT and times >= 0.8 * len(segments)


def _is_gibberish(letters: str) -> bool:
    if len(letters) < _WALK:
        return False
    if len(set(letters)) == 1:
        return letters[0] not in _LAUGHS and unicodedata.category(letters[0])[0] in "LN"
    if letters.isascii() and letters.isalpha():
        return _walks(letters) or _is_mashed(letters) or _stutters(letters)
    return False


def _walks(letters: str) -> bool:
    """Neighbouring keys one after the other: asdfgh, lkjhg."""
    steps = [_STEPS.get(letters[at : at + 2], 0) for at in range(len(letters) - 1)]
    covered = 0
    for step, run in itertools.groupby(steps):
        length = len(list(run)) + 1
        if step in (1, -1) and length >= _WALK:
            covered += length
    return covered >= _COVERED * len(letters)


def _is_mashed(letters: str) -> bool:
    return (
        _MASHED <= len(letters) <= 40
        and len(set(letters)) >= _WALK
        and not set(letters) & set("aeiouy")
    )


def _stutters(letters: str) -> bool:
    """xyzxyzxyz; not nonono, which is a word said thrice."""
    import simplemma

    found = re.fullmatch(r"([a-z]{2,4})\1{2,}", letters)
    if found is None or found[1] in {"ha", "he", "hi", "ho", "lol", "haha", "hehe"}:
        return False
    return not simplemma.is_known(found[1], lang="en")
