"""Roles in words."""

from __future__ import annotations

from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l

ROLES = {
    "champion": _l("Champion"),
    "decision_maker": _l("Decision maker"),
    "sponsor": _l("Executive sponsor"),
    "user": _l("User"),
    "billing": _l("Billing"),
    "technical": _l("Technical contact"),
}


def role_word(role: str) -> str:
    """An offered role in the reader's language; own words stay what they are."""
    return str(ROLES.get(role, role))


def departure_text(role: str, ending: str, who: str) -> str:
    """Who is no longer what, in a sentence. who: "" for a person who was forgotten."""
    name = who or _("Somebody")
    if role:
        values = {"name": name, "role": role_word(role)}
        if ending == "ended":
            return _("%(name)s is no longer: %(role)s", **values)
        if ending == "moved":
            return _("%(name)s (%(role)s) is at another account now", **values)
        if ending == "erased":
            return _("A person is gone who was: %(role)s", **values)
        return _("%(name)s (%(role)s) has left the company", **values)
    return _("%(name)s has left the company", name=name)
