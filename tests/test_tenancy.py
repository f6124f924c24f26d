"""Another workspace's ids are as if they did not exist, on every route and in every statement.

`MATRIX` names every route of the application. A new route without a line here fails
`test_every_route_stands_in_the_matrix`: say which foreign ids it can be given, or that it
takes none.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select

from surveys.touchpoints import Anchor, Touchpoint, model_to_json
from tests import written
from vocapp import outbox
from vocapp.authoring.limiting import service as limiting
from vocapp.authoring.models import Survey
from vocapp.collecting.models import HeldAnswer
from vocapp.collecting.targeting import service as targeting
from vocapp.connecting.hooks import service as hooks
from vocapp.connecting.importing import keeping as file_keeping
from vocapp.database import snapshot, transaction, utcnow, uuid7
from vocapp.distributing.campaigns.models import Campaign, CampaignTurn
from vocapp.distributing.models import Invitation
from vocapp.extensions import db
from vocapp.following_up import channels, rules
from vocapp.following_up import service as following_up
from vocapp.following_up.models import FollowUp, RoutingRule
from vocapp.following_up.writing.models import CaseAttachment, CaseMail, ReplyTemplate
from vocapp.measuring.models import TrendNote
from vocapp.measuring.segments.models import SavedSegment
from vocapp.outbox import Pending
from vocapp.people.models import Account, Contact, MergeSuggestion
from vocapp.signing import sign
from vocapp.succeeding.goals.models import GoalTemplate, SuccessGoal
from vocapp.succeeding.playbooks.models import Playbook, PlaybookRun, PlaybookTask
from vocapp.succeeding.touchpoints.model_versions import InForce
from vocapp.succeeding.touchpoints.models import TouchModelVersion, TouchpointPlan
from vocapp.understanding.discovery.models import CandidateComment, ThemeCandidate
from vocapp.understanding.learning.models import Retheming
from vocapp.understanding.models import Analysis, Assignment, Theme
from vocapp.understanding.taxonomy.models import ThemeMerge
from vocapp.workspaces.models import ApiKey, Membership, StaffInvitation, UserSession, Workspace
from vocapp.workspaces.reach import WHOLE_WORKSPACE

CANARY = "kanaria-of-b"
A_CAMPAIGN = {"name": "x", "survey": "mine", "kind": "once", "starts_on": "2026-12-01"}


@dataclass(frozen=True)
class Ids:
    """By what things of a workspace are named; the same fields for things that are nowhere."""

    workspace: str
    survey: str
    public_id: str
    response: str
    invitation: str
    follow_up: str
    rule: str
    channel: str
    theme: str
    key: str
    user: str
    session: str
    staff_invitation: str
    pending: str
    mail: str
    account: str
    event: str
    undo: str
    note: str
    retheming: str
    segment: str
    contact: str
    suggestion: str
    merge: str
    candidate: str
    goal: str
    goal_template: str
    touchpoint: str
    touch_key: str
    playbook: str
    task: str
    letter: str
    attachment: str
    reply_template: str
    hook: str
    file: str
    targeting: str
    held: str
    campaign: str
    batch: str

    @property
    def cursor(self) -> str:
        return sign("cursor", ["2026-01-01T00:00:00+00:00", self.response])


Make = Callable[[Ids], dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """One way to name a foreign thing: values of the path, the query, the body."""

    path: dict[str, str] | None = None  # argument of the route → field of Ids
    query: Make | None = None
    json: Make | None = None
    form: Make | None = None
    methods: tuple[str, ...] = ()  # default: all of the route


def by(**path: str) -> Call:
    return Call(path=path)


NO_IDS = "takes no id of a thing"
BY_TOKEN = "a signed or secret token is the permission itself"
PUBLIC = "open to everybody who has the public id"
A_SURVEY, A_CASE, A_RULE = by(key="survey"), by(follow_up_id="follow_up"), by(rule_id="rule")
A_THEME = by(key="theme")
AN_ATTACHMENT = by(follow_up_id="follow_up", attachment_id="attachment")
A_PAIR = by(suggestion_id="suggestion")
A_PLAYBOOK = {
    "name": "x", "days": "90", "title-0": "x", "days-0": "0", "minutes-0": "30", "version": "1",
}  # fmt: skip
A_GOAL = {"words": "x", "measure": "y", "baseline": "1", "target": "2", "due_on": "2099-01-01"}

MATRIX: dict[str, str | tuple[Call, ...]] = {
    # machines
    "people_api.save_account": (Call(json=lambda t: {"external_id": t.account}),),
    "people_api.save_contact": (
        Call(json=lambda t: {"external_id": "c1", "account": {"external_id": t.account}}),
    ),
    "events_api.take_in_events": (
        Call(json=lambda t: {"events": [
            {"id": t.event, "type": "login", "account": t.account, "contact": CANARY,
             "at": "2026-10-02T01:00:00Z"},
            {"id": "x", "type": "milestone", "account": t.account, "name": "setup_done",
             "at": "2026-10-02T01:00:00Z", "supersedes": t.event},
        ]}),
    ),
    "following_up_api.list_follow_ups": (
        Call(query=lambda t: {"owner": t.user}),
        Call(query=lambda t: {"theme": t.theme}),
    ),
    "following_up_api.show_follow_up": (A_CASE,),
    "following_up_api.change_follow_up": (
        replace(A_CASE, json=lambda t: {"state": "closed"}),
        replace(A_CASE, json=lambda t: {"owner": t.user}),
    ),
    "letters_api.list_letters": (A_CASE,),
    "playbooks_api.list_playbooks": NO_IDS,
    "playbooks_api.list_firings": (by(playbook_id="playbook"),),
    "letters_api.show_attachment": (AN_ATTACHMENT,),
    "letters_api.write_letter": (
        replace(A_CASE, json=lambda t: {"subject": "x", "body": "x"}),
        replace(A_CASE, json=lambda t: {"id": t.letter, "subject": "x", "body": "x"}),
        replace(A_CASE, json=lambda t: {"author": t.user, "subject": "x", "body": "x"}),
    ),
    "distributing_api.create_invitation": (
        Call(json=lambda t: {"survey": t.survey, "contact": {"email": "x@example.com"},
                             "channel": "email"}),
    ),
    "mail_reports_api.take_in_reports": (
        Call(json=lambda t: {"reports": [
            {"type": "complained", "message_id": f"<{t.invitation}@127.0.0.1>"}]}),
    ),
    "asking_api.show_asking": (by(contact_id="contact"),),
    "asking_api.never_ask": (by(contact_id="contact"),),
    "asking_api.ask_again": (by(contact_id="contact"),),
    "asking_api.reach_again": (
        Call(path={"contact_id": "contact"}, json=lambda _: {"channel": "email"}),
    ),
    "campaigns_api.list_campaigns": NO_IDS,
    "campaigns_api.create_campaign": (Call(json=lambda t: A_CAMPAIGN | {"survey": t.survey}),),
    "campaigns_api.show_campaign": (by(campaign_id="campaign"),),
    "campaigns_api.change_campaign": (
        replace(by(campaign_id="campaign"), json=lambda _: A_CAMPAIGN),
    ),
    "campaigns_api.remove_campaign": (by(campaign_id="campaign"),),
    "campaigns_api.act_on_campaign": (
        replace(by(campaign_id="campaign"), json=lambda _: {"action": "pause"}),
    ),
    "campaigns_api.look_ahead": (by(campaign_id="campaign"),),
    "campaigns_api.list_people": (by(campaign_id="campaign"),),
    "distributing_api.show_invitation": (by(invitation_id="invitation"),),
    "collecting_api.create_response": (
        Call(json=lambda t: {"survey": t.survey, "score": 9}),
        Call(json=lambda t: {"id": t.response, "survey": "mine", "score": 9}),
    ),
    "collecting_api.create_responses": (
        Call(json=lambda t: {"responses": [{"survey": t.survey, "score": 9},
                                           {"survey": "mine", "score": 9, "id": t.invitation},
                                           {"survey": "mine", "score": 1}]}),
    ),
    "authoring_api.create_survey": (
        Call(json=lambda t: {"key": t.survey, "name": "X", "kind": "nps"}),
    ),
    "authoring_api.list_surveys": (Call(query=lambda t: {"limit": 200}),),
    "authoring_api.show_survey": (A_SURVEY,),
    "authoring_api.publish_survey": (A_SURVEY,),
    "version_api.list_versions": (A_SURVEY,),
    "version_api.show_version": (replace(A_SURVEY, path=A_SURVEY.path | {"number": "=1"}),),
    "version_api.diff_versions": (replace(A_SURVEY, query=lambda _t: {"since": "1"}),),
    "measuring_api.show_metrics": (
        A_SURVEY,
        Call(path={"key": "=mine"}, query=lambda t: {"segment": t.segment}),
    ),
    "saved_segments_api.list_segments": (Call(query=lambda t: {"search": t.segment}),),
    "saved_segments_api.save_segment": (
        Call(json=lambda t: {"key": t.segment, "name": "X",
                             "filter": {"attribute": "plan", "operator": "empty"}}),
    ),
    "saved_segments_api.show_segment": (by(key="segment"),),
    "saved_segments_api.change_segment": (
        Call(path={"key": "segment"},
             json=lambda t: {"name": "X", "filter": {"attribute": "plan", "operator": "empty"}}),
    ),
    "saved_segments_api.remove_segment": (by(key="segment"),),
    "drivers_api.show_drivers": (A_SURVEY,),
    "journey_api.show_journey": (A_SURVEY,),
    "segments_api.show_reportable": NO_IDS,
    "segments_api.choose_reportable": NO_IDS,
    "measuring_api.show_funnel": (A_SURVEY,),
    "measuring_api.show_comparison": (
        replace(A_SURVEY, query=lambda t: {"a_since": "2026-01-01", "a_until": "2026-01-31"}),
    ),
    "understanding_api.show_response": (by(response_id="response"),),
    "understanding_api.list_themes": (Call(query=lambda t: {"days": 90}),),
    "understanding_api.theme_responses": (by(key="theme"),),
    "workspaces_api.show_workspace": NO_IDS,
    "workspaces_api.change_workspace": NO_IDS,
    # the public endpoint: A's key, B's ids
    "public_api.create_response": (
        Call(json=lambda t: {"key": "A", "survey": t.public_id, "id": t.response, "score": 9}),
    ),
    "public_api.revise_response": (
        Call(path={"response_id": "response"},
             json=lambda t: {"edit_token": "A", "revision": 5, "score": 1}),
    ),
    "public_api.show_survey": (
        Call(path={"public_id": "public_id"}, query=lambda t: {"key": "A"}),
    ),
    "public_api.show_targeting": NO_IDS,
    "targeting_api.list_rules": NO_IDS,
    "targeting_api.add_rule": (Call(json=lambda t: {"name": "x", "survey": t.survey}),),
    "targeting_api.show_rule": (by(rule_id="targeting"),),
    "targeting_api.change_rule": (
        replace(by(rule_id="targeting"), json=lambda t: {"paused": True, "position": 1}),
    ),
    "targeting_api.remove_rule": (by(rule_id="targeting"),),
    # pages
    "targeting.rules": NO_IDS,
    "targeting.new_rule": NO_IDS,
    "targeting.edit_rule": (
        replace(by(rule_id="targeting"), form=lambda t: {"name": "x", "survey": t.survey}),
    ),
    "targeting.change_rule": (
        replace(by(rule_id="targeting"), form=lambda t: {"action": "remove"}),
    ),
    "targeting.undo": NO_IDS,
    "workspaces.home": NO_IDS,
    "workspaces.account": NO_IDS,
    "workspaces.rename": NO_IDS,
    "workspaces.change_password": NO_IDS,
    "workspaces.revoke_session": (by(session_id="session"),),
    "workspaces.open_demo": NO_IDS,
    "workspaces.settings": NO_IDS,
    "workspaces.audit_log": (Call(query=lambda t: {"before": t.response}),),
    "workspaces.withdraw_invitation": (by(invitation_id="staff_invitation"),),
    "workspaces.keys": NO_IDS,
    "workspaces.revoke_key": (by(key_id="key"),),
    "workspaces.people": NO_IDS,
    "workspaces.remove_member": (by(user_id="user"),),
    "workspaces.change_role": (Call(path={"user_id": "user"}, form=lambda t: {"role": "viewer"}),),
    "workspaces.undo_role": (
        Call(path={"user_id": "user"}, query=lambda t: {"token": t.undo}),
    ),
    "workspaces.working_hours": NO_IDS,
    "workspaces.member_hours": (by(user_id="user"),),
    "workspaces.add_absence": (
        Call(
            path={"user_id": "user"},
            form=lambda t: {
                "first_day": "2030-01-01", "last_day": "2030-01-02", "stand_in": t.user,
            },
        ),
    ),
    "workspaces.remove_absence": (by(user_id="user", absence_id="note"),),
    "workspaces.undo_absence": (by(user_id="user", token="undo"),),
    "workspaces.work": NO_IDS,
    "workspaces.retry_work": (Call(form=lambda t: {"row": t.pending}),),
    "workspaces.choose_workspace": NO_IDS,
    "workspaces.enter_workspace": (by(workspace_id="workspace"),),
    "workspaces.choose_language": NO_IDS,
    "workspaces.sign_out": NO_IDS,
    "distributing.mailbox_list": NO_IDS,
    "distributing.mailbox_mail": (by(name="mail"),),
    "distributing.mailbox_html": (by(name="mail"),),
    "asking_again.rules": NO_IDS,
    "asking_again.undo": (Call(query=lambda t: {"token": t.undo}),),
    "asking.limits": NO_IDS,
    "campaigns.list_campaigns": NO_IDS,
    "campaigns.new": (Call(query=lambda t: {"survey": t.survey}, methods=("GET",)),),
    "campaigns.show": (by(campaign_id="campaign"),),
    "campaigns.look_ahead": (by(campaign_id="campaign"),),
    "campaigns.begin_look_ahead": (by(campaign_id="campaign"),),
    "campaigns.people": (by(campaign_id="campaign"),),
    "campaigns.edit": (by(campaign_id="campaign"),),
    "campaigns.act": (replace(by(campaign_id="campaign"), form=lambda _: {"action": "end"}),),
    "campaigns.try_again": (by(campaign_id="campaign"),),
    "campaigns.remove": (by(campaign_id="campaign"),),
    "campaigns.undo": (Call(query=lambda t: {"token": t.undo}),),
    "asking.person": (by(contact_id="contact"),),
    "contacts.person": (by(contact_id="contact"),),
    "contacts.change": (Call(path={"contact_id": "contact"}, form=lambda t: {"role": "user"}),),
    "contacts.change_phone": (
        Call(path={"contact_id": "contact"}, form=lambda t: {"phone": "+819012345678"}),
    ),
    "contacts.left": (by(contact_id="contact"),),
    "contacts.undo": (Call(query=lambda t: {"token": t.undo}),),
    "personal_data.show": (by(contact_id="contact"),),
    "personal_data.download": (by(contact_id="contact"),),
    "personal_data.forget": (
        by(contact_id="contact"),
        Call(path={"contact_id": "contact"}, form=lambda _: {"sure": "1"}),
    ),
    "personal_data_api.show_data": (by(contact_id="contact"),),
    "personal_data_api.forget": (by(contact_id="contact"),),
    "health_weights.show": NO_IDS,
    "health_weights.save": NO_IDS,
    "health_weights.put_back": NO_IDS,  # versions are counted in each workspace
    "health_weights.undo": (Call(query=lambda t: {"token": t.undo}),),
    "team.change": (
        Call(form=lambda t: {"account": t.account, "duty": "support", "user": t.user}),
    ),
    "team.undo": (Call(query=lambda t: {"token": t.undo}),),
    "story.add": (Call(form=lambda t: {"account": t.account, "note": "zz note"}),),
    "story.remove": (by(note_id="note"),),
    "story.undo": (Call(query=lambda t: {"token": t.undo}),),
    "story.seen": (Call(form=lambda t: {"id": t.note}),),
    "story.unseen": (Call(query=lambda t: {"token": t.undo}),),
    "asking.never": (by(contact_id="contact"),),
    "asking.again": (by(contact_id="contact"),),
    "asking.reach_again": (by(contact_id="contact", channel="=email"),),
    "asking.undo": (Call(query=lambda t: {"token": t.undo}),),
    "never_asked.people": (Call(query=lambda t: {"cursor": t.cursor}),),
    "never_asked.add": NO_IDS,
    "never_asked.undo": (Call(query=lambda t: {"token": t.undo}),),
    "distributing.invitations": (
        A_SURVEY,
        Call(path={"key": "=mine"}, query=lambda t: {"before": t.invitation}, methods=("GET",)),
    ),
    "distributing.send": (replace(A_SURVEY, form=lambda t: {"addresses": "x@example.com"}),),
    "distributing.send_to_myself": (A_SURVEY,),
    "distributing.remind": (A_SURVEY,),
    "distributing.preview": (A_SURVEY,),
    "distributing.preview_html": (A_SURVEY,),
    "own_mails.edit": (A_SURVEY,),
    "sms.edit_texts": (A_SURVEY,),
    "sms.save_texts": (
        replace(A_SURVEY, form=lambda t: {"text-en": "Hi {link}", "revision": "0"}),
    ),
    "sms.try_text": (
        replace(A_SURVEY, form=lambda t: {"text-en": "Hi {link}", "number": "+819012345678"}),
    ),
    "sms.provider": NO_IDS,
    "sms.save_provider": NO_IDS,
    "sms.remove_provider": NO_IDS,
    "posters.poster": (A_SURVEY,),
    "look.sheet": PUBLIC,
    "look.workspace_look": NO_IDS,
    "look.reset_workspace_look": NO_IDS,
    "look.survey_look": (replace(A_SURVEY, form=lambda _t: {"colour": "#ffd400"}),),
    "look.reset_survey_look": (A_SURVEY,),
    "look_api.show_look": NO_IDS,
    "look_api.choose_look": NO_IDS,
    "look_api.reset_look": NO_IDS,
    "look_api.show_survey_look": (A_SURVEY,),
    "look_api.choose_survey_look": (replace(A_SURVEY, json=lambda _t: {"colour": "#ffd400"}),),
    "look_api.reset_survey_look": (A_SURVEY,),
    "limiting.limits": (A_SURVEY,),
    "limiting.change_limits": (A_SURVEY,),
    "limiting.links": (A_SURVEY,),
    "limiting.make_links": (
        replace(A_SURVEY, form=lambda t: {"name": "x", "count": "1"}),
    ),
    "limiting.links_file": (by(key="survey", batch_id="batch"),),
    "limiting_api.show_limits": (A_SURVEY,),
    "limiting_api.limit_answers": (replace(A_SURVEY, json=lambda t: {"most": 1}),),
    "limiting_api.make_links": (
        replace(A_SURVEY, json=lambda t: {"name": "x", "count": 1}),
    ),
    "limiting_api.list_links": (by(key="survey", batch_id="batch"),),
    "posters.pdf": (replace(A_SURVEY, path=A_SURVEY.path | {"size": "=a4"}),),
    "posters.qr": (replace(A_SURVEY, path=A_SURVEY.path | {"ending": "=svg"}),),
    "own_mails.save": (replace(A_SURVEY, form=lambda t: {"sender": "Aiko", "revision": "0"}),),
    "authoring.list_surveys": NO_IDS,
    "authoring.new_survey": NO_IDS,
    "authoring.start_survey": NO_IDS,
    "authoring.show_survey": (A_SURVEY,),
    "authoring.close_survey": (A_SURVEY,),
    "authoring.edit_survey": (A_SURVEY,),
    "authoring.change_survey": (A_SURVEY,),
    "authoring.preview_survey": (A_SURVEY,),
    "authoring.publish_survey": (A_SURVEY,),
    "survey_imports.choose": NO_IDS,
    "survey_imports.take": NO_IDS,
    "drafts.keep": (A_SURVEY,),
    "drafts.undo": (A_SURVEY,),
    "drafts.redo": (A_SURVEY,),
    "strings.languages": (A_SURVEY,),
    "strings.save": (A_SURVEY,),
    "strings.csv_file": (A_SURVEY,),
    "strings.xliff_file": (replace(A_SURVEY, path=A_SURVEY.path | {"language": "=ja"}),),
    "strings.import_file": (A_SURVEY,),
    "strings.add": (replace(A_SURVEY, form=lambda _t: {"new_language": "fr"}),),
    "strings.remove": (replace(A_SURVEY, form=lambda _t: {"language": "en"}),),
    "versions.diff": (A_SURVEY,),
    "versions.review": (A_SURVEY,),
    "versions.restore": (replace(A_SURVEY, path=A_SURVEY.path | {"number": "=1"}),),
    "measuring.results": (Call(query=lambda t: {"survey": t.survey}),),
    "own_mail_api.show_mail": (A_SURVEY,),
    "own_mail_api.put_mail": (replace(A_SURVEY, json=lambda t: {"sender": "Aiko"}),),
    "held_api.list_held": (Call(query=lambda t: {"survey": t.survey}),),
    "held_api.decide": (Call(json=lambda t: {"ids": [t.held], "decision": "count"}),),
    "marked.answers": (A_SURVEY,),
    "marked_api.list_marked": (A_SURVEY,),
    "held.answers": (Call(query=lambda t: {"survey": t.survey}),),
    "held.count": (Call(form=lambda t: {"id": t.held}),),
    "held.put_aside": (Call(form=lambda t: {"id": t.held}),),
    "held.undo": (Call(query=lambda t: {"token": t.undo}),),
    "measuring.survey_results": (
        A_SURVEY,
        Call(path={"key": "=mine"}, query=lambda t: {"segment": t.segment}),
    ),
    "measuring.chart": (
        *(
            Call(path={"key": "survey", "name": f"={name}", "ending": "=csv"}, methods=("GET",))
            for name in ("trend", "segments", "heat")
        ),
        Call(path={"key": "=mine", "name": "=trend", "ending": "=csv"},
             query=lambda t: {"segment": t.segment}),
    ),
    "journey.show": (A_SURVEY,),
    "journey.chart": (Call(path={"key": "survey", "name": "=path", "ending": "=csv"}),),
    "journey.file": (A_SURVEY,),
    "drivers.show_drivers": (A_SURVEY,),
    "drivers.chart": (Call(path={"key": "survey", "ending": "=svg"}),),
    "drivers.compute_drivers": (A_SURVEY,),
    "learning.show": NO_IDS,
    "learning.learn_now": NO_IDS,
    "learning.set_when": NO_IDS,
    "learning.serve": NO_IDS,  # versions are counted in each workspace
    "learning.look_at_past": NO_IDS,
    "learning.start_past": (by(retheming_id="retheming"),),
    "learning.stop_past": (by(retheming_id="retheming"),),
    "learning.undo_past": (by(retheming_id="retheming"),),
    "measuring.segment_settings": NO_IDS,
    "segments.filter_results": (
        A_SURVEY,
        Call(path={"key": "=mine"}, query=lambda t: {"segment": t.segment},
             form=lambda t: {"do": "apply"}),
    ),
    "segments.list_segments": (Call(query=lambda t: {"survey": t.survey}),),
    "segments.new_segment": (
        Call(query=lambda t: {"survey": t.survey}, form=lambda t: {"do": "refresh"}),
    ),
    "segments.edit_segment": (
        Call(path={"key": "segment"},
             form=lambda t: {"do": "save", "name": "X", "f.0.attribute": "plan",
                             "f.0.operator": "empty"}),
    ),
    "segments.remove_segment": (by(key="segment"),),
    "segments.restore_segment": (by(key="segment"),),
    "merging_api.merge": (
        Call(json=lambda t: {"keep": {"id": t.contact}, "merge": {"external_id": "mine"}}),
        Call(json=lambda t: {"keep": {"external_id": "mine"}, "merge": {"id": t.contact}}),
    ),
    "merging.suggestions": NO_IDS,
    "merging.confirm": (
        A_PAIR,
        replace(A_PAIR, query=lambda t: {"keep": t.contact}),
    ),
    "merging.merge": (replace(A_PAIR, form=lambda t: {"keep": t.contact}),),
    "merging.keep_apart": (A_PAIR,),
    "merging.doubt": (A_PAIR,),
    "noting.list_notes": NO_IDS,
    "noting.add_note": NO_IDS,
    "noting.edit_note": (by(note_id="note"),),
    "noting.change_note": (
        Call(path={"note_id": "note"},
             form=lambda t: {"day": "2026-01-01", "words": "x", "action": "save"}),
        Call(path={"note_id": "note"}, form=lambda t: {"action": "remove"}),
    ),
    "noting.restore_note": (by(note_id="note"),),
    "comparing.compare_results": (A_SURVEY,),
    "looking_into.answers": (A_SURVEY,),
    "watching.watch": (A_SURVEY,),
    "watching.stop": (A_SURVEY,),
    "weighting.edit_shares": (A_SURVEY,),
    "weighting.change_shares": (replace(A_SURVEY, form=lambda t: {"attribute": "plan"}),),
    "exporting.export_csv": (A_SURVEY,),
    "exporting.export_jsonl": (A_SURVEY,),
    "understanding.chart": (
        Call(path={"name": "=effects", "ending": "=csv"}, query=lambda t: {"survey": t.survey}),
    ),
    "understanding.themes": (Call(query=lambda t: {"survey": t.survey}),),
    "understanding.theme": (by(key="theme"), Call(path={"key": "theme"},
                                                  query=lambda t: {"cursor": t.cursor})),
    "understanding.correct": (
        Call(path={"response_id": "response"},
             form=lambda t: {"theme": "pricing", "verdict": "confirm"}),
        Call(path={"response_id": "response"}, form=lambda t: {"theme": t.theme, "verdict": "add"}),
    ),
    "understanding.withdraw": (by(response_id="response", theme="theme"),),
    "theme_quality.show": (
        Call(query=lambda t: {"removed": t.theme, "added": "pricing"}),
    ),
    "theme_quality.chart": (Call(path={"name": "=calibration", "ending": "=csv"}),),
    "triage.show": NO_IDS,
    "triage.begin": NO_IDS,
    "triage.decide": (
        Call(path={"response_id": "response"}, form=lambda t: {"action": "skip"}),
        Call(path={"response_id": "response"},
             form=lambda t: {"action": "confirm", "theme": t.theme}),
    ),
    "triage.undo": NO_IDS,
    "taxonomy.show_tree": NO_IDS,
    "taxonomy.new_theme": (
        Call(query=lambda t: {"under": t.theme}),
        Call(form=lambda t: {"label_en": "Mine", "parent": t.theme}),
    ),
    "taxonomy.edit_theme": (A_THEME, replace(A_THEME, form=lambda t: {"label_en": "Mine"})),
    "taxonomy.archive": (replace(A_THEME, form=lambda t: {"revision": "1"}),),
    "taxonomy.restore": (A_THEME,),
    "taxonomy.merge": (A_THEME, replace(A_THEME, query=lambda t: {"target": t.theme})),
    "taxonomy.undo_merge": (by(merge_id="merge"),),
    "taxonomy.split": (A_THEME,),
    "taxonomy.undo": (
        Call(query=lambda t: {"token": sign("undo", {"themes": [[t.theme, 1]]})}),
    ),
    "taxonomy.try_comment": NO_IDS,
    "taxonomy.export": (Call(path={"ending": "=json"}),),
    "taxonomy.import_themes": (
        Call(form=lambda t: {"text": f"key,label,parent\nx,X,{t.theme}\n", "do": "preview"}),
    ),
    "taxonomy.packs": NO_IDS,
    "taxonomy.use_pack": (Call(path={"name": "=b2b_saas"}),),
    "discovery.show": NO_IDS,
    "discovery.look": NO_IDS,
    "discovery.accept": (
        Call(path={"candidate_id": "candidate"},
             form=lambda t: {"label_en": "New", "comment": t.response}),
    ),
    "discovery.merge": (
        Call(path={"candidate_id": "candidate"}, form=lambda t: {"theme": t.theme}),
    ),
    "discovery.dismiss": (by(candidate_id="candidate"),),
    "discovery.undo": (by(candidate_id="candidate"),),
    "following_up.queue": (
        Call(query=lambda t: {"owner": t.user}),
        Call(query=lambda t: {"theme": t.theme}),
    ),
    "following_up.case": (A_CASE,),
    "following_up.change": (
        replace(A_CASE, form=lambda t: {"state": "closed", "version": "1"}),
        replace(A_CASE, form=lambda t: {"note": "seen", "version": "1"}),
    ),
    "looking_into.original": (by(response_id="response"),),
    "following_up.suggestion": (replace(A_CASE, form=lambda t: {"verdict": "accept"}),),
    "following_up.bulk": (
        Call(form=lambda t: {"id": t.follow_up, "state": "closed"}),
        Call(form=lambda t: {"id": t.follow_up, "owner": t.user}),
    ),
    "following_up.log_call": (
        replace(A_CASE, form=lambda t: {"way": "call", "reached": "yes"}),
        replace(A_CASE, form=lambda t: {"way": "call", "contact": t.contact}),
    ),
    "following_up.write_mail": tuple(
        replace(A_CASE, form=lambda t, action=action: {
            "action": action, "subject": "x", "body": "y", "template": t.reply_template,
        })
        for action in ("send", "keep", "template", "discard")
    ),
    "following_up.save_attachment": (AN_ATTACHMENT,),
    "following_up.write_mail_again": (by(follow_up_id="follow_up", mail_id="letter"),),
    "following_up.news_seen": (A_CASE,),
    "following_up.acknowledge": (A_CASE,),
    "following_up.escalation": (
        Call(form=lambda t: {"hours-success": "4", "to-success": t.user}),
    ),
    "following_up.here": (A_CASE, replace(A_CASE, form=lambda _t: {"left": "1"})),
    "following_up.reply_template_list": NO_IDS,
    "following_up.take_offered_templates": NO_IDS,
    "following_up.edit_reply_template": (
        Call(
            path={"template_id": "reply_template"},
            form=lambda t: {
                "name": t.reply_template, "language": "en", "subject": "x", "body": "y",
            },
        ),
    ),
    "following_up.remove_reply_template": (by(template_id="reply_template"),),
    "following_up.undo_template": (by(token="undo"),),
    "following_up.merge": (
        Call(form=lambda t: {"id": t.follow_up}),
        Call(form=lambda t: {"id": t.follow_up, "kept": t.follow_up}),
    ),
    "following_up.part": (A_CASE,),
    "following_up.mentions_seen": (Call(form=lambda t: {"id": t.follow_up}),),
    "following_up.mentions_unseen": (by(token="undo"),),
    "following_up.undo": (by(token="undo"),),
    "following_up.edit_rule": (A_RULE,),
    "following_up.change_rule": tuple(
        replace(A_RULE, form=lambda t, action=action: {"action": action})
        for action in ("up", "down", "off", "remove")
    ),
    "following_up.new_rule": NO_IDS,
    "following_up.undo_rules": (Call(query=lambda t: {"token": t.undo}),),
    "following_up.rule_versions_page": NO_IDS,
    "following_up.channel_list": NO_IDS,
    "following_up.edit_channel": (
        Call(path={"channel_id": "channel"}),
        Call(path={"channel_id": "channel"}, form=lambda t: {"name": "x", "team": ""}),
    ),
    "following_up.change_channel": tuple(
        Call(path={"channel_id": "channel"}, form=lambda t, action=action: {"action": action})
        for action in ("test", "off", "remove")
    ),
    "following_up.restore_rules": (Call(path={"number": "=7"}),),
    "following_up.routing": NO_IDS,
    "succeeding_api.show_account": (by(external_id="account"),),
    "closing_loop_api.show_closed_loop": NO_IDS,
    "closing_loop.show": NO_IDS,
    "closing_loop.chart": (Call(path={"name": "=contact", "ending": "=csv"}),),
    "closing_loop.behind": NO_IDS,
    "features_api.show_features": NO_IDS,
    "features.show": NO_IDS,
    "features.compute": NO_IDS,
    "features.chart": (Call(path={"name": "=survival", "ending": "=csv"}),),
    "features.file": NO_IDS,
    "features.behind": NO_IDS,
    "figures_api.show_kpis": NO_IDS,
    "figures_api.show_lifetime_values": NO_IDS,
    "lifetime.show": NO_IDS,
    "lifetime.buyers": NO_IDS,
    "money_api.list_rates": NO_IDS,
    "money_api.state_rates": NO_IDS,
    "money.settings": NO_IDS,
    "money.state": NO_IDS,
    "money.state_lines": NO_IDS,
    "money.remove": NO_IDS,
    "money.undo": (Call(query=lambda t: {"token": t.undo}),),
    "figures.show": NO_IDS,
    "figures.chart": (Call(path={"name": "=nrr", "ending": "=csv"}),),
    "figures.behind": NO_IDS,
    "figures.groups": NO_IDS,
    "cohorts.show": NO_IDS,
    "figures_api.show_cohorts": NO_IDS,
    "figures.group_chart": (Call(path={"ending": "=csv"}),),
    "succeeding.accounts": (Call(query=lambda t: {"owner": t.user}),),
    "succeeding.account": (by(external_id="account"),),
    "succeeding.change_owner": (
        Call(path={"external_id": "account"}, form=lambda t: {"owner": t.user}),
    ),
    "succeeding.undo_owner": (
        Call(path={"external_id": "account"}, query=lambda t: {"token": t.undo}),
    ),
    "goals_api.list_goals": (by(external_id="account"),),
    "goals_api.add_goal": (
        Call(path={"external_id": "account"},
             json=lambda t: {"words": "x", "measure": "y", "baseline": 1, "target": 2,
                             "due_on": "2099-01-01"}),
    ),
    "goals.new_goal": (
        Call(path={"external_id": "account"}, form=lambda t: A_GOAL),
        Call(path={"external_id": "account"}, query=lambda t: {"template": t.goal_template}),
    ),
    "goals.goal": (by(goal_id="goal"),),
    "goals.change_goal": (Call(path={"goal_id": "goal"}, form=lambda t: A_GOAL),),
    "goals.record_progress": (Call(path={"goal_id": "goal"}, form=lambda t: {"current": "1"}),),
    "goals.close_goal": (Call(path={"goal_id": "goal"}, form=lambda t: {"state": "met"}),),
    "goals.reopen_goal": (by(goal_id="goal"),),
    "goals.undo": (Call(query=lambda t: {"token": t.undo}),),
    "goal_templates.template_list": NO_IDS,
    "goal_templates.edit_template": (
        Call(
            path={"template_id": "goal_template"},
            form=lambda t: {"words": t.goal_template, "measure": "x", "due_in_days": "9"},
        ),
    ),
    "goal_templates.remove_template": (by(template_id="goal_template"),),
    "goal_templates.undo_template": (by(token="undo"),),
    "touchpoints.list_touchpoints": NO_IDS,
    "touchpoints.touchpoint": (by(plan_id="touchpoint"),),
    "touchpoints.mark_done": (
        Call(path={"plan_id": "touchpoint"}, form=lambda t: {"way": "call"}),
    ),
    "touchpoints.skip": (
        Call(path={"plan_id": "touchpoint"}, form=lambda t: {"reason": "not_needed"}),
    ),
    "touchpoints.plan_again": (by(plan_id="touchpoint"),),
    "touchpoints.undo": (Call(query=lambda t: {"token": t.undo}),),
    "touch_model.show": NO_IDS,
    "touch_model.add": NO_IDS,
    "touch_model.change": (by(key="touch_key"),),
    "touch_model.remove": (by(key="touch_key"),),
    "touch_model.change_stages": NO_IDS,
    "touch_model.use_default": NO_IDS,
    "touch_model.undo": (Call(query=lambda t: {"token": t.undo}),),
    "playbooks.list_playbooks": NO_IDS,
    "playbooks.new_playbook": (Call(path={"kind": "=renewal_in"}, methods=("GET",)),),
    "playbooks.playbook": (by(playbook_id="playbook"),),
    "playbooks.change_playbook": (
        Call(path={"playbook_id": "playbook"}, form=lambda t: A_PLAYBOOK),
    ),
    "playbooks.switch": (Call(path={"playbook_id": "playbook"}, form=lambda t: {"on": "1"}),),
    "playbooks.archive": (
        Call(path={"playbook_id": "playbook"}, form=lambda t: {"archived": "1"}),
    ),
    "playbooks.send_trial": (
        Call(path={"playbook_id": "playbook"}, form=lambda t: {"step": "x"}),
    ),
    "playbooks.undo": (Call(query=lambda t: {"token": t.undo}),),
    "tasks.list_tasks": NO_IDS,
    "tasks.task": (by(task_id="task"),),
    "tasks.mark_done": (by(task_id="task"),),
    "tasks.skip": (Call(path={"task_id": "task"}, form=lambda t: {"reason": "not_needed"}),),
    "tasks.snooze": (Call(path={"task_id": "task"}, form=lambda t: {"snooze": "tomorrow"}),),
    "tasks.open_again": (by(task_id="task"),),
    "tasks.undo": (Call(query=lambda t: {"token": t.undo}),),
    "tasks_api.list_tasks": NO_IDS,
    "tasks_api.mark_done": (Call(path={"task_id": "task"}, json=lambda t: {}),),
    "capacity.show": NO_IDS,
    "capacity.set_hours": (Call(path={"user_id": "user"}, form=lambda t: {"hours": "9"}),),
    "capacity.undo": (Call(query=lambda t: {"token": t.undo}),),
    "backtest.show": NO_IDS,
    "backtest.work_out": NO_IDS,
    "backtest.change_weights": NO_IDS,
    "backtest.undo": (Call(query=lambda t: {"token": t.undo}),),
    "backtest_api.show_backtest": NO_IDS,
    "renewals.show": (Call(query=lambda t: {"owner": t.user}),),
    "renewals.say": (
        Call(path={"external_id": "account"}, form=lambda t: {"category": "commit"}),
    ),
    "renewals.undo": (Call(query=lambda t: {"token": t.undo}),),
    "renewals_api.list_renewals": NO_IDS,
    "account_merging_api.merge": (
        Call(json=lambda t: {"keep": "own", "merge": t.account}),
        Call(json=lambda t: {"keep": t.account, "merge": "own"}),
    ),
    "parents.change": (
        Call(query=lambda t: {"account": t.account}, methods=("GET",)),
        Call(form=lambda t: {"account": t.account, "parent": ""}, methods=("POST",)),
    ),
    "parents.undo": (Call(query=lambda t: {"account": t.account, "token": t.undo}),),
    "account_merging.choose": (Call(query=lambda t: {"keep": t.account}),),
    "account_merging.merge": (Call(form=lambda t: {"keep": t.account, "merge": t.account}),),
    "hooks.source_list": NO_IDS,
    "hooks.source": (replace(by(source_id="hook"), form=lambda t: {"secret": "eight or more"}),),
    "hooks.remove_source": (by(source_id="hook"),),
    "hooks.clear_refusals": (by(source_id="hook"),),
    "hooks.take_in": BY_TOKEN,
    "file_imports.show": NO_IDS,
    "file_imports.one": (by(import_id="file"),),
    "file_imports.begin": (by(import_id="file"),),
    "file_imports.go_on": (by(import_id="file"),),
    "file_imports.remove": (by(import_id="file"),),
    "file_imports.refused": (by(import_id="file"),),
    "sms.take_in": BY_TOKEN,
    "sms.open_link": BY_TOKEN,
    "sms.stop": BY_TOKEN,
    # respondents
    "collecting.invited": BY_TOKEN,
    "collecting.single_use": BY_TOKEN,
    "collecting.unseen": BY_TOKEN,
    "collecting.hosted": PUBLIC,
    "collecting.embed": PUBLIC,
    "kiosk.show": PUBLIC,
    "kiosk.take": PUBLIC,
    "kiosk.script": NO_IDS,
    "kiosk.worker": NO_IDS,
    "distributing.ask_to_unsubscribe": BY_TOKEN,
    "distributing.unsubscribe": BY_TOKEN,
    # nobody's
    "workspaces.sign_in": NO_IDS,
    "workspaces.ask_reset": NO_IDS,
    "workspaces.reset_password": BY_TOKEN,
    "workspaces.join": BY_TOKEN,
    "monitoring.healthz": NO_IDS,
    "monitoring.readyz": NO_IDS,
    "monitoring.metrics": NO_IDS,
    "openapi_pages.openapi_page": NO_IDS,
    "openapi_pages.openapi_document": NO_IDS,
    "widget.widget_js": NO_IDS,
    "widget.widget_part": PUBLIC,
    "ui.static": NO_IDS,
}  # fmt: skip
CALLS = [
    (endpoint, number)
    for endpoint, entry in MATRIX.items()
    if not isinstance(entry, str)
    for number in range(len(entry))
]


def test_every_route_stands_in_the_matrix(app):
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert routes - set(MATRIX) == set(), "say in MATRIX which foreign ids this route can be given"
    assert set(MATRIX) - routes == set(), "no such route any more"


def test_a_route_with_a_thing_in_its_path_is_called_with_a_foreign_one(app):
    """An entry cannot wave away an id that stands in the path."""
    for rule in app.url_map.iter_rules():
        entry = MATRIX.get(rule.endpoint, ())
        if entry == NO_IDS:
            assert rule.arguments <= {"filename"}, rule.rule


# --- the two workspaces ---------------------------------------------------------------------


@dataclass
class Scene:
    """A, who asks; B, whose things are asked for; and things that are nowhere."""

    a: Any
    b: Any
    a_page: Any
    b_page: Any
    of_b: Ids
    absent: Ids
    edit_token: str


@pytest.fixture
def scene(app, api_of, new_workspace, staff) -> Scene:
    app.config["WTF_CSRF_ENABLED"] = False  # only what is asked for differs, not its form
    a, b = (api_of(app.test_client(), new_workspace(name)) for name in ("A", CANARY))
    a.survey("mine", name="Mine")
    a_page = staff("admin", of=a.workspace)
    b_page = staff("admin", of=b.workspace, email=f"{CANARY}@example.com")
    answered = a.client.post(
        "/public/v1/responses",
        json={
            "key": a.workspace.public_key,
            "survey": _survey_of(a).public_id,
            "id": str(uuid7()),
            "score": 9,
        },
    )
    assert answered.status_code == 201, answer_text(answered)
    of_b = _fill(app, b)
    return Scene(a, b, a_page, b_page, of_b, _nowhere(of_b), answered.json["edit_token"])


def answer_text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def _survey_of(api: Any) -> Survey:
    with snapshot() as session:
        return session.scalars(select(Survey).where(Survey.workspace_id == api.workspace_id)).one()


def _fill(app: Any, b: Any) -> Ids:
    """One of everything in B, all with a canary in its text."""
    b.survey("b-survey", name=CANARY)
    account = {"external_id": f"{CANARY}-acme", "name": CANARY}
    contact = {"external_id": CANARY, "email": "c@example.com", "name": CANARY}
    said = {"comment": f"{CANARY} too slow", "contact": contact, "account": account}
    response = b.respond("b-survey", score=1, **said)
    assert response.status_code == 201, response.text
    told = {
        "id": f"{CANARY}-event", "type": "subscription", "account": account["external_id"],
        "product": CANARY, "action": "started", "mrr": 1, "currency": "JPY",
        "at": "2026-10-01T00:00:00Z",
    }  # fmt: skip
    taken = b.post("/api/v1/events", {"events": [told]})
    assert taken.json == {"accepted": 1, "rejected": []}
    asked = b.post(
        "/api/v1/invitations",
        {"survey": "b-survey", "channel": "email", "contact": {"email": f"{CANARY}@example.org"}},
    )
    assert asked.status_code == 201, asked.text
    for kind in ("measure", "follow_up", "mail"):
        while outbox.work_off(kind, now=utcnow()):
            pass
    response_id = UUID(response.json["id"])
    channel = channels.add_channel(
        b.workspace_id, channels.NewChannel("email", CANARY, "owner"),
        actor_user_id=_one_of(Membership, b.workspace_id).user_id, now=utcnow(),
    )  # fmt: skip
    rules.make_sure_of_rules(b.workspace_id, now=utcnow())
    more = _more_of(b.workspace_id, response_id)
    of = {model: _one_of(model, b.workspace_id) for model in (FollowUp, RoutingRule, Membership)}
    case, rule, member = of[FollowUp], of[RoutingRule], of[Membership]
    done = following_up.change_follow_up(
        b.workspace_id, case.id, following_up.Change(state="contacted"),
        reach=WHOLE_WORKSPACE, actor_user_id=member.user_id, now=utcnow(),
    )  # fmt: skip
    (mail,) = Path(app.config["SETTINGS"].mail_url.removeprefix("file://")).glob("*.eml")
    return Ids(
        workspace=str(b.workspace_id),
        survey="b-survey",
        public_id=_survey_of(b).public_id,
        response=str(response_id),
        invitation=asked.json["id"],
        follow_up=str(case.id),
        rule=str(rule.id),
        channel=str(channel.id),
        theme=more["theme"],
        key=str(_one_of(ApiKey, b.workspace_id).id),
        user=str(member.user_id),
        session=str(_one_of(UserSession, b.workspace_id).id),
        staff_invitation=more["staff_invitation"],
        pending=more["pending"],
        mail=mail.name,
        account=account["external_id"],
        event=told["id"],
        undo=str(done.undo),
        note=more["note"],
        retheming=more["retheming"],
        held=more["held"],
        campaign=more["campaign"],
        batch=str(
            limiting.make_links(
                b.workspace_id, _survey_of(b).id, name=CANARY, number=1, now=utcnow()
            )
        ),
        segment=more["segment"],
        contact=more["contact"],
        suggestion=more["suggestion"],
        merge=more["merge"],
        candidate=more["candidate"],
        goal=more["goal"],
        goal_template=more["goal_template"],
        touchpoint=more["touchpoint"],
        touch_key=more["touch_key"],
        playbook=more["playbook"],
        task=more["task"],
        letter=more["letter"],
        attachment=more["attachment"],
        reply_template=more["reply_template"],
        targeting=str(
            targeting.add_rule(
                b.workspace_id, targeting.Wished(CANARY, "b-survey"),
                actor_user_id=member.user_id, now=utcnow(),
            )
        ),
        file=str(
            file_keeping.keep_file(
                b.workspace_id,
                file_keeping.NewFile("accounts", CANARY, f"id\n{CANARY}\n".encode(), "Asia/Tokyo"),
                actor_user_id=member.user_id, now=utcnow(),
            )
        ),
        hook=str(
            hooks.add_source(
                b.workspace_id, provider="stripe", name=CANARY, actor_user_id=member.user_id,
                now=utcnow(),
            )
        ),
    )  # fmt: skip


def attachment_of(letter: CaseMail, words: str) -> CaseAttachment:
    """A file that came with a letter."""
    return CaseAttachment(
        workspace_id=letter.workspace_id, id=uuid7(), mail_id=letter.id, position=0,
        name=f"{words}.txt", kind="text/plain", size=len(words), content=words.encode(),
    )  # fmt: skip


def _one_of(model: Any, workspace_id: UUID) -> Any:
    with snapshot() as session:
        return session.scalars(
            select(model).where(model.workspace_id == workspace_id).limit(1)
        ).one()


def task_of(
    account_id: UUID, workspace_id: UUID, words: str
) -> tuple[Playbook, PlaybookRun, PlaybookTask]:
    """A task that a playbook asks for, both with these words."""
    now = utcnow()
    at = {"created_at": now, "updated_at": now}
    trigger = {"kind": "renewal_in", "days": 90}
    step = {"key": "step-0", "kind": "task", "offset_days": 0, "minutes": 30, "touch": ["high"]}
    playbook = Playbook(
        workspace_id=workspace_id, id=uuid7(), name=words, titles={"step-0": words}, **at,
        definition={"key": "renewal-in", "trigger": trigger, "steps": [step]},
    )  # fmt: skip
    run = PlaybookRun(
        workspace_id=workspace_id, id=uuid7(), playbook_id=playbook.id, account_id=account_id,
        episode=now.date(), reasons=["renewal_in_days:9"], fired_at=now,
    )  # fmt: skip
    task = PlaybookTask(
        workspace_id=workspace_id, id=uuid7(), run_id=run.id, account_id=account_id,
        step_key="step-0", title=words, due_on=now.date(), minutes=30, **at,
    )  # fmt: skip
    return playbook, run, task


def held_of(asked: Invitation, words: str) -> HeldAnswer:
    """An answer to an invitation that stands aside."""
    return HeldAnswer(
        workspace_id=asked.workspace_id, id=asked.id, survey_id=asked.survey_id, survey_version=1,
        invitation_id=asked.id, contact_id=asked.contact_id, score=0, reasons=["too_fast"],
        answers=json.dumps({"score": 0, "comment": words}), pressed_at=utcnow(), state="held",
    )  # fmt: skip


def _more_of(workspace_id: UUID, response_id: UUID) -> dict[str, str]:
    """Rows that would take a while to come about by themselves."""
    now = utcnow()
    theme = Theme(
        workspace_id=workspace_id, id=uuid7(), key="b-theme", label={"en": CANARY}, created_at=now,
        description={}, keywords={},
    )  # fmt: skip
    merged = Theme(
        workspace_id=workspace_id, id=uuid7(), key="b-merged", label={"en": CANARY},
        created_at=now, description={}, keywords={}, archived_at=now, merged_into_id=theme.id,
    )  # fmt: skip
    merge = ThemeMerge(
        workspace_id=workspace_id, id=uuid7(), source_id=merged.id, target_id=theme.id,
        state="done", total=0, moved=0, started_at=now,
        before={"children": [], "target_revision": 0},
    )  # fmt: skip
    offer = StaffInvitation(
        workspace_id=workspace_id, id=uuid7(), email_normalised=f"{CANARY}@example.net",
        role="viewer", token_digest=uuid4().hex, created_at=now, expires_at=now.replace(year=2099),
    )  # fmt: skip
    note = TrendNote(
        workspace_id=workspace_id, id=uuid7(), local_day=now.date(), words=CANARY, created_at=now
    )
    segment = SavedSegment(
        workspace_id=workspace_id, id=uuid7(), key="b-segment", name=CANARY, name_folded=CANARY,
        description=CANARY, filter={"attribute": CANARY, "operator": "empty"}, created_at=now,
        updated_at=now,
    )  # fmt: skip
    aside = Pending(
        workspace_id=workspace_id, id=uuid7(), kind="measure", subject_id=response_id, due_at=now,
        created_at=now, set_aside_at=now, last_error="RuntimeError",
    )  # fmt: skip
    past = Retheming(
        workspace_id=workspace_id, id=uuid7(), state="looked", encoder="static",
        model_version="x", asked_at=now, total=1, done=0, changed=0,
    )  # fmt: skip
    with snapshot() as session:
        one, other = session.scalars(
            select(Contact).where(Contact.workspace_id == workspace_id).limit(2)
        )
    twice = MergeSuggestion(
        workspace_id=workspace_id, id=uuid7(), contact_id=one.id, other_contact_id=other.id,
        reason="same_email", created_at=now,
    )  # fmt: skip
    emerging = ThemeCandidate(
        workspace_id=workspace_id, id=uuid7(), state="new", labels={"en": CANARY},
        terms={"en": [CANARY]}, languages={"en": 5}, size=5, comments=50, before=0, earlier=50,
        since=now.date(), until=now.date(), before_since=now.date(), growth=5.0, growth_low=2.0,
        growth_high=9.0, p_value=0.001, encoder="static", centre=b"", found_at=now, seen_at=now,
    )  # fmt: skip
    account_id = _one_of(Account, workspace_id).id
    goal = SuccessGoal(
        workspace_id=workspace_id, id=uuid7(), account_id=account_id, words=CANARY,
        measure=CANARY, unit="", baseline=1, target=2, begins_on=now.date(), due_on=now.date(),
        created_at=now, updated_at=now,
    )  # fmt: skip
    contact = TouchpointPlan(
        workspace_id=workspace_id, id=uuid7(), account_id=account_id, touch_key="setup-check",
        anchor_on=now.date(), due_on=now.date(), kind="call", created_at=now, updated_at=now,
    )  # fmt: skip
    touch = Touchpoint(
        "of-b", Anchor("renewal_on"), -60, {"high": "call"}, name=CANARY
    )  # fmt: skip
    planned = TouchModelVersion(
        workspace_id=workspace_id, number=1, at=now, former={},
        model=model_to_json(InForce().with_touchpoint(touch)),
    )  # fmt: skip
    playbook, run, task = task_of(account_id, workspace_id, CANARY)
    asked = _one_of(Invitation, workspace_id)
    held = held_of(asked, CANARY)
    letter = CaseMail(
        workspace_id=workspace_id, id=uuid7(), follow_up_id=_one_of(FollowUp, workspace_id).id,
        direction="out", state="not_sent", reason="bounced", address=CANARY, subject=CANARY,
        body=CANARY, message_id=CANARY, message_digest=CANARY, at=now, attachments=1,
    )  # fmt: skip
    attachment = attachment_of(letter, CANARY)
    campaign = Campaign(
        workspace_id=workspace_id, id=uuid7(), name=CANARY, survey_id=asked.survey_id,
        channel="email", kind="once", starts_on=now.date(), repeat_days=90, sample=1.0,
        held_out=0.0, hour=9, state="paused", revision=1, created_at=now, updated_at=now,
    )  # fmt: skip
    turn = CampaignTurn(
        workspace_id=workspace_id, id=uuid7(), campaign_id=campaign.id, contact_id=one.id,
        occasion="once", day=now.date(), state="not_asked", reason=CANARY, changed_at=now,
    )  # fmt: skip
    beginning = GoalTemplate(
        workspace_id=workspace_id, id=uuid7(), words=CANARY, measure=CANARY, unit="",
        due_in_days=9, attributes={}, created_at=now, updated_at=now,
    )  # fmt: skip
    template = ReplyTemplate(
        workspace_id=workspace_id, id=uuid7(), name=CANARY, language="en", subject=CANARY,
        body=CANARY, created_at=now, updated_at=now,
    )  # fmt: skip
    with transaction() as session:
        session.add_all(
            [
                theme,
                offer,
                aside,
                note,
                segment,
                twice,
                past,
                emerging,
                goal,
                contact,
                planned,
                playbook,
                letter,
                beginning,
                template,
                held,
                campaign,
            ]
        )
        session.flush()
        session.add_all([merged, run, attachment, turn])
        session.flush()
        session.add(task)
        session.flush()
        session.add(merge)
        session.add_all(
            [
                Analysis(
                    workspace_id=workspace_id, response_id=response_id, state="done",
                    language="en", sentiment="negative", analysed_at=now, encoder="static",
                ),
                CandidateComment(
                    workspace_id=workspace_id, candidate_id=emerging.id, response_id=response_id,
                    place=0, is_example=True,
                ),
                Assignment(
                    workspace_id=workspace_id, response_id=response_id, theme_id=theme.id,
                    confidence=0.9, sentiment="negative", source="model", evidence_start=0,
                    evidence_end=5, assigned_at=now, answered_at=now,
                ),
            ]
        )  # fmt: skip
    return {
        "theme": theme.key, "staff_invitation": str(offer.id), "pending": str(aside.id),
        "note": str(note.id), "segment": segment.key, "contact": str(one.id),
        "suggestion": str(twice.id), "retheming": str(past.id), "merge": str(merge.id),
        "candidate": str(emerging.id), "goal": str(goal.id), "touchpoint": str(contact.id),
        "goal_template": str(beginning.id),
        "touch_key": touch.key,
        "playbook": str(playbook.id), "task": str(task.id), "letter": str(letter.id),
        "attachment": str(attachment.id),
        "reply_template": str(template.id), "held": str(held.id), "campaign": str(campaign.id),
    }  # fmt: skip


def _nowhere(of_b: Ids) -> Ids:
    """Names of the same form that nothing has."""
    return Ids(
        **{
            name: str(uuid7())
            for name in (
                "attachment", "batch", "candidate", "channel", "contact", "follow_up", "goal",
                "goal_template", "invitation", "key",
                "letter", "merge", "note", "pending", "playbook", "reply_template", "response",
                "retheming", "rule", "session", "staff_invitation", "suggestion", "task",
                "campaign", "file", "held", "hook", "targeting", "touchpoint", "user", "workspace",
            )
        },
        survey="x-survey",
        theme="x-theme",
        segment="x-segment",
        touch_key="x-touchpoint",
        account="kanaria-of-x-acme",
        event="kanaria-of-x-event",
        public_id="x" * len(of_b.public_id),
        mail=of_b.mail[:-12] + "00000000.eml",
        undo=sign("undo", {"w": str(uuid7()), "id": str(uuid7())}),
    )  # fmt: skip


def digest_of(workspace_id: UUID) -> str:
    """Over every row of every table that belongs to a workspace."""
    found = hashlib.sha256()
    with snapshot() as session:
        for table in db.metadata.sorted_tables:
            if "workspace_id" in table.c:
                query = table.select().where(table.c.workspace_id == workspace_id)
                rows = sorted(repr(row) for row in session.execute(query))
                found.update(f"{table.name}{rows}".encode())
        own = session.execute(select(Workspace.__table__).where(Workspace.id == workspace_id))
        found.update(repr(own.all()).encode())
    return found.hexdigest()


# --- asking ------------------------------------------------------------------------------------


def ask(app: Any, scene: Scene, endpoint: str, call: Call, ids: Ids, *, as_b: bool) -> list[Any]:
    """The answers of a route, for each of its methods, to a call with these ids."""
    rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
    methods = call.methods or tuple(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
    values = {
        name: thing[1:] if thing.startswith("=") else getattr(ids, thing)
        for name, thing in (call.path or {}).items()
    }
    with app.test_request_context():
        path = rule.build(values)[1]
    who = scene.b if as_b else scene.a
    fields: dict[str, Any] = {}
    for name, make in (("query_string", call.query), ("json", call.json), ("data", call.form)):
        if make is not None:
            fields[name] = _with_own_key(make(ids), who, scene)
    if path.startswith("/public/"):
        return [who.client.open(path, method=method, **fields) for method in methods]
    if path.startswith("/api/"):
        return [who._call(method, path, **fields) for method in methods]
    browser = scene.b_page if as_b else scene.a_page
    browser.client.delete_cookie("voc_form")  # notices of an earlier call
    browser._forget_request()
    found = []
    for method in methods:
        found.append(browser.client.open(path, method=method, **fields))
        browser._forget_request()
    return found


def _with_own_key(body: dict[str, Any], who: Any, scene: Scene) -> dict[str, Any]:
    body = dict(body)
    if body.get("key") == "A":
        body["key"] = who.workspace.public_key
    if body.get("edit_token") == "A":
        body["edit_token"] = scene.edit_token
    return body


_VOLATILE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # ids
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?"  # instants
    r"|(?<=\"edit_token\":\")[^\"]+|(?<=\"public_id\":\")[^\"]+|(?<=/)(s|embed)/[\w-]+"
    r"|(?<=name=\"csrf_token\" value=\")[^\"]+"
)


def shape(answer: Any, ids: Ids) -> tuple[int, str, str | None, str]:
    """What an answer says, without the names that were asked for."""
    text = answer_text(answer)
    for value in sorted((*vars(ids).values(), ids.cursor), key=len, reverse=True):
        text = text.replace(value, "<asked>")
    location = answer.headers.get("Location")
    for value in vars(ids).values():
        location = location.replace(value, "<asked>") if location else None
    return answer.status_code, answer.mimetype, location, _VOLATILE.sub("<some>", text)


@pytest.fixture
def put_back(app, scene) -> Callable[[], None]:
    """Puts the database back to what the scene made of it; quicker than making it anew."""
    path: Path = app.config["SETTINGS"].sqlite_path
    kept = path.with_suffix(".kept")

    def close() -> None:
        db.session.remove()
        db.engine.dispose()  # the last connection takes the write-ahead log with it
        assert not path.with_name(path.name + "-wal").exists()

    at = -1

    def restore() -> None:
        nonlocal at
        if at == written.statements():
            return  # nothing was written since
        close()
        shutil.copy(kept, path)
        at = written.statements()

    close()
    shutil.copy(path, kept)
    return restore


def test_ids_of_another_workspace_are_as_if_absent(app, scene, put_back):
    before = digest_of(scene.b.workspace_id)
    wrong = []
    for endpoint, number in CALLS:
        call = MATRIX[endpoint][number]
        put_back()
        absent = ask(app, scene, endpoint, call, scene.absent, as_b=False)
        put_back()
        untouched = written.statements()
        foreign = ask(app, scene, endpoint, call, scene.of_b, as_b=False)
        wrong += [
            (endpoint, number, one, other)
            for one, other in zip(
                (shape(answer, scene.absent) for answer in absent),
                (shape(answer, scene.of_b) for answer in foreign),
                strict=True,
            )
            if one != other or one[0] >= 500
        ]
        wrong += [
            (endpoint, number, "tells what B wrote")
            for answer in foreign
            if CANARY in answer_text(answer).replace(scene.of_b.account, "<asked>")
        ]
        if written.statements() != untouched and digest_of(scene.b.workspace_id) != before:
            wrong.append((endpoint, number, "changed B's rows"))
    assert wrong == [], "\n\n".join(str(each) for each in wrong)


def test_the_owner_does_find_them(app, scene, put_back):
    """Or the matrix would compare one absent thing with another."""
    missing = []
    for endpoint, number in CALLS:
        call = MATRIX[endpoint][number]
        names = set((call.path or {}).values())
        if not names or names == {"=mine"} or endpoint == "public_api.revise_response":
            continue  # that one needs B's own edit token
        put_back()
        statuses = [
            answer.status_code for answer in ask(app, scene, endpoint, call, scene.of_b, as_b=True)
        ]
        if {401, 404} & set(statuses):
            missing.append((endpoint, number, statuses))
    assert missing == []


# --- statements --------------------------------------------------------------------------------


def tenant_tables() -> set[str]:
    return {
        table.name for table in db.metadata.sorted_tables if "workspace_id" in table.primary_key
    }


_TABLES = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+\"?(\w+)\"?", re.IGNORECASE)
_READS_OR_CHANGES = re.compile(r"^\s*(SELECT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_RESULT = re.compile(r"^\s*SELECT\b.*?\bFROM\b", re.IGNORECASE | re.DOTALL)


def is_unscoped(statement: str, options: Any) -> bool:
    """Whether a statement touches a tenant's table and never asks for a workspace.

    That a column of this name is in the result says nothing: only what stands after FROM
    (or after UPDATE … SET) counts.
    """
    if options.get("voc_all_workspaces") or not _READS_OR_CHANGES.match(statement):
        return False
    if not set(_TABLES.findall(statement)) & tenant_tables():
        return False
    conditions = _RESULT.sub("", statement, count=1)
    return "workspace_id" not in conditions


@pytest.fixture
def watch(app):
    """Collects statements on tenant tables that name no workspace."""
    found: list[str] = []

    def look(_connection, _cursor, statement, _parameters, context, _many):
        options = context.execution_options if context is not None else {}
        if is_unscoped(statement, options):
            found.append(statement)

    event.listen(db.engine, "before_cursor_execute", look)
    yield found
    event.remove(db.engine, "before_cursor_execute", look)


def test_the_watch_sees_a_statement_without_a_workspace(app, watch):
    with snapshot() as session:
        session.scalars(select(Survey)).all()
        assert len(watch) == 1
        session.scalars(select(Survey).where(Survey.workspace_id == uuid7())).all()
        session.scalars(select(Survey).execution_options(voc_all_workspaces=True)).all()
    assert len(watch) == 1


def test_every_statement_on_a_tenants_table_names_its_workspace(app, scene, put_back, watch):
    """Everything the matrix does, once with the owner's own ids, and the work that follows."""
    watch.clear()  # what the scene itself asked for
    for endpoint, number in CALLS:
        put_back()
        ask(app, scene, endpoint, MATRIX[endpoint][number], scene.of_b, as_b=True)
    for endpoint, entry in MATRIX.items():
        if entry == NO_IDS and endpoint != "workspaces.sign_out":
            rule = next(r for r in app.url_map.iter_rules() if r.endpoint == endpoint)
            if "GET" in rule.methods and not rule.arguments:
                scene.a_page.get(rule.rule)
    put_back()
    scene.b.respond("b-survey", score=2, contact={"external_id": "c9"})
    for kind in ("measure", "follow_up", "mail", "answered"):
        while outbox.work_off(kind, now=utcnow()):
            pass
    assert sorted(set(watch)) == []
