import pytest

from nlp.analysis import train_analyser
from nlp.taxonomy import LabelledText, Taxonomy, Theme, starter_pack
from nlp.training import PERSON_WEIGHT, Lesson, assemble

PACK = Taxonomy(
    "small",
    "1",
    (
        Theme("price", {"en": "Price"}, {}, {}, {"en": ("Too expensive.", "It hangs.")}),
        Theme("speed", {"en": "Speed"}, {}, {}, {"en": ("It hangs.",), "ja": ("遅いです。",)}),
    ),
    {"en": ("Thanks.",)},
    (LabelledText("Slow and expensive.", "en", ("price", "speed")),),
)


def test_a_taxonomy_teaches_its_examples_its_combinations_and_silence():
    data = assemble(PACK)
    taught = dict(zip(data.texts, data.labels, strict=True))
    assert taught == {
        "Too expensive.": ("price",),
        "It hangs.": ("price", "speed"),
        "遅いです。": ("speed",),
        "Slow and expensive.": ("price", "speed"),
        "Thanks.": (),
    }
    assert set(data.weights) == {1.0}


def test_a_person_outweighs_the_pack_and_replaces_its_labels():
    data = assemble(PACK, examples=[LabelledText("ＴＯＯ expensive.", "en", ("speed",))])
    place = data.texts.index("ＴＯＯ expensive.")
    assert "Too expensive." not in data.texts
    assert data.labels[place] == ("speed",)
    assert data.weights[place] == 3 * data.weights[place - 1] or data.weights[place] == 3 * min(
        data.weights
    )


def test_of_two_persons_the_later_holds():
    said = [LabelledText("Hm.", "en", ("price",)), LabelledText("Hm.", "en", ("speed",))]
    data = assemble(PACK, examples=said)
    assert dict(zip(data.texts, data.labels, strict=True))["Hm."] == ("speed",)


def test_the_digest_changes_with_a_label_and_only_then():
    first = assemble(PACK, examples=[LabelledText("Hm.", "en", ("price",))])
    same = assemble(PACK, examples=[LabelledText("Hm.", "en", ("price",))])
    other = assemble(PACK, examples=[LabelledText("Hm.", "en", ("speed",))])
    assert first.digest == same.digest != other.digest


def test_the_starter_pack_teaches_every_theme_in_both_languages():
    data = assemble(starter_pack())
    taught = {
        (label, language)
        for labels, language in zip(data.labels, data.languages, strict=True)
        for label in labels
    }
    assert taught == {(key, language) for key in starter_pack().keys for language in ("en", "ja")}
    assert () in data.labels


def test_no_words_at_all_give_an_empty_set():
    assert assemble(Taxonomy("none", "1", ())).texts == ()


# --- lessons ----------------------------------------------------------------------------


def lesson(text="Hm.", said=None, **more):
    return Lesson(text, "en", said if said is not None else {"price": False}, **more)


def weights_of(data, text):
    return dict(zip(PACK.keys, data.weights[data.texts.index(text)], strict=True))


def test_who_takes_one_theme_away_has_said_little_about_the_others():
    data = assemble(PACK, lessons=[lesson(stands=("speed",))])
    assert dict(zip(data.texts, data.labels, strict=True))["Hm."] == ("speed",)
    weights = weights_of(data, "Hm.")
    assert 0 < weights["speed"] < weights["price"]
    others = weights_of(data, "Thanks.")
    assert weights["price"] == pytest.approx(PERSON_WEIGHT * others["price"])


def test_who_looked_at_all_themes_has_said_something_about_each():
    data = assemble(PACK, lessons=[lesson(complete=True)])
    weights = weights_of(data, "Hm.")
    assert weights["speed"] == weights["price"]


def test_what_was_said_about_the_same_words_is_one_lesson_and_the_later_holds():
    first = lesson(said={"price": True}, stands=("speed",))
    later = lesson("ｈｍ.", said={"price": False})
    data = assemble(PACK, lessons=[first, later])
    assert "Hm." not in data.texts
    assert dict(zip(data.texts, data.labels, strict=True))["ｈｍ."] == ("speed",)


def test_a_lesson_about_a_theme_that_is_gone_teaches_nothing_about_it():
    data = assemble(PACK, lessons=[lesson(said={"gone": True, "price": True})])
    assert dict(zip(data.texts, data.labels, strict=True))["Hm."] == ("price",)


def test_corrected_comments_hardly_tell_how_comments_usually_are():
    data = assemble(PACK, lessons=[lesson()])
    usual = dict(zip(data.texts, data.typical, strict=True))
    assert usual["Hm."] < 0.1
    assert usual["Thanks."] == 1


def test_the_digest_changes_with_what_is_said_and_only_then():
    one = lesson()
    assert assemble(PACK, lessons=[one]).digest != assemble(PACK).digest
    assert (
        assemble(PACK, lessons=[one]).digest
        != assemble(PACK, lessons=[lesson(said={"price": True})]).digest
    )
    assert assemble(PACK, lessons=[one]).digest == assemble(PACK, lessons=[lesson()]).digest


def test_lessons_teach_a_classifier_and_the_same_ones_teach_it_the_same():
    said = [
        lesson(f"The zorgle {verb} again.", said={"speed": True})
        for verb in ("broke", "fell", "stopped", "crashed", "froze", "hung")
    ]
    plain, taught, again = (
        train_analyser(PACK, lessons=some, encoder="static") for some in ([], said, said)
    )
    asked = "Sadly the zorgle wobbled."
    before, after, same = (
        each.classifier.predict_proba([asked])[0] for each in (plain, taught, again)
    )
    assert after[1] > before[1] + 0.2
    assert after.tolist() == same.tolist()
    assert taught.model_version == again.model_version != plain.model_version
