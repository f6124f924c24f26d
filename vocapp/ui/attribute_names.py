"""Attributes and their values in the reader's words."""

from __future__ import annotations

from surveys.attributes import OTHER
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l

ATTRIBUTE_NAMES = {
    "plan": _l("Plan"),
    "region": _l("Region"),
    "channel": _l("Channel"),
    "locale": _l("Language"),
    "industry": _l("Industry"),
    "role": _l("Role"),
    "revenue_band": _l("Monthly revenue"),
    "tenure_band": _l("Customer for"),
    "touchpoint": _l("Touchpoint"),
    "mrr": _l("Monthly revenue, exact"),
    "currency": _l("Currency"),
    "started_on": _l("Customer since"),
    "renewal_on": _l("Renewal on"),
}

_VALUE_NAMES = {
    ("channel", "api"): _l("Interface (API)"),
    ("channel", "web"): _l("Survey page"),
    ("channel", "widget"): _l("Widget"),
    ("channel", "embed"): _l("Embedded page"),
    ("channel", "email"): _l("E-mail link"),
    ("channel", "sms"): _l("Link in a text message"),
    ("channel", "import"): _l("Import"),
    ("locale", "ja"): _l("Japanese"),
    ("locale", "en"): _l("English"),
    ("tenure_band", "<3m"): _l("under 3 months"),
    ("tenure_band", "3-12m"): _l("3 to 12 months"),
    ("tenure_band", "1-2y"): _l("1 to 2 years"),
    ("tenure_band", ">=2y"): _l("2 years and more"),
}


def attribute_name(name: str) -> str:
    """An attribute as a heading; free attributes are named as the customer named them."""
    return str(ATTRIBUTE_NAMES.get(name, name))


def value_name(attribute: str, value: str | None) -> str:
    """A segment's value in words."""
    if value is None:
        return _("Not known")
    if value == OTHER:
        return _("Other values")
    return str(_VALUE_NAMES.get((attribute, value), value))
