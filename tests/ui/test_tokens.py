"""The style sheets: colours that can be read, in light and dark, and a weight that stays small."""

import re
from pathlib import Path

import pytest

import vocapp.ui
from vocapp.ui.chart_files import PAPER

STATIC = Path(vocapp.ui.__file__).parent / "static"
TOKENS = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")


def _tokens(block):
    return dict(re.findall(r"(--[\w-]+):\s*([^;]+);", block))


def _block(selector):
    return re.search(re.escape(selector) + r"\s*\{([^}]*)\}", TOKENS).group(1)


LIGHT = _tokens(_block(":root"))
DARK = _tokens(_block(':root[data-theme="dark"]'))
THEMES = pytest.mark.parametrize("theme", [LIGHT, {**LIGHT, **DARK}], ids=["light", "dark"])


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """WCAG 2.2 contrast ratio of two #rrggbb colours."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_two_dark_blocks_are_the_same():
    media = TOKENS[TOKENS.index("@media screen and (prefers-color-scheme: dark)") :]
    assert _tokens(media[: media.index("  }\n}")]) == DARK


def test_every_colour_that_dark_changes_exists_in_light():
    assert set(DARK) <= set(LIGHT)


@THEMES
@pytest.mark.parametrize("ground", ["--page", "--surface", "--surface-sunken", "--surface-hover"])
@pytest.mark.parametrize("words", ["--text", "--text-muted", "--accent", "--bad", "--good"])
def test_words_can_be_read_on_every_ground(theme, ground, words):
    assert contrast(theme[words], theme[ground]) >= 4.5


@THEMES
@pytest.mark.parametrize("kind", ["promoter", "passive", "detractor"])
def test_a_category_can_be_told_and_read(theme, kind):
    assert contrast(theme[f"--{kind}-text"], theme[f"--{kind}-soft"]) >= 4.5
    assert contrast(theme[f"--{kind}-text"], theme["--surface"]) >= 4.5
    assert contrast(theme[f"--{kind}"], theme["--surface"]) >= 3


@THEMES
@pytest.mark.parametrize("kind", ["good", "warn", "bad"])
def test_chips_can_be_read(theme, kind):
    assert contrast(theme[f"--{kind}"], theme[f"--{kind}-soft"]) >= 4.5


@THEMES
def test_buttons_borders_and_focus_can_be_seen(theme):
    assert contrast(theme["--on-accent"], theme["--accent"]) >= 4.5
    assert contrast(theme["--on-accent"], theme["--accent-strong"]) >= 4.5
    assert contrast(theme["--text"], theme["--surface-selected"]) >= 4.5
    for line in ("--line-strong", "--focus"):
        assert contrast(theme[line], theme["--surface"]) >= 3


def test_every_token_that_is_used_is_defined():
    used, local = set(), set(LIGHT)
    for sheet in STATIC.glob("css/*.css"):
        text = sheet.read_text(encoding="utf-8")
        used |= set(re.findall(r"var\((--[\w-]+)", text))
        local |= set(re.findall(r"(--[\w-]+)\s*:", text))
    assert used <= local


@pytest.mark.parametrize("sheet", ["app.css", "respond.css"])
def test_a_page_loads_at_most_50_kb_of_style(sheet):
    """Staff pages load the tokens and one sheet, respondent pages the tokens and the other."""
    loaded = ("tokens.css", sheet)
    assert sum((STATIC / "css" / name).stat().st_size for name in loaded) <= 50_000


def test_script_stays_small():
    assert sum(f.stat().st_size for f in STATIC.glob("js/*.js")) <= 60_000


def test_no_sheet_is_left_uncounted():
    names = {sheet.name for sheet in STATIC.glob("css/*.css")}
    assert names == {"tokens.css", "app.css", "respond.css"}


def test_style_sheets_ask_nobody_else_for_anything():
    for sheet in STATIC.glob("css/*.css"):
        assert not re.search(r"url\(|@import|https?:", sheet.read_text(encoding="utf-8")), sheet


def test_charts_on_paper_have_the_light_colours_of_the_pages():
    names = {name: f"--{name.replace('_', '-')}" for name in PAPER}
    assert {name: LIGHT[token] for name, token in names.items()} == PAPER
