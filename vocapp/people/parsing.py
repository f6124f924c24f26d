"""How machines write accounts and contacts; shared by every API that takes them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from babel import Locale
from babel.numbers import get_currency_name, list_currencies
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from surveys.contact_roles import read_roles
from surveys.phone_numbers import normalised
from vocapp.people.facts import AccountFacts, ContactFacts

Scalar = str | bool | int | float | None
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# XXX says that there is no currency, XTS is for tests.
_CURRENCIES = frozenset(list_currencies()) - {"XXX", "XTS"}
# Deliberately loose: old Japanese mobile addresses ("a..b@docomo.ne.jp") break RFC 5321
# and still reach people.
_ADDRESS = re.compile(r"[^\s@<>,;\x00-\x1f]{1,64}@[^\s@<>,;\x00-\x1f]{1,255}")


def is_address(value: str) -> bool:
    """Whether mail could go there, as far as its look tells."""
    return bool(_ADDRESS.fullmatch(value.strip()))


def _an_address(value: str) -> str:
    if not is_address(value):
        raise ValueError("expected an e-mail address such as aiko@example.com")
    return value.strip()


Address = Annotated[str, AfterValidator(_an_address)]
# Under this name who validates may say in which country numbers are written (ISO 3166); machines
# write theirs with the country's code.
REGION = "region"


def _a_number(value: str, info: ValidationInfo) -> str:
    """In E.164; "" stays, it says that there is none."""
    region = (info.context or {}).get(REGION, "")
    return normalised(value, region=region) if value.strip() else ""


PhoneNumber = Annotated[str, AfterValidator(_a_number)]


def _iso_day(value: Any) -> Any:
    if value is None or isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:  # no such month or day
            pass
    raise ValueError("expected a day such as 2027-03-31")


Day = Annotated[date, BeforeValidator(_iso_day)]
Name = Annotated[str, Field(max_length=300)]
Key = Annotated[str, Field(min_length=1, max_length=200)]
Touchpoint = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def _bounded(attributes: dict[str, Scalar]) -> dict[str, Scalar]:
    for name, value in attributes.items():
        if not name or len(name) > 100:
            raise ValueError("attribute names have 1 to 100 characters")
        if isinstance(value, str) and len(value) > 1000:
            raise ValueError(f"{name}: at most 1000 characters")
    return attributes


def is_currency(code: str) -> bool:
    """Whether ISO 4217 has a currency of this code."""
    return code in _CURRENCIES


def currency_names(locale: Locale) -> dict[str, str]:
    """Code → name of every currency, as this language has them."""
    return {code: get_currency_name(code, locale=locale) for code in sorted(_CURRENCIES)}


def _known_currency(value: str) -> str:
    if not is_currency(value):
        raise ValueError("an ISO 4217 code such as JPY")
    return value


Currency = Annotated[str, AfterValidator(_known_currency)]


def _text_with_offset(value: Any) -> Any:
    if not isinstance(value, str) or "T" not in value.upper().replace(" ", "T"):
        raise ValueError("expected a time with offset such as 2026-11-01T09:00:00+09:00")
    return value


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("the offset is missing, as in 2026-11-01T09:00:00+09:00")
    if not 1990 <= value.year <= 2200:
        raise ValueError("the year is out of range")
    return value.astimezone(UTC)


Instant = Annotated[datetime, BeforeValidator(_text_with_offset), AfterValidator(_aware)]


class AccountBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    external_id: Key
    name: Name | None = None
    plan: str | None = Field(None, max_length=100)
    region: str | None = Field(None, max_length=100)
    mrr: StrictInt | None = Field(
        None, ge=0, le=10**15, description="Monthly recurring revenue in minor units"
    )
    currency: Currency | None = Field(
        None, description="ISO 4217, needed with mrr", validate_default=True
    )
    started_on: Day | None = None
    renewal_on: Day | None = None
    attributes: dict[str, Scalar] = Field(default_factory=dict, max_length=100)

    _check_attributes = field_validator("attributes")(_bounded)

    @field_validator("currency")
    @classmethod
    def _goes_with_mrr(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("mrr") is not None:
            raise ValueError("is needed with mrr")
        return value

    @field_validator("renewal_on")
    @classmethod
    def _follows_the_start(cls, value: date | None, info: ValidationInfo) -> date | None:
        started_on = info.data.get("started_on")
        if value is not None and started_on is not None and value < started_on:
            raise ValueError("is before started_on")
        return value

    def facts(self) -> AccountFacts:
        values = self.model_dump(exclude={"mrr"})
        return AccountFacts(**values, mrr_minor=self.mrr)


class PlacedAccountBody(AccountBody):
    """An account with what it belongs to, as it is said where the account itself is written."""

    parent: str | None = Field(
        None, max_length=200,
        description="external_id of the account it belongs to, which has to exist; empty: none",
    )  # fmt: skip


class ContactBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    external_id: Key | None = None
    email: Address | None = None
    name: Name | None = None
    locale: str | None = Field(None, max_length=20)
    time_zone: str | None = Field(None, max_length=64)
    roles: list[Annotated[str, Field(max_length=200)]] | None = Field(
        None, max_length=50,
        description="All that the person is at the account: champion, decision_maker, sponsor, "
        "user, billing, technical, or your own words; empty: nothing",
    )  # fmt: skip
    phone: PhoneNumber | None = Field(
        None,
        description="Telephone number with its country's code, such as +81 90-1234-5678; kept and "
        "shown as +819012345678. Empty: none",
    )
    has_left: bool | None = Field(
        None, description="Whether the person has left the company; nobody asks them then"
    )
    attributes: dict[str, Scalar] = Field(default_factory=dict, max_length=100)

    _check_attributes = field_validator("attributes")(_bounded)

    @field_validator("roles")
    @classmethod
    def _known_roles(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else list(read_roles(value))

    @model_validator(mode="after")
    def _has_identity(self) -> ContactBody:
        if not self.external_id and not self.email:
            raise ValueError("external_id or email is needed")
        return self

    def facts(self) -> ContactFacts:
        return ContactFacts(**self.model_dump())
