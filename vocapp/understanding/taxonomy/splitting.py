"""Use cases: propose how a theme could be split, and do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from nlp.vectors import load_encoder
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped, transaction
from vocapp.problems import BadInput, FieldError
from vocapp.translating import gettext as _
from vocapp.understanding.analysers import STATIC
from vocapp.understanding.learning.asking import PREPARE, see_to_learning
from vocapp.understanding.models import Assignment, Theme
from vocapp.understanding.queries import verbatims_of_theme
from vocapp.understanding.service import set_label
from vocapp.understanding.taxonomy.drafts import Draft, checked
from vocapp.understanding.taxonomy.service import (
    Steps,
    hold_tree,
    new_theme,
    see_to_model,
)
from vocapp.understanding.theme_cells import recount_many
from vocapp.workspaces.service import audit

LOOKED_AT = 400  # newest comments of a theme
EXAMPLES = 15  # of a group: the most central comments become labels
SHOWN = 4


@dataclass(frozen=True, slots=True)
class Proposal:
    """A group of comments of a theme. examples: responses that become labels where the group goes
    to a new theme; sentences: redacted texts of the first of them, with language."""

    size: int
    terms: Mapping[str, tuple[str, ...]]
    examples: tuple[UUID, ...]
    sentences: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A new theme that takes some groups; responses: their examples."""

    draft: Draft
    responses: tuple[UUID, ...]


def propose_split(workspace_id: UUID, key: str) -> tuple[int, list[Proposal]]:
    """How many of its comments were looked at, and the groups in them. Raises NotFound."""
    from nlp.splitting import propose_groups  # takes seconds, and few pages need it

    verbatims = verbatims_of_theme(workspace_id, key, limit=LOOKED_AT)
    groups = propose_groups(
        [verbatim.text for verbatim in verbatims],
        [verbatim.language for verbatim in verbatims],
        encoder=load_encoder(STATIC),
    )
    found = []
    for group in groups:
        nearest = [verbatims[number] for number in group.members]
        found.append(
            Proposal(
                size=len(nearest),
                terms=group.terms,
                examples=tuple(each.response_id for each in nearest[:EXAMPLES]),
                sentences=tuple((each.text, each.language) for each in nearest[:SHOWN]),
            )
        )
    return len(verbatims), found


def split_theme(
    workspace_id: UUID,
    key: str,
    parts: Sequence[Part],
    *,
    beneath: bool,
    revision: int,
    user_id: UUID | None,
    now: datetime,
) -> Steps:
    """Make the new themes, and labels of the examples; the old one stays and keeps its comments.

    beneath: the new themes stand under it, else beside it. Raises BadInput that names the part
    (`1.label_en`), NotFound, ChangedMeanwhile.
    """
    if not parts:
        raise BadInput.of("parts", _("Name at least one new theme and say which groups go there."))
    drafts = _checked_parts(parts)
    with transaction() as session:
        tree = hold_tree(session, workspace_id)
        source = tree.read_at(key, revision)
        parent = key if beneath else tree.parent_key(source)
        steps = []
        for part, draft in zip(parts, drafts, strict=True):
            words = Draft(draft.label, draft.description, draft.keywords, parent=parent)
            row = new_theme(tree, words, user_id=user_id, now=now)
            _teach(session, source, row, part.responses, user_id=user_id, now=now)
            steps.append((row.key, row.revision))
        audit(
            session, workspace_id, "theme.split", subject=source, actor_user_id=user_id, now=now,
            detail={"key": key, "into": [each for each, _revision in steps]},
        )  # fmt: skip
        see_to_model(session, workspace_id, now=now)
    outbox.ring(PREPARE)
    return tuple(steps)


def _checked_parts(parts: Sequence[Part]) -> list[Draft]:
    errors: list[FieldError] = []
    drafts = []
    for number, part in enumerate(parts, start=1):
        try:
            drafts.append(checked(part.draft))
        except BadInput as problem:
            errors += [FieldError(f"{number}.{e.field}", e.message) for e in problem.errors]
        if not part.responses:
            errors.append(FieldError(f"{number}.groups", _("Say which groups go to this theme.")))
    if errors:
        raise BadInput(*errors)
    return drafts


def _teach(
    session: Session,
    source: Theme,
    row: Theme,
    response_ids: Sequence[UUID],
    *,
    user_id: UUID | None,
    now: datetime,
) -> None:
    """Label those of the responses that carry the source and may be shown."""
    workspace_id = row.workspace_id
    carrying = select(Assignment.response_id).where(
        Assignment.workspace_id == workspace_id, Assignment.theme_id == source.id
    )
    responses = session.scalars(
        scoped(Response, workspace_id)
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .where(
            Response.id.in_(response_ids), Response.id.in_(carrying),
            Survey.confidential.is_(False),
        )
        .order_by(Response.id)
        .with_for_update(of=Response)
    ).all()  # fmt: skip
    for response in responses:
        set_label(session, response, row.id, "add", user_id=user_id, now=now)
    recount_many(session, workspace_id, responses)
    see_to_learning(session, workspace_id, now=now)
