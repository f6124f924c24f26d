import pytest

from nlp.analysis import LONGEST, Analyser, Analysis, train_analyser, version_of
from nlp.store import load, save
from nlp.taxonomy import LabelledText, Taxonomy, starter_pack

WANTED = ("pricing", "support", "usability", "performance")


def _small_pack() -> Taxonomy:
    """Four themes of the starter pack: enough to judge by, quick to train."""
    pack = starter_pack()
    return Taxonomy("small", "1", tuple(pack.theme(key) for key in WANTED), pack.off_topic, ())


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return train_analyser(_small_pack(), encoder="static")


def _by_key(analysis: Analysis):
    return {theme.key: theme for theme in analysis.themes}


def test_each_theme_has_its_own_clause_and_its_own_sentiment(analyser):
    japanese, english = analyser.analyse(
        [
            "UIは良いがサポートが遅い",
            "The price is far too high, but the support team is wonderful.",
        ]
    )
    themes = _by_key(japanese)
    assert themes["usability"].sentiment == "positive"
    assert themes["support"].sentiment == "negative"
    assert "UI" in themes["usability"].evidence
    assert "サポート" in themes["support"].evidence
    assert "UI" not in themes["support"].evidence
    themes = _by_key(english)
    assert themes["pricing"].sentiment == "negative"
    assert themes["support"].sentiment == "positive"
    assert "price" in themes["pricing"].evidence
    assert "support" in themes["support"].evidence


def test_evidence_is_always_a_piece_of_the_original(analyser):
    texts = [
        "  Ｔｈｅ ｐｒｉｃｅ is too high 😡. Support？ Slow。",
        "料金が高い！！\nでも対応は親切です。",
    ]
    for text, analysis in zip(texts, analyser.analyse(texts), strict=True):
        assert analysis.themes
        for theme in analysis.themes:
            assert theme.evidence == text[theme.start : theme.end]
            assert theme.evidence.strip()
            assert 0 <= theme.confidence <= 1


def test_odd_comments_do_not_stop_the_others_and_order_is_kept(analyser):
    texts = ["", " \n", "\ud800\udfff", "👍", "\0\0", "特にありません", "The price is too high."]
    found = analyser.analyse(texts)
    assert len(found) == len(texts)
    assert [bool(analysis.themes) for analysis in found] == [False] * 6 + [True]
    assert found[0] == Analysis(None, None, 0.0, "", (), content="nothing")
    assert [each.content for each in found[-2:]] == ["nothing", "said"]
    assert analyser.analyse([]) == []


def test_a_comment_that_breaks_the_reader_is_left_empty_and_logged(analyser, monkeypatch, caplog):
    from nlp import analysis as module

    real = module.read

    def read(text, *, language=None):
        if "poison" in text:
            raise RuntimeError(f"cannot read {text!r}")
        return real(text, language=language)

    monkeypatch.setattr(module, "read", read)
    bad, good = analyser.analyse(["poison", "The price is too high."])
    assert bad.themes == ()
    assert bad.sentiment is None
    assert "pricing" in _by_key(good)
    assert "comment unreadable error=RuntimeError at=" in caplog.text
    assert "poison" not in caplog.text


def test_a_comment_that_breaks_the_classifier_goes_alone(analyser, monkeypatch):
    real = analyser.classifier.judge

    def judge(documents):
        if any("poison" in document.text for document in documents):
            raise RuntimeError("no")
        return real(documents)

    monkeypatch.setattr(analyser.classifier, "judge", judge)
    bad, good = analyser.analyse(["poison price", "The price is too high."])
    assert bad.themes == ()
    assert "pricing" in _by_key(good)


def test_a_comment_that_breaks_the_sentiment_goes_alone(analyser, monkeypatch):
    from nlp import analysis

    real = analysis.look_at

    def look_at(documents):
        if any("poison" in document.text for document in documents):
            raise RuntimeError("no")
        return real(documents)

    monkeypatch.setattr(analysis, "look_at", look_at)
    bad, good = analyser.analyse(["poison price", "The price is too high."])
    assert (bad.themes, bad.sentiment) == ((), None)
    assert good.sentiment == "negative"


def test_personal_data_is_hidden_in_the_redacted_text(analyser):
    found = analyser.analyse(["The price is too high, mail me at jane@example.com"])[0]
    assert "jane@example.com" not in found.redacted
    assert "The price is too high" in found.redacted


def test_only_the_beginning_of_an_endless_comment_is_analysed(analyser):
    text = "The weather is fine. " * (LONGEST // 21 + 1) + "The price is far too high."
    assert len(text) > LONGEST
    found = analyser.analyse([text])[0]
    assert "pricing" not in _by_key(found)
    assert found.redacted == text


def test_the_text_decides_its_language_whatever_the_hint_says(analyser):
    assert [a.language for a in analyser.analyse(["料金が高いです。"], hints=["en"])] == ["ja"]


def test_the_model_version_follows_what_was_taught(analyser):
    same = train_analyser(_small_pack(), encoder="static")
    said = [LabelledText("Where is the invoice?", "en", ("pricing",))]
    other = train_analyser(_small_pack(), examples=said, encoder="static")
    assert same.model_version == analyser.model_version != other.model_version
    assert analyser.encoder_name == "static"
    text = ["The invoice is wrong and the page is slow."]
    assert same.analyse(text) == analyser.analyse(text)


def test_an_analyser_from_a_stored_classifier_is_the_same(analyser, tmp_path):
    save(analyser.classifier, tmp_path / "model")
    stored = load(tmp_path / "model")
    version = version_of(_small_pack(), stored.encoder_)
    again = Analyser(stored, model_version=version)
    text = ["The price is too high.", "サポートが親切です。"]
    assert again.model_version == analyser.model_version
    assert again.analyse(text) == analyser.analyse(text)


def test_a_theme_in_one_sentence_of_a_long_comment_is_found(analyser):
    text = (
        "We have been customers since 2021 and my team of twelve plans its week with it. "
        "Last month we moved to a bigger office. The price went up twice and is now far too "
        "expensive for us. We hope to hold a workshop in spring. See you at the fair!"
    )
    theme = _by_key(analyser.analyse([text])[0])["pricing"]
    assert "expensive" in theme.evidence
    assert "office" not in theme.evidence
