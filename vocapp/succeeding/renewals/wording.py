"""Renewals in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from surveys.renewal_forecast import Accuracy, Forecast
from surveys.renewals import Chance
from vocapp.succeeding.renewals.deciding import Decided
from vocapp.succeeding.renewals.reading import Renewal
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.formats import money_minor, number, percent, time_ago

CATEGORIES = {"risk": _l("At risk"), "likely": _l("Likely"), "commit": _l("Commit")}
CHIPS = {"risk": "bad", "likely": "warning", "commit": "good"}
OUTCOMES = {"renewed": _l("Renewed"), "lost": _l("Lost")}


def days_text(renewal: Renewal) -> str:
    """How long it still is, or that the term is over and nothing was told."""
    days = renewal.days_left
    if days < 0:
        return ngettext(
            "Over since %(num)d day, nothing told yet", "Over since %(num)d days, nothing told yet",
            -days,
        )  # fmt: skip
    if days == 0:
        return _("Today")
    return ngettext("In %(num)d day", "In %(num)d days", days)


def amount_text(renewal: Renewal) -> str:
    """What is paid each month; in several currencies no one number."""
    account = renewal.account
    if account.mrr_minor is None or not account.currency:
        return _("Amount not known")
    return _("%(amount)s a month", amount=money_minor(account.mrr_minor, account.currency))


def chance_text(chance: Chance) -> str:
    """The chance with its interval, and of how many past renewals it is."""
    if not chance.n_all:
        return basis_text(0, is_thin=True)
    values = {
        "value": percent(chance.value), "low": percent(chance.low), "high": percent(chance.high),
    }  # fmt: skip
    text = _("%(value)s of such renewals are kept (%(low)s to %(high)s)", **values)
    return f"{text} · " + ngettext(
        "%(num)d past one of this health", "%(num)d past ones of this health", chance.n
    )


def basis_text(n_all: int, *, is_thin: bool) -> str:
    """Of how many past renewals chances are; thin data is said."""
    if not n_all:
        return _("No past renewal is known: the category follows the health alone.")
    if is_thin:
        return ngettext(
            "%(num)d past renewal is too few to tell: the category follows the health alone.",
            "%(num)d past renewals are too few to tell: the category follows the health alone.",
            n_all,
        )
    return ngettext(
        "Chances come from %(num)d past renewal.", "Chances come from %(num)d past renewals.",
        n_all,
    )  # fmt: skip


def word_text(renewal: Renewal, names: Mapping[UUID, str]) -> str:
    """Who said what when, and what the forecast is without it."""
    word = renewal.word
    assert word is not None
    who = names.get(word.said_by_user_id) if word.said_by_user_id else None
    return _(
        "Said by %(who)s, %(when)s; the forecast is: %(category)s",
        who=who or _("somebody"), when=time_ago(word.said_at),
        category=CATEGORIES[renewal.own_category],
    )  # fmt: skip


def kept_text(decided: Decided) -> str:
    """What was kept of what was due, by currency."""
    past = decided.past
    if past.outcome == "lost":
        return ", ".join(money_minor(amount, code) for code, amount in sorted(past.due.items()))
    return ", ".join(
        money_minor(past.kept[code], code)
        if past.kept[code] == amount
        else _("%(kept)s of %(due)s", kept=money_minor(past.kept[code], code),
               due=money_minor(amount, code))
        for code, amount in sorted(past.due.items())
    )  # fmt: skip


def between(found: Forecast, currency: str) -> str:
    return _(
        "%(low)s to %(high)s", low=money_minor(found.low_minor, currency),
        high=money_minor(found.high_minor, currency),
    )  # fmt: skip


def accuracy_text(found: Accuracy) -> str:
    """Whether chances meant what they said, in a sentence."""
    if not found.decided:
        return _("No month with a recorded forecast is over yet. A forecast is recorded when a "
                 "month begins, and held against what happened when it is over.")  # fmt: skip
    values = {
        "said": percent(found.said), "renewed": percent(found.renewed.value),
        "low": percent(found.renewed.low), "high": percent(found.renewed.high),
        "n": number(found.decided),
    }  # fmt: skip
    text = _("Said on average: %(said)s. Renewed: %(renewed)s of %(n)s (%(low)s to %(high)s).",
             **values)  # fmt: skip
    if not found.is_enough:
        return _("Too few decided renewals to tell how true the forecast is. %(text)s", text=text)
    return text


def said_text(found: Accuracy) -> str:
    """The same of a part of them, as short as a table needs it."""
    values = {
        "said": percent(found.said), "renewed": percent(found.renewed.value),
        "low": percent(found.renewed.low), "high": percent(found.renewed.high),
        "n": number(found.decided),
    }  # fmt: skip
    return _("%(said)s → %(renewed)s of %(n)s (%(low)s to %(high)s)", **values)


def bias_text(found: Accuracy) -> str:
    """By how much too much or too little was expected of the amount."""
    if not found.is_enough or found.bias is None:
        return _("too few to tell")
    if found.bias >= 0:
        return _("%(share)s too much expected", share=percent(found.bias))
    return _("%(share)s too little expected", share=percent(-found.bias))
