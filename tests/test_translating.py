"""Texts in the language of the person who reads."""

import pytest
from flask_babel import force_locale, refresh

from vocapp.translating import current_locale, gettext, lazy_gettext, ngettext


@pytest.fixture
def render(app):
    with app.test_request_context():
        yield lambda source, **values: app.jinja_env.from_string(source).render(**values)


def test_a_text_follows_the_language_also_where_it_changes(app):
    with app.test_request_context(headers={"Accept-Language": "ja"}):
        assert gettext("Answers") == "回答数"
        with force_locale("en"):
            assert gettext("Answers") == "Answers"
            assert current_locale().language == "en"
        assert gettext("Answers") == "回答数"
        refresh()
        assert current_locale().language == "ja"


def test_a_lazy_text_is_another_one_for_each_reader(app):
    lazy = lazy_gettext("Answers")
    with app.test_request_context():
        for language, words in (("ja", "回答数"), ("en", "Answers")):
            with force_locale(language):
                assert str(lazy) == words


def test_where_nobody_reads_it_is_english():
    assert gettext("Answers") == "Answers"
    assert ngettext("%(num)s answer", "%(num)s answers", 2) == "2 answers"
    assert current_locale().language == "en"


def test_a_template_escapes_what_it_puts_into_a_text(render):
    shown = render("{% autoescape true %}{{ _('%(what)s & more', what='<b>') }}{% endautoescape %}")
    assert shown == "&lt;b&gt; & more"
    assert (
        render("{% autoescape false %}{{ _('%(what)s', what='<b>') }}{% endautoescape %}") == "<b>"
    )


def test_two_percent_signs_of_a_template_are_one(render):
    assert render("{{ _('95%% sure') }}") == "95% sure"
    assert render("{{ _('%(share)s of 95%%', share=1) }}") == "1 of 95%"
    assert render("{{ ngettext('%(num)s day, 5%%', '%(num)s days, 5%%', 1) }}") == "1 day, 5%"
