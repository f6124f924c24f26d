"""The trained analyser of a workspace: made once, kept on disk, shared by all workers.

It is a pure function of the taxonomy, the encoder and the lessons of the version that serves
(what people said, `learning`); its result is kept under a name made of these in the data folder
and loaded without executing code (nlp.store). A worker without the file makes it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from flask import current_app
from sqlalchemy.orm import Session

from nlp.taxonomy import LANGUAGES, LabelledText, Taxonomy, starter_pack, starter_pack_names
from nlp.taxonomy import Theme as ThemeDefinition
from nlp.vectors import EncoderUnavailable, load_encoder
from vocapp.database import scoped, snapshot
from vocapp.understanding.kept_vectors import encoder_named
from vocapp.understanding.learning.lessons import (
    NOTHING,
    Teaching,
    kept_lessons,
    teaching_of,
)
from vocapp.understanding.learning.models import ThemeModel
from vocapp.understanding.models import Theme

if TYPE_CHECKING:
    from nlp.analysis import Analyser
    from nlp.training import Lesson

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
    """The workspace's themes; those of starter packs bring the example sentences of theirs."""
    rows = session.scalars(
        scoped(Theme, workspace_id).where(Theme.archived_at.is_(None)).order_by(Theme.key)
    ).all()
    return taxonomy_from(rows)


def taxonomy_from(rows: Sequence[Theme]) -> Taxonomy:
    """The taxonomy of these themes, in this order, with the comments of the packs they are from.

    Comments about nothing come from every pack in use, and from the first where none is.
    """
    packs = {row.pack: starter_pack(row.pack) for row in rows if row.pack in starter_pack_names()}
    used = [packs[name] for name in sorted(packs)] or [starter_pack()]
    from_pack = {name: {row.key for row in rows if row.pack == name} for name in packs}
    combined = tuple(
        LabelledText(text.text, text.language, labels)
        for pack in used
        for text in pack.combined
        if (labels := tuple(k for k in text.labels if k in from_pack.get(pack.name, ())))
    )
    off_topic = {
        language: tuple(dict.fromkeys(text for pack in used for text in pack.off_topic[language]))
        for language in LANGUAGES
    }
    keys = {row.id: row.key for row in rows}
    themes = tuple(_definition(row, packs.get(row.pack or ""), keys) for row in rows)
    return Taxonomy(
        name="+".join(pack.name for pack in used),
        version="+".join(pack.version for pack in used),
        themes=themes,
        off_topic=off_topic,
        combined=combined,
    )


def _definition(row: Theme, pack: Taxonomy | None, keys: Mapping[UUID, str]) -> ThemeDefinition:
    taught = pack is not None and row.key in pack.keys
    return ThemeDefinition(
        key=row.key,
        label=dict(row.label),
        description=dict(row.description),
        keywords=_phrases(row.keywords),
        examples=pack.theme(row.key).examples if pack is not None and taught else {},
        rules=_phrases(row.rules),
        exclusions=_phrases(row.exclusions),
        parent=keys.get(row.parent_id) if row.parent_id else None,
    )


def _phrases(by_language: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {language: tuple(words) for language, words in by_language.items()}


@dataclass(frozen=True, slots=True)
class Taught:
    """All that the model of a workspace follows from, beside the encoder."""

    taxonomy: Taxonomy
    teaching: Teaching


def taught_now(session: Session, workspace_id: UUID) -> Taught:
    """The themes of a workspace and the version that serves."""
    return Taught(taxonomy_of(session, workspace_id), teaching_of(session, workspace_id))


def taught_version(model: ThemeModel) -> Teaching:
    """What a version was taught, whether it serves or not."""
    return Teaching(model.workspace_id, model.id, model.lessons_digest)


def analyser_for(taxonomy: Taxonomy, *, encoder: str, teaching: Teaching = NOTHING) -> Analyser:
    """The analyser of a taxonomy and what was taught: from memory, from disk, or trained now."""
    return _analyser(_Key(taxonomy, teaching), encoder)


def is_trained(taxonomy: Taxonomy, *, encoder: str, teaching: Teaching = NOTHING) -> bool:
    """Whether `analyser_for` would answer without training first."""
    return _path(_Key(taxonomy, teaching), encoder).exists()


def version_now(taught: Taught, *, encoder: str) -> str:
    """The `model_version` of comments that this encoder judges now."""
    return _version(_Key(taught.taxonomy, taught.teaching), encoder)


def warm_up() -> None:
    """Train or load what the first comment will need, before it comes."""
    analyser_for(default_taxonomy(), encoder=STATIC)


def folder_of(workspace_id: UUID) -> Path:
    """Where models are kept that were taught by people of a workspace."""
    folder: Path = current_app.config["SETTINGS"].data_dir / "models" / str(workspace_id)
    return folder


def files_of(session: Session, workspace_id: UUID) -> set[str]:
    """Names in that folder that versions lead to, which serve or may serve again."""
    taxonomy = taxonomy_of(session, workspace_id)
    models = session.scalars(
        scoped(ThemeModel, workspace_id).where(ThemeModel.state != "rejected")
    ).all()
    return {
        _path(_Key(taxonomy, taught_version(model)), encoder).name
        for model in models
        for encoder in {STATIC, preferred_encoder()}
    }


def _path(key: _Key, encoder: str) -> Path:
    owner = key.teaching.workspace_id
    folder: Path = current_app.config["SETTINGS"].data_dir / "models"
    # A rule changes the version of what is found, not what the classifier learns.
    learnt = _version(_Key(key.taxonomy.without_rules(), key.teaching), encoder)
    return (folder_of(owner) if owner else folder) / f"{encoder}-{learnt}"


class _Key:
    """A taxonomy and what was taught, comparing by their digests, for the cache."""

    def __init__(self, taxonomy: Taxonomy, teaching: Teaching = NOTHING) -> None:
        self.taxonomy = taxonomy
        self.teaching = teaching
        self._digests = (taxonomy.digest, teaching)

    def __hash__(self) -> int:
        return hash(self._digests)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._digests == other._digests


@lru_cache(maxsize=16)
def _version(key: _Key, encoder: str) -> str:
    """Asked for with every batch, and computed from every training sentence: kept.

    Of what was taught its digest is enough: the lessons themselves are read when they are needed.
    """
    from nlp.analysis import version_of

    of_themes = version_of(key.taxonomy, load_encoder(encoder))
    if key.teaching is NOTHING:
        return of_themes
    return hashlib.sha256(f"{of_themes}|{key.teaching.digest}".encode()).hexdigest()[:12]


@lru_cache(maxsize=8)
def _analyser(key: _Key, encoder: str) -> Analyser:
    # Imported here: scikit-learn and spaCy take seconds, and only workers need them.
    from nlp import store
    from nlp.analysis import Analyser, train_analyser
    from nlp.rules import Rules

    rules = Rules(key.taxonomy)
    path, version = _path(key, encoder), _version(key, encoder)
    if path.exists():
        try:
            classifier = store.load(path, encoder=encoder_named(encoder))
            return Analyser(classifier, model_version=version, rules=rules)
        except (store.ModelCorrupt, OSError) as exc:
            log.warning("model.unreadable", path=path.name, error=type(exc).__name__)
    trained = train_analyser(
        key.taxonomy, lessons=_lessons_of(key.teaching), encoder=encoder_named(encoder)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    store.save(trained.classifier, path)
    log.info("model.trained", encoder=encoder, version=version)
    return Analyser(trained.classifier, model_version=version, rules=rules)


def _lessons_of(teaching: Teaching) -> list[Lesson]:
    if teaching.workspace_id is None or teaching.model_id is None:
        return []
    with snapshot() as session:
        kept = kept_lessons(session, teaching.workspace_id, teaching.model_id)
    return [each.lesson for each in kept]
