"""Use cases: write a campaign, switch it on, pause it, go on, end it, and take that back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from surveys.campaigns import Moment, Plan, plan_values, problems_of
from surveys.filters import Filter, to_json
from surveys.periods import local_day
from surveys.questions import storable_problem
from vocapp import outbox
from vocapp.authoring.queries import survey_by_key
from vocapp.database import scoped, transaction, until_no_deadlock, uuid7
from vocapp.distributing.campaigns.models import Campaign, CampaignTurn
from vocapp.distributing.campaigns.running import (
    look_now,
    survey_state,
)
from vocapp.distributing.campaigns.stopping import (
    CAMPAIGN,
    STOP,
    forget_stops,
    given_up,
    of_campaign,
    settle,
)
from vocapp.distributing.service import CHANNELS, EMAIL
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.nights import time_zone_of
from vocapp.workspaces.service import audit

MAX_NAME = 120
ACTIONS = ("switch_on", "pause", "resume", "end")
_NOTED = {  # in the audit log
    "switch_on": "campaign.switch_on", "pause": "campaign.pause", "resume": "campaign.resume",
    "end": "campaign.end",
}  # fmt: skip
# What holds for good once somebody may have been asked: another share of people to hold out, or
# another period, would make of it another campaign.
FIXED = (
    "survey_id", "kind", "starts_on", "period_days", "moment", "moment_days", "moment_name",
    "held_out",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """A campaign as somebody wants it. survey: its key. audience: None for everybody. The others
    are those of `surveys.campaigns.Plan`; hour: local, 0 to 23. channel: of `service.CHANNELS`."""

    name: str
    survey: str
    kind: str
    starts_on: date
    ends_on: date | None = None
    period_days: int | None = None
    moment: str | None = None
    moment_days: int | None = None
    moment_name: str | None = None
    repeat_days: int = 90
    sample: float = 1.0
    held_out: float = 0.0
    a_day: int | None = None
    hour: int = 9
    audience: Filter | None = None
    channel: str = EMAIL

    @property
    def plan(self) -> Plan:
        moment = None
        if self.kind == "moment" and self.moment is not None:
            name = (self.moment_name or "").strip() or None
            moment = Moment(self.moment, self.moment_days or 0, name)
        return Plan(
            "", self.kind, self.starts_on, self.ends_on, self.period_days, moment,
            self.repeat_days, self.sample, self.held_out, self.a_day,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """undo: a token for `undo`; None where nothing was changed, or a machine did it."""

    campaign_id: UUID
    undo: str | None


def create(
    workspace_id: UUID, wished: Wished, *, actor_user_id: UUID | None, now: datetime
) -> UUID:
    """A draft, which asks nobody. Raises BadInput naming every wrong field."""
    values = _checked(workspace_id, wished)
    with transaction() as session:
        row = Campaign(
            workspace_id=workspace_id, id=uuid7(), state="draft", revision=1,
            planned_on=None, begun_at=None, created_at=now, updated_at=now, **values,
        )  # fmt: skip
        session.add(row)
        _note(session, row, "campaign.created", actor_user_id, now)
        return row.id


def change(
    workspace_id: UUID,
    campaign_id: UUID,
    wished: Wished,
    *,
    revision: int | None = None,
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    """Of one that was switched on, what is in `FIXED` stays: BadInput names it. revision: what the
    change was made of; Conflict where somebody was quicker. Raises NotFound, Conflict (ended).
    """
    values = _checked(workspace_id, wished)
    with transaction() as session:
        row = _locked(session, workspace_id, campaign_id)
        if row.state == "ended":
            raise Conflict("The campaign has ended.")
        if revision is not None and revision != row.revision:
            raise Conflict("The campaign was changed meanwhile.")
        if row.begun_at is not None:
            _check_fixed(row, values)
        former = _values_of(row)
        if former == values:
            return Done(row.id, None)
        _apply(row, values, now)
        _note(session, row, "campaign.changed", actor_user_id, now)
        return Done(row.id, _token(row, actor_user_id, "change", _plain(former)))


def _checked(workspace_id: UUID, wished: Wished) -> dict[str, Any]:
    errors = [FieldError(field, message) for field, message in problems_of(wished.plan)]
    name = wished.name.strip()
    if not 1 <= len(name) <= MAX_NAME:
        errors.append(FieldError("name", f"expected 1 to {MAX_NAME} characters"))
    for field, text in (("name", name), ("moment_name", wished.moment_name or "")):
        if problem := storable_problem(text):
            errors.append(FieldError(field, problem))
    if not 0 <= wished.hour <= 23:
        errors.append(FieldError("hour", "expected 0 to 23"))
    if wished.channel not in CHANNELS:
        errors.append(FieldError("channel", f"expected one of {', '.join(CHANNELS)}"))
    survey_id = None
    try:
        survey_id = survey_by_key(workspace_id, wished.survey).id
    except NotFound:
        errors.append(FieldError("survey", f"no survey with the key {wished.survey!r}"))
    if errors:
        raise BadInput(*errors)
    audience = to_json(wished.audience) if wished.audience is not None else None
    return {
        "name": name, "survey_id": survey_id, "audience": audience, "hour": wished.hour,
        "channel": wished.channel,
        **plan_values(wished.plan),
    }  # fmt: skip


def _values_of(row: Campaign) -> dict[str, Any]:
    names = ("name", "survey_id", "audience", "hour", "channel", *plan_values(row.plan))
    return {name: getattr(row, name) for name in names}


def _check_fixed(row: Campaign, values: Mapping[str, Any]) -> None:
    errors = [
        FieldError(
            "survey" if name == "survey_id" else name,
            "cannot be changed once the campaign was switched on",
        )
        for name in FIXED
        if values[name] != getattr(row, name)
    ]
    if errors:
        raise BadInput(*errors)


def _apply(row: Campaign, values: Mapping[str, Any], now: datetime) -> None:
    """Of one that asks once, another audience is looked through anew: nobody else would be asked
    of whom only the new one knows."""
    if row.kind == "once" and values["audience"] != row.audience:
        row.planned_on = None
    for name, value in values.items():
        setattr(row, name, value)
    row.revision += 1
    row.updated_at = now


# --- switching on, pausing, going on, ending ----------------------------------------------


def act(
    workspace_id: UUID,
    campaign_id: UUID,
    action: str,
    *,
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    """One of ACTIONS; said twice it does it once. Raises NotFound; Conflict where the campaign is
    in no state for it, BadInput where its survey takes no answers.
    """
    # It holds the campaign and wants its work; a worker that has just taken up a row of it holds
    # that and wants the campaign.
    done = until_no_deadlock(
        lambda: _act(workspace_id, campaign_id, action, actor_user_id=actor_user_id, now=now)
    )
    outbox.ring(CAMPAIGN if action in {"switch_on", "resume"} else STOP)
    return done


def _act(
    workspace_id: UUID,
    campaign_id: UUID,
    action: str,
    *,
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    with transaction() as session:
        row = _locked(session, workspace_id, campaign_id)
        before = row.state
        _MOVES[action](session, row, now)
        if row.state == before:
            return Done(row.id, None)
        row.revision += 1
        row.updated_at = now
        _note(session, row, _NOTED[action], actor_user_id, now)
        return Done(row.id, _token(row, actor_user_id, action, {"was": before}))


def try_again(
    workspace_id: UUID, campaign_id: UUID, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """Take up again what was given up after too many failures: the work of the campaign, and the
    people in whom it failed. Raises NotFound."""
    until_no_deadlock(
        lambda: _try_again(workspace_id, campaign_id, actor_user_id=actor_user_id, now=now)
    )
    outbox.ring(CAMPAIGN, STOP)


def _try_again(
    workspace_id: UUID, campaign_id: UUID, *, actor_user_id: UUID | None, now: datetime
) -> None:
    with transaction() as session:
        row = _locked(session, workspace_id, campaign_id)
        session.execute(
            update(outbox.Pending)
            .where(*given_up(workspace_id), outbox.Pending.subject_id == campaign_id)
            .values(set_aside_at=None, attempts=0, due_at=now, last_error=None)
            .execution_options(synchronize_session=False)
        )
        settle(session, row, "retry", now=now)
        if row.state == "active":
            outbox.ask_now(session, workspace_id, CAMPAIGN, row.id, now=now)
        _note(session, row, "campaign.tried_again", actor_user_id, now)


def _switch_on(session: Session, row: Campaign, now: datetime) -> None:
    if row.state == "active":
        return
    _expect(row, "draft")
    if survey_state(session, row) != "published":
        raise BadInput.of("survey", "the survey is not published, or closed")
    today = local_day(now, time_zone_of(session, row.workspace_id))
    if row.ends_on is not None and row.ends_on < today:
        raise BadInput.of("ends_on", f"expected {today} or later")
    row.begun_at = now
    _go_on(session, row, now)


def _go_on(session: Session, row: Campaign, now: datetime) -> None:
    row.state = "active"
    session.execute(
        delete(outbox.Pending).where(
            outbox.Pending.workspace_id == row.workspace_id, outbox.Pending.kind == CAMPAIGN,
            outbox.Pending.subject_id == row.id, outbox.Pending.lease_token.is_(None),
        )
    )  # fmt: skip
    forget_stops(session, row)
    look_now(session, row, now=now)


def _resume(session: Session, row: Campaign, now: datetime) -> None:
    if row.state != "active":
        _expect(row, "paused")
        _go_on(session, row, now)


def _pause(session: Session, row: Campaign, now: datetime) -> None:
    """What has not gone out does not; whoever was stopped so is asked when it goes on."""
    if row.state == "paused":
        return
    _expect(row, "active")
    row.state = "paused"
    settle(session, row, "stop", now=now)


def _end(session: Session, row: Campaign, now: datetime) -> None:
    if row.state == "ended":
        return
    _expect(row, "active", "paused")
    row.state = "ended"
    settle(session, row, "stop", now=now)


_MOVES = {"switch_on": _switch_on, "pause": _pause, "resume": _resume, "end": _end}


def _expect(row: Campaign, *states: str) -> None:
    if row.state not in states:
        raise Conflict(f"The campaign is {row.state}; expected {' or '.join(states)}.")


def undo(workspace_id: UUID, token: str, *, actor_user_id: UUID, now: datetime) -> UUID:
    """Take the last change back. Raises Conflict: too late, or somebody changed it since."""
    told = read_undo(token, "campaign", workspace_id, actor_user_id)
    until_no_deadlock(lambda: _undo(workspace_id, told, actor_user_id=actor_user_id, now=now))
    outbox.ring(CAMPAIGN, STOP)
    return UUID(told["campaign"])


def _undo(
    workspace_id: UUID, told: Mapping[str, Any], *, actor_user_id: UUID, now: datetime
) -> None:
    with transaction() as session:
        row = _locked(session, workspace_id, UUID(told["campaign"]))
        if row.revision != told["revision"]:
            raise Conflict("The campaign was changed since, so it was left as it is.")
        if told["action"] == "change":
            _apply(row, _unplain(told["former"]), now)
        else:
            _take_back(session, row, told["action"], told["former"]["was"], now)
            row.revision += 1
            row.updated_at = now
        _note(session, row, "campaign.undone", actor_user_id, now)


def _take_back(session: Session, row: Campaign, action: str, was: str, now: datetime) -> None:
    """Of what was switched on by mistake nobody is asked any more: it is paused, as somebody may
    have been asked, or a draft where nobody was."""
    if action == "end":
        row.state = "paused"
        settle(session, row, "revive", now=now)
        if was == "active":
            _resume(session, row, now)
    elif action == "pause":
        _resume(session, row, now)
    else:
        _pause(session, row, now)
        if action == "switch_on" and not _has_asked(session, row):
            session.execute(delete(CampaignTurn).where(*of_campaign(row)))
            row.state, row.planned_on, row.begun_at = "draft", None, None


def _has_asked(session: Session, row: Campaign) -> bool:
    decided = select(CampaignTurn.id).where(*of_campaign(row), CampaignTurn.state != "planned")
    return session.scalar(decided.limit(1)) is not None


def remove_draft(
    workspace_id: UUID, campaign_id: UUID, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """Raises NotFound; Conflict where it was ever switched on: then it can be ended."""
    with transaction() as session:
        row = _locked(session, workspace_id, campaign_id)
        _expect(row, "draft")
        _note(session, row, "campaign.removed", actor_user_id, now)
        session.delete(row)


def _locked(session: Session, workspace_id: UUID, campaign_id: UUID) -> Campaign:
    row = session.scalar(
        scoped(Campaign, workspace_id).where(Campaign.id == campaign_id).with_for_update()
    )
    if row is None:
        raise NotFound("No such campaign.")
    return row


def _note(
    session: Session, row: Campaign, action: str, actor_user_id: UUID | None, now: datetime
) -> None:
    audit(session, row.workspace_id, action, now=now, actor_user_id=actor_user_id, subject=row)


def _token(
    row: Campaign, actor_user_id: UUID | None, action: str, former: dict[str, Any]
) -> str | None:
    if actor_user_id is None:
        return None
    return undo_token(
        "campaign", row.workspace_id, actor_user_id, campaign=row.id.hex, action=action,
        former=former, revision=row.revision,
    )  # fmt: skip


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as JSON."""
    return {
        name: value.isoformat() if isinstance(value, date)
        else value.hex if isinstance(value, UUID) else value
        for name, value in values.items()
    }  # fmt: skip


def _unplain(values: Mapping[str, Any]) -> dict[str, Any]:
    days = {name: values[name] and date.fromisoformat(values[name]) for name in _DAYS}
    return {**values, **days, "survey_id": UUID(values["survey_id"])}


_DAYS = ("starts_on", "ends_on")
