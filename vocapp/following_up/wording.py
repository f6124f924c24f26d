"""Codes of the follow-up desk in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import get_locale

from surveys.languages import best_language
from vocapp.following_up.rules import BY_REPLY, DEFAULT_NAMES
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.formats import money_minor, word_list

STATES = {
    "open": _l("Not contacted yet"),
    "contacted": _l("Contacted"),
    "waiting": _l("Waiting for the customer"),
    "resolved": _l("Resolved"),
    "closed": _l("Closed without contact"),
    "merged": _l("Merged"),
}
TEAMS = {"success": _l("Customer success"), "product": _l("Product"), "support": _l("Support")}
OUTCOMES = {
    "solved": _l("Solved"),
    "plan_agreed": _l("Agreed on a plan"),
    "explained": _l("Explained, no change needed"),
    "no_reply": _l("No reply from the customer"),
    "no_action": _l("Nothing to do"),
    "leaving": _l("The customer is leaving"),
}
ROOT_CAUSES = {
    "defect": _l("Defect"),
    "missing_feature": _l("Missing feature"),
    "usability": _l("Hard to use"),
    "reliability": _l("Not reliable or slow"),
    "support": _l("Support"),
    "onboarding": _l("Setting up and training"),
    "pricing": _l("Price or contract"),
    "expectations": _l("Expected something else"),
    "change_at_customer": _l("Change at the customer"),
    "unclear": _l("Not clear"),
}
WAYS = {
    "call": _l("Call"),
    "meeting": _l("Meeting"),
    "chat": _l("Chat"),
    "email": _l("E-mail elsewhere"),
}
PRIORITIES = {
    "urgent": _l("Urgent"), "high": _l("High"), "normal": _l("Normal"), "low": _l("Low"),
}  # fmt: skip
OWNER_RULES = {
    "account_owner": _l("Owner of the account, else in turn"),
    "round_robin": _l("In turn within customer success"),
    "load": _l("Who has the fewest open, within customer success"),
}
_RULES = {
    "cancel-risk": _l("May cancel"),
    "security-concern": _l("Security concern"),
    "key-account-low": _l("Low score of a key account"),
    "service-failing": _l("Reliability or support fails"),
    "low-score": _l("Low score"),
    "product-friction": _l("Friction with the product"),
    BY_REPLY.key: _l("Reply to an e-mail"),
}

ThemeLabels = Mapping[str, Mapping[str, str]]


def reason_in_words(reasons: Sequence[str], themes: ThemeLabels) -> str:
    """Such as: Scored 2 · renews in 41 days · ¥120,000 a month · complained about support."""
    complaints = [
        theme_label(code.partition(":")[2], themes) for code in reasons if code.startswith("theme:")
    ]
    plain = [code for code in reasons if not code.startswith("theme:")]
    if complaints:
        plain.append("theme:")
    words = [_reason(code, complaints) for code in _told_order(plain)]
    sentence = " · ".join(word for word in words if word)
    return sentence[:1].upper() + sentence[1:]


_ORDER = (
    "replied", "score_low", "score", "score_fell", "renewal_in_days", "revenue", "theme",
    "wants_contact", "silent_days",
)  # fmt: skip


def _told_order(reasons: Sequence[str]) -> list[str]:
    """Always in the same order, so that rows can be compared by running down the list."""
    place = {name: index for index, name in enumerate(_ORDER)}
    return sorted(reasons, key=lambda code: place.get(code.partition(":")[0], len(_ORDER)))


def _reason(code: str, complaints: Sequence[str]) -> str:
    name, _sep, value = code.partition(":")
    if name in {"score_low", "score"}:
        return str(_("scored %(score)s", score=value))
    if name == "score_fell":
        before, _sep, after = value.partition(":")
        return str(_("down from %(before)s", before=before)) if before != after else ""
    if name == "silent_days":
        days = int(value)
        return str(ngettext("silent for %(num)s day", "silent for %(num)s days", days))
    if name == "renewal_in_days":
        days = int(value)
        return str(ngettext("renews in %(num)s day", "renews in %(num)s days", days))
    if name == "revenue":
        amount, _sep, currency = value.partition(":")
        return str(_("%(amount)s a month", amount=money_minor(int(amount), currency)))
    if name == "theme":
        return str(_("complained about %(theme)s", theme=word_list(complaints, "standard-narrow")))
    if name == "replied":
        return str(_("replied to an e-mail"))
    if name == "wants_contact":
        return str(_("wants to be contacted"))
    if name == "waiting_days" and int(value):
        days = int(value)
        return str(ngettext("waiting for %(num)s day", "waiting for %(num)s days", days))
    return ""  # the weight of the rule or of the theme, which stand beside


def theme_label(key: str, themes: ThemeLabels) -> str:
    texts = themes.get(key, {})
    if not texts:
        return key
    return texts[best_language(str(get_locale()), tuple(texts))]


def rule_name(key: str, stored: str | None) -> str:
    """A rule's name; the default ones speak the reader's language until somebody renames them."""
    if key in _RULES and stored in (None, "", DEFAULT_NAMES.get(key)):
        return str(_RULES[key])
    return stored or key


def suggestion_in_words(told: Mapping[str, Any], rule_names: Mapping[str, str]) -> str:
    """What a suggestion proposes, as one sentence."""
    if told["action"] == "close":
        return str(_("The answer was changed to %(score)s. Close this?", score=told["score"]))
    return str(
        _(
            "The comment fits the rule “%(rule)s”. Move this to %(team)s?",
            rule=rule_name(told["rule"], rule_names.get(told["rule"])),
            team=TEAMS[told["team"]],
        )
    )
