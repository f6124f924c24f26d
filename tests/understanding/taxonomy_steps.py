"""What the tests of the taxonomy editor have in common: small themes and exact counts."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from sqlalchemy import select

from surveys.periods import local_day
from surveys.scoring import category_of
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import snapshot, transaction, utcnow, uuid7
from vocapp.packed_days import unpack
from vocapp.understanding.models import Analysis, Assignment, Label, Theme, ThemeMonth
from vocapp.understanding.taxonomy.drafts import Draft
from vocapp.understanding.theme_cells import PLACE_OF, THEME_PLACES, recount_themes


def draft(name: str = "Fees", **changes) -> Draft:
    values = {"label": {"en": name, "ja": ""}, "description": {"en": f"About {name}.", "ja": ""}}
    return Draft(**(values | changes))


def put_theme(workspace_id: UUID, key: str, **values) -> UUID:
    """A theme as it would be stored, without the work that an edit leaves."""
    words = {"label": {"en": key.title(), "ja": key}, "description": {"en": key, "ja": key}}
    lists = {name: {"en": [], "ja": []} for name in ("keywords", "rules", "exclusions")}
    with transaction() as session:
        row = Theme(
            workspace_id=workspace_id, id=uuid7(), key=key, created_at=utcnow(), revision=1,
            **(words | lists | values),
        )  # fmt: skip
        session.add(row)
    return row.id


def theme(workspace_id: UUID, key: str) -> Theme:
    with snapshot() as session:
        return session.scalars(
            select(Theme).where(Theme.workspace_id == workspace_id, Theme.key == key)
        ).one()


def say(workspace_id: UUID, response_id: UUID, theme_id: UUID, *, by: str = "model",
        confidence: float = 0.8, sentiment: str = "negative") -> None:  # fmt: skip
    """Put a theme on a response, as the model, a rule or a person would, and count it."""
    with transaction() as session:
        response = session.get_one(Response, (workspace_id, response_id))
        session.add(
            Assignment(
                workspace_id=workspace_id, response_id=response_id, theme_id=theme_id,
                confidence=confidence, sentiment=sentiment, source=by, evidence_start=0,
                evidence_end=3, encoder="static", model_version="v1", assigned_at=utcnow(),
                answered_at=response.answered_at,
            )
        )  # fmt: skip
        session.flush()
        recount_themes(session, response)


def label(workspace_id: UUID, response_id: UUID, theme_id: UUID, verdict: str) -> None:
    with transaction() as session:
        session.add(
            Label(
                workspace_id=workspace_id, id=uuid7(), response_id=response_id,
                theme_id=theme_id, verdict=verdict, user_id=None, at=utcnow(),
            )
        )  # fmt: skip


def read(workspace_id: UUID, response_id: UUID, digest: str = "d") -> None:
    """Note that a comment was analysed."""
    with transaction() as session:
        session.merge(
            Analysis(
                workspace_id=workspace_id, response_id=response_id, state="done",
                text_digest=digest, language="en", analysed_at=utcnow(),
            )
        )  # fmt: skip


def counted(workspace_id: UUID) -> Counter:
    """What the cells say: theme → responses by day, place and sentiment."""
    found: Counter = Counter()
    with snapshot() as session:
        for row in session.scalars(
            select(ThemeMonth).where(ThemeMonth.workspace_id == workspace_id)
        ):
            cells = unpack(row.counts, len(THEME_PLACES))
            for day, place in zip(*cells.nonzero(), strict=True):
                at = row.month.replace(day=int(day) + 1)
                found[row.theme_id, at, *THEME_PLACES[place]] += int(cells[day, place])
    return +found


def recounted(workspace_id: UUID) -> Counter:
    """The same from the assignments themselves."""
    found: Counter = Counter()
    with snapshot() as session:
        rows = session.execute(
            select(Assignment.theme_id, Assignment.sentiment, Response.answered_at,
                   Response.score, Survey.kind)
            .join(Response, (Response.workspace_id == Assignment.workspace_id)
                  & (Response.id == Assignment.response_id))
            .join(Survey, (Survey.workspace_id == Response.workspace_id)
                  & (Survey.id == Response.survey_id))
            .where(Assignment.workspace_id == workspace_id)
        )  # fmt: skip
        for theme_id, sentiment, answered_at, score, kind in rows:
            place = PLACE_OF["unscored" if score is None else category_of(kind, score)]
            found[theme_id, local_day(answered_at, "UTC"), place, sentiment] += 1
    return found


def standing(workspace_id: UUID) -> tuple[list, list]:
    """Every assignment and label, for comparing before and after."""
    columns = ("response_id", "theme_id", "source", "confidence", "sentiment", "model_version")
    with snapshot() as session:
        rows = [
            tuple(str(getattr(row, name)) for name in columns)
            for row in session.scalars(
                select(Assignment).where(Assignment.workspace_id == workspace_id)
            )
        ]
        labels = [
            (str(row.response_id), str(row.theme_id), row.verdict)
            for row in session.scalars(select(Label).where(Label.workspace_id == workspace_id))
        ]
    return sorted(rows), sorted(labels)


def work_off(kind: str) -> None:
    while outbox.work_off(kind, now=utcnow()):
        pass
