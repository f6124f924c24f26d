"""The recipe of the shipped word vectors, on a few made-up words."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from nlp.vectors import StaticEncoder

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "build_vectors.py"


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build_vectors", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def words(build):
    texts = [f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(300)]
    english = [build.Word(text.replace("word", "w"), 1e-5, "en") for text in texts]
    return [*english, *(build.Word(chr(0x4E00 + i), 1e-4, "ja") for i in range(300))]


@pytest.fixture(scope="module")
def raw():
    return np.random.default_rng(7).normal(size=(600, 384)).astype(np.float32) + 0.3


def test_each_language_is_centred_and_the_first_component_is_gone(build, words, raw):
    languages = np.array([word.language for word in words])
    shifted = raw + 100 * (languages == "ja")[:, None].astype(np.float32)
    rows = build.reduce(shifted, languages)
    assert rows.shape == (600, build.DIMENSIONS)
    assert np.abs(rows[languages == "ja"].mean(axis=0)).max() < 1e-3
    variances = rows.var(axis=0)
    assert (np.diff(variances) < 1e-6).all()  # in order of weight
    centred = shifted - np.where(
        (languages == "ja")[:, None],
        shifted[languages == "ja"].mean(0),
        shifted[languages == "en"].mean(0),
    )
    strongest = np.linalg.eigvalsh(np.cov(centred.T))[::-1]
    assert variances[0] == pytest.approx(strongest[1], rel=0.02)


def test_quantising_loses_less_than_half_a_step(build, raw):
    codes, scales = build.quantise(raw.astype(np.float64))
    steps = scales.astype(np.float64)[:, None]
    assert codes.dtype == np.int8
    assert np.abs(codes * steps - raw).max() <= 0.6 * steps.max()


def test_the_same_words_give_the_same_bytes_and_a_file_the_encoder_reads(
    build, words, raw, tmp_path
):
    languages = np.array([word.language for word in words])
    for name in ("one.npz", "two.npz"):
        build.write(tmp_path / name, words, build.reduce(raw, languages), "made up")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    encoder = StaticEncoder(tmp_path / "one.npz")
    assert encoder.pieces(f"{words[0].text} {words[300].text}") == [words[0].text, words[300].text]


def test_the_products_own_terms_are_written_once_each(build):
    for terms in (build.ENGLISH_TERMS.split(), build.JAPANESE_TERMS.split()):
        assert len(terms) == len(set(terms))
    assert all(build.JAPANESE_WORD.fullmatch(term) for term in build.JAPANESE_TERMS.split())


def test_the_shipped_file_holds_the_products_own_terms(build):
    encoder = StaticEncoder()
    terms = [*build.ENGLISH_TERMS.split(), *build.JAPANESE_TERMS.split()]
    known = [term for term in terms if encoder.pieces(term) == [term]]
    # Some compounds are cut into two frequent words, which is as good.
    assert len(known) > 0.9 * len(terms)
