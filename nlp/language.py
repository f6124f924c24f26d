"""Which language a comment is in.

Survey comments are short, and statistical detectors are poor at short text: they call "good"
Somali. So the script decides first, then words that hardly stand in another language, then a
vocabulary test for short English, and only then py3langid, restricted to languages customers
write in.
"""

from __future__ import annotations

import copy
import functools
import mmap
import re
import tempfile
import unicodedata
from collections import Counter
from typing import Any

_LATIN = (
    "en", "fr", "de", "es", "it", "pt", "nl", "sv", "da", "no", "fi", "pl", "cs", "hu", "ro",
    "tr", "vi", "id", "ms",
)  # fmt: skip
_BY_SCRIPT: dict[str, tuple[str, ...]] = {
    "LATIN": _LATIN,  # the commonest of each script first
    "CYRILLIC": ("ru", "uk", "bg", "sr"),
    "ARABIC": ("ar", "fa", "ur"),
    "HANGUL": ("ko",),
    "THAI": ("th",),
    "GREEK": ("el",),
    "HEBREW": ("he",),
    "DEVANAGARI": ("hi", "mr", "ne"),
}
_EAST_ASIAN = ("HIRAGANA", "KATAKANA", "CJK")

# Text about text: its letters say nothing about the language of the writer.
_NOISE = re.compile(r"https?://\S{1,2000}|\S{1,100}@\S{1,200}|[@#]\w{1,100}")
_LETTER = re.compile("[A-Za-z]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# Kanji that Japanese has, too, but not so; what its character set lacks tells Chinese by itself.
_CHINESE = re.compile(
    "[个价們這麼沒對說讓]|很|非常|不错|好用|中文|登入|太[慢少多差高低小好貴難]|的$|了$"
    "|(?<![我自怠緩傲高肥])慢$"
)
_SAMPLE = 2_000  # characters; more does not change the answer
_SURE = 0.8
_CLOSE = 0.25  # a hint wins over the first guess when it has this share of its probability


# Their themes and sentiment are taught: starter packs, lexicons and dictionaries are in these.
TAUGHT = ("en", "ja")


def is_less_certain(text: str, language: str | None) -> bool:
    """Whether themes and sentiment of a comment are hints: its language is not one of those
    that are taught, or it writes Japanese in Latin letters, which no dictionary here reads.

    >>> [is_less_certain("zu teuer", "de"), is_less_certain("sugoi desu", "ja")]
    [True, True]
    >>> [is_less_certain("すごい", "ja"), is_less_certain("👍", None)]
    [False, False]
    """
    if language is None:
        return False  # it has no words that say anything
    if language == "ja":
        return not any(_count_scripts(text[:_SAMPLE])[script] for script in _EAST_ASIAN)
    return language not in TAUGHT


def detect(text: str, *, hint: str | None = None) -> str | None:
    """ISO 639-1 code of the language a text is in.

    hint: the language of the survey, as "ja" or "ja-JP"; it only decides where the text does
    not ("ok", "👍", "NPS", kanji alone). None when neither says anything.

    >>> detect("価格が高い"), detect("Too slow"), detect("ok", hint="ja"), detect("👍")
    ('ja', 'en', 'ja', None)
    """
    wished = re.split(r"[-_]", hint)[0].lower() or None if hint else None
    sample = _NOISE.sub(" ", unicodedata.normalize("NFKC", text[:_SAMPLE]))
    scripts = _count_scripts(sample)
    if not scripts:
        return wished
    east = sum(scripts[script] for script in _EAST_ASIAN)
    # A kanji says about as much as two Latin letters; particles say that the sentence round a
    # heap of English product names is Japanese.
    weight = 8 if scripts["HIRAGANA"] > 1 else 2
    if east and weight * east >= scripts.total() - east:
        return _east_asian(sample, scripts, wished)
    if east:
        for script in _EAST_ASIAN:
            del scripts[script]
        sample = "".join(" " if _script(c) in _EAST_ASIAN else c for c in sample)
    script = scripts.most_common(1)[0][0]
    candidates = _BY_SCRIPT.get(script)
    if candidates is None:
        return wished
    if len(candidates) == 1:
        return candidates[0]
    if script == "LATIN":
        return _latin(sample, wished)
    return _most_likely(sample, candidates, wished)


@functools.lru_cache(maxsize=8192)
def _script(character: str) -> str:
    """First word of the Unicode name of a letter, "" for anything else."""
    if not character.isalpha():
        return ""
    name = unicodedata.name(character, "").split(" ", 1)[0]
    # The long vowel mark and 々 have names of their own, and stand in Japanese only.
    return {"KATAKANA-HIRAGANA": "KATAKANA", "IDEOGRAPHIC": "CJK"}.get(name, name)


def _count_scripts(text: str) -> Counter[str]:
    if text.isascii():
        return Counter(LATIN=letters) if (letters := len(_LETTER.findall(text))) else Counter()
    counts = Counter(map(_script, text))
    del counts[""]
    return counts


def _east_asian(text: str, scripts: Counter[str], wished: str | None) -> str | None:
    """Kana → Japanese. Kanji alone: signs of Chinese, else the survey's language, else Japanese."""
    if scripts["HIRAGANA"] or scripts["KATAKANA"]:
        return "ja"
    if _CHINESE.search(text.strip(" \n。!！?？")) or any(map(_is_only_chinese, text)):
        return "zh"
    if wished in ("ja", "zh"):
        return wished
    # Long Japanese always has kana; a heap of kanji without any is Chinese.
    return "zh" if scripts["CJK"] > 20 else "ja"


@functools.lru_cache(maxsize=8192)
def _is_only_chinese(character: str) -> bool:
    """Whether a kanji is in the character sets of Chinese and not in that of Japanese."""
    if _script(character) != "CJK" or _is_in("cp932", character):
        return False
    return _is_in("gb2312", character) or _is_in("big5", character)


def _is_in(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _latin(text: str, wished: str | None) -> str | None:
    words = [word.lower() for word in _WORD.findall(text) if _script(word[0]) == "LATIN"]
    if not _telling(words, text):
        return "en" if _is_shouted_english(words, text) else wished
    if _reads_as_english(words):
        return "en"
    if len(words) <= _SHORT and (own := _by_own_words(words, text)):
        return own
    if len(words) <= _SHORT and text.isascii() and _is_english(words):
        rivals = _rank(text, _LATIN)
        best, sure = rivals[0]
        return best if best != "en" and sure > _SURE and len(words) > 1 else "en"
    return _most_likely(text, _LATIN, wished)


def _telling(words: list[str], text: str) -> bool:
    """Whether there is more than "ok", "UI" or "NPS": those stand in any language."""
    return any(
        len(word) > 2 and not (word.upper() in text and len(word) <= 4) for word in words
    ) or (len(words) > 2)


# Frequent in English and hardly ever a word of another language written in Latin letters.
_ENGLISH = frozenset((
    "the", "and", "this", "that", "with", "your", "they", "their", "have", "has", "would",
    "could", "should", "because", "what", "which", "when", "from", "were", "been", "about",
    "there", "very", "much", "after", "before", "than", "then", "our", "you", "it's", "don't",
    "can't", "doesn't", "didn't", "isn't", "i'm", "i've", "not", "for", "are", "was", "my",
))  # fmt: skip
_ENGLISH_WORDS, _ENGLISH_SHARE = 2, 0.2  # so many different ones, and this share of all words


def _reads_as_english(words: list[str]) -> bool:
    """Whether function words alone say so: the detector costs twenty times as much."""
    told = [word for word in words if word in _ENGLISH]
    return len(set(told)) >= _ENGLISH_WORDS and len(told) >= _ENGLISH_SHARE * len(words)


def _is_shouted_english(words: list[str], text: str) -> bool:
    """LOVE IT, but neither PDF nor OK OK: these stand in any language."""
    return (
        text.isupper()
        and len(words) > 1
        and any(len(word) > 2 for word in words)
        and _is_english(words)
    )


_SHORT = 6  # words; a detector knows longer texts by itself
# Frequent in a language and hardly ever a word of another one; where two know a word, both have
# it. None that English has, too ("die", "pour"), nor a name ("Dan", "Los").
_OWN_WORDS: dict[str, frozenset[str]] = {
    "de": frozenset((
        "und", "ist", "nicht", "sehr", "ich", "der", "das", "eine", "auch", "aber", "für", "zu",
        "mehr", "leider", "nur", "schlecht", "gefällt", "wir", "kein", "keine", "sind",
    )),
    "fr": frozenset((
        "très", "trop", "pas", "je", "c'est", "c’est", "avec", "bien", "merci", "rien", "mais",
        "bonne", "est", "une", "ça", "nous", "vous", "manque",
    )),
    "es": frozenset((
        "muy", "pero", "gracias", "está", "más", "demasiado", "excelente", "bien", "bueno",
        "buena", "falta", "una", "todo", "es", "mucho",
    )),
    "pt": frozenset((
        "muito", "não", "mais", "está", "uma", "obrigado", "obrigada", "bom", "ótimo", "demais",
        "excelente", "falta", "todo", "você", "é",
    )),
    "it": frozenset((
        "molto", "non", "è", "troppo", "grazie", "bene", "una", "più", "anche", "questo", "manca",
    )),
    "nl": frozenset(("niet", "het", "een", "erg", "zeer", "heel", "geen", "wij", "goed")),
    "id": frozenset((
        "tidak", "sangat", "sekali", "yang", "bisa", "dengan", "untuk", "saya", "terlalu", "mudah",
        "mahal", "bagus", "kurang", "lambat", "sudah", "belum",
    )),
    # In Latin letters, as some write it on a foreign keyboard.
    "ja": frozenset((
        "desu", "sugoi", "arigatou", "arigato", "totemo", "motto", "hoshii", "takai", "osoi",
        "hayai", "kudasai", "saikou", "onegaishimasu", "benri", "shitai", "shite", "nikui",
    )),
}  # fmt: skip


def _by_own_words(words: list[str], text: str) -> str | None:
    """The one language that most words of a short text are of; None where several are, or where
    an English sentence speaks of a foreign word."""
    if "¡" in text or "¿" in text:
        return "es"
    if any(word in _ENGLISH for word in words):
        return None
    told = {code: len(own.intersection(words)) for code, own in _OWN_WORDS.items()}
    most = max(told.values())
    best = [code for code, count in told.items() if count == most]
    return best[0] if most and len(best) == 1 else None


def _is_english(words: list[str]) -> bool:
    import simplemma

    known = sum(simplemma.is_known(word, lang="en") for word in words)
    return known >= 0.75 * len(words)


def _most_likely(text: str, candidates: tuple[str, ...], wished: str | None) -> str:
    """The best guess; unsure, the survey's language if it is close, else the commonest one."""
    ranking = _rank(text, candidates)
    best, top = ranking[0]
    if top >= _SURE:
        return best
    close = [code for code, p in ranking if p >= _CLOSE * top]
    if wished in close:
        return wished
    return candidates[0] if candidates[0] in close else best


def _rank(text: str, candidates: tuple[str, ...]) -> list[tuple[str, float]]:
    usable = "".join(c for c in text if not "\ud800" <= c <= "\udfff")
    usable = " ".join(usable.split())  # a space before a short text would change the answer
    return [(code, float(p)) for code, p in _identifier(candidates).rank(usable)]


@functools.cache
def _identifier(candidates: tuple[str, ...]) -> Any:
    """py3langid restricted to some languages; own objects, because its restriction sticks."""
    identifier = copy.copy(_every_identifier())  # the large tables are shared
    identifier.set_languages(list(candidates))
    return identifier


@functools.cache
def _every_identifier() -> Any:
    """py3langid for the languages of all scripts, without the weights of some hundred others."""
    import numpy as np
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    whole = LanguageIdentifier.from_model_file(MODEL_FILE)
    whole.set_languages([code for codes in _BY_SCRIPT.values() for code in codes])
    return LanguageIdentifier(
        np.ascontiguousarray(whole.nb_ptc),
        whole.nb_pc,
        whole.nb_classes,
        _mapped(whole.tk_nextmove),
        whole.tk_output,
        norm_probs=True,
        tk_row=whole.tk_row,
    )


def _mapped(table: Any) -> Any:
    """An array in a nameless file: of 40 MB only the pages that texts lead to are in memory."""
    with tempfile.TemporaryFile() as file:
        table.tofile(file)
        file.flush()
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)).cast(table.typecode)
