"""The demo's customers and what they want to reach, and the contacts that were planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import force_locale
from sqlalchemy import select

from surveys.periods import local_day
from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.demo.progress import Progress
from vocapp.people.models import Account
from vocapp.succeeding.goals import service as goals
from vocapp.succeeding.goals.models import SuccessGoal
from vocapp.succeeding.goals.service import Aim
from vocapp.succeeding.playbooks import evaluating, forms, tasks
from vocapp.succeeding.playbooks import service as playbooks
from vocapp.succeeding.playbooks.models import Playbook, PlaybookTask
from vocapp.succeeding.playbooks.offers import OFFERS
from vocapp.succeeding.playbooks.tasks import By
from vocapp.succeeding.touchpoints import planning
from vocapp.succeeding.touchpoints import service as touchpoints
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.reach import WHOLE_WORKSPACE


@dataclass(frozen=True, slots=True)
class _Wish:
    """A goal in both languages. begun, due: days before and after now; current: None for not
    measured; closed: how it ended, None for open."""

    words: dict[str, str]
    measure: dict[str, str]
    unit: dict[str, str]
    baseline: float
    target: float
    begun: int
    due: int
    current: float | None
    closed: str | None = None
    note: dict[str, str] | None = None


_HOURS = {"en": "h", "ja": "時間"}
_PERCENT = {"en": "%", "ja": "%"}
_WISHES = (
    _Wish(
        {"en": "Answer every ticket within the same day", "ja": "問い合わせに当日中に返信したい"},
        {"en": "Median time to the first answer", "ja": "初回返信までの時間（中央値）"},
        _HOURS, 31, 8, begun=90, due=90, current=17,
        note={"en": "The new queue halved it; evenings are still slow.",
              "ja": "新しい受付の仕組みで半分になりました。夕方以降がまだ遅めです。"},
    ),
    _Wish(
        {"en": "Have the whole sales team work in it every week",
         "ja": "営業チーム全員に毎週使ってもらいたい"},
        {"en": "Sales people who are active each week", "ja": "毎週使っている営業担当の割合"},
        _PERCENT, 35, 90, begun=120, due=30, current=48,
        note={"en": "Osaka and Leeds have not started; training is booked.",
              "ja": "一部の拠点が未着手です。研修の日程を決めました。"},
    ),
    _Wish(
        {"en": "Close the month without spreadsheets", "ja": "月次の締めを表計算なしで終えたい"},
        {"en": "Hours of work for the month's report", "ja": "月次報告にかかる時間"},
        _HOURS, 14, 3, begun=150, due=-20, current=3, closed="met",
        note={"en": "Done two closings in a row.", "ja": "2か月続けて達成しました。"},
    ),
    _Wish(
        {"en": "Find out why shops stop ordering", "ja": "店舗が発注をやめる理由を知りたい"},
        {"en": "Shops that answered the survey", "ja": "アンケートに答えた店舗の割合"},
        _PERCENT, 0, 40, begun=10, due=140, current=None,
    ),
    _Wish(
        {"en": "Bring all branches on board by the end of the half-year",
         "ja": "半期末までに全支店で使い始めたい"},
        {"en": "Branches that use it", "ja": "使っている支店数"},
        {"en": "", "ja": "店"}, 2, 12, begun=160, due=-12, current=7, closed="missed",
        note={"en": "Seven of twelve; the rest waits for the new network.",
              "ja": "12店のうち7店でした。残りは新しい回線を待っています。"},
    ),
)  # fmt: skip
_EVERY = 4  # one of so many customers has said what it wants to reach
_TOLD = {
    "en": "Set-up is done, two questions about permissions answered.",
    "ja": "初期設定は完了しています。権限についての質問に2件お答えしました。",
}


def care(workspace_id: UUID, *, time_zone: str, now: datetime) -> Iterator[Progress]:
    """Write the goals that are missing, plan contacts, and let some of them take place.

    now: when the workspace was made, from which everything is counted.
    """
    with snapshot() as session:
        accounts = session.scalars(
            scoped(Account, workspace_id).order_by(Account.external_id)
        ).all()
    chosen = accounts[::_EVERY]
    for position, account in enumerate(chosen):
        _see_to_goal(account, _WISHES[position % len(_WISHES)], time_zone=time_zone, now=now)
        yield Progress("goals", position + 1, len(chosen))
    planning.plan_all(workspace_id, now=now)
    yield from _work_on_contacts(workspace_id, time_zone=time_zone, now=now)
    with transaction() as session:
        planning.keep_planning(session, workspace_id, now=utcnow())
    owner = next((each.owner_user_id for each in accounts if each.owner_user_id), None)
    if owner is not None:
        _use_playbooks(workspace_id, owner, [each.id for each in accounts], now=now)


def _use_playbooks(
    workspace_id: UUID, user_id: UUID, account_ids: Sequence[UUID], *, now: datetime
) -> None:
    """Switch some on where there is none, and do every third of the tasks that they ask for."""
    with snapshot() as session:
        if session.scalars(scoped(Playbook, workspace_id).limit(1)).first():
            return
        locale = session.get_one(Workspace, workspace_id).locale
    of: dict[str, Any] = {"actor_user_id": user_id, "now": utcnow()}
    for kind in ("renewal_in", "onboarding_stalled", "detractor"):
        with force_locale(locale):
            draft = forms.from_offer(OFFERS[kind]).read()
        assert draft is not None
        playbook_id = playbooks.add_playbook(workspace_id, draft, **of)
        playbooks.switch(workspace_id, playbook_id, on=True, **of)
    with force_locale(locale):  # off: invented people are written to by nobody
        letters = forms.from_offer(OFFERS["onboarding_letters"]).read()
    assert letters is not None
    playbooks.add_playbook(workspace_id, letters, **of)
    with transaction() as session:
        evaluating.evaluate_accounts(session, workspace_id, account_ids, now)
    while outbox.work_off(evaluating.BEGIN, now=utcnow()):
        pass
    with snapshot() as session:
        found = session.scalars(
            scoped(PlaybookTask, workspace_id).order_by(PlaybookTask.due_on, PlaybookTask.id)
        ).all()
    by = By(user_id, WHOLE_WORKSPACE, utcnow())
    for task in found[::3]:
        tasks.mark_done(workspace_id, task.id, by=by)


def _see_to_goal(account: Account, wish: _Wish, *, time_zone: str, now: datetime) -> None:
    language = "ja" if account.region == "jp" else "en"
    today, begun = local_day(now, time_zone), now - timedelta(days=wish.begun)
    of: dict[str, Any] = {"actor_user_id": account.owner_user_id}
    known = _goal_of(account)
    if known is None:
        aim = Aim(
            words=wish.words[language], measure=wish.measure[language],
            unit=wish.unit[language], baseline=wish.baseline, target=wish.target,
            due_on=today + timedelta(days=wish.due),
        )  # fmt: skip
        goals.add_goal(
            account.workspace_id, account.external_id, aim,
            today=local_day(begun, time_zone), now=begun, **of,
        )  # fmt: skip
        known = _goal_of(account)
    assert known is not None
    note = wish.note[language] if wish.note else ""
    if known.current is None and wish.current is not None:
        seen = min(now, now + timedelta(days=wish.due)) - timedelta(days=3)
        goals.record_progress(
            account.workspace_id, known.id, wish.current, note=note, now=seen, **of
        )
    if known.state == "open" and wish.closed is not None:
        ended = now + timedelta(days=wish.due)
        goals.close_goal(account.workspace_id, known.id, wish.closed, now=ended, **of)


def _goal_of(account: Account) -> SuccessGoal | None:
    with snapshot() as session:
        return session.scalars(
            scoped(SuccessGoal, account.workspace_id)
            .where(SuccessGoal.account_id == account.id)
            .order_by(SuccessGoal.id)
            .limit(1)
        ).first()


def _work_on_contacts(workspace_id: UUID, *, time_zone: str, now: datetime) -> Iterator[Progress]:
    """Of what was due two took place where one is late; every fifth was called off."""
    with snapshot() as session:
        rows = session.execute(
            select(TouchpointPlan, Account.owner_user_id, Account.region)
            .join(
                Account,
                (Account.workspace_id == TouchpointPlan.workspace_id)
                & (Account.id == TouchpointPlan.account_id),
            )
            .where(
                TouchpointPlan.workspace_id == workspace_id,
                TouchpointPlan.due_on < local_day(now, time_zone),
            )
            .order_by(TouchpointPlan.due_on, Account.external_id)
        ).all()
    for position, (plan, owner, region) in enumerate(rows):
        if plan.state == "planned" and owner is not None and position % 3 != 2:
            note = _TOLD["ja" if region == "jp" else "en"] if position % 2 else ""
            if position % 5 == 4:
                touchpoints.skip(workspace_id, plan.id, "in_contact", actor_user_id=owner, now=now)
            else:
                touchpoints.mark_done(
                    workspace_id, plan.id, "call", note=note, actor_user_id=owner, now=now
                )
        yield Progress("contacts", position + 1, len(rows))
