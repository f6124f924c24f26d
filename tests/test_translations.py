"""Japanese: complete, finished, and in use."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "translations.py"


@pytest.fixture(scope="module")
def translations():
    spec = importlib.util.spec_from_file_location("translations_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["translations_script"] = module
    spec.loader.exec_module(module)
    return module


def test_every_string_of_the_staff_pages_has_its_japanese(translations):
    assert list(translations.problems()) == []


def test_strings_of_code_templates_and_mail_are_all_found(translations):
    found = {key[0] for key in translations.used_strings()}
    assert "Sign in" in found  # a template
    assert "Enter your password." in found  # a form, lazily
    assert "If you did not expect this mail, you need not do anything." in found  # a mail


def test_a_missing_a_fuzzy_and_a_contradicting_translation_are_told(
    translations, tmp_path, monkeypatch
):
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    monkeypatch.setattr(translations, "FRAGMENTS", tmp_path)
    (tmp_path / "a.ja.po").write_text(
        header + 'msgid "Save"\nmsgstr "保存"\n\n#, fuzzy\nmsgid "Close"\nmsgstr "閉じる"\n'
        '\nmsgid "Open %(name)s"\nmsgstr "開く %(nome)s"\n',
        encoding="utf-8",
    )
    (tmp_path / "b.ja.po").write_text(header + 'msgid "Save"\nmsgstr "セーブ"\n', encoding="utf-8")
    found = "\n".join(translations.problems())
    assert "'Close' has no finished translation" in found
    assert "'Save' is translated otherwise in a.ja.po" in found
    assert "'Sign in' has no translation" in found
    assert "a.ja.po: 'Open %(name)s'" in found


def test_what_is_said_of_one_and_elsewhere_of_many_does_not_tell_how_many(
    translations, tmp_path, monkeypatch
):
    """In Japanese both have one form: said of one thing, nothing would fill its gap."""
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    many = 'msgid "Saved."\nmsgid_plural "Saved %(num)s."\nmsgstr[0] '
    monkeypatch.setattr(translations, "FRAGMENTS", tmp_path)
    for japanese, is_told in (("%(num)s件を保存しました。", True), ("保存しました。", False)):
        (tmp_path / "a.ja.po").write_text(header + f'{many}"{japanese}"\n', encoding="utf-8")
        found = "\n".join(translations.problems())
        assert ("'Saved.' is said of one and of many elsewhere" in found) is is_told


def test_the_compiled_catalog_holds_every_fragment(translations, tmp_path, monkeypatch):
    from babel.support import Translations

    compiled = tmp_path / "ja" / "LC_MESSAGES" / "messages.mo"
    monkeypatch.setattr(translations, "COMPILED", compiled)
    assert translations.compile_catalog() == 0
    catalog = Translations.load(str(tmp_path), ["ja"])
    assert catalog.gettext("Sign out") == "サインアウト"
    assert catalog.gettext("Sign in") == "サインイン"
