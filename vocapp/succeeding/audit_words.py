"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "account.owner_changed": _l("changed the owner of an account"),
    "account.duty_changed": _l("changed who looks after an account"),
    "account.parent_changed": _l("changed the parent of an account"),
    "success_goal.added": _l("added a success goal"),
    "success_goal.changed": _l("changed a success goal"),
    "success_goal.progress": _l("recorded the progress of a success goal"),
    "success_goal.closed": _l("closed a success goal"),
    "success_goal.reopened": _l("reopened a success goal"),
    "success_goal.undone": _l("took back what was done to a success goal"),
    "success_goal.removed": _l("took back a success goal that was added"),
    "goal_template.saved": _l("saved a goal template"),
    "goal_template.removed": _l("removed a goal template"),
    "goal_template.put_back": _l("put a goal template back"),
    "touchpoint.done": _l("marked a touchpoint as done"),
    "touchpoint.sent": _l("sent a touchpoint by itself"),
    "touchpoint.skipped": _l("skipped a touchpoint"),
    "touchpoint.planned_again": _l("planned a touchpoint again"),
    "touch_model.changed": _l("changed which touchpoints are planned"),
    "task.done": _l("marked a task as done"),
    "task.skipped": _l("skipped a task"),
    "task.snoozed": _l("put a task off"),
    "task.opened_again": _l("opened a task again"),
    "playbook.added": _l("added a playbook"),
    "playbook.changed": _l("changed a playbook"),
    "playbook.on": _l("switched a playbook on"),
    "playbook.off": _l("switched a playbook off"),
    "playbook.archived": _l("put a playbook away"),
    "playbook.taken_out": _l("took a playbook out again"),
    "playbook.undone": _l("took back what was done to a playbook"),
    "renewal.category_said": _l("said how a renewal will go"),
    "health_scheme.changed": _l("changed the weights or bands of the health score"),
    "health_backtest.asked": _l("asked whether the health score is right"),
}

NAMES = {
    "success_goal": _l("Goal"),
    "goal_template": _l("Goal template"),
    "playbook": _l("Playbook"),
    "playbook_task": _l("Task"),
    "touchpoint_plan": _l("Touchpoint"),
    "touchpoint": _l("Touchpoint"),
    "step": _l("Step"),
    "category": _l("Category"),
    "current": _l("Current value"),
    "closed_at": _l("Closed"),
    "trigger": _l("When"),
}
