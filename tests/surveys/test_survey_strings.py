"""Texts of a survey in all its languages: complete or not, out to translators, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.definition_leaves import texts_of
from surveys.definitions import DefinitionError, from_json, to_json
from surveys.safe_xml import BadXml
from surveys.survey_strings import (
    Line,
    completeness,
    lines_of_table,
    name_of,
    plan,
    table,
    with_language,
    without_language,
)
from surveys.xliff import read_xliff, xliff_of

# What may be stored: any text but NUL, halves of surrogate pairs and unknown placeholders.
WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00{}"), max_size=30)
WORDS = WORDS.map(lambda text: ("= {contact.name} " + text).strip())


def survey(texts=None, *, languages=("en", "ja"), **fields):
    score = {"key": "score", "kind": "nps", "text": texts or {"en": "Recommend {account.name}?"}}
    data = {"kind": "nps", "languages": list(languages), "questions": [score | fields]}
    return to_json(from_json(data))


def rows(data):
    return enumerate(table(data), 1)


@given(WORDS, WORDS, WORDS)
def test_what_goes_out_as_a_table_comes_back(english, japanese, label):
    whole = survey({"en": english, "ja": japanese}, low_label={"en": label, "ja": label})
    bare = with_language(without_language(whole, "ja"), "ja")
    taken = plan(bare, lines_of_table(rows(whole)))
    assert taken.problems == ()
    assert table(taken.definition) == table(whole)
    assert plan(whole, lines_of_table(rows(whole))).changes == ()


@given(WORDS, WORDS)
def test_what_goes_out_as_xliff_comes_back_whatever_characters_it_has(english, japanese):
    whole = survey({"en": english, "ja": japanese})
    file = xliff_of(whole, language="ja", survey="nps").encode()
    lines = read_xliff(file)
    score = next(line for line in lines if line.name == "questions.score.text")
    assert (score.text, score.source, score.language) == (japanese, english, "ja")
    assert plan(whole, lines).changes == ()
    bare = with_language(without_language(whole, "ja"), "ja")
    taken = plan(bare, lines).definition
    assert xliff_of(taken, language="ja", survey="nps").encode() == file


def test_a_language_is_complete_when_every_text_has_words_in_it():
    found = completeness(survey({"en": "One?"}))
    assert [(each.language, each.percent) for each in found] == [("en", 100), ("ja", 66)]


def test_only_what_is_missing_makes_less_than_a_hundred_percent():
    many = survey(languages=["en", "ja"])
    many["questions"] += [
        {"key": f"q{n}", "kind": "text", "text": {"en": "Why?", "ja": "なぜ。"}} for n in range(400)
    ]
    assert completeness(many)[1].percent == 99


def take(data, *lines, **how):
    return plan(data, [Line(n, *line) for n, line in enumerate(lines, 2)], **how)


def test_a_placeholder_that_is_lost_or_made_up_is_named_with_its_line():
    done = take(
        survey(),
        ("questions.score.text", "ja", "すすめますか。"),
    )
    assert [(p.line, p.code, p.detail) for p in done.problems] == [
        (2, "placeholder_lost", "{account.name}"),
    ]  # fmt: skip
    made_up = take(survey(), ("questions.score.text", "ja", "{account.name}を{account.plan}に？"))
    assert [(p.line, p.code, p.detail) for p in made_up.problems] == [
        (2, "placeholder_new", "{account.plan}")
    ]
    assert made_up.changes == ()


def test_a_file_that_changes_the_main_language_is_measured_by_its_own_words():
    done = take(
        survey(),
        ("questions.score.text", "ja", "{contact.name}をすすめますか。"),
        ("questions.score.text", "en", "Recommend {contact.name}?"),
    )
    assert done.problems == ()
    assert [(c.line, c.language) for c in done.changes] == [(2, "ja"), (3, "en")]


def test_unknown_lines_are_named_and_the_rest_goes_in():
    done = take(
        survey(),
        ("questions.gone.text", "ja", "消えました。"),
        ("questions.score.text", "fr", "Recommander {account.name} ?"),
        ("questions.score.low_label", "fr", "Non"),
        ("questions.score.text", "ja", "{account.name}をすすめますか。"),
        ("questions.score.text", "ja", "{account.name}はいかがですか。"),
        ("questions.score.high_label", "ja", "は" * 201),
        ("questions.score.low_label", "ja", ""),
    )
    assert [(p.line, p.code) for p in done.problems] == [
        (2, "unknown_name"), (3, "unknown_language"), (6, "twice"), (7, "not_storable"),
    ]  # fmt: skip
    assert [(c.line, c.after) for c in done.changes] == [(5, "{account.name}をすすめますか。")]
    stored = texts_of(done.definition)["questions", "score", "text"]
    assert stored["ja"] == "{account.name}をすすめますか。"


def test_an_empty_text_takes_words_away_only_where_that_is_asked_for_and_others_are_left():
    whole = survey({"en": "One?", "ja": "一つ。"})
    emptied = ("questions.score.text", "ja", " ")
    assert take(whole, emptied).changes == ()
    assert [c.after for c in take(whole, emptied, empty_removes=True).changes] == [""]
    both = (emptied, ("questions.score.text", "en", ""))
    kept = texts_of(take(whole, *both, empty_removes=True).definition)
    assert len(kept["questions", "score", "text"]) == 1


def test_a_translation_of_older_words_is_taken_and_said():
    done = plan(
        survey(),
        [Line(4, "questions.score.text", "ja", "{account.name}は？", "Old {account.name}?")],
    )
    assert [p.code for p in done.problems] == ["source_changed"]
    assert len(done.changes) == 1


def test_a_text_keeps_its_name_when_its_question_moves_and_fields_of_tomorrow_come_along():
    data = survey() | {"thanks": [{"key": "end", "text": {"en": "Thank you"}}]}
    assert "thanks.end.text" in map(name_of, texts_of(data))
    assert ["thanks.end.text", "Thank you", ""] in table(data)


def test_a_language_goes_unless_a_text_has_no_words_in_another():
    with pytest.raises(DefinitionError) as problem:
        without_language(survey({"ja": "すすめますか。"}, languages=["en", "ja"]), "ja")
    assert problem.value.field == "questions.score.text"
    with pytest.raises(DefinitionError):
        without_language(survey(languages=["en"]), "en")
    assert without_language(survey({"en": "A?", "ja": "あ。"}), "en")["languages"] == ["ja"]


@pytest.mark.parametrize("tag", ["ja", "JA", "not a tag", ""])
def test_a_language_is_added_once_and_has_a_code(tag):
    with pytest.raises(DefinitionError):
        with_language(survey(), tag)


@pytest.mark.parametrize("table", [[], [(1, ["one", "two"])], [(1, ["key"])], [(1, ["key", ""])]])
def test_a_table_without_headings_is_refused(table):
    with pytest.raises(ValueError, match="headings"):
        lines_of_table(table)


XLIFF_12 = """<?xml version="1.0" encoding="UTF-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
 <file original="s" source-language="en" target-language="ja-JP" datatype="plaintext"><body>
  <group id="g"><trans-unit id="7" resname="questions.score.text">
   <source>Recommend <ph id="1">{account.name}</ph>?</source>
   <target><x id="1" equiv-text="{account.name}"/>を<g id="2">すすめますか</g>。</target>
  </trans-unit></group>
  <trans-unit id="questions.score.low_label"><source>No</source></trans-unit>
 </body></file>
</xliff>"""


def test_version_1_2_is_read_too():
    lines = read_xliff(XLIFF_12.encode())
    assert [(line.line, line.name, line.language, line.text) for line in lines] == [
        (4, "questions.score.text", "ja-JP", "{account.name}をすすめますか。"),
    ]  # fmt: skip
    assert [c.language for c in plan(survey(), lines).changes] == ["ja"]


def test_segments_of_a_unit_are_one_text():
    file = """<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en"
      trgLang="ja"><file id="f"><group id="g"><unit id="a"><segment><source>One.</source>
      <target>一つ。</target></segment><ignorable><source> </source></ignorable>
      <segment><source>Two.</source><target>二つ。</target></segment></unit></group></file></xliff>"""
    assert [(line.text, line.source) for line in read_xliff(file.encode())] == [
        ("一つ。 二つ。", "One. Two."),
    ]  # fmt: skip


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;">]><xliff version="1.2"><file>&lol2;</file></xliff>"""
FETCHES = """<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"
[<!ENTITY f SYSTEM "file:///etc/passwd">]><xliff version="1.2">&f;</xliff>"""


@pytest.mark.parametrize(
    "file",
    [BOMB, FETCHES, "<xliff", "<xliff/>", "<other/>", "<xliff version='3.0'/>", "<a>&x;</a>",
     "<a>" * 100 + "</a>" * 100, "<a>" + "<b/>" * 200_001 + "</a>",
     "<?xml version='1.0' encoding='nonsense'?><a/>",
     "<xliff version='2.1'><file><unit id='a'/></file></xliff>"],
)  # fmt: skip
def test_hostile_and_broken_files_are_refused(file):
    with pytest.raises(BadXml):
        read_xliff(file.encode())


@pytest.mark.parametrize("language", ["ja", "en"])
def test_what_is_said_where_nothing_is_known_may_be_translated(language):
    data = survey()
    data["questions"][0]["text"] = {"en": "Dear {contact.name|dear customer}, {attribute.seat no}?"}
    words = "{contact.name|お客様}、{attribute.seat no|お席}はいかがですか。"
    done = take(data, ("questions.score.text", language, words))
    assert done.problems == ()
    assert [change.after for change in done.changes] == [words]
    lost = take(data, ("questions.score.text", "ja", "お客様、{attribute.seat no}は？"))
    assert [each.detail for each in lost.problems] == ["{contact.name}"]
    assert "Dear {contact.name|dear customer}, {" in xliff_of(data, language="ja", survey="s")
