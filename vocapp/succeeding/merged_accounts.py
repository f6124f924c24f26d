"""What becomes of goals, contacts, tasks, renewals and health when two accounts become one."""

from __future__ import annotations

from sqlalchemy import and_, delete, exists
from sqlalchemy.orm import Session, aliased

from vocapp.people.account_stores import (
    AccountMerge,
    drop_rows,
    move_rows,
    move_rows_where_free,
)
from vocapp.succeeding.goals.models import SuccessGoal
from vocapp.succeeding.health.models import AccountHealth, HealthDay
from vocapp.succeeding.playbooks.models import (
    PlaybookLetter,
    PlaybookRun,
    PlaybookSending,
    PlaybookState,
    PlaybookTask,
)
from vocapp.succeeding.renewals.models import RenewalOutcome, RenewalSnapshot, RenewalWord
from vocapp.succeeding.story.models import AccountNote
from vocapp.succeeding.touchpoints.models import TouchpointPlan


def hand_over_goals(session: Session, merge: AccountMerge) -> None:
    """Goals of both are goals of the one."""
    move_rows(session, merge, SuccessGoal)


def hand_over_notes(session: Session, merge: AccountMerge) -> None:
    """What was written of either is written of the one."""
    move_rows(session, merge, AccountNote)


def hand_over_touchpoints(session: Session, merge: AccountMerge) -> None:
    """One contact is planned once; where one of two took place or was called off, that holds."""
    theirs = aliased(TouchpointPlan)
    session.execute(
        delete(TouchpointPlan)
        .where(
            TouchpointPlan.workspace_id == merge.workspace_id,
            TouchpointPlan.account_id == merge.kept,
            TouchpointPlan.state == "planned",
            exists().where(
                and_(
                    theirs.workspace_id == TouchpointPlan.workspace_id,
                    theirs.account_id == merge.merged,
                    theirs.touch_key == TouchpointPlan.touch_key,
                    theirs.anchor_on == TouchpointPlan.anchor_on,
                    theirs.state != "planned",
                )
            ),
        )
        .execution_options(synchronize_session=False)
    )
    move_rows_where_free(session, merge, TouchpointPlan, ("touch_key", "anchor_on"))


def hand_over_playbooks(session: Session, merge: AccountMerge) -> None:
    """A playbook that fired for both about the same fired once, with one set of tasks.

    What a playbook knows of the merged account alone is worked out anew.
    """
    move_rows_where_free(session, merge, PlaybookRun, ("playbook_id", "episode"))
    move_rows(session, merge, PlaybookTask, PlaybookSending, PlaybookLetter)
    drop_rows(session, merge, PlaybookState)


def hand_over_renewals(session: Session, merge: AccountMerge) -> None:
    """Past outcomes follow from the events of both, at night. Forecasts that were recorded are
    never changed: of a month in which both had one, that of the kept account stays."""
    move_rows_where_free(session, merge, RenewalWord, ())
    move_rows_where_free(session, merge, RenewalSnapshot, ("month",))
    drop_rows(session, merge, RenewalOutcome)


def hand_over_health(session: Session, merge: AccountMerge) -> None:
    """Health is worked out of both from now on; past days are those of the kept account, as
    what was known of both together on a past day was never worked out."""
    drop_rows(session, merge, AccountHealth, HealthDay)
