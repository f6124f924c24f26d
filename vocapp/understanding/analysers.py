"""The trained analyser of a workspace: made once, kept on disk, shared by all workers.

Training needs no data of the workspace but its taxonomy, so it is a pure function of
taxonomy and encoder; its result is kept under that name in the data folder and loaded
without executing code (nlp.store).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from flask import current_app
from sqlalchemy.orm import Session

from nlp.taxonomy import LabelledText, Taxonomy, starter_pack
from nlp.taxonomy import Theme as ThemeDefinition
from nlp.vectors import EncoderUnavailable, load_encoder
from vocapp.database import scoped
from vocapp.understanding.models import Theme

if TYPE_CHECKING:
    from nlp.analysis import Analyser

log = structlog.get_logger()
STATIC = "static"


def preferred_encoder() -> str:
    """The encoder that has the last word: the setting, as far as it can be loaded."""
    return _usable(current_app.config["SETTINGS"].encoder)


@lru_cache(maxsize=4)
def _usable(wanted: str | None) -> str:
    try:
        return load_encoder(wanted).name
    except EncoderUnavailable:
        log.warning("encoder.unavailable", wanted=wanted, serves=STATIC)
        return load_encoder(STATIC).name


def default_taxonomy() -> Taxonomy:
    """The themes of a workspace that has changed nothing yet."""
    pack = starter_pack()
    return replace(pack, themes=tuple(sorted(pack.themes, key=lambda theme: theme.key)))


def taxonomy_of(session: Session, workspace_id: UUID) -> Taxonomy:
    """The workspace's themes; those of the starter pack bring its example sentences."""
    pack = starter_pack()
    known = {theme.key: theme for theme in pack.themes}
    themes = tuple(
        _definition(row, known.get(row.key))
        for row in session.scalars(
            scoped(Theme, workspace_id).where(Theme.archived_at.is_(None)).order_by(Theme.key)
        )
    )
    keys = {theme.key for theme in themes}
    combined = tuple(
        LabelledText(text.text, text.language, tuple(k for k in text.labels if k in keys))
        for text in pack.combined
        if keys & set(text.labels)
    )
    return replace(pack, themes=themes, combined=combined)


def _definition(row: Theme, known: ThemeDefinition | None) -> ThemeDefinition:
    return ThemeDefinition(
        key=row.key,
        label=dict(row.label),
        description=dict(row.description),
        keywords={language: tuple(words) for language, words in row.keywords.items()},
        examples=known.examples if known else {},
    )


def analyser_for(taxonomy: Taxonomy, *, encoder: str) -> Analyser:
    """The analyser of a taxonomy: from memory, from disk, or trained now."""
    return _analyser(_Key(taxonomy), encoder)


def is_trained(taxonomy: Taxonomy, *, encoder: str) -> bool:
    """Whether `analyser_for` would answer without training first."""
    return _path(taxonomy, encoder).exists()


def warm_up() -> None:
    """Train or load what the first comment will need, before it comes."""
    analyser_for(default_taxonomy(), encoder=STATIC)


def _path(taxonomy: Taxonomy, encoder: str) -> Path:
    folder: Path = current_app.config["SETTINGS"].data_dir / "models"
    return folder / f"{encoder}-{_version(_Key(taxonomy), encoder)}"


class _Key:
    """A taxonomy that compares by its digest, for the cache."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy

    def __hash__(self) -> int:
        return hash(self.taxonomy.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.taxonomy.digest == other.taxonomy.digest


@lru_cache(maxsize=16)
def _version(key: _Key, encoder: str) -> str:
    """Asked for with every batch, and computed from every training sentence: kept."""
    from nlp.analysis import version_of

    return version_of(key.taxonomy, load_encoder(encoder))


@lru_cache(maxsize=8)
def _analyser(key: _Key, encoder: str) -> Analyser:
    # Imported here: scikit-learn and spaCy take seconds, and only workers need them.
    from nlp import store
    from nlp.analysis import Analyser, train_analyser

    path = _path(key.taxonomy, encoder)
    version = path.name.removeprefix(f"{encoder}-")
    if path.exists():
        try:
            return Analyser(store.load(path), model_version=version)
        except (store.ModelCorrupt, OSError) as exc:
            log.warning("model.unreadable", path=path.name, error=type(exc).__name__)
    analyser = train_analyser(key.taxonomy, encoder=encoder)
    path.parent.mkdir(parents=True, exist_ok=True)
    store.save(analyser.classifier, path)
    log.info("model.trained", encoder=encoder, version=version)
    return analyser
