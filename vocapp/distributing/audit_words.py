"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "asking_limits.saved": _l("changed the limits on asking"),
    "contact.never_asked": _l("excepted a person from being asked"),
    "contact.asked_again": _l("let a person be asked again"),
    "contact.reached_again": _l("had a person written to again after a message came back"),
    "survey.mail_changed": _l("changed the words of a survey’s mail"),
    "survey.text_changed": _l("changed the words of a survey’s text message"),
    "survey.text_tried": _l("sent a survey’s text message as a trial"),
    "survey.reminded": _l("reminded people of a survey"),
    "campaign.created": _l("wrote a campaign"),
    "campaign.changed": _l("changed a campaign"),
    "campaign.switch_on": _l("switched a campaign on"),
    "campaign.pause": _l("paused a campaign"),
    "campaign.resume": _l("let a campaign go on"),
    "campaign.end": _l("ended a campaign"),
    "campaign.tried_again": _l("had the failed work of a campaign tried again"),
    "campaign.undone": _l("took back what was done to a campaign"),
    "campaign.removed": _l("removed the draft of a campaign"),
    "text_provider.saved": _l("set up who sends text messages"),
    "text_provider.removed": _l("removed who sends text messages"),
}

NAMES = {
    "campaign": _l("Campaign"),
    "invitation": _l("Invitation"),
    "invitations": _l("Invitations"),
}
