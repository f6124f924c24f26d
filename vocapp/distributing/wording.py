"""Why somebody was not asked, or not yet, in words."""

from __future__ import annotations

from vocapp.distributing.campaigns.stopping import FAILED
from vocapp.distributing.service import GIVEN_UP, RETRYING
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l

REASON_WORDS = {
    "no_email": _l("No e-mail address is known."),
    "no_phone": _l("No telephone number is known."),
    "no_mobile": _l("The telephone number takes no text messages."),
    "no_sms": _l("Nobody is set up to send text messages."),
    "bad_number": _l("The provider says that nothing can arrive at this number."),
    "invalid_number": _l("The provider says that nothing can arrive at this number."),
    "unreachable_number": _l("The provider says that nothing can arrive at this number."),
    "opted_out": _l("The person told the provider to stop."),
    "not_delivered": _l("The provider could not deliver it."),
    "unsubscribed": _l("The person asked not to be written to."),
    "bounced": _l("An earlier message to this address or number came back."),
    "complained": _l("The person reported an earlier mail as spam."),
    "survey_closed": _l("The survey was closed before the message went out."),
    "merged": _l("The person is asked already, by a record that this one was merged with."),
    "stopped_while_sending": _l("The service stopped while sending. It is not sent twice."),
    "opened_again": _l("The follow-up was opened again."),
    "excluded": _l("A colleague decided that this person is not asked."),
    "left_company": _l("The person has left the company."),
    "asked_lately": _l("Too near to another time that the person was asked, or answered."),
    "account_full": _l("Enough people of this account are asked on that day."),
    "answered": _l("The person has answered."),
    "replied": _l("The person has replied by e-mail."),
    "asked_since": _l("The person was asked again since."),
    "switched_off": _l("Reminders of this survey were switched off."),
    "quiet_hours": _l("Outside the hours for mail there: it goes out when they begin."),
    "held_out": _l("In the group that this campaign never asks, to compare with."),
    "sampled_out": _l("Not in the sample this time."),
    "day_full": _l("The campaign asks no more people on that day."),
    "not_in_audience": _l("Not in the audience of the campaign any more."),
    "later": _l("Their day, or their moment, does not come within these days."),
    "moment_moved": _l("The renewal is another one by now."),
    "too_late": _l("The time in which the campaign could ask has passed."),
    "campaign_ended": _l("The campaign has ended."),
    "campaign_paused": _l("The campaign was paused before the message went out."),
    "day_off": _l("A day off there: it goes out on the next working day."),
}
_TROUBLE_WORDS = {
    "not_let_in": _l("it does not know the token"),
    "no_credit": _l("there is no credit left"),
    "no_such_address": _l("nothing is at this address"),
    "no_answer": _l("it did not answer"),
    "not_allowed": _l("the address lies inside the network"),
}
CHANNEL_WORDS = {"email": _l("E-mail"), "sms": _l("Text message")}
CAUSE_WORDS = {
    "campaign": _l("Sent to a list"),
    "api": _l("By the API"),
    "resolved": _l("After a follow-up was resolved"),
    "playbook": _l("By a playbook"),
    "touchpoint": _l("By a touchpoint"),
    "planned_campaign": _l("By a campaign"),
}


def reason_text(reason: str | None) -> str:
    """A reason in words; what a mail server said stays as it is."""
    if reason is None:
        return ""
    if reason.startswith(FAILED):
        error = reason.removeprefix(FAILED)
        return _("An error kept this person from being asked (%(error)s).", error=error)
    if reason.startswith(RETRYING):
        said = trouble_text(reason.removeprefix(RETRYING))
        return _("The last attempt failed (%(said)s).", said=said)
    if reason.startswith(GIVEN_UP):
        said = trouble_text(reason.removeprefix(GIVEN_UP))
        return _("It was not taken for about a day (%(said)s).", said=said)
    return str(REASON_WORDS.get(reason, reason))


def trouble_text(reason: str) -> str:
    """Why a provider of text messages took nothing, in words, with the code behind them; what is
    not known stays as it is."""
    name, blank, code = reason.partition(" ")
    return f"{_TROUBLE_WORDS.get(name, name)}{blank}{code}"


def not_open() -> str:
    return _("The survey takes no answers: it is not published, or closed. Nothing was sent.")


def nobody_sends() -> str:
    return _("Nobody is set up to send text messages. Nothing was sent.")
