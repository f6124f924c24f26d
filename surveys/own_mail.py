"""The words of a survey's own in its e-mails: sender, address for replies, subject, first lines.

What is left empty is said in the words of the product. The question, the scale and the way to stop
such mails are not to be changed here: they are the survey's and the law's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from surveys.fields import FieldError, read_object, read_whole
from surveys.letters import fill, open_gaps, unknown_gaps
from surveys.questions import storable_problem

GAPS = ("name", "workspace")
MAX_REMIND_DAYS = 30
MAX_SENDER, MAX_ADDRESS, MAX_SUBJECT, MAX_INTRO = 100, 320, 150, 2000

TakesMail = Callable[[str], bool]


def _any_address(_text: str) -> bool:
    return True


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


class Problem(FieldError):
    """code, for whoever has words of their own: ``not_text``, ``too_long`` (most), ``characters``,
    ``lines``, ``gap`` (gap), ``not_whole``, ``address``."""

    def __init__(self, field: str, code: str, message: str, **values: Any) -> None:
        super().__init__(field, message)
        self.code = code
        self.values = values


def from_json(
    document: object, languages: Collection[str], *, takes_mail: TakesMail = _any_address
) -> OwnMail:
    """Read and check. languages: those of the survey; of others nothing is taken. takes_mail:
    whether a text is an address.

    Raises FieldError naming the first wrong field, such as ``words.ja.subject``.
    """
    own, problems = read(document, languages, takes_mail=takes_mail)
    if problems:
        raise problems[0]
    return own


def read(
    document: object, languages: Collection[str], *, takes_mail: TakesMail = _any_address
) -> tuple[OwnMail, list[Problem]]:
    """The same, with all that is wrong at once. Raises FieldError for what nobody can have typed:
    another shape, an unknown field, a language that the survey has not."""
    given = read_object(document, "mail", ["sender", "reply_to", "remind_after", "words"])
    words = given.get("words", {})
    if not isinstance(words, Mapping):
        raise FieldError("words", "expected an object by language")
    for language in words:
        if language not in languages:
            raise FieldError(f"words.{language}", "the survey has no such language")
    reader = _Reader()
    sender = reader.line(given.get("sender", ""), "sender", MAX_SENDER)
    reply_to = reader.line(given.get("reply_to", ""), "reply_to", MAX_ADDRESS)
    if reply_to and not takes_mail(reply_to):
        reader.wrong("reply_to", "address", "expected an e-mail address")
    own = OwnMail(
        sender,
        reply_to,
        reader.days(given.get("remind_after"), "remind_after"),
        {language: reader.words(said, f"words.{language}") for language, said in words.items()},
    )
    return own, reader.problems


class _Reader:
    """Reads on after a problem, so that a person hears of all at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, at: str, code: str, message: str, **values: Any) -> None:
        """Note what is wrong; of one field only the first."""
        if all(problem.field != at for problem in self.problems):
            self.problems.append(Problem(at, code, message, **values))

    def words(self, value: object, at: str) -> OwnWords:
        said = read_object(value, at, ["subject", "intro"])
        subject = self.line(said.get("subject", ""), f"{at}.subject", MAX_SUBJECT)
        intro = self.text(said.get("intro", ""), f"{at}.intro", MAX_INTRO)
        for name, text in (("subject", subject), ("intro", intro)):
            if strange := strange_gaps(text):
                known = " and ".join(f"{{{gap}}}" for gap in GAPS)
                message = f"{{{strange[0]}}} is not known; there are {known}"
                self.wrong(f"{at}.{name}", "gap", message, gap=strange[0])
        return OwnWords(subject, intro)

    def text(self, value: object, at: str, most: int) -> str:
        if not isinstance(value, str):
            self.wrong(at, "not_text", "expected a text")
            return ""
        text = value.replace("\r\n", "\n").strip()
        if len(text) > most:
            self.wrong(at, "too_long", f"expected at most {most} characters", most=most)
        elif problem := storable_problem(text):
            self.wrong(at, "characters", problem)
        return text

    def line(self, value: object, at: str, most: int) -> str:
        text = self.text(value, at, most)
        if not text.isprintable():
            self.wrong(at, "lines", "expected one line")
        return text

    def days(self, value: object, at: str) -> int | None:
        if value is None:
            return None
        try:
            return read_whole(value, at, 1, MAX_REMIND_DAYS)
        except FieldError as wrong:
            self.wrong(at, "not_whole", wrong.message, most=MAX_REMIND_DAYS)
            return None


def strange_gaps(text: str) -> list[str]:
    """What looks like a gap and is not filled in the mail of a survey.

    >>> strange_gaps("{name} of {account}, {nmae}")
    ['nmae', 'account']
    """
    return unknown_gaps(text) + [gap for gap in open_gaps(text) if gap not in GAPS]
