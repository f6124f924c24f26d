"""What a text message says that asks somebody, and how many parts it is sent and paid as.

A text has gaps in braces: `{link}`, which it needs, `{stop}`, `{workspace}`, and `{name}`, which
may have a bar with what to say where no name is known: `{name|there}`. Values are put in once, as
one line each.

Parts are counted as networks do: 160 characters of the GSM alphabet in one message, 153 in each of
several that belong together; with any other character 70 and 67 (UTF-16). Source: 3GPP TS 23.038
(alphabet), TS 23.040, 9.2.3.24.1 (the header of six bytes that joins parts).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from surveys.fields import FieldError, read_object
from surveys.questions import storable_problem

GAPS = ("link", "name", "stop", "workspace")
MAX_TEXT = 600  # characters as typed
MAX_NAME = 40  # characters of a name that is put in: one that is longer costs a part of its own
_GAP = re.compile(r"\{(" + "|".join(GAPS) + r")(?:\|([^{}\n]*))?\}")
_ANY = re.compile(r"\{([^{}\n|]{1,30})(?:\|[^{}\n]*)?\}")

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # each takes the room of two
_MOST: Mapping[str, tuple[int, int]] = {"gsm": (160, 153), "unicode": (70, 67)}


@dataclass(frozen=True, slots=True)
class Parts:
    """alphabet: whether all of a text is in the GSM one. units: characters as networks count
    them. parts: messages that are sent. foreign: what is not in the GSM alphabet, each once."""

    alphabet: Literal["gsm", "unicode"]
    units: int
    parts: int
    foreign: tuple[str, ...] = ()


def parts_of(text: str) -> Parts:
    """How a text is sent.

    >>> parts_of("a" * 160).parts, parts_of("a" * 161).parts, parts_of("あ" * 70).parts
    (1, 2, 1)
    >>> parts_of("10 €"), parts_of("“Hi” 😀")
    (Parts(alphabet='gsm', units=5, parts=1, foreign=()), \
Parts(alphabet='unicode', units=7, parts=1, foreign=('“', '”', '😀')))
    >>> parts_of("").parts
    0
    """
    foreign = tuple(dict.fromkeys(each for each in text if each not in _BASIC | _EXTENDED))
    sizes = [_size(each, is_gsm=not foreign) for each in text]
    alphabet: Literal["gsm", "unicode"] = "unicode" if foreign else "gsm"
    alone, joined = _MOST[alphabet]
    units = sum(sizes)
    count = min(units, 1) if units <= alone else _packed(sizes, joined)
    return Parts(alphabet, units, count, foreign)


def _size(character: str, *, is_gsm: bool) -> int:
    if is_gsm:
        return 2 if character in _EXTENDED else 1
    return 2 if ord(character) > 0xFFFF else 1


def _packed(sizes: Iterable[int], room: int) -> int:
    """No character is cut in two at the end of a part."""
    parts, left = 1, room
    for size in sizes:
        if size > left:
            parts, left = parts + 1, room
        left -= size
    return parts


def fill(text: str, values: Mapping[str, str]) -> str:
    """A text as it is sent.

    >>> fill("{name|You there}: {link} {nmae}", {"link": "https://a.example/t/x"})
    'You there: https://a.example/t/x {nmae}'
    >>> fill("Hi {name|there}!", {"name": " Aiko\\n{link} "})
    'Hi Aiko {link}!'
    """

    def said(gap: re.Match[str]) -> str:
        value = " ".join(values.get(gap[1], "").split())
        if gap[1] == "name":
            value = _beginning(value, MAX_NAME).rstrip()
        return value or (gap[2] or "").strip()

    return _GAP.sub(said, text)


_JOINER = "\u200d"  # within one emoji of several


def _beginning(text: str, most: int) -> str:
    """At most so many characters, and no half of what is read as one: か and its dakuten apart, as
    names of files have it, or an emoji of several.

    >>> [len(_beginning("はか\\u3099き", most)) for most in (1, 2, 3)]
    [1, 1, 3]
    """
    end = most
    while 0 < end < len(text) and (
        _JOINER in text[end - 1 : end + 1] or unicodedata.category(text[end]).startswith("M")
    ):
        end -= 1
    return text[:end]


def shortened(text: str) -> str:
    """Without blanks that an empty gap left at the ends of lines.

    >>> shortened("Hello  \\n see this ")
    'Hello\\nsee this'
    """
    return "\n".join(line.strip() for line in text.strip().split("\n"))


# --- a survey's own words -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnTexts:
    """words: by language. A language without any says it as the product does."""

    words: Mapping[str, str] = field(default_factory=dict)


def to_json(own: OwnTexts) -> dict[str, str]:
    """What is kept: only languages that say something."""
    return {language: text for language, text in own.words.items() if text}


class Problem(FieldError):
    """code, for whoever has words of their own: ``not_text``, ``too_long``, ``characters``,
    ``gap`` (gap), ``no_link``."""

    def __init__(self, field: str, code: str, message: str, **values: Any) -> None:
        super().__init__(field, message)
        self.code = code
        self.values = values


def read(document: object, languages: Collection[str]) -> tuple[OwnTexts, list[Problem]]:
    """Texts by language, with all that is wrong. languages: those of the survey. Raises FieldError
    for what nobody can have typed: another shape, a language that the survey has not.

    >>> own, wrong = read({"en": "Hi {nmae}", "ja": ""}, ["en", "ja"])
    >>> [(each.field, each.code) for each in wrong]
    [('en', 'gap')]
    >>> [each.code for each in read({"en": "Hi"}, ["en"])[1]]
    ['no_link']
    """
    given = read_object(document, "texts", list(languages))
    words, problems = {}, []
    for language, typed in given.items():
        text = typed.replace("\r\n", "\n").strip() if isinstance(typed, str) else ""
        problem = _problem_of(language, typed, text)
        if problem is not None:
            problems.append(problem)
        if text:
            words[language] = text
    return OwnTexts(words), problems


def _problem_of(language: str, typed: object, text: str) -> Problem | None:
    if not isinstance(typed, str):
        return Problem(language, "not_text", "expected a text")
    if len(text) > MAX_TEXT:
        message = f"expected at most {MAX_TEXT} characters"
        return Problem(language, "too_long", message, most=MAX_TEXT)
    if problem := storable_problem(text):
        return Problem(language, "characters", problem)
    if strange := strange_gaps(text):
        known = ", ".join(f"{{{gap}}}" for gap in GAPS)
        message = f"{{{strange[0]}}} is not known; there are {known}"
        return Problem(language, "gap", message, gap=strange[0])
    if text and "link" not in (gap[1] for gap in _GAP.finditer(text)):
        return Problem(language, "no_link", "expected {link}, or nobody can answer")
    return None


def strange_gaps(text: str) -> list[str]:
    """What stands in braces and is no gap, in order, each once.

    >>> strange_gaps("{name|there} {firm} {firm} {}")
    ['firm']
    """
    names = (found[1].strip() for found in _ANY.finditer(text))
    return list(dict.fromkeys(name for name in names if name not in GAPS))


# --- what people text back ------------------------------------------------------------------

# By which a message as a whole says stop, or go on again; as carriers ask senders to know them
# (CTIA, "Messaging Principles and Best Practices", 5.1.3), and as people write it in Japanese.
_STOP = frozenset(
    ("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out",
     "revoke", "停止", "配信停止", "送信停止", "ストップ", "解除", "配信解除", "登録解除", "退会",
     "中止", "キャンセル", "拒否", "受信拒否", "配信拒否", "不要", "配信不要")
)  # fmt: skip
_START = frozenset(("start", "unstop", "再開", "配信再開"))
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
# What people put around such a word without meaning more: please, をお願いします, してください.
_POLITE = re.compile(
    r"^please\s+|\W+(?:please|thanks|thank you)$"
    r"|[をでに]?(?:希望(?:します|です)?|お願い(?:(?:いた|致)?します)?)$"
    r"|して(?:ください|下さい)$|です?$"
)
_JOINED = re.compile(r"(?<=配信|送信|登録|受信)[をの]")  # 配信を停止, 登録の解除


def wish_in(text: str) -> Literal["stop", "start"] | None:
    """What somebody asks for by a text message; None for anything that is not a wish alone.

    >>> wish_in(" Stop!"), wish_in("ＳＴＯＰ"), wish_in("「停止」"), wish_in("Unstop")
    ('stop', 'stop', 'stop', 'start')
    >>> wish_in("Please stop 🙏"), wish_in("配信停止をお願いいたします。")
    ('stop', 'stop')
    >>> wish_in("It does not stop working") is None, wish_in("停止しないで") is None
    (True, True)
    """
    plain = unicodedata.normalize("NFKC", text[:200]).casefold().replace("-", " ")
    plain = " ".join(_AROUND.sub("", plain).split())
    word = _JOINED.sub("", _POLITE.sub("", plain))
    if plain in _STOP or word in _STOP:
        return "stop"
    return "start" if plain in _START or word in _START else None
