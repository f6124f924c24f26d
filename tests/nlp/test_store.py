import hashlib
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nlp.classifier import ThemeClassifier
from nlp.store import ModelCorrupt, load, save

TEXTS = [
    "It is too expensive.",
    "The price is fair.",
    "Support is slow.",
    "The agent was kind.",
] * 3
LABELS = [("price",), ("price",), ("support",), ("support", "price")] * 3


@pytest.fixture(scope="module")
def classifier() -> ThemeClassifier:
    return ThemeClassifier("static").fit(TEXTS, LABELS)


@pytest.fixture
def folder(classifier, tmp_path):
    save(classifier, tmp_path / "model")
    return tmp_path / "model"


def _sign(folder):
    """What somebody who can write the folder, and knows the format, would do."""
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.json", "arrays.npz")
    }
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "sha256": digests}))


def test_a_loaded_classifier_answers_as_the_saved_one(classifier, folder):
    asked = ["Too expensive!", "サポートが遅い", "", "kind agent"]
    again = load(folder)
    assert (again.predict_proba(asked) == classifier.predict_proba(asked)).all()
    assert again.predict(asked) == classifier.predict(asked)
    assert again.keys_ == classifier.keys_


def test_saving_twice_gives_the_same_digest_and_replaces(classifier, tmp_path):
    first = save(classifier, tmp_path / "model")
    (tmp_path / "model" / "stray").write_text("x")
    assert save(classifier, tmp_path / "model") == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model"]
    assert not (tmp_path / "model" / "stray").exists()


@pytest.mark.parametrize("name", ["model.json", "arrays.npz", "manifest.json"])
def test_a_changed_byte_is_refused(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(bytes(content))
    with pytest.raises(ModelCorrupt):
        load(folder)


@pytest.mark.parametrize("name", ["model.json", "arrays.npz", "manifest.json"])
def test_a_missing_file_is_refused(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelCorrupt):
        load(folder)


class _Bomb:
    exploded = False

    def __reduce__(self):
        return (setattr, (_Bomb, "exploded", True))


def test_a_planted_pickle_is_refused_and_never_run_even_when_signed(folder):
    np.savez(folder / "arrays.npz", weights=np.array([_Bomb()], dtype=object), allow_pickle=True)
    _sign(folder)
    with pytest.raises(ModelCorrupt):
        load(folder)
    (folder / "arrays.npz").write_bytes(pickle.dumps(_Bomb()))
    _sign(folder)
    with pytest.raises(ModelCorrupt):
        load(folder)
    assert not _Bomb.exploded


def test_a_signed_model_with_a_hole_in_it_is_refused(folder):
    meta = json.loads((folder / "model.json").read_text())
    del meta["keys"]
    (folder / "model.json").write_text(json.dumps(meta))
    _sign(folder)
    with pytest.raises(ModelCorrupt, match="keys"):
        load(folder)


def test_a_model_of_another_encoder_is_refused(folder):
    class Other:
        name, version, dimensions, is_slow = "static", "another", 256, False

        def encode(self, texts):
            raise AssertionError("never asked")

    with pytest.raises(ModelCorrupt, match="another"):
        load(folder, encoder=Other())


def test_workers_that_save_at_once_leave_one_whole_model(classifier, tmp_path):
    with ThreadPoolExecutor(4) as pool:
        digests = set(pool.map(lambda _: save(classifier, tmp_path / "model"), range(8)))
    assert len(digests) == 1
    assert load(tmp_path / "model").keys_ == classifier.keys_
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
