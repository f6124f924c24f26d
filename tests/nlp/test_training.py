from nlp.taxonomy import LabelledText, Taxonomy, Theme, starter_pack
from nlp.training import assemble

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
