"""Use cases: look for new themes; accept, merge or dismiss one, and take that back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from nlp.discovery import SAME_THEME, EmergingTheme, discover
from nlp.vectors import load_encoder
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import insert_into, scoped, snapshot, transaction, utcnow, uuid7
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.translating import gettext as _
from vocapp.understanding.analysers import STATIC
from vocapp.understanding.discovery.asking import DISCOVER, ask_to_look
from vocapp.understanding.discovery.models import (
    CandidateComment,
    DiscoveryLook,
    ThemeCandidate,
)
from vocapp.understanding.discovery.reading import Read, read_comments
from vocapp.understanding.learning.asking import PREPARE, see_to_learning
from vocapp.understanding.models import Label, Theme
from vocapp.understanding.service import drop_label, judge_again, set_label
from vocapp.understanding.taxonomy.drafts import Draft, checked
from vocapp.understanding.taxonomy.service import (
    hold_tree,
    new_theme,
    remove_theme,
    see_to_model,
)
from vocapp.understanding.theme_cells import recount_themes
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import audit

# Chance of saying anything in one quiet night: looked at every night, a week of them stays
# under one in twenty-five.
LEVEL = 0.005
_KEPT_COMMENTS = 200  # of a group, the most central
_FORGOTTEN_AFTER = timedelta(days=60)  # of not being seen again, undecided
_SAME_COMMENTS = 0.5  # of the smaller group are in both: it is the same
_FEWEST_COMMENTS = 2  # of a group, of which its phrases may be kept


# --- looking ----------------------------------------------------------------------------


def look_for_themes(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: themes that emerge in each workspace, as of now."""
    return [_looked(row.workspace_id) for row in rows]


def _looked(workspace_id: UUID) -> outbox.Outcome:
    now = utcnow()
    with snapshot() as session:
        zone = session.get_one(Workspace, workspace_id).time_zone
        read = read_comments(session, workspace_id, time_zone=zone, now=now)
    # The quick encoder: a month of comments has to be through before the day begins.
    encoder = load_encoder(STATIC)
    found = discover(read.comments, read.earlier, encoder=encoder, level=LEVEL)
    return partial(
        _keep, workspace_id=workspace_id, read=read, now=now,
        found=[theme for theme in found if theme.covered_by is None],
        encoder=f"{encoder.name} {encoder.version}",
    )  # fmt: skip


def _keep(
    session: Session,
    *,
    workspace_id: UUID,
    read: Read,
    found: Sequence[EmergingTheme],
    encoder: str,
    now: datetime,
) -> None:
    """New groups come in; one that is known is brought up to date, unless it was decided."""
    _keep_look(session, workspace_id, read, now=now)
    session.execute(
        delete(ThemeCandidate).where(
            ThemeCandidate.workspace_id == workspace_id,
            ThemeCandidate.state == "new",
            ThemeCandidate.seen_at < now - _FORGOTTEN_AFTER,
        )
    )
    known = _known(session, workspace_id)
    for theme in found:
        ids = [read.ids[place] for place in theme.members]
        row = next((row for row, had in known if _is_same(theme, ids, row, had, encoder)), None)
        if row is None:
            row = ThemeCandidate(workspace_id=workspace_id, id=uuid7(), state="new", found_at=now)
        row.seen_at = now
        if row.state == "new":
            _fill(row, theme, read, encoder)
            session.add(row)
            session.flush()
            _keep_comments(session, row, theme, read, ids)


def _keep_look(session: Session, workspace_id: UUID, read: Read, *, now: datetime) -> None:
    values = {
        "looked_at": now, "since": read.window.since, "until": read.window.until,
        "before_since": read.window.before_since, "comments": len(read.comments),
        "earlier": len(read.earlier),
    }  # fmt: skip
    statement = insert_into(session, DiscoveryLook).values(workspace_id=workspace_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["workspace_id"], set_=values))


def _known(session: Session, workspace_id: UUID) -> list[tuple[ThemeCandidate, set[UUID]]]:
    """Groups found before with their comments, decided ones first: a group that is like both a
    dismissed and an open one is the dismissed one."""
    rows = session.scalars(scoped(ThemeCandidate, workspace_id).order_by(ThemeCandidate.id)).all()
    comments: dict[UUID, set[UUID]] = {}
    for candidate_id, response_id in session.execute(
        select(CandidateComment.candidate_id, CandidateComment.response_id).where(
            CandidateComment.workspace_id == workspace_id
        )
    ):
        comments.setdefault(candidate_id, set()).add(response_id)
    ranked = sorted(rows, key=lambda row: (row.state == "new", row.id))
    return [(row, comments.get(row.id, set())) for row in ranked]


def _is_same(
    theme: EmergingTheme, ids: Sequence[UUID], row: ThemeCandidate, had: set[UUID], encoder: str
) -> bool:
    """By its place among the vectors, or by its comments, which outlive an encoder."""
    shared, smaller = len(had.intersection(ids)), min(len(had), len(ids))
    if smaller and shared >= _SAME_COMMENTS * smaller:
        return True
    centre = np.frombuffer(row.centre, dtype="<f4")
    return row.encoder == encoder and float(centre @ theme.centre) >= SAME_THEME


def _fill(row: ThemeCandidate, theme: EmergingTheme, read: Read, encoder: str) -> None:
    growth = theme.growth
    if growth is None or theme.before is None:
        raise ValueError("theme: expected one that was compared with a baseline")
    row.labels = dict(theme.labels)
    row.terms = {language: list(terms) for language, terms in theme.terms.items()}
    row.languages = dict(theme.languages)
    row.size, row.comments = theme.size, len(read.comments)
    row.before, row.earlier = theme.before, len(read.earlier)
    row.since, row.until = read.window.since, read.window.until
    row.before_since = read.window.before_since
    row.growth, row.growth_low, row.growth_high = growth.ratio, growth.low, growth.high
    row.p_value = theme.p_value
    row.encoder, row.centre = encoder, theme.centre.astype("<f4").tobytes()


def _keep_comments(
    session: Session, row: ThemeCandidate, theme: EmergingTheme, read: Read, ids: Sequence[UUID]
) -> None:
    session.execute(
        delete(CandidateComment).where(
            CandidateComment.workspace_id == row.workspace_id,
            CandidateComment.candidate_id == row.id,
        )
    )
    examples = {read.ids[place] for place in theme.examples}
    kept = [*ids[:_KEPT_COMMENTS], *(each for each in ids[_KEPT_COMMENTS:] if each in examples)]
    there = set(
        session.scalars(
            select(Response.id).where(
                Response.workspace_id == row.workspace_id, Response.id.in_(kept)
            )
        )
    )  # the others were erased meanwhile
    session.add_all(
        CandidateComment(
            workspace_id=row.workspace_id, candidate_id=row.id, response_id=response_id,
            place=place, is_example=response_id in examples,
        )
        for place, response_id in enumerate(kept)
        if response_id in there
    )  # fmt: skip
    session.flush()


def look_now(workspace_id: UUID, *, now: datetime) -> None:
    """Look now instead of tonight."""
    with transaction() as session:
        ask_to_look(session, workspace_id, now=now)
    outbox.ring(DISCOVER)


# --- deciding ---------------------------------------------------------------------------


def accept(
    workspace_id: UUID,
    candidate_id: UUID,
    *,
    label: Mapping[str, str],
    keywords: Mapping[str, Sequence[str]],
    response_ids: Sequence[UUID],
    user_id: UUID,
    now: datetime,
) -> str:
    """Make a theme of a group and labels of these of its examples; the key of the theme.

    All or nothing. Raises NotFound, Conflict where it was decided already, BadInput for
    `label_en` and `comments`.
    """
    with transaction() as session:
        row = _open(session, workspace_id, candidate_id)
        tree = hold_tree(session, workspace_id)
        draft = checked(
            Draft(label=label, keywords={name: tuple(words) for name, words in keywords.items()})
        )
        theme = new_theme(tree, draft, user_id=user_id, now=now)
        _label(session, row, theme.id, response_ids, user_id=user_id, now=now)
        _decide(session, row, "accepted", theme.id, user_id=user_id, now=now)
        see_to_model(session, workspace_id, now=now)
        key = theme.key
    outbox.ring(PREPARE)
    return key


def merge(
    workspace_id: UUID,
    candidate_id: UUID,
    theme_key: str,
    *,
    response_ids: Sequence[UUID],
    user_id: UUID,
    now: datetime,
) -> None:
    """Say that a group belongs to a theme there is: its examples become labels of it.

    Raises NotFound, Conflict where it was decided already, BadInput for `theme`, `comments`.
    """
    with transaction() as session:
        row = _open(session, workspace_id, candidate_id)
        theme = session.scalar(
            scoped(Theme, workspace_id).where(Theme.key == theme_key, Theme.archived_at.is_(None))
        )
        if theme is None:
            raise BadInput.of("theme", _("Choose the theme that it belongs to."))
        _label(session, row, theme.id, response_ids, user_id=user_id, now=now)
        _decide(session, row, "merged", theme.id, user_id=user_id, now=now)


def dismiss(workspace_id: UUID, candidate_id: UUID, *, user_id: UUID, now: datetime) -> None:
    """Never show this group again, nor what is like it. Raises NotFound, Conflict."""
    with transaction() as session:
        row = _open(session, workspace_id, candidate_id)
        _decide(session, row, "dismissed", None, user_id=user_id, now=now)


def take_back(workspace_id: UUID, candidate_id: UUID, *, user_id: UUID, now: datetime) -> None:
    """Undo a decision: its labels go, and so does a theme that it made and nothing else uses.

    A theme that other comments have by now is archived instead. Raises NotFound.
    """
    with transaction() as session:
        row = _held(session, workspace_id, candidate_id)
        if row.state == "new":
            return
        made = row.theme_id if row.state == "accepted" else None
        tree = hold_tree(session, workspace_id) if made else None
        if row.theme_id is not None:
            _unlabel(session, row, row.theme_id, now=now)
        was = row.state
        row.state, row.theme_id, row.decided_at, row.decided_by = "new", None, None, None
        session.flush()
        if made is not None and tree is not None:
            remove_theme(tree, tree.by_id[made], user_id=user_id, now=now)
            see_to_model(session, workspace_id, now=now)
        audit(
            session, workspace_id, "theme_candidate.taken_back",
            subject=row, actor_user_id=user_id, now=now, detail={"was": was},
        )  # fmt: skip
    outbox.ring("analyse", PREPARE)


def _held(session: Session, workspace_id: UUID, candidate_id: UUID) -> ThemeCandidate:
    row = session.scalar(
        scoped(ThemeCandidate, workspace_id)
        .where(ThemeCandidate.id == candidate_id)
        .with_for_update()
    )
    if row is None:
        raise NotFound("No such group of comments.")
    return row


def _open(session: Session, workspace_id: UUID, candidate_id: UUID) -> ThemeCandidate:
    row = _held(session, workspace_id, candidate_id)
    if row.state != "new":
        raise Conflict(_("Somebody decided about this group meanwhile."))
    return row


def _decide(
    session: Session,
    row: ThemeCandidate,
    state: str,
    theme_id: UUID | None,
    *,
    user_id: UUID,
    now: datetime,
) -> None:
    row.state, row.theme_id = state, theme_id
    row.decided_at, row.decided_by = now, user_id
    audit(
        session, row.workspace_id, f"theme_candidate.{state}",
        subject=row, actor_user_id=user_id, now=now,
    )  # fmt: skip


def _label(
    session: Session,
    row: ThemeCandidate,
    theme_id: UUID,
    response_ids: Sequence[UUID],
    *,
    user_id: UUID,
    now: datetime,
) -> None:
    """Of the group's examples only, and not of what somebody has spoken about already."""
    comments = {
        comment.response_id: comment
        for comment in session.scalars(
            scoped(CandidateComment, row.workspace_id).where(
                CandidateComment.candidate_id == row.id,
                CandidateComment.is_example,
                CandidateComment.response_id.in_(response_ids),
            )
        )
    }
    if not comments:
        raise BadInput.of("comments", _("Choose at least one comment that is about it."))
    said = set(
        session.scalars(
            select(Label.response_id).where(
                Label.workspace_id == row.workspace_id, Label.theme_id == theme_id
            )
        )
    )
    for response in _shown_responses(session, row.workspace_id, list(comments)):
        if response.id not in said:
            set_label(session, response, theme_id, "add", user_id=user_id, now=now)
            recount_themes(session, response)
            comments[response.id].is_labelled = True
    see_to_learning(session, row.workspace_id, now=now)


def _shown_responses(
    session: Session, workspace_id: UUID, ids: Sequence[UUID]
) -> Sequence[Response]:
    """Locked, without those of surveys that have become confidential."""
    return session.scalars(
        scoped(Response, workspace_id)
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .where(Response.id.in_(ids), Survey.confidential.is_(False))
        .order_by(Response.id)
        .with_for_update(of=Response)
    ).all()


def _unlabel(session: Session, row: ThemeCandidate, theme_id: UUID, *, now: datetime) -> None:
    comments = session.scalars(
        scoped(CandidateComment, row.workspace_id).where(
            CandidateComment.candidate_id == row.id, CandidateComment.is_labelled
        )
    ).all()
    ids = [comment.response_id for comment in comments]
    for comment in comments:
        comment.is_labelled = False
    responses = {
        response.id: response
        for response in session.scalars(
            scoped(Response, row.workspace_id)
            .where(Response.id.in_(ids))
            .order_by(Response.id)
            .with_for_update()
        )
    }
    labels = session.scalars(
        scoped(Label, row.workspace_id).where(
            Label.theme_id == theme_id, Label.response_id.in_(ids)
        )
    ).all()
    for label in labels:
        drop_label(session, label)
        judge_again(session, responses[label.response_id], now=now)


# --- forgetting -------------------------------------------------------------------------


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """A person's comments leave the groups; phrases go that hardly anybody else wrote."""
    touched = session.scalars(
        delete(CandidateComment)
        .where(
            CandidateComment.workspace_id == workspace_id,
            CandidateComment.response_id.in_(
                select(Response.id).where(
                    Response.workspace_id == workspace_id, Response.contact_id == contact_id
                )
            ),
        )
        .returning(CandidateComment.candidate_id)
    ).all()
    for candidate_id in sorted(set(touched)):
        left = session.scalars(
            select(CandidateComment.response_id)
            .where(
                CandidateComment.workspace_id == workspace_id,
                CandidateComment.candidate_id == candidate_id,
            )
            .limit(_FEWEST_COMMENTS)
        ).all()
        row = session.get_one(ThemeCandidate, (workspace_id, candidate_id))
        if len(left) < _FEWEST_COMMENTS and row.state == "new":
            session.delete(row)
        elif len(left) < _FEWEST_COMMENTS:
            row.labels, row.terms = {}, {}
