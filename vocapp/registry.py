"""The one place where packages meet: blueprints, pending work, personal stores."""

from __future__ import annotations

from flask_openapi3 import OpenAPI

import vocapp.authoring.limiting.models
import vocapp.authoring.look.models
import vocapp.distributing.asking.models  # every table must be known before the first query
import vocapp.distributing.campaigns.models
import vocapp.distributing.models
import vocapp.distributing.sms.models
import vocapp.following_up.asking_again.models
import vocapp.following_up.models
import vocapp.following_up.writing.models  # noqa: F401
from vocapp import openapi_pages, outbox, resealing, ui, worker
from vocapp.authoring import activity
from vocapp.authoring import home_cards as authoring_cards
from vocapp.authoring.api import api as authoring_api
from vocapp.authoring.audit_words import NAMES as AUTHORING_NAMES
from vocapp.authoring.audit_words import WORDS as AUTHORING_WORDS
from vocapp.authoring.draft_views import blueprint as draft_pages
from vocapp.authoring.limiting import service as limiting_service
from vocapp.authoring.limiting.api import api as limiting_api
from vocapp.authoring.limiting.views import blueprint as limiting_pages
from vocapp.authoring.look.api import api as look_api
from vocapp.authoring.look.views import blueprint as look_pages
from vocapp.authoring.models import Survey
from vocapp.authoring.posters import blueprint as poster_pages
from vocapp.authoring.string_views import blueprint as string_pages
from vocapp.authoring.survey_import_views import blueprint as survey_import_pages
from vocapp.authoring.version_api import api as version_api
from vocapp.authoring.version_views import blueprint as version_pages
from vocapp.authoring.views import blueprint as authoring_pages
from vocapp.collecting import home_cards as collecting_cards
from vocapp.collecting import letting_in
from vocapp.collecting import people as collecting_people
from vocapp.collecting import queries as collecting_queries
from vocapp.collecting.api import api as collecting_api
from vocapp.collecting.audit_words import NAMES as COLLECTING_NAMES
from vocapp.collecting.audit_words import WORDS as COLLECTING_WORDS
from vocapp.collecting.held_api import api as held_api
from vocapp.collecting.held_views import blueprint as held_pages
from vocapp.collecting.kiosk import blueprint as kiosk
from vocapp.collecting.marked_api import api as marked_api
from vocapp.collecting.marked_views import blueprint as marked_pages
from vocapp.collecting.models import Response
from vocapp.collecting.public import api as public_api
from vocapp.collecting.targeting import queries as targeting_queries
from vocapp.collecting.targeting.api import api as targeting_api
from vocapp.collecting.targeting.models import TargetingRule
from vocapp.collecting.targeting.views import blueprint as targeting_pages
from vocapp.collecting.views import blueprint as respondent_pages
from vocapp.collecting.widget import blueprint as widget
from vocapp.connecting.audit_words import NAMES as CONNECTING_NAMES
from vocapp.connecting.audit_words import WORDS as CONNECTING_WORDS
from vocapp.connecting.exporting.views import blueprint as exporting_files
from vocapp.connecting.hooks.views import blueprint as hook_pages
from vocapp.connecting.importing import keeping as file_keeping
from vocapp.connecting.importing.views import blueprint as file_import_pages
from vocapp.connecting.importing.working import work_on_files
from vocapp.connecting.personal_data.api import api as personal_data_api
from vocapp.connecting.personal_data.views import blueprint as personal_data_pages
from vocapp.demo.audit_words import WORDS as DEMO_WORDS
from vocapp.distributing import (
    invitation_reports,
    receiving,
    reminding,
    sending,
    sending_reminders,
    stopping_by_mail,
)
from vocapp.distributing import people as distributing_people
from vocapp.distributing import service as distributing_service
from vocapp.distributing import trial as distributing_trial
from vocapp.distributing.api import api as distributing_api
from vocapp.distributing.asking import deciding as asking_deciding
from vocapp.distributing.asking import service as asking_service
from vocapp.distributing.asking.api import api as asking_api
from vocapp.distributing.asking.never_views import blueprint as never_asked_pages
from vocapp.distributing.asking.views import blueprint as asking_pages
from vocapp.distributing.at_most_once import PUT_ASIDE_AFTER
from vocapp.distributing.audit_words import NAMES as DISTRIBUTING_NAMES
from vocapp.distributing.audit_words import WORDS as DISTRIBUTING_WORDS
from vocapp.distributing.campaigns import looking_ahead as campaign_looking_ahead
from vocapp.distributing.campaigns import people as campaign_people
from vocapp.distributing.campaigns import running as campaign_running
from vocapp.distributing.campaigns import stopping as campaign_stopping
from vocapp.distributing.campaigns.api import api as campaigns_api
from vocapp.distributing.campaigns.models import Campaign
from vocapp.distributing.campaigns.views import blueprint as campaign_pages
from vocapp.distributing.mail_reports_api import api as mail_reports_api
from vocapp.distributing.own_mail_api import api as own_mail_api
from vocapp.distributing.own_mail_views import blueprint as own_mail_pages
from vocapp.distributing.sms import sending as sms_sending
from vocapp.distributing.sms.views import blueprint as sms_pages
from vocapp.distributing.views import blueprint as distributing_pages
from vocapp.following_up import (
    beside,
    channels,
    escalating,
    escalation_mail,
    opening,
    ranking,
    snoozing,
    telling,
)
from vocapp.following_up import home_cards as following_up_cards
from vocapp.following_up import people as following_up_people
from vocapp.following_up.api import api as following_up_api
from vocapp.following_up.asking_again import planning as asking_again_planning
from vocapp.following_up.asking_again.views import blueprint as asking_again_pages
from vocapp.following_up.audit_words import NAMES as FOLLOWING_UP_NAMES
from vocapp.following_up.audit_words import WORDS as FOLLOWING_UP_WORDS
from vocapp.following_up.changing import ASK_AGAIN
from vocapp.following_up.closing_loop.api import api as closing_loop_api
from vocapp.following_up.closing_loop.views import blueprint as closing_loop_pages
from vocapp.following_up.models import FollowUp, RoutingChannel, RoutingRule
from vocapp.following_up.pages import blueprint as following_up_pages
from vocapp.following_up.rule_wording import rules_asking
from vocapp.following_up.writing import invitation_replies, replies
from vocapp.following_up.writing import sending as case_mail_sending
from vocapp.following_up.writing.api import api as letters_api
from vocapp.following_up.writing.models import ReplyTemplate
from vocapp.following_up.writing.service import CASE_MAIL
from vocapp.looking_into.audit_words import WORDS as LOOKING_INTO_WORDS
from vocapp.looking_into.views import blueprint as looking_into_pages
from vocapp.measuring import home_cards as measuring_cards
from vocapp.measuring import people as measuring_people
from vocapp.measuring import sample_keeping
from vocapp.measuring import service as measuring_service
from vocapp.measuring.api import api as measuring_api
from vocapp.measuring.audit_words import NAMES as MEASURING_NAMES
from vocapp.measuring.audit_words import WORDS as MEASURING_WORDS
from vocapp.measuring.compare_views import blueprint as comparing_pages
from vocapp.measuring.journey.api import api as journey_api
from vocapp.measuring.journey.views import blueprint as journey_pages
from vocapp.measuring.note_views import blueprint as noting_pages
from vocapp.measuring.pages import blueprint as measuring_pages
from vocapp.measuring.segments import audiences
from vocapp.measuring.segments import service as segment_service
from vocapp.measuring.segments.api import api as saved_segments_api
from vocapp.measuring.segments.models import SavedSegment
from vocapp.measuring.segments.pages import blueprint as segment_pages
from vocapp.measuring.segments_api import api as segments_api
from vocapp.measuring.watching import mail as watching_mail
from vocapp.measuring.watching import service as watching_service
from vocapp.measuring.watching import showing as watching_cards
from vocapp.measuring.watching.views import blueprint as watching_pages
from vocapp.measuring.weighting.views import blueprint as weighting_pages
from vocapp.people import account_stores, figure_changes, roles
from vocapp.people.account_merging.api import api as account_merging_api
from vocapp.people.account_merging.views import blueprint as account_merging_pages
from vocapp.people.account_stores import AccountStore, register_account_store
from vocapp.people.api import api as people_api
from vocapp.people.audit_words import NAMES as PEOPLE_NAMES
from vocapp.people.audit_words import WORDS as PEOPLE_WORDS
from vocapp.people.events import service as events_service
from vocapp.people.events.api import api as events_api
from vocapp.people.events.models import AccountEvent
from vocapp.people.figure_changes import FIGURES, FIGURES_NIGHTLY
from vocapp.people.health_changes import HEALTH, HEALTH_DAILY
from vocapp.people.merging.api import api as merging_api
from vocapp.people.merging.views import blueprint as merging_pages
from vocapp.people.models import Account, Contact
from vocapp.people.money.api import api as money_api
from vocapp.people.money.views import blueprint as money_pages
from vocapp.people.personal_stores import PersonalStore, register_personal_store
from vocapp.succeeding import glance, merged_accounts, onboarding
from vocapp.succeeding import names as succeeding_names
from vocapp.succeeding.api import api as succeeding_api
from vocapp.succeeding.audit_words import NAMES as SUCCEEDING_NAMES
from vocapp.succeeding.audit_words import WORDS as SUCCEEDING_WORDS
from vocapp.succeeding.backtest import service as backtesting
from vocapp.succeeding.backtest.api import api as backtest_api
from vocapp.succeeding.backtest.views import blueprint as backtest_pages
from vocapp.succeeding.contacts.views import blueprint as contact_pages
from vocapp.succeeding.features import keeping as feature_keeping
from vocapp.succeeding.features.api import api as features_api
from vocapp.succeeding.features.views import blueprint as feature_pages
from vocapp.succeeding.figures import keeping as figure_keeping
from vocapp.succeeding.figures.api import api as figures_api
from vocapp.succeeding.figures.cohort_views import blueprint as cohort_pages
from vocapp.succeeding.figures.lifetime_views import blueprint as lifetime_pages
from vocapp.succeeding.figures.views import blueprint as figures_pages
from vocapp.succeeding.goals.api import api as goals_api
from vocapp.succeeding.goals.models import SuccessGoal
from vocapp.succeeding.goals.template_views import blueprint as goal_template_pages
from vocapp.succeeding.goals.views import blueprint as goal_pages
from vocapp.succeeding.health import home_cards as health_cards
from vocapp.succeeding.health import keeping as health_keeping
from vocapp.succeeding.health.views import blueprint as weight_pages
from vocapp.succeeding.parents.views import blueprint as parent_pages
from vocapp.succeeding.playbooks import evaluating as playbook_evaluating
from vocapp.succeeding.playbooks import people as playbook_people
from vocapp.succeeding.playbooks import posting as playbook_posting
from vocapp.succeeding.playbooks import previewing as playbook_previewing
from vocapp.succeeding.playbooks import releasing as playbook_releasing
from vocapp.succeeding.playbooks import sending as playbook_sending
from vocapp.succeeding.playbooks import showing as playbook_cards
from vocapp.succeeding.playbooks.api import api as tasks_api
from vocapp.succeeding.playbooks.capacity_views import blueprint as capacity_pages
from vocapp.succeeding.playbooks.firings_api import api as playbooks_api
from vocapp.succeeding.playbooks.models import Playbook, PlaybookTask
from vocapp.succeeding.playbooks.task_views import blueprint as task_pages
from vocapp.succeeding.playbooks.views import blueprint as playbook_pages
from vocapp.succeeding.renewals import keeping as renewal_keeping
from vocapp.succeeding.renewals import showing as renewal_cards
from vocapp.succeeding.renewals.api import api as renewals_api
from vocapp.succeeding.renewals.views import blueprint as renewal_pages
from vocapp.succeeding.story import home_cards as story_cards
from vocapp.succeeding.story.models import AccountNote
from vocapp.succeeding.story.views import blueprint as story_pages
from vocapp.succeeding.team import service as team_service
from vocapp.succeeding.team.views import blueprint as team_pages
from vocapp.succeeding.touchpoints import by_itself as touchpoint_sending
from vocapp.succeeding.touchpoints import moments as touchpoint_moments
from vocapp.succeeding.touchpoints import planning as touchpoint_planning
from vocapp.succeeding.touchpoints import showing as touchpoint_cards
from vocapp.succeeding.touchpoints.model_versions import PLAN as PLAN_TOUCHPOINTS
from vocapp.succeeding.touchpoints.model_views import blueprint as touch_model_pages
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.succeeding.touchpoints.views import blueprint as touchpoint_pages
from vocapp.succeeding.views import blueprint as succeeding_pages
from vocapp.translating import lazy_gettext as _l
from vocapp.understanding import analysers, theme_cells
from vocapp.understanding import service as understanding_service
from vocapp.understanding.api import api as understanding_api
from vocapp.understanding.audit_words import NAMES as UNDERSTANDING_NAMES
from vocapp.understanding.audit_words import WORDS as UNDERSTANDING_WORDS
from vocapp.understanding.discovery import asking as discovery_asking
from vocapp.understanding.discovery import home_cards as discovery_cards
from vocapp.understanding.discovery import service as discovery_service
from vocapp.understanding.discovery.views import blueprint as discovery_pages
from vocapp.understanding.drivers import service as drivers_service
from vocapp.understanding.drivers.api import api as drivers_api
from vocapp.understanding.drivers.views import blueprint as drivers_pages
from vocapp.understanding.learning import asking as learning_asking
from vocapp.understanding.learning import retheming
from vocapp.understanding.learning import service as learning_service
from vocapp.understanding.learning.views import blueprint as learning_pages
from vocapp.understanding.quality.views import blueprint as quality_pages
from vocapp.understanding.taxonomy import merging as theme_merging
from vocapp.understanding.taxonomy.views import blueprint as taxonomy_pages
from vocapp.understanding.triage.views import blueprint as triage_pages
from vocapp.understanding.views import blueprint as understanding_pages
from vocapp.workspaces import access, audit_log, home, home_cards, staff_mail
from vocapp.workspaces.api import api as workspaces_api
from vocapp.workspaces.audit_words import NAMES as WORKSPACES_NAMES
from vocapp.workspaces.audit_words import WORDS as WORKSPACES_WORDS
from vocapp.workspaces.models import ApiKey
from vocapp.workspaces.pages import blueprint as workspaces_pages


def register(app: OpenAPI) -> None:
    """Put every package into the application."""
    access.init_app(app)
    ui.init_app(app)
    for api in (
        workspaces_api, people_api, merging_api, events_api, authoring_api, collecting_api,
        held_api, marked_api, targeting_api, own_mail_api, public_api, version_api, measuring_api,
        segments_api, saved_segments_api, understanding_api,
        limiting_api, look_api,
        drivers_api, distributing_api, mail_reports_api, asking_api, campaigns_api,
        following_up_api,
        letters_api, succeeding_api,
        figures_api, goals_api, tasks_api, playbooks_api, closing_loop_api, renewals_api,
        journey_api, backtest_api, account_merging_api, features_api, money_api,
        personal_data_api,
    ):  # fmt: skip
        app.register_api(api)
    for blueprint in (
        openapi_pages.blueprint, respondent_pages, held_pages, targeting_pages, widget,
        kiosk, workspaces_pages,
        understanding_pages,
        drivers_pages, learning_pages, triage_pages, quality_pages, taxonomy_pages,
        discovery_pages,
        distributing_pages, own_mail_pages, sms_pages, asking_pages, never_asked_pages,
        campaign_pages,
        authoring_pages,
        version_pages, string_pages, draft_pages, survey_import_pages, poster_pages,
        limiting_pages, look_pages, marked_pages,
        following_up_pages, measuring_pages, comparing_pages, noting_pages, segment_pages,
        succeeding_pages, figures_pages, cohort_pages,
        weighting_pages, watching_pages, looking_into_pages,
        exporting_files, merging_pages, goal_pages, goal_template_pages,
        touchpoint_pages, touch_model_pages, renewal_pages,
        playbook_pages, task_pages, capacity_pages, closing_loop_pages, journey_pages,
        backtest_pages, asking_again_pages,
        hook_pages, account_merging_pages, parent_pages, feature_pages, money_pages,
        contact_pages, story_pages, weight_pages, team_pages,
        lifetime_pages, personal_data_pages, file_import_pages,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    audiences.register()
    segment_service.register_users(rules_asking)
    touchpoint_moments.register()
    figure_changes.register_moved_by_logins(onboarding.moved_by_logins)
    asking_deciding.register_elsewhere(collecting_queries.answered_unasked)
    targeting_queries.register_asking_limits(asking_deciding.why_not_shown)
    _register_work()
    _register_personal_stores()
    _register_account_stores()
    _register_home()
    _register_audit_words()


def _register_work() -> None:
    """Who works off which kind; the order is the order of importance."""
    staff_mail.register_mail("score_fall", watching_mail.fall_mail)
    staff_mail.register_mail(distributing_trial.TRIAL_MAIL, distributing_trial.trial_mail)
    outbox.register(
        outbox.Kind("staff_mail", mode="leased", work=staff_mail.send_staff_mail, batch=20)
    )
    outbox.register(
        outbox.Kind(
            distributing_service.MAIL, mode="leased", work=sending.send_invitations,
            batch=20, lease_s=600, max_attempts=PUT_ASIDE_AFTER,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            distributing_service.SMS, mode="leased", work=sms_sending.send_texts,
            queue="slow", batch=20, lease_s=600, max_attempts=PUT_ASIDE_AFTER,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            reminding.REMIND, mode="leased", work=sending_reminders.send_reminders,
            batch=20, lease_s=600, max_attempts=PUT_ASIDE_AFTER,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            campaign_stopping.CAMPAIGN, mode="database", apply=campaign_running.run_campaigns,
            queue="slow", batch=1,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            campaign_stopping.STOP, mode="database", apply=campaign_stopping.settle_rows,
            queue="slow", batch=1,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            campaign_looking_ahead.LOOK_AHEAD, mode="leased", work=campaign_looking_ahead.work_out,
            queue="slow", batch=1, lease_s=900, max_attempts=3,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            distributing_service.ANSWERED, mode="database",
            apply=distributing_service.mark_answered,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            distributing_service.SEEN, mode="database", apply=distributing_service.mark_seen
        )
    )
    outbox.register(
        outbox.Kind(distributing_service.FORGET_MAIL, mode="leased", work=sending.forget_mails)
    )
    outbox.register(
        outbox.Kind(limiting_service.CLOSE, mode="database", apply=limiting_service.close_due)
    )
    outbox.register(
        outbox.Kind(limiting_service.CLOSE_FULL, mode="database", apply=letting_in.close_full)
    )
    outbox.register(
        outbox.Kind(
            file_keeping.FILE_IMPORT, mode="leased", work=work_on_files, queue="slow", batch=1,
            lease_s=1800, max_attempts=3,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(file_keeping.FORGET_FILE, mode="database", apply=file_keeping.forget_files)
    )
    outbox.register(outbox.Kind(resealing.RESEAL, mode="database", apply=resealing.reseal, batch=1))
    outbox.register(outbox.Kind("measure", mode="database", apply=measuring_service.measure))
    outbox.register(
        outbox.Kind(
            measuring_service.RECOUNT, mode="database", apply=measuring_service.recount, batch=1
        )
    )
    outbox.register(
        outbox.Kind(
            measuring_service.SWEEP, mode="database", apply=measuring_service.sweep, batch=1
        )
    )
    outbox.register(
        outbox.Kind(
            watching_service.WATCH, mode="leased", work=watching_service.look_daily,
            queue="slow", batch=1, lease_s=600,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            sample_keeping.SAMPLE, mode="leased", work=sample_keeping.keep_samples,
            queue="slow", batch=1,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            FIGURES, mode="leased", work=figure_keeping.keep_figures,
            queue="slow", batch=200, lease_s=300,
        )
    )  # fmt: skip
    outbox.register(outbox.Kind(FIGURES_NIGHTLY, mode="database", apply=figure_keeping.keep_ended))
    outbox.register(
        outbox.Kind(HEALTH, mode="database", apply=health_keeping.compute_touched, batch=100)
    )
    outbox.register(
        outbox.Kind(
            HEALTH_DAILY, mode="database", apply=health_keeping.compute_daily,
            queue="slow", batch=1,
        )
    )  # fmt: skip
    health_keeping.then(touchpoint_planning.begin_planning)
    health_keeping.then(playbook_evaluating.evaluate_accounts)
    outbox.register(
        outbox.Kind(
            playbook_evaluating.BEGIN, mode="database", apply=playbook_evaluating.begin,
            queue="slow", batch=1,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            playbook_releasing.RELEASE, mode="database", apply=playbook_releasing.release,
            queue="slow", batch=1,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            playbook_posting.PLAYBOOK_MAIL, mode="leased", work=playbook_sending.send_letters,
            batch=20, lease_s=600, max_attempts=PUT_ASIDE_AFTER,
        )
    )  # fmt: skip
    staff_mail.register_mail(playbook_previewing.TRIAL_MAIL, playbook_previewing.trial_mail)
    outbox.register(
        outbox.Kind(
            renewal_keeping.RENEWALS, mode="database", apply=renewal_keeping.keep_daily,
            queue="slow", batch=1,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            backtesting.BACKTEST, mode="leased", work=backtesting.work_out,
            queue="learning", batch=1, lease_s=3600, max_attempts=3,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            feature_keeping.FEATURES, mode="leased", work=feature_keeping.compute_screens,
            queue="slow", batch=1, lease_s=900, max_attempts=3,
        )
    )  # fmt: skip
    outbox.register(outbox.Kind("follow_up", mode="database", apply=opening.follow_up))
    outbox.register(
        outbox.Kind(
            channels.TELL, mode="leased", work=telling.tell_channels, queue="slow",
            batch=10, lease_s=300, max_attempts=40,  # a receiver may be away for six hours
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(ranking.RERANK, mode="database", apply=ranking.rerank_daily, batch=20)
    )
    outbox.register(
        outbox.Kind(ASK_AGAIN, mode="database", apply=asking_again_planning.follow_cases, batch=50)
    )
    outbox.register(
        outbox.Kind(
            CASE_MAIL, mode="leased", work=case_mail_sending.send_case_mails,
            batch=20, lease_s=600, max_attempts=PUT_ASIDE_AFTER,
        )
    )  # fmt: skip
    # A wish to get no more goes before what it answers.
    receiving.register_taker(stopping_by_mail.take_wish)
    # First of cases: what answers a letter of a person names that of the playbook before it, too.
    receiving.register_taker(replies.take_reply)
    receiving.register_taker(playbook_sending.take_reply)
    receiving.register_taker(invitation_reports.take_report)
    receiving.register_taker(invitation_replies.take_reply)
    staff_mail.register_mail(replies.REPLIED, replies.reply_mail)
    outbox.register(
        outbox.Kind(
            receiving.INBOX, mode="leased", work=receiving.look_into_inbox, queue="slow",
            lease_s=600, max_attempts=10_000,  # a mailbox may be away for weeks
        )
    )  # fmt: skip
    staff_mail.register_mail(escalating.ESCALATED, escalation_mail.escalated_mail)
    outbox.register(outbox.Kind(escalating.ESCALATE, mode="database", apply=escalating.look))
    outbox.register(outbox.Kind(snoozing.WAKE, mode="database", apply=snoozing.wake_due))
    outbox.register(
        outbox.Kind(
            touchpoint_sending.RELEASE, mode="database", apply=touchpoint_sending.release,
            queue="slow", batch=1,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            PLAN_TOUCHPOINTS, mode="database", apply=touchpoint_planning.plan_daily,
            batch=1,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            "analyse", mode="leased", work=understanding_service.analyse, queue="slow",
            batch=64, lease_s=300, newest_first=True,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            learning_asking.REFINE, mode="leased", work=understanding_service.refine, queue="slow",
            batch=32, lease_s=300, newest_first=True, refines=True,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            drivers_service.DRIVERS, mode="leased", work=drivers_service.compute_drivers,
            queue="slow", batch=1, lease_s=600, max_attempts=3,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            learning_asking.LEARN, mode="leased", work=learning_service.learn,
            queue="learning", batch=1, lease_s=1800, max_attempts=3,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            learning_asking.PREPARE, mode="leased", work=learning_service.prepare,
            queue="learning", batch=1, lease_s=1800, max_attempts=3,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            learning_asking.RETHEME, mode="leased", work=retheming.retheme,
            queue="learning", batch=1, lease_s=600, max_attempts=5,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind(
            discovery_asking.DISCOVER, mode="leased", work=discovery_service.look_for_themes,
            queue="learning", batch=1, lease_s=1800, max_attempts=3,
        )
    )  # fmt: skip
    outbox.register(
        outbox.Kind("theme_days", mode="database", apply=theme_cells.move_theme_days, batch=1)
    )
    outbox.register(
        outbox.Kind(theme_merging.MERGE, mode="database", apply=theme_merging.move_merged, batch=1)
    )
    worker.before_work("slow", analysers.warm_up)


def _register_personal_stores() -> None:
    """Every store of personal text or identifiers; tests walk this list.

    Cells first: which answers are to be counted anew is known while they are still a person's.
    """
    for store in (
        PersonalStore(
            "measuring.cells", measuring_service.uncount_person, measuring_people.hand_over
        ),
        PersonalStore("measuring.attribute_sample", sample_keeping.forget_sample),
        PersonalStore(
            "following_up.cases", following_up_people.forget_person,
            following_up_people.hand_over, _l("Follow-ups"),
            following_up_people.count_of_person,
        ),
        PersonalStore("connecting.file_imports", file_keeping.forget_person),
        PersonalStore("people.departures", roles.forget_person, roles.hand_over),
        PersonalStore("succeeding.notes", succeeding_names.forget_names),
        PersonalStore("understanding.theme_merges", theme_merging.forget_merged),
        PersonalStore("understanding.discovery", discovery_service.forget_person),
        PersonalStore("understanding.analyses", understanding_service.forget_person),
        PersonalStore(
            "collecting.responses", collecting_people.forget_person, collecting_people.hand_over,
            _l("Answers"), collecting_people.count_of_person,
        ),
        PersonalStore(
            "people.events", events_service.forget_person, events_service.hand_over,
            _l("Events"), events_service.count_of_person,
        ),
        PersonalStore(
            "succeeding.playbook_letters", playbook_people.forget_person,
            playbook_people.hand_over, _l("Letters of playbooks"),
            playbook_people.count_of_person,
        ),
        PersonalStore(
            "distributing.asking", asking_service.forget_person, asking_service.hand_over
        ),
        PersonalStore(
            "distributing.campaigns", campaign_people.forget_person, campaign_people.hand_over
        ),
        PersonalStore(
            "distributing.invitations", distributing_service.forget_person,
            distributing_people.hand_over, _l("Invitations"), distributing_people.count_of_person,
        ),
    ):  # fmt: skip
        register_personal_store(store)


def _register_account_stores() -> None:
    """Every table that names an account; tests walk this list.

    Cells first: which answers are to be counted anew is known while they are the merged one's.
    """
    for store in (
        AccountStore("measuring.cells", (), measuring_service.hand_over_account),
        AccountStore("people.contacts", ("contact",), account_stores.hand_over_contacts,
                     (_l("Contacts"), Contact)),
        AccountStore("people.names", ("account_name",), account_stores.drop_names),
        AccountStore("people.departures", ("contact_departure",), roles.hand_over_account),
        AccountStore("distributing.asking", ("ask_decision",), asking_service.hand_over_account),
        AccountStore("collecting.responses", ("response", "held_answer"),
                     collecting_people.hand_over_account, (_l("Answers"), Response)),
        AccountStore("following_up.cases", ("follow_up",), following_up_people.hand_over_account,
                     (_l("Follow-ups"), FollowUp), following_up_people.rank_of_account),
        AccountStore(
            "people.events",
            ("account_event", "subscription_change", "milestone", "invoice_change",
             "activity_hour", "active_day", "product_day", "feature_day"),
            events_service.hand_over_account, (_l("Events"), AccountEvent),
        ),
        AccountStore("succeeding.goals", ("success_goal",), merged_accounts.hand_over_goals,
                     (_l("Goals"), SuccessGoal)),
        AccountStore("succeeding.touchpoints", ("touchpoint_plan",),
                     merged_accounts.hand_over_touchpoints, (_l("Touchpoints"), TouchpointPlan)),
        AccountStore("succeeding.playbooks",
                     ("playbook_run", "playbook_task", "playbook_state", "playbook_sending",
                      "playbook_letter"),
                     merged_accounts.hand_over_playbooks, (_l("Tasks"), PlaybookTask)),
        AccountStore("succeeding.team", ("account_colleague",), team_service.hand_over),
        AccountStore("succeeding.notes", ("account_note",), merged_accounts.hand_over_notes,
                     (_l("Notes"), AccountNote)),
        AccountStore("succeeding.renewals",
                     ("renewal_word", "renewal_snapshot", "renewal_outcome"),
                     merged_accounts.hand_over_renewals),
        AccountStore("succeeding.health", ("account_health", "health_day"),
                     merged_accounts.hand_over_health),
    ):  # fmt: skip
        register_account_store(store)


def _register_audit_words() -> None:
    """What the audit log calls the actions of each layer, and what is noted beside them."""
    for words in (
        WORKSPACES_WORDS, PEOPLE_WORDS, AUTHORING_WORDS, DISTRIBUTING_WORDS, COLLECTING_WORDS,
        MEASURING_WORDS, UNDERSTANDING_WORDS, LOOKING_INTO_WORDS, FOLLOWING_UP_WORDS,
        SUCCEEDING_WORDS, CONNECTING_WORDS, DEMO_WORDS,
    ):  # fmt: skip
        audit_log.register_words(words)
    for names in (
        WORKSPACES_NAMES, PEOPLE_NAMES, AUTHORING_NAMES, DISTRIBUTING_NAMES, COLLECTING_NAMES,
        MEASURING_NAMES, UNDERSTANDING_NAMES, FOLLOWING_UP_NAMES, SUCCEEDING_NAMES,
        CONNECTING_NAMES,
    ):  # fmt: skip
        audit_log.register_names(names)
    audit_log.register_named(
        ApiKey, Account, Survey, Campaign, TargetingRule, SavedSegment, RoutingRule, RoutingChannel,
        ReplyTemplate, Playbook,
    )  # fmt: skip


def _register_home() -> None:
    """The cards of the first page, what an empty workspace offers, and what pages of one package
    show of a later one."""
    activity.register_activity(collecting_queries.responses_since)
    activity.register_answers(
        collecting_queries.answers_by_version, collecting_queries.newest_given
    )
    beside.register_look(glance.look)
    home.register_evidence(collecting_queries.has_responses)
    home.register_first_step((), authoring_cards.first_survey_card, order=10)
    home.register_first_step((), authoring_cards.send_card, order=15)
    home.register_first_step((), authoring_cards.widget_card, order=20)
    home.register_first_step((), home_cards.demo_card, order=30, within_own_accounts=True)
    home.register_card(("admin",), home_cards.work_card, order=10)
    home.register_card((), watching_cards.watched_card, order=15)
    home.register_card(
        ("product", "admin"), collecting_cards.held_card, order=12, within_own_accounts=True
    )
    home.register_card(("product", "admin"), discovery_cards.new_themes_card, order=18)
    home.register_card(("viewer", "product"), measuring_cards.scores_card, order=20)
    home.register_card((), following_up_cards.passed_on, order=2, within_own_accounts=True)
    home.register_card((), following_up_cards.mentions, order=4, within_own_accounts=True)
    home.register_card((), story_cards.mentions, order=4, within_own_accounts=True)
    home.register_card(
        ("success", "admin"), following_up_cards.news, order=3, within_own_accounts=True
    )
    home.register_card(
        ("success", "admin"), following_up_cards.my_queue, order=5, within_own_accounts=True
    )
    home.register_card(("success",), health_cards.health_fell, order=7)
    home.register_card(("success",), renewal_cards.at_risk_card, order=6, within_own_accounts=True)
    home.register_card(("success",), touchpoint_cards.due_card, order=8)
    home.register_card(
        ("success", "admin"), playbook_cards.tasks_card, order=6, within_own_accounts=True
    )
