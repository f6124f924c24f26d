"""Themes that nobody defined."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.clumps import find_clumps, nearest, unit
from nlp.discover import main
from nlp.discovery import Comment, discover, growth_of
from nlp.emergence import LEVEL, emerging_balls, likelihood_gain
from nlp.telling import telling_phrases
from nlp.text import read
from nlp.vectors import load_encoder

THINGS = (
    "dashboard", "search", "calendar", "mobile app", "invoice", "training", "editor", "filters",
    "reports", "notifications", "contract", "onboarding", "help pages", "settings", "login",
    "attachments", "colours", "menu", "forms", "statistics",
)  # fmt: skip
OPINIONS = (
    "The {} is easy to use.", "I find the {} rather slow.", "We like the {} very much.",
    "Could you make the {} simpler?", "Our team works with the {} daily.",
    "The {} confused a new colleague.", "Nothing to complain about the {}.",
    "The {} has become better this year.", "I wish the {} had more options.",
    "Please explain the {} in the manual.",
)  # fmt: skip
ALL_DAY = [Comment(opinion.format(thing), "en") for thing in THINGS for opinion in OPINIONS]
GARBLED = [
    "After the export to Excel all umlauts are garbled.",
    "Exported Excel files show garbled characters.",
    "Special characters are garbled in the Excel export.",
    "The Excel export garbles accents and umlauts.",
    "Garbled letters in every exported Excel sheet.",
    "When I export to Excel, names with accents come out garbled.",
    "Excel export: the characters are garbled again.",
    "Umlauts become garbled characters once exported to Excel.",
    "Why is the text garbled in the exported Excel file?",
    "Our Excel exports contain garbled special characters.",
]
GARBLED_JA = [
    "Excelに出力すると文字化けします。",
    "エクスポートしたExcelファイルが文字化けしている。",
    "Excel出力で特殊文字が文字化けする。",
    "出力したExcelの文字が全部文字化けです。",
    "Excelエクスポートの文字化けを直してください。",
    "エクスポートすると名前が文字化けして読めない。",
]


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("static")


def _weeks(planted=(), seed=0):
    """A week of 80 comments and a baseline of 120, drawn from the same; the planted ones last."""
    order = np.random.default_rng(seed).permutation(len(ALL_DAY))
    comments = [ALL_DAY[place] for place in order]
    return [*comments[:80], *planted], comments[80:]


def _planted(texts=GARBLED, language="en", **options):
    return [Comment(text, language, **options) for text in texts]


@pytest.fixture(scope="module")
def week():
    return _weeks(_planted())


def test_a_theme_that_was_not_there_before_is_found_and_named(encoder, week):
    current, baseline = week
    (theme,) = discover(current, baseline, encoder=encoder)
    assert set(theme.members) >= set(range(81, 89))
    assert theme.size == len(theme.members)
    assert theme.p_value <= LEVEL
    assert theme.growth.low > 1
    assert any("excel" in term for term in theme.all_terms[:3])
    assert theme.examples[0] in theme.members
    assert theme.covered_by is None


def test_a_quiet_week_says_nothing(encoder):
    current, baseline = _weeks()
    assert discover(current, baseline, encoder=encoder) == []


def test_few_comments_say_nothing(encoder):
    planted = _planted()
    assert discover([], None, encoder=encoder) == []
    assert discover(planted, None, encoder=encoder) == []
    assert discover(planted, ALL_DAY, encoder=encoder) == []
    assert discover([*ALL_DAY, *planted], ALL_DAY[:29], encoder=encoder) == []
    assert discover([Comment("…")] * 100, [Comment("")] * 100, encoder=encoder) == []


def test_the_order_of_comments_changes_nothing(encoder, week):
    current, baseline = week
    order = np.random.default_rng(3).permutation(len(current))
    (once,) = discover(current, baseline, encoder=encoder)
    (again,) = discover([current[place] for place in order], baseline[::-1], encoder=encoder)
    assert {int(order[place]) for place in again.members} == set(once.members)
    assert [int(order[place]) for place in again.examples] == list(once.examples)
    assert (again.labels, again.terms, again.p_value) == (once.labels, once.terms, once.p_value)


def test_a_theme_of_two_languages_is_one_and_has_words_in_both(encoder):
    current, baseline = _weeks([*_planted(), *_planted(GARBLED_JA, "ja")])
    themes = discover(current, baseline, encoder=encoder)
    words = [word for theme in themes for word in theme.all_terms]
    assert any("excel" in word for word in words)
    assert any("文字化け" in word for word in words)
    assert {"en", "ja"} <= {name for theme in themes for name in theme.languages}


def test_a_group_that_a_theme_covers_says_so(encoder):
    current, baseline = _weeks(_planted(themes=frozenset({"export"})))
    (theme,) = discover(current, baseline, encoder=encoder)
    assert theme.covered_by == "export"


def test_examples_do_not_repeat_one_another(encoder):
    current, baseline = _weeks(_planted(["The Excel export is garbled."] * 6 + GARBLED[:5]))
    (theme,) = discover(current, baseline, encoder=encoder)
    texts = [current[place].text for place in theme.examples]
    assert len(set(texts)) == len(texts) > 1


def test_without_a_baseline_what_stands_out_is_told_without_growth(encoder):
    themes = discover([*ALL_DAY, *_planted()], encoder=encoder)
    planted = set(range(len(ALL_DAY), len(ALL_DAY) + len(GARBLED)))
    theme = max(themes, key=lambda theme: len(planted & set(theme.members)))
    assert len(planted & set(theme.members)) >= 5
    assert theme.growth is None
    assert theme.before is None
    assert len({place for theme in themes for place in theme.members}) == sum(
        theme.size for theme in themes
    )


def test_growth_is_a_ratio_of_shares_with_limits_around_it():
    growth = growth_of(30, 1000, 10, 1000)
    assert growth.low < growth.ratio < growth.high
    assert growth.ratio == pytest.approx(30.5 / 10.5)
    assert growth_of(5, 100, 0, 100).ratio > 5


# --- the scan --------------------------------------------------------------------------------


def _cloud(n, random, dimensions=24):
    return unit(random.normal(size=(n, dimensions)).astype(np.float32))


def test_where_nothing_changed_an_alarm_is_as_rare_as_promised():
    alarms = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        vectors = _cloud(150, random)
        is_current = random.permutation(150) < 60
        clumps = find_clumps(vectors, [None] * 150, random)
        alarms += bool(emerging_balls(vectors, [None] * 150, is_current, clumps, random))
    assert alarms <= 5  # 1.2 are to be expected; more than 5 have a chance of 1 in 500


def test_the_share_of_a_language_is_no_theme():
    random = np.random.default_rng(1)
    vectors = _cloud(400, random)
    vectors[200:, 0] += 3  # the second language lies elsewhere
    vectors = unit(vectors)
    languages = ["en"] * 200 + ["ja"] * 200
    is_current = np.arange(400) % 200 < np.repeat([40, 160], 200)
    random.shuffle(is_current[:200])
    random.shuffle(is_current[200:])
    clumps = find_clumps(vectors, languages, random)
    assert emerging_balls(vectors, languages, is_current, clumps, random) == []


def test_balls_are_disjoint_and_hold_what_was_planted():
    random = np.random.default_rng(2)
    vectors = _cloud(600, random)
    is_current = np.arange(600) < 150
    for start, direction in ((0, 3), (20, 7)):
        vectors[start : start + 20] *= 0.3
        vectors[start : start + 20, direction] += 1
    vectors = unit(vectors)
    clumps = find_clumps(vectors, [None] * 600, random)
    balls = emerging_balls(vectors, [None] * 600, is_current, clumps, random)
    assert len(balls) == 2
    together = np.concatenate([ball.members for ball in balls])
    assert len(np.unique(together)) == len(together)
    assert {bool((ball.members < 20).mean() > 0.8) for ball in balls} == {True, False}
    assert [ball.p_value for ball in balls] == sorted(ball.p_value for ball in balls)


@given(st.integers(5, 60), st.floats(0.05, 0.9))
def test_a_ball_gains_more_the_more_of_it_is_new(size, share):
    current = np.arange(4.0, size + 1)
    gain = likelihood_gain(
        current, np.full(len(current), size), np.full(len(current), share * size)
    )
    told = gain[np.isfinite(gain)]
    assert (np.diff(told) > 0).all()
    assert (told > 0).all()
    assert np.isneginf(gain[: len(gain) - len(told)]).all()


@settings(max_examples=20)
@given(st.integers(1, 40), st.integers(1, 60))
def test_nearest_gives_places_in_order_of_similarity(n, count):
    random = np.random.default_rng(n)
    vectors = _cloud(n, random, dimensions=5)
    places, similar = nearest(vectors[:3], vectors, count)
    assert places.shape == similar.shape == (min(3, n), min(count, n))
    assert (np.diff(similar, axis=1) <= 0).all()
    assert (places[:, 0] == np.arange(min(3, n))).all()


# --- names -----------------------------------------------------------------------------------


def test_phrases_tell_the_comments_from_the_others():
    inside = [read(text, language="en") for text in GARBLED]
    others = [read(comment.text, language="en") for comment in ALL_DAY]
    phrases = telling_phrases(inside, others)
    assert "garbled" in " ".join(phrases)
    assert not any(phrase.split()[0] in {"the", "is", "in"} for phrase in phrases)
    assert telling_phrases(others[:20], others[:20] * 5) == []


def test_a_japanese_verb_is_named_in_its_dictionary_form():
    inside = [
        read(text, language="ja") for text in ["荷物が届かなかった。", "荷物が届きません。"] * 3
    ]
    others = [read("使いやすい画面です。", language="ja")] * 20
    assert any("届く" in phrase for phrase in telling_phrases(inside, others))


# --- the command -----------------------------------------------------------------------------


def _file(path, comments, prefix):
    rows = [
        {"id": f"{prefix}{number}", "text": comment.text, "lang": comment.language}
        for number, comment in enumerate(comments)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return str(path)


def test_the_command_prints_a_list_of_themes(tmp_path, capsys, week):
    a, b = _file(tmp_path / "a", week[0], "a"), _file(tmp_path / "b", week[1], "b")
    assert main(["--input", a, "--baseline", b, "--json"]) == 0
    (theme,) = json.loads(capsys.readouterr().out)
    assert set(theme) == {"label", "terms", "size", "growth", "p_value", "examples"}
    assert all(each in {f"a{number}" for number in range(80, 90)} for each in theme["examples"][:3])


def test_with_assignments_each_line_has_its_cluster(tmp_path, capsys, week):
    a, b = _file(tmp_path / "a", week[0], "a"), _file(tmp_path / "b", week[1], "b")
    assert main(["--input", a, "--baseline", b, "--json", "--assignments"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in both["assignments"]] == [f"a{number}" for number in range(90)]
    inside = [each for each in both["assignments"] if each["cluster"] == 0]
    assert len(inside) == both["themes"][0]["size"]


def test_a_quiet_week_prints_an_empty_list(tmp_path, capsys):
    current, baseline = _weeks()
    a, b = _file(tmp_path / "a", current, "a"), _file(tmp_path / "b", baseline, "b")
    assert main(["--input", a, "--baseline", b, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("line", "wanted"),
    [("{", "line 2"), ('{"id": "x"}', "line 2"), ('{"text": "a", "lang": 3}', '"lang"'),
     ('{"text": "a", "id": [1]}', '"id"')],
)  # fmt: skip
def test_a_bad_line_is_named(tmp_path, capsys, line, wanted):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "fine"}\n' + line + "\n", encoding="utf-8")
    assert main(["--input", str(path), "--json"]) == 2
    assert wanted in capsys.readouterr().err
    assert main(["--input", str(tmp_path / "absent"), "--json"]) == 2
