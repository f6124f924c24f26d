"""What senders of invitations write: machines as JSON, people as lines of addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from surveys.phone_numbers import normalised
from vocapp.people.facts import ContactFacts
from vocapp.people.parsing import AccountBody, Address, ContactBody, Touchpoint
from vocapp.problems import BadInput

MAX_LINES = 1000
_IN_BRACKETS = re.compile(r"(?P<name>.*?)[<＜](?P<address>[^<>＜＞]*)[>＞]\s*")
_address = TypeAdapter(Address)
_touchpoint: TypeAdapter[str] = TypeAdapter(Touchpoint)


def _text_only(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("expected a time with offset such as 2026-11-01T09:00:00+09:00")
    return value


def _in_reach(value: datetime) -> datetime:
    if not 1990 <= value.year <= 2200:
        raise ValueError("the year is out of range")
    return value


class InvitationBody(BaseModel):
    """One invitation as machines send it."""

    model_config = ConfigDict(extra="forbid")

    survey: str = Field(min_length=1, max_length=100)
    contact: ContactBody
    account: AccountBody | None = None
    channel: Literal["email", "sms"] = Field(
        "email", description="sms: a text message to the contact's telephone"
    )
    send_at: (
        Annotated[AwareDatetime, BeforeValidator(_text_only), AfterValidator(_in_reach)] | None
    ) = None
    touchpoint: Touchpoint | None = None

    @field_validator("contact")
    @classmethod
    def _fits_a_header(cls, contact: ContactBody) -> ContactBody:
        if contact.name and not contact.name.isprintable():
            raise ValueError("name: line breaks and control characters are not allowed")
        return contact


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no address, by its number as people count."""

    number: int
    text: str


def read_touchpoint(typed: str) -> str | None:
    """The touchpoint as it was typed, None for an empty field; raises BadInput."""
    plain = typed.replace("\0", " ").strip()
    try:
        return _touchpoint.validate_python(plain) if plain else None
    except ValidationError as exc:
        raise BadInput.of("touchpoint", "too long") from exc


def read_addresses(text: str) -> tuple[list[ContactFacts], list[BadLine]]:
    """People from lines such as `aiko@example.com`, `Aiko <aiko@example.com>` or
    `aiko@example.com, Aiko`; blank lines and repeated addresses are left out.

    >>> people, wrong = read_addresses("Aiko <a@example.com>\\n\\nnobody\\nb@example.com, Ben")
    >>> [(p.name, p.email) for p in people], [(w.number, w.text) for w in wrong]
    ([('Aiko', 'a@example.com'), ('Ben', 'b@example.com')], [(3, 'nobody')])
    """
    people: dict[str, ContactFacts] = {}
    wrong: list[BadLine] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        person = _person(line)
        if person is None or person.email is None:
            wrong.append(BadLine(number, line.strip()[:80]))
        else:
            people.setdefault(person.email.casefold(), person)
    return list(people.values()), wrong


def read_numbers(text: str, *, region: str) -> tuple[dict[str, str | None], list[BadLine]]:
    """Telephone numbers in E.164 and the name that stands with each, from lines such as
    `+81 90-1234-5678, Aiko`. region: see `surveys.phone_numbers.normalised`.

    >>> read_numbers("090-1234-5678\\tAiko\\n+819012345678\\nnobody", region="JP")
    ({'+819012345678': 'Aiko'}, [BadLine(number=3, text='nobody')])
    """
    people: dict[str, str | None] = {}
    wrong: list[BadLine] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        written, name = address_and_name(line)
        try:
            if name is None:
                raise ValueError
            people.setdefault(normalised(written, region=region), name or None)
        except ValueError:
            wrong.append(BadLine(number, line.strip()[:80]))
    return people, wrong


def _person(line: str) -> ContactFacts | None:
    address, name = address_and_name(line)
    try:
        email = _address.validate_python(address)
    except ValidationError:
        return None
    if name is None:
        return None
    return ContactFacts(email=email, name=name or None)


def address_and_name(line: str) -> tuple[str, str | None]:
    """What a line says, the address as it stands; a name of None is one that cannot be stored."""
    found = _IN_BRACKETS.fullmatch(line)
    if found:
        name, address = found["name"], found["address"]
    else:
        address, _, name = re.sub(r"[\t;、，]", ",", line).partition(",")
    name = name.strip().strip('"').strip()
    return address, name if name.isprintable() and len(name) <= 300 else None
