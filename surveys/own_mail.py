"""The words of a survey's own in its e-mails: sender, address for replies, subject, first lines.

What is left empty is said in the words of the product. The question, the scale and the way to stop
such mails are not to be changed here: they are the survey's and the law's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from surveys.fields import FieldError, read_object, read_whole
from surveys.letters import fill, open_gaps, unknown_gaps
from surveys.questions import storable_problem

GAPS = ("name", "workspace")
MAX_REMIND_DAYS = 30
MAX_SENDER, MAX_ADDRESS, MAX_SUBJECT, MAX_INTRO = 100, 320, 150, 2000


@dataclass(frozen=True, slots=True)
class OwnWords:
    """In one language; empty: as the product says it."""

    subject: str = ""
    intro: str = ""


@dataclass(frozen=True, slots=True)
class OwnMail:
    """words: by language. Empty texts: the workspace's name as the sender, replies to where they
    go for all mails. remind_after: days after which whoever has not answered is reminded, once;
    None: nobody is."""

    sender: str = ""
    reply_to: str = ""
    remind_after: int | None = None
    words: Mapping[str, OwnWords] = field(default_factory=dict)

    def said(
        self, language: str, usual: Mapping[str, str], values: Mapping[str, str]
    ) -> dict[str, str]:
        """The texts of a mail with the survey's own put in their places.

        usual: the product's, filled already.

        >>> own = OwnMail(words={"en": OwnWords(intro="Hello from {workspace}.")})
        >>> own.said("en", {"subject": "Hi", "intro": "…"}, {"workspace": "Acme {name}"})
        {'subject': 'Hi', 'intro': 'Hello from Acme {name}.'}
        >>> own.said("ja", {"subject": "Hi", "intro": "…"}, {"workspace": "Acme"})
        {'subject': 'Hi', 'intro': '…'}
        """
        own = self.words.get(language, OwnWords())
        given = {"subject": own.subject, "intro": own.intro}
        return dict(usual) | {key: fill(text, values) for key, text in given.items() if text}


def to_json(own: OwnMail) -> dict[str, Any]:
    """What `from_json` reads; languages without a text are left out."""
    words = {
        language: {"subject": each.subject, "intro": each.intro}
        for language, each in own.words.items()
        if each.subject or each.intro
    }
    return {
        "sender": own.sender, "reply_to": own.reply_to, "remind_after": own.remind_after,
        "words": words,
    }  # fmt: skip


def from_json(document: object, languages: Collection[str]) -> OwnMail:
    """Read and check. languages: those of the survey; of others nothing is taken.

    Raises FieldError naming the first wrong field, such as ``words.ja.subject``. Whether the
    address is one is not looked at.
    """
    given = read_object(document, "mail", ["sender", "reply_to", "remind_after", "words"])
    words = given.get("words", {})
    if not isinstance(words, Mapping):
        raise FieldError("words", "expected an object by language")
    for language in words:
        if language not in languages:
            raise FieldError(f"words.{language}", "the survey has no such language")
    remind_after = given.get("remind_after")
    if remind_after is not None:
        remind_after = read_whole(remind_after, "remind_after", 1, MAX_REMIND_DAYS)
    return OwnMail(
        _line(given.get("sender", ""), "sender", MAX_SENDER),
        _line(given.get("reply_to", ""), "reply_to", MAX_ADDRESS),
        remind_after,
        {language: _words(said, f"words.{language}") for language, said in words.items()},
    )


def _words(value: object, at: str) -> OwnWords:
    said = read_object(value, at, ["subject", "intro"])
    subject = _line(said.get("subject", ""), f"{at}.subject", MAX_SUBJECT)
    intro = _text(said.get("intro", ""), f"{at}.intro", MAX_INTRO)
    for name, text in (("subject", subject), ("intro", intro)):
        if strange := strange_gaps(text):
            known = " and ".join(f"{{{gap}}}" for gap in GAPS)
            raise FieldError(f"{at}.{name}", f"{{{strange[0]}}} is not known; there are {known}")
    return OwnWords(subject, intro)


def strange_gaps(text: str) -> list[str]:
    """What looks like a gap and is not filled in the mail of a survey.

    >>> strange_gaps("{name} of {account}, {nmae}")
    ['nmae', 'account']
    """
    return unknown_gaps(text) + [gap for gap in open_gaps(text) if gap not in GAPS]


def _text(value: object, at: str, most: int) -> str:
    if not isinstance(value, str):
        raise FieldError(at, "expected a text")
    text = value.replace("\r\n", "\n").strip()
    if len(text) > most:
        raise FieldError(at, f"expected at most {most} characters")
    problem = storable_problem(text)
    if problem:
        raise FieldError(at, problem)
    return text


def _line(value: object, at: str, most: int) -> str:
    text = _text(value, at, most)
    if not text.isprintable():
        raise FieldError(at, "expected one line")
    return text
