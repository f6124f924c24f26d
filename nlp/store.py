"""Saving and loading classifiers: JSON and plain arrays, never code.

A model is a folder of `model.json`, `arrays.npz` and `manifest.json` with the SHA-256 of both.
Loading checks the manifest first and reads arrays with pickling forbidden, so a file that was
planted or damaged is refused before anything in it is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from nlp.classifier import FORMAT, ThemeClassifier
from nlp.vectors import Encoder, load_encoder

_MODEL, _ARRAYS, _MANIFEST = "model.json", "arrays.npz", "manifest.json"
_TRIES = 50  # each failure is the success of another worker that saves at the same moment
_LARGEST_BYTES = 512 * 1024 * 1024


class ModelCorrupt(ValueError):
    """The files are not a model that this program saved, or are no longer as it saved them."""


def save(classifier: ThemeClassifier, folder: Path | str) -> str:
    """Write a fitted classifier to a folder and give its digest (hex).

    The folder appears whole or not at all; one that was there is replaced.
    """
    meta, arrays = classifier.state()
    meta["encoder"] = {"name": classifier.encoder_.name, "version": classifier.encoder_.version}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    files = {
        _MODEL: json.dumps(meta, ensure_ascii=False, sort_keys=True).encode(),
        _ARRAYS: buffer.getvalue(),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    files[_MANIFEST] = json.dumps({"format": FORMAT, "sha256": digests}, sort_keys=True).encode()
    _replace_folder(Path(folder), files)
    return hashlib.sha256(files[_MANIFEST]).hexdigest()


def load(folder: Path | str, *, encoder: Encoder | None = None) -> ThemeClassifier:
    """Read a classifier back.

    encoder: the one to use; by default the one it was trained with is loaded. Raises
    ModelCorrupt when files are missing, changed, of another format or made for another version
    of the encoder, EncoderUnavailable when the encoder cannot be loaded.
    """
    files = _read_checked(Path(folder))
    try:
        meta = json.loads(files[_MODEL])
        name, version = str(meta["encoder"]["name"]), str(meta["encoder"]["version"])
        with np.load(io.BytesIO(files[_ARRAYS]), allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as problem:
        raise ModelCorrupt(f"model in {folder}: {problem}") from problem
    chosen = encoder if encoder is not None else load_encoder(name)
    if (chosen.name, chosen.version) != (name, version):
        raise ModelCorrupt(
            f"model in {folder}: made with encoder {name} {version}, "
            f"here is {chosen.name} {chosen.version}"
        )
    try:
        return ThemeClassifier.from_state(meta, arrays, encoder=chosen)
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        raise ModelCorrupt(f"model in {folder}: {problem!r}") from problem


def _replace_folder(folder: Path, files: dict[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files.items():
            with (fresh / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _put(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put(fresh: Path, folder: Path) -> None:
    """Rename over what is there. Several workers may save the same model at once: each is
    whole, the last one stays.
    """
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # another worker was quicker: its folder is not empty
            fresh.replace(folder)
            return
    fresh.replace(folder)


def _read_checked(folder: Path) -> dict[str, bytes]:
    """The files whose digests the manifest gives; nothing else in the folder is looked at."""
    try:
        manifest: Any = json.loads(_bounded(folder / _MANIFEST))
        wanted = {name: str(manifest["sha256"][name]) for name in (_MODEL, _ARRAYS)}
        version = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ModelCorrupt(f"model in {folder}: {_MANIFEST} unreadable: {problem}") from problem
    if version != FORMAT:
        raise ModelCorrupt(f"model in {folder}: format {version!r}, expected {FORMAT}")
    files = {}
    for name, digest in wanted.items():
        try:
            files[name] = _bounded(folder / name)
        except OSError as problem:
            raise ModelCorrupt(f"model in {folder}: {problem}") from problem
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise ModelCorrupt(f"model in {folder}: {name} is not what the manifest says")
    return files


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise ModelCorrupt(f"{path}: larger than {_LARGEST_BYTES} bytes")
    return content
