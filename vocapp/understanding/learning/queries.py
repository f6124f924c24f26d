"""Reads: the versions of a workspace's theme model, and what is to be said of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.understanding.learning.asking import (
    LEARN,
    WhenToLearn,
    new_corrections,
    when_to_learn,
)
from vocapp.understanding.learning.models import ThemeModel
from vocapp.understanding.models import Label, Theme
from vocapp.workspaces.models import User

if TYPE_CHECKING:
    from nlp.comparing import Comparison

_SHOWN = 50  # versions on the page


@dataclass(frozen=True, slots=True)
class Version:
    """A version ready to show. found: the comparison with the one that served then, None before
    it was made; served_before: of the versions that served, whether it is not the one that does.
    """

    number: int
    state: str
    reason: str | None
    encoder: str
    corrections: int
    comments: int
    rival: int
    done: int
    steps: int
    asked_at: datetime
    asked_by: str | None
    decided_at: datetime | None
    promoted_at: datetime | None
    found: Comparison | None

    @property
    def may_serve_again(self) -> bool:
        return self.state == "retired"


@dataclass(frozen=True, slots=True)
class Learning:
    """All that the page says. corrections: of all time, over `comments`; new: since the model
    last began to learn; next_at: when it learns by itself; set_aside: what failed for good."""

    corrections: int
    comments: int
    new: int
    when: WhenToLearn
    next_at: datetime | None
    set_aside: bool
    versions: tuple[Version, ...]
    labels: dict[str, dict[str, str]]

    @property
    def champion(self) -> Version | None:
        return next((each for each in self.versions if each.state == "champion"), None)

    @property
    def challenger(self) -> Version | None:
        return next((each for each in self.versions if each.state == "challenger"), None)

    @property
    def latest(self) -> Version | None:
        """The last one about which something was decided."""
        decided = [each for each in self.versions if each.decided_at is not None]
        return max(decided, key=lambda each: each.number, default=None)


def learning(workspace_id: UUID) -> Learning:
    """What was corrected, taught and compared."""
    session = db.session()
    corrections, comments = session.execute(
        select(func.count(), func.count(Label.response_id.distinct())).where(
            Label.workspace_id == workspace_id
        )
    ).one()
    waiting = session.scalars(
        scoped(Pending, workspace_id).where(
            Pending.kind == LEARN, Pending.subject_id == workspace_id
        )
    ).all()
    due = [row.due_at for row in waiting if row.set_aside_at is None]
    failed = session.scalar(
        scoped(Pending, workspace_id)
        .where(Pending.kind == LEARN, Pending.set_aside_at.is_not(None))
        .limit(1)
    )
    return Learning(
        corrections=corrections,
        comments=comments,
        new=new_corrections(session, workspace_id),
        when=when_to_learn(session, workspace_id),
        next_at=min(due, default=None),
        set_aside=failed is not None,
        versions=_versions(workspace_id),
        labels={
            key: dict(label)
            for key, label in session.execute(
                select(Theme.key, Theme.label).where(Theme.workspace_id == workspace_id)
            )
        },
    )


def _versions(workspace_id: UUID) -> tuple[Version, ...]:
    """The newest first, and the one that serves wherever it stands."""
    models = db.session.scalars(
        scoped(ThemeModel, workspace_id)
        .order_by((ThemeModel.state == "champion").desc(), ThemeModel.number.desc())
        .limit(_SHOWN)
    ).all()
    numbers = {
        id_: number
        for id_, number in db.session.execute(
            select(ThemeModel.id, ThemeModel.number).where(
                ThemeModel.workspace_id == workspace_id,
                ThemeModel.id.in_({model.rival_id for model in models if model.rival_id}),
            )
        )
    }
    users = {model.asked_by for model in models if model.asked_by}
    names = {
        id_: name for id_, name in db.session.execute(
            select(User.id, User.name).where(User.id.in_(users))
        )
    }  # fmt: skip
    return tuple(
        _version(model, numbers, names) for model in sorted(models, key=lambda model: -model.number)
    )


def _version(model: ThemeModel, numbers: dict[UUID, int], names: dict[UUID, str]) -> Version:
    found = None
    if model.report is not None:
        from nlp.comparing import from_json  # imports SciPy: only where there is a comparison

        found = from_json(model.report)
    return Version(
        number=model.number,
        state=model.state,
        reason=model.reason,
        encoder=model.encoder,
        corrections=model.corrections,
        comments=model.comments,
        rival=numbers.get(model.rival_id, 0) if model.rival_id else 0,
        done=model.step,
        steps=max(len(model.plan), model.step, 1),
        asked_at=model.asked_at,
        asked_by=names.get(model.asked_by) if model.asked_by else None,
        decided_at=model.decided_at,
        promoted_at=model.promoted_at,
        found=found,
    )
