"""Follow-ups for machines: the queue, one case, moving it on."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vocapp.api_documents import MAX_PAGE_SIZE, PAGE_SIZE, page_of, read_cursor
from vocapp.database import utcnow
from vocapp.following_up import queries, service, wording
from vocapp.following_up.case_queries import case_detail
from vocapp.following_up.choosing import Filters
from vocapp.following_up.models import FOLLOW_UP_STATES
from vocapp.following_up.queries import CaseRow, Person
from vocapp.following_up.wording import ThemeLabels
from vocapp.problems import BadInput
from vocapp.workspaces.access import current_workspace, machine
from vocapp.workspaces.queries import members
from vocapp.workspaces.reach import WHOLE_WORKSPACE

api = APIBlueprint(
    "following_up_api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="Follow-ups")],
    abp_security=[{"secret_key": []}],
)


class CasePath(BaseModel):
    follow_up_id: UUID


class QueueQuery(BaseModel):
    state: Literal["open", "contacted", "waiting", "resolved", "closed", "merged"] | None = None
    team: Literal["success", "product", "support"] | None = None
    owner: str | None = Field(None, description='E-mail address or id of a user, or "unassigned".')
    theme: str | None = None
    overdue: bool = False
    snoozed: bool | None = Field(None, description="Only what is put off, or only what is not.")
    sort: Literal["-priority", "due_at"] = "-priority"
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = None


class ChangeBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "contacted", "waiting", "resolved", "closed"] | None = None
    outcome: str | None = Field(None, description=", ".join(service.OUTCOMES))
    root_cause: str | None = Field(None, description=", ".join(service.ROOT_CAUSES))
    owner: str | None = Field(None, description="E-mail address or id of a user; null: nobody.")
    note: str | None = None
    snoozed_until: AwareDatetime | None = Field(
        None, description="Put off until then, at most a year; null: have it back now."
    )
    version: int | None = Field(None, description="Refuse (409) when the case has another one.")


@api.get("/follow-ups", summary="Whom to contact, most urgent first")
@machine()
def list_follow_ups(query: QueueQuery) -> Any:
    owner = query.owner
    filters = Filters(
        states=(query.state,) if query.state else FOLLOW_UP_STATES,
        snoozed=query.snoozed,
        team=query.team,
        owner=owner if owner in (None, "unassigned") else _member(owner),
        theme=query.theme,
        overdue=query.overdue,
    )
    rows = queries.queue(
        current_workspace.id,
        filters,
        reach=WHOLE_WORKSPACE,
        now=utcnow(),
        sort=query.sort,
        limit=query.limit + 1,
        after=read_cursor(query.cursor, lambda value: queries.after_of(value, query.sort)),
    )
    themes = queries.theme_labels(current_workspace.id)
    return page_of(
        rows,
        limit=query.limit,
        present=lambda row: _present(row, themes),
        cursor_of=lambda row: queries.cursor_of(row, query.sort),
    )


@api.get("/follow-ups/<uuid:follow_up_id>", summary="A follow-up with its timeline")
@machine()
def show_follow_up(path: CasePath) -> Any:
    return _shown(path.follow_up_id)


@api.patch("/follow-ups/<uuid:follow_up_id>", summary="Move a follow-up on")
@machine()
def change_follow_up(path: CasePath, body: ChangeBody) -> Any:
    change = service.Change(
        state=body.state,
        outcome=body.outcome,
        root_cause=body.root_cause,
        owner_user_id=_member(body.owner) if body.owner is not None else None,
        unassign="owner" in body.model_fields_set and body.owner is None,
        snooze_until=body.snoozed_until,
        wake="snoozed_until" in body.model_fields_set and body.snoozed_until is None,
        note=body.note,
    )
    service.change_follow_up(
        current_workspace.id,
        path.follow_up_id,
        change,
        reach=WHOLE_WORKSPACE,
        expected_version=body.version,
        actor_user_id=None,
        now=utcnow(),
    )
    return _shown(path.follow_up_id)


def _member(named: str) -> UUID:
    """The user that an e-mail address or id names. Raises BadInput."""
    wanted = named.strip().lower()
    for member in members(current_workspace.id):
        if wanted in (str(member.user_id), member.email.lower()):
            return member.user_id
    raise BadInput.of("owner", "not a member of this workspace")


def _shown(follow_up_id: UUID) -> dict[str, Any]:
    detail = case_detail(current_workspace.id, follow_up_id, reach=WHOLE_WORKSPACE)
    shown = _present(detail.row, queries.theme_labels(current_workspace.id))
    if shown["response"] is not None:
        shown["response"] |= {
            "comment": detail.text,
            "language": detail.language,
            "sentiment": detail.sentiment,
            "themes": list(detail.themes),
        }
    shown["timeline"] = [
        {
            "at": line.at.isoformat(), "kind": line.kind, "by": line.who, "note": line.note,
            "detail": line.detail,
        }
        for line in detail.timeline
    ]  # fmt: skip
    return shown


def _present(row: CaseRow, themes: ThemeLabels) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "state": row.state,
        "team": row.team,
        "priority": row.priority,
        "reason": wording.reason_in_words(row.reasons, themes),
        "reasons": list(row.reasons),
        "rule": row.rule_key,
        "due_at": row.real_due.isoformat(),
        "paused_since": row.paused_at.isoformat() if row.paused_at else None,
        "opened_at": row.opened_at.isoformat(),
        "resolved_at": row.resolved_at.isoformat() if row.resolved_at else None,
        "snoozed_until": row.snoozed_until.isoformat() if row.snoozed_until else None,
        "outcome": row.outcome,
        "root_cause": row.root_cause,
        "suggestion": row.suggestion,
        "version": row.version,
        "merged_into": str(row.merged_into_id) if row.merged_into_id else None,
        "owner": _person(row.owner),
        "account": _account(row),
        "contact": _person(row.contact),
        "response": _answer(row),
    }


def _answer(row: CaseRow) -> dict[str, Any] | None:
    """The answer that opened a case; None where a reply to an e-mail did."""
    if row.response_id is None:
        return None
    return {
        "id": str(row.response_id),
        "survey": row.survey_key,
        "score": row.score,
        "category": row.category,
        "answered_at": row.answered_at.isoformat(),
    }


def _person(person: Person | None) -> dict[str, Any] | None:
    if person is None:
        return None
    return {
        "id": str(person.id), "name": person.name, "email": person.email,
        "external_id": person.external_id,
    }  # fmt: skip


def _account(row: CaseRow) -> dict[str, Any] | None:
    account = row.account
    if account is None:
        return None
    return {
        "id": str(account.id),
        "external_id": account.external_id,
        "name": account.name,
        "plan": account.plan,
        "mrr": account.mrr_minor,
        "currency": account.currency,
        "renewal_on": account.renewal_on.isoformat() if account.renewal_on else None,
    }
