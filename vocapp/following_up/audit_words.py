"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "follow_up.changed": _l("changed a follow-up"),
    "follow_up.mail_written": _l("wrote to the person of a follow-up"),
    "follow_up.talk_logged": _l("wrote down a call or meeting"),
    "follow_up.suggestion": _l("decided about the suggestion of a follow-up"),
    "follow_up.seen": _l("noted the news of follow-ups as seen"),
    "follow_up.acknowledged": _l("noted that a follow-up is overdue"),
    "follow_up.merged": _l("merged follow-ups of a person"),
    "follow_up.parted": _l("let a merged follow-up stand alone again"),
    "follow_up.undone": _l("took back what was done to a follow-up"),
    "routing_rule.saved": _l("saved a routing rule"),
    "routing_rule.switched": _l("switched a routing rule on or off"),
    "routing_rule.moved": _l("changed the order of routing rules"),
    "routing_rule.removed": _l("removed a routing rule"),
    "routing_rules.restored": _l("put an earlier version of the routing rules back"),
    "routing_channel.added": _l("added a channel of notifications"),
    "routing_channel.changed": _l("changed a channel of notifications"),
    "routing_channel.on": _l("switched a channel of notifications on"),
    "routing_channel.off": _l("switched a channel of notifications off"),
    "routing_channel.remove": _l("removed a channel of notifications"),
    "routing_channel.test": _l("sent a test to a channel of notifications"),
    "escalation.saved": _l("changed who is told of what is overdue"),
    "asking_again.saved": _l("changed when people are asked again"),
    "reply_template.saved": _l("saved a reply template"),
    "reply_template.offered_taken": _l("took over the reply templates on offer"),
    "reply_template.removed": _l("removed a reply template"),
    "reply_template.put_back": _l("put a reply template back"),
}

NAMES = {
    "follow_up_id": _l("Follow-up"),
    "outcome": _l("Outcome"),
    "root_cause": _l("Cause"),
    "due_at": _l("Due"),
    "owner_user_id": _l("Owner"),
    "first_contact_at": _l("First contact"),
    "resolved_at": _l("Resolved"),
    "paused_at": _l("Paused"),
    "routing_rule": _l("Routing rule"),
    "routing_channel": _l("Channel"),
    "reply_template": _l("Reply template"),
    "segment": _l("Segment"),
}
