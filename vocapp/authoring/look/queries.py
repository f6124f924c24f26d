"""Reads: which look a survey has, and where its style sheet is."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Session

from surveys.look import USUAL, Look, page_css, preview_css, to_query
from vocapp.authoring.look.models import LookRow
from vocapp.database import scoped
from vocapp.extensions import db


def own_look(workspace_id: UUID, survey_id: UUID | None) -> Look | None:
    """What was chosen for the workspace (no survey), or for this survey; None: nothing was."""
    row = db.session.scalar(scoped(LookRow, workspace_id).where(_of(survey_id)))
    return None if row is None else _look(row)


def look_of(
    workspace_id: UUID, survey_id: UUID | None = None, *, session: Session | None = None
) -> Look:
    """The look that holds: of the survey, else of the workspace, else the product's own."""
    row = (session or db.session).scalar(
        scoped(LookRow, workspace_id)
        .where(or_(_of(survey_id), LookRow.survey_id.is_(None)))
        .order_by(LookRow.survey_id.is_(None))
        .limit(1)
    )
    return USUAL if row is None else _look(row)


def sheet_url(look: Look) -> str:
    """Where the style sheet of a page with this look is; empty where it needs none."""
    return "" if look == USUAL else _sheet_url(look, page_css(look))


def preview_url(look: Look) -> str:
    """Where the one of the two examples is."""
    return _sheet_url(look, preview_css(look), of="preview")


def _sheet_url(look: Look, css: str, **more: str) -> str:
    values: dict[str, Any] = {**to_query(look), **more, "v": fingerprint(css)}
    return url_for("look.sheet", **values)


@lru_cache(maxsize=256)
def fingerprint(css: str) -> str:
    """By which an address names what is behind it."""
    return hashlib.sha256(css.encode()).hexdigest()[:12]


def _of(survey_id: UUID | None) -> ColumnElement[bool]:
    return LookRow.survey_id.is_(None) if survey_id is None else LookRow.survey_id == survey_id


def _look(row: LookRow) -> Look:
    return Look(row.colour, row.dark_colour, row.corners, row.font)
