"""The page that says how well the health score foretold who left."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, url_for

from surveys.health_observations import HORIZON_DAYS
from vocapp.database import utcnow
from vocapp.succeeding.backtest import queries, wording
from vocapp.succeeding.backtest.service import ask_for_backtest, see_to_backtest
from vocapp.succeeding.health import wording as health_wording
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in

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
