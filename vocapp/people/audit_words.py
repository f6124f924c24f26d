"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "contact.phone_changed": _l("changed a person’s telephone number"),
    "contact.standing_changed": _l("changed what a person is at an account"),
    "contact.erased": _l("erased a person"),
    "contact.merged": _l("merged two records of a person"),
    "contact.kept_apart": _l("said that two records are two people"),
    "contact.doubted_again": _l("took back that two records are two people"),
    "account.merged": _l("merged two records of an account"),
    "money.settings_changed": _l("changed the reporting currency or the margin"),
    "money.rates_stated": _l("stated exchange rates"),
    "money.rate_removed": _l("removed an exchange rate"),
    "money.rate_taken_back": _l("took back what was done to an exchange rate"),
}

NAMES = {
    "account": _l("Account"),
    "contact": _l("Person"),
    "contact_id": _l("Person"),
    "saved_segment": _l("Segment"),
    "account_note": _l("Note"),
    "currency": _l("Currency"),
    "attributes": _l("Attributes"),
}
