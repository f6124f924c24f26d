"""Reads: the versions of a workspace's theme model, and what is to be said of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select

from vocapp.database import scoped, utcnow
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.understanding.learning.asking import (
    LEARN,
    RETHEME,
    WhenToLearn,
    new_corrections,
    when_to_learn,
)
from vocapp.understanding.learning.models import Retheming, ThemeModel
from vocapp.understanding.models import Analysis, Label, Theme
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
    def told(self) -> Version | None:
        """The one of which the page tells what it learnt: that serves, else the last decided."""
        decided = [each for each in self.versions if each.found is not None]
        latest = max(decided, key=lambda each: each.number, default=None)
        return self.champion or latest


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


# --- the past judged anew ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Example:
    """A redacted comment that would gain or lose a theme."""

    text: str
    language: str | None


@dataclass(frozen=True, slots=True)
class ThemeMove:
    """Of one theme in a look: comments that would get it, and lose it, of the sampled."""

    key: str
    added: int
    removed: int
    gained_by: tuple[Example, ...]
    lost_by: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Rethemed:
    """The last time the past was judged anew, or a look at it.

    is_stuck: it is under way and its work failed for good. is_by_what_serves: no other version
    serves since.
    """

    id: UUID
    state: str
    total: int
    done: int
    changed: int
    started_at: datetime | None
    finished_at: datetime | None
    keep_until: datetime | None
    is_stuck: bool
    is_by_what_serves: bool
    sampled: int
    would_change: int
    moves: tuple[ThemeMove, ...]


def last_retheming(workspace_id: UUID) -> Rethemed | None:
    """None where nothing was ever judged anew."""
    row = db.session.scalars(
        scoped(Retheming, workspace_id).order_by(Retheming.asked_at.desc()).limit(1)
    ).first()
    if row is None:
        return None
    serving = db.session.scalar(
        select(ThemeModel.id).where(
            ThemeModel.workspace_id == workspace_id, ThemeModel.state == "champion"
        )
    )
    preview = row.preview or {}
    return Rethemed(
        id=row.id,
        state=row.state,
        total=row.total,
        done=row.done,
        changed=row.changed,
        started_at=row.started_at,
        finished_at=row.finished_at,
        keep_until=row.keep_until,
        is_stuck=row.state in {"looking", "running", "undoing"} and not _works(row),
        is_by_what_serves=row.model_id == serving,
        sampled=preview.get("sampled", 0),
        would_change=preview.get("changed", 0),
        moves=_moves(workspace_id, preview.get("themes", {})) if row.state == "looked" else (),
    )


def _works(row: Retheming) -> bool:
    """Whether work waits for it; what is due in weeks only forgets what was replaced."""
    found = db.session.scalar(
        scoped(Pending, row.workspace_id)
        .where(
            Pending.kind == RETHEME,
            Pending.subject_id == row.id,
            Pending.set_aside_at.is_(None),
            Pending.due_at <= utcnow() + timedelta(days=1),
        )
        .limit(1)
    )
    return found is not None


def _moves(workspace_id: UUID, themes: dict[str, dict[str, Any]]) -> tuple[ThemeMove, ...]:
    """Those that change most first."""
    ids = {UUID(id_) for each in themes.values() for id_ in (*each["gained_by"], *each["lost_by"])}
    texts = {
        row.response_id: Example(row.redacted, row.language)
        for row in db.session.execute(
            select(Analysis.response_id, Analysis.redacted, Analysis.language).where(
                Analysis.workspace_id == workspace_id,
                Analysis.response_id.in_(ids),
                Analysis.redacted.is_not(None),
            )
        )
    }

    def examples(ids: list[str]) -> tuple[Example, ...]:
        return tuple(texts[UUID(id_)] for id_ in ids if UUID(id_) in texts)

    moves = [
        ThemeMove(
            key=key,
            added=each["added"],
            removed=each["removed"],
            gained_by=examples(each["gained_by"]),
            lost_by=examples(each["lost_by"]),
        )
        for key, each in themes.items()
    ]
    return tuple(sorted(moves, key=lambda each: (-each.added - each.removed, each.key)))
