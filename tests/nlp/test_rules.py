"""Phrases decide by themselves: where they are found, and what the analysis makes of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.analysis import train_analyser
from nlp.rules import Rules, given_by_rules
from nlp.taxonomy import MAX_PHRASE_LENGTH, from_entries
from nlp.text import normalise, read

WIDE = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})


def entry(key: str = "fees", **changes: object) -> dict[str, object]:
    plain = {"key": key, "label": key.title(), "description": f"About {key}.", "keywords": []}
    return plain | changes


def rules_of(*phrases: str, exclusions: tuple[str, ...] = ()) -> Rules:
    return Rules(from_entries([entry(rules=list(phrases), exclusions=list(exclusions))]))


def hits(rules: Rules, text: str) -> list[str]:
    """What was found, as it stands in the original."""
    return [text[hit.start : hit.end] for hit in rules.find(read(text)).rules]


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("late fee", "They charged two LATE  FEES!", ["LATE  FEES"]),
        ("late fee", "a late-fee, twice", ["late-fee"]),
        ("late fee", "late. No fee though", []),
        ("late fee", "It came late. Fees were high.", []),
        ("refund", "I was refunded, then they stopped refunding", ["refunded", "refunding"]),
        ("invoices", "one invoice", ["invoice"]),
        ("pricing", "the price is fine", []),
        ("pricing", "Your pricing page", ["pricing"]),
        ("api", "It was rapid.", []),
        ("api", "ＡＰＩが使えない", ["ＡＰＩ"]),
        ("SSO", "SSOに対応してほしい", ["SSO"]),
        ("don't", "I DON’T know", ["DON’T"]),
        ("返品", "返品したいのに返 品できない", ["返品", "返 品"]),
        ("返品", "ﾍﾝﾋﾟﾝ", []),
        ("クーポン", "ｸｰﾎﾟﾝが使えません", ["ｸｰﾎﾟﾝ"]),
        ("API連携", "Ａ Ｐ Ｉ 連携がない", ["Ａ Ｐ Ｉ 連携"]),
        ("API連携", "rapi連携", []),
        ("遅い", "反応が遅かったです", ["遅かっ"]),
        ("落ちる", "アプリが落ちました", ["落ち"]),
        ("使いにくい", "とても使いにくかった", ["使いにくかっ"]),
        ("refund", "re\u200bfund please", ["re\u200bfund"]),
    ],
)
def test_a_phrase_is_found_in_its_forms_and_not_inside_other_words(phrase, text, found):
    assert hits(rules_of(phrase), text) == found


@given(st.lists(st.sampled_from(["late", "fees", "again", "the", "refunded"]), max_size=12))
@settings(max_examples=60, deadline=None)
def test_spaces_capitals_and_width_change_nothing_in_english(words):
    rules = rules_of("late fee", "refund")
    plain = " ".join(words)
    expected = [normalise(hit).text for hit in hits(rules, plain)]
    for other in (plain.upper(), plain.translate(WIDE), "  ".join(words), f"\n {plain} \t"):
        found = [" ".join(normalise(hit).text.split()) for hit in hits(rules, other)]
        assert found == expected, other


@given(st.text(alphabet="返品送料API連携がない。", max_size=30), st.data())
@settings(max_examples=80, deadline=None)
def test_spaces_and_width_change_nothing_in_japanese(text, data):
    rules = rules_of("返品", "送料", "API連携")
    expected = [normalise(hit).text for hit in hits(rules, text)]
    cuts = data.draw(st.sets(st.integers(0, len(text))))
    spaced = "".join((" " if at in cuts else "") + c for at, c in enumerate(text))
    found = hits(rules, spaced.translate(WIDE))
    # Spaces inside a Latin word make other words of it: only where none was cut it is the same.
    if not any(spaced[at - 1 : at].isascii() for at in range(1, len(spaced)) if spaced[at] == " "):
        assert [normalise(hit).text.replace(" ", "") for hit in found] == expected


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_offsets_are_those_of_the_original_whatever_stands_around(noise):
    text = f"{noise} late fee 返品 {noise}"
    found = rules_of("late fee", "返品").find(read(text)).rules
    cut = {normalise(text[hit.start : hit.end]).text for hit in found}
    assert {"late fee", "返品"} <= cut
    for hit in found:
        assert 0 <= hit.start < hit.end <= len(text)


def test_the_longest_of_overlapping_phrases_counts_once():
    rules = rules_of("fee", "late fee", "late fee policy")
    assert hits(rules, "the late fee policy and a fee") == ["late fee policy", "fee"]


def test_a_phrase_is_no_pattern():
    assert hits(rules_of("a.*z", "(x+x+)+y"), "abcz " + "x" * 5000) == []
    assert hits(rules_of("c++ sdk"), "the C++ SDK is old") == ["C++ SDK"]


def test_thousands_of_phrases_that_begin_alike_are_told_apart():
    entries = [
        entry(f"t{n}", rules=[f"phrase {n} {m} aaaa" for m in range(30)], rules_ja=[f"返品{n}番"])
        for n in range(150)
    ]
    many = Rules(from_entries(entries))
    found = many.find(read("phrase 149 29 aaa, phrase 149 29 aaaa 返品14番 " + "phrase " * 1000))
    assert [(hit.theme, hit.phrase) for hit in found.rules] == [
        ("t149", "phrase 149 29 aaaa"), ("t14", "返品14番"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("phrases", "message"),
    [
        (["…"], "letter or digit"),
        (["x" * (MAX_PHRASE_LENGTH + 1)], "at most 100 characters"),
        ([f"phrase {n}" for n in range(201)], "at most 200 phrases"),
        ("late", "list of texts"),
    ],
)
def test_a_phrase_that_cannot_be_looked_for_is_refused(phrases, message):
    with pytest.raises(ValueError, match=message):
        from_entries([entry(rules=phrases)])


def test_an_exclusion_closes_its_clause_and_no_other():
    rules = rules_of("refund", exclusions=("no refund",))
    closed = read("There was no refund.")
    open_later = read("There was no refund at first, but then the refund came.")
    assert given_by_rules(rules.find(closed), closed.clauses) == []
    assert given_by_rules(rules.find(open_later), open_later.clauses) == ["fees"]


@pytest.fixture(scope="module")
def plain_entries():
    return [
        entry("support", description="Help desk: how fast and kind people answer questions.",
              keywords=["support", "help desk"], keywords_ja=["サポート"]),
        entry("fees", description="What it costs: price, charges, invoices.",
              keywords=["price", "cost"], keywords_ja=["料金"]),
    ]  # fmt: skip


def analysed(entries, text):
    analyser = train_analyser(from_entries(entries), encoder="static")
    return {theme.key: theme for theme in analyser.analyse([text])[0].themes}


def test_a_rule_gives_its_theme_whatever_the_model_says(plain_entries):
    text = "素敵な一日でした。延滞料がひどい。"
    assert "fees" not in analysed(plain_entries, text)
    ruled = [plain_entries[0], plain_entries[1] | {"rules_ja": ["延滞料"]}]
    found = analysed(ruled, text)["fees"]
    assert (found.source, found.confidence, found.evidence) == ("rule", 1.0, "延滞料")
    assert text[found.start : found.end] == "延滞料"
    assert found.sentiment == "negative"


def test_an_exclusion_takes_what_the_model_gives(plain_entries):
    text = "The support of the help desk is slow."
    assert analysed(plain_entries, text)["support"].source == "model"
    barred = [plain_entries[0] | {"exclusions": ["slow"]}, plain_entries[1]]
    assert "support" not in analysed(barred, text)


def test_rules_change_the_version_and_not_what_is_learnt(plain_entries):
    plain = from_entries(plain_entries)
    ruled = from_entries([plain_entries[0] | {"rules": ["help desk"]}, plain_entries[1]])
    assert plain.digest != ruled.digest
    assert plain.digest == ruled.without_rules().digest
