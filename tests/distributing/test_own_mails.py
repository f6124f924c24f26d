"""What e-mails of a survey say in words of its own."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

PAGE = "/surveys/nps/invitations/mail"
WORDS = {
    "sender": "Aiko at Acme",
    "reply_to": "aiko@acme.example",
    "subject-ja": "{name} 様へ、{workspace}より",
    "intro-ja": "一行目です。\n<b>二行目</b>です。",
}


@pytest.fixture
def product(staff, api):
    """A product manager, and a published survey."""
    api.survey()
    return staff("product")


@pytest.fixture
def sent(product, api, send_mail, tmp_path):
    """The mail that a person gets: `sent("ja")`."""

    def mail(locale: str, name: str = "森 愛子", email: str = "mori@example.com"):
        contact = {"email": email, "locale": locale, "name": name}
        asked = {"survey": "nps", "channel": "email", "contact": contact}
        assert api.post("/api/v1/invitations", asked).status_code == 201
        send_mail()
        (path,) = (tmp_path / "mail").glob("*.eml")
        content = path.read_bytes()
        path.unlink()
        return message_from_bytes(content, policy=policy.default)

    return mail


def test_own_words_stand_in_the_mail_and_the_rest_is_as_ever(product, sent):
    answer = product.post(PAGE, WORDS | {"revision": "0"})
    assert answer.status_code == 303
    mail = sent("ja")
    assert mail["Subject"] == "森 愛子 様へ、Acmeより"
    assert str(mail["From"].addresses[0].display_name) == "Aiko at Acme"
    assert mail["Reply-To"].addresses[0].addr_spec == "aiko@acme.example"
    html = mail.get_body(("html",)).get_content()
    assert "一行目です。<br />&lt;b&gt;二行目&lt;/b&gt;です。" in html
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "一行目です。\n<b>二行目</b>です。" in text
    assert "配信を停止する" in text
    english = sent("en", email="ken@example.com")
    assert english["Subject"] == "One question from Acme"
    assert str(english["From"].addresses[0].display_name) == "Aiko at Acme"


def test_the_preview_says_them_and_the_form_has_them_again(product):
    product.post(PAGE, WORDS | {"revision": "0"})
    assert "一行目です。" in product.get("/surveys/nps/invitations/preview?lang=ja").text
    assert "二行目" in product.get(PAGE).text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"reply_to": "nobody"}, "This is no e-mail address."),
        ({"reply_to": "aiko@acme..example"}, "This is no e-mail address."),
        ({"reply_to": "愛子@acme.example"}, "This is no e-mail address."),
        ({"subject-ja": "あ" * 151}, "Use at most 150 characters."),
        ({"subject-en": "a\x07b"}, "Use one line"),
        ({"sender": "Acme\r\nBcc: all@example.com"}, "Use one line"),
        ({"intro-ja": "{nmae} 様"}, "{nmae} is not filled here"),
        ({"intro-en": "Dear {account}"}, "{account} is not filled here"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_typed_is_lost(product, wrong, words):
    answer = product.post(PAGE, WORDS | wrong | {"revision": "0"})
    assert answer.status_code == 422
    assert words in answer.text
    assert "一行目です。" in answer.text or "intro-ja" in wrong
    assert 'name="revision" value="0"' in product.get(PAGE).text


def test_two_people_do_not_write_over_one_another(product):
    product.post(PAGE, WORDS | {"revision": "0"})
    other = product.post(PAGE, {"sender": "Ken", "revision": "0"})
    assert other.status_code == 409
    assert "Somebody changed this mail meanwhile." in other.text
    assert 'value="Ken"' in other.text
    assert product.post(PAGE, {"sender": "Ken", "revision": "1"}).status_code == 303
