"""The page that says how well the health score foretold who left."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from surveys.health import COMPONENTS
from surveys.health_observations import HORIZON_DAYS
from vocapp import outbox
from vocapp.database import utcnow
from vocapp.people.health_changes import HEALTH_DAILY
from vocapp.succeeding.backtest import queries, wording
from vocapp.succeeding.backtest.service import ask_for_backtest, see_to_backtest
from vocapp.succeeding.health import schemes
from vocapp.succeeding.health import wording as health_wording
from vocapp.succeeding.health.views import undone
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.taking_back import say_done

blueprint = Blueprint("backtest", __name__, template_folder="../templates")


@blueprint.get("/health-score/back-test")
@signed_in()
def show() -> str:
    """The score as it was known in each past month against who left in the 90 days after."""
    now = utcnow()
    see_to_backtest(current_workspace.id, now=now)
    told = queries.shown(current_workspace.id, now=now)
    return render_template(
        "succeeding/backtest/page.html",
        told=told,
        result=told.result,
        found=told.result.backtest if told.result else None,
        weighing=queries.weighing(
            current_workspace.id, told.result.learning if told.result else None
        ),
        components=COMPONENTS,
        words=wording,
        health_words=health_wording,
        horizon=HORIZON_DAYS,
    )


@blueprint.post("/health-score/back-test")
@signed_in("success")
def work_out() -> Any:
    """Work it out again, with all that is known by now."""
    ask_for_backtest(current_workspace.id, actor_user_id=current_user.id, now=utcnow())
    notice(_("It is being worked out. This page shows how far it is."))
    return redirect(url_for(".show"), 303)


@blueprint.post("/health-score/weights")
@signed_in("admin")
def change_weights() -> Any:
    """Let learnt weights count, where the last back-test offers them, or those of the product."""
    actor, now = current_user.id, utcnow()
    if request.form.get("use") == "initial":
        token = schemes.use_initial(current_workspace.id, actor_user_id=actor, now=now)
        text = _("The weights of the product count again. All scores are being worked out anew.")
    else:
        learnt = queries.offered_weights(current_workspace.id)
        if learnt is None:
            notice(
                _("Nothing was changed: no learnt weights are offered any more."), kind="warning"
            )
            return redirect(url_for(".show"), 303)
        token = schemes.use_learnt(current_workspace.id, learnt, actor_user_id=actor, now=now)
        text = _("The learnt weights count from now on. All scores are being worked out anew.")
    outbox.ring(HEALTH_DAILY)
    say_done(text, token)
    return redirect(url_for(".show"), 303)


@blueprint.post("/health-score/weights/undo")
@signed_in("admin")
def undo() -> Any:
    """Let what counted before count again, unless it was changed since."""
    return undone()
