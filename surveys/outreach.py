"""What a step of a playbook says by itself, and to whom at an account.

A letter is a subject and a body in each of its languages, with gaps as `surveys.letters` knows
them. Who gets it follows from the roles of people; whoever must not be written to is left out with
the reason, and the next one takes the place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from surveys.contact_roles import OFFERED
from surveys.fields import (
    FieldError,
    read_list,
    read_object,
    read_one_of,
    read_text,
    read_whole,
)
from surveys.letters import open_gaps, unknown_gaps
from surveys.questions import storable_problem

# Of the gaps of letters those that have a value where nobody answered anything.
GAPS = ("greeting", "name", "account", "workspace", "sender")
MAX_SUBJECT, MAX_BODY = 200, 20_000
MAX_PEOPLE, USUAL_PEOPLE = 20, 3
MAX_LANGUAGES = 10
NO_EMAIL = "no_email"
_LANGUAGE_CHARS = 20


@dataclass(frozen=True, slots=True)
class Words:
    """A letter in one language."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Outreach:
    """words: language → letter, of an e-mail. survey: the id of the one that is asked. roles: of
    whom, the first first; empty: everybody with an address. most_people: at one account.
    """

    words: Mapping[str, Words] = field(default_factory=dict)
    survey: str | None = None
    roles: tuple[str, ...] = ()
    most_people: int = USUAL_PEOPLE


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the account; key: what orders people of one role."""

    key: str
    roles: frozenset[str] = frozenset()
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Keys of people: who is written to, and who would have been, with the reason why not."""

    people: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def candidates(people: Sequence[Person], roles: Sequence[str]) -> list[Person]:
    """Who comes into question, in the order in which they are asked.

    By the first of these roles that they have, then by key; an address counts once. Where no role
    is named everybody with an address, those with an offered role first.

    >>> found = [Person("a", frozenset(["user"]), "a@x.jp"), Person("b", frozenset(["champion"]))]
    >>> [each.key for each in candidates(found, ["champion", "user"])]
    ['b', 'a']
    >>> [each.key for each in candidates(found, [])]
    ['a']
    """
    order = {role: place for place, role in enumerate(roles or OFFERED)}

    def place(person: Person) -> int:
        return min((order[role] for role in person.roles if role in order), default=len(order))

    wanted = [
        each for each in people if (place(each) < len(order) if roles else each.address is not None)
    ]
    found: dict[str, Person] = {}
    for each in sorted(wanted, key=lambda person: (place(person), person.key)):
        # Whoever has no address is only one person.
        found.setdefault(each.address.strip().casefold() if each.address else each.key, each)
    return list(found.values())


def choose(
    people: Sequence[Person], outreach: Outreach, why_not: Callable[[Person], str | None]
) -> Chosen:
    """Who is written to: the first `most_people` candidates against whom nothing stands.

    why_not: the reason against a person, None for none; asked of one after the other, and of nobody
    any more when there are enough.

    >>> people = [Person(key, address=f"{key}@x.jp") for key in "abcd"]
    >>> barred = {"a": "unsubscribed"}
    >>> choose(people, Outreach(most_people=2), lambda each: barred.get(each.key))
    Chosen(people=('b', 'c'), left_out=(('a', 'unsubscribed'),))
    """
    taken: list[str] = []
    left_out: list[tuple[str, str]] = []
    for person in candidates(people, outreach.roles):
        if len(taken) == outreach.most_people:
            break
        reason = why_not(person) if person.address else NO_EMAIL
        if reason is None:
            taken.append(person.key)
        else:
            left_out.append((person.key, reason))
    return Chosen(tuple(taken), tuple(left_out))


# JSON


FIELDS = ("words", "survey", "roles", "most_people")


def read_outreach(given: Mapping[str, Any], kind: str, at: str) -> Outreach | None:
    """The fields of a step of this kind; None for a task, which has none of them.

    >>> read_outreach({"words": {"en": {"subject": "Hi", "body": "{nmae}"}}}, "email", "step")
    Traceback (most recent call last):
    ...
    surveys.fields.FieldError: step.words.en.body: unknown: {nmae}
    """
    fields = {"email": ("words", "roles", "most_people"), "survey": FIELDS[1:]}.get(kind, ())
    for name in FIELDS:
        if name in given and name not in fields:
            raise FieldError(f"{at}.{name}", f"unknown for {kind}")
    if not fields:
        return None
    roles = given.get("roles") or ()
    return Outreach(
        words=_read_letters(given.get("words"), f"{at}.words") if kind == "email" else {},
        survey=read_text(given.get("survey"), f"{at}.survey") if kind == "survey" else None,
        roles=read_list(roles, f"{at}.roles", _read_role) if roles else (),
        most_people=read_whole(
            given.get("most_people", USUAL_PEOPLE), f"{at}.most_people", 1, MAX_PEOPLE
        ),
    )


def outreach_to_json(outreach: Outreach | None) -> dict[str, Any]:
    """The fields as JSON values, as `read_outreach` takes them."""
    if outreach is None:
        return {}
    said: dict[str, Any] = {"roles": list(outreach.roles), "most_people": outreach.most_people}
    if outreach.survey is not None:
        return said | {"survey": outreach.survey}
    letters = {
        language: {"subject": words.subject, "body": words.body}
        for language, words in outreach.words.items()
    }
    return said | {"words": letters}


def _read_role(value: object, at: str) -> str:
    return read_one_of(value, at, OFFERED)


def _read_letters(value: object, at: str) -> dict[str, Words]:
    if not isinstance(value, Mapping) or not 1 <= len(value) <= MAX_LANGUAGES:
        raise FieldError(at, f"expected an object: 1 to {MAX_LANGUAGES} languages to letters")
    found = {}
    for language, letter in value.items():
        plain = isinstance(language, str) and language.replace("-", "")
        if not plain or not plain.isalnum() or len(language) > _LANGUAGE_CHARS:
            raise FieldError(at, "expected languages such as en or pt-BR")
        here = f"{at}.{language}"
        given = read_object(letter, here, ("subject", "body"))
        found[language] = Words(
            " ".join(_read_words(given.get("subject"), f"{here}.subject", MAX_SUBJECT).split()),
            _read_words(given.get("body"), f"{here}.body", MAX_BODY),
        )
    return found


def _read_words(value: object, at: str, most: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= most:
        raise FieldError(at, f"expected 1 to {most} characters")
    problem = storable_problem(value)
    if problem:
        raise FieldError(at, problem)
    unknown = [gap for gap in open_gaps(value) if gap not in GAPS] + unknown_gaps(value)
    if unknown:
        raise FieldError(at, f"unknown: {{{unknown[0]}}}")
    return value.replace("\r\n", "\n").strip()
