"""What e-mails of a survey say in words of its own."""

from __future__ import annotations

from email import message_from_bytes, policy
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

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


MAIL = "/api/v1/surveys/nps/mail"


def test_machines_read_and_write_them_too(product, api, sent):
    assert api.get(MAIL).json == {
        "sender": "", "reply_to": "", "remind_after": None, "words": {}, "revision": 0,
    }  # fmt: skip
    said = {"sender": "Aiko", "words": {"ja": {"subject": "お伺いします"}}}
    answer = api.put(MAIL, said)
    assert (answer.status_code, answer.json["revision"]) == (200, 1)
    assert sent("ja")["Subject"] == "お伺いします"
    assert "お伺いします" in product.get(PAGE).text
    assert api.put(MAIL, said | {"revision": 0}).status_code == 409
    assert api.put(MAIL, said | {"revision": 1}).json["revision"] == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reply_to": "nobody"}, "reply_to"),
        ({"words": {"fr": {"intro": "Bonjour"}}}, "words.fr"),
        ({"words": {"en": {"intro": "Dear {account}"}}}, "words.en.intro"),
        ({"remind_after": 31}, "remind_after"),
        ({"remind_after": "3"}, "remind_after"),
    ],
)
def test_machines_hear_which_field_is_wrong(product, api, wrong, field):
    answer = api.put(MAIL, wrong)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert api.get(MAIL).json["revision"] == 0


def picture(width: int, height: int, kind: str = "PNG", **more) -> BytesIO:
    held = BytesIO()
    Image.new("RGB", (width, height), "#0b6e6e").save(held, kind, **more)
    return BytesIO(held.getvalue())


def upload(browser, file: BytesIO, **typed):
    form = WORDS | {"revision": "0", "logo": (file, "logo.png")} | typed
    return browser.post(PAGE, form, content_type="multipart/form-data")


def test_a_logo_stands_in_the_mail_itself_and_leads_nowhere(product, sent):
    assert upload(product, picture(960, 160, "JPEG")).status_code == 303
    mail = sent("ja")
    html = mail.get_body(("html",)).get_content()
    assert 'src="cid:logo@survey"' in html
    assert 'alt="Aiko at Acme"' in html
    assert "http" not in html.split("<img", 1)[1].split(">", 1)[0]
    (logo,) = (part for part in mail.walk() if part.get_content_type() == "image/png")
    assert (logo["Content-ID"], logo.get_content_disposition()) == ("<logo@survey>", "inline")
    kept = Image.open(BytesIO(logo.get_payload(decode=True)))
    assert kept.size == (480, 80)  # twice of what is shown, which fits into 240 x 80
    assert mail.get_content_type() == "multipart/alternative"
    assert "data:image/png;base64," in product.get("/surveys/nps/invitations/preview/html").text


def test_nothing_of_the_file_but_its_pixels_is_kept(product, sent):
    secret = PngInfo()
    secret.add_text("Comment", "taken at 35.6N 139.7E")
    assert upload(product, picture(100, 40, pnginfo=secret)).status_code == 303
    (logo,) = (part for part in sent("ja").walk() if part.get_content_type() == "image/png")
    content = logo.get_payload(decode=True)
    assert b"taken at" not in content
    assert Image.open(BytesIO(content)).size == (100, 40)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg onload=alert(1)>", "Choose a PNG, JPEG, GIF or WebP picture."),
        (picture(50, 50).getvalue()[:60], "Choose a PNG, JPEG, GIF or WebP picture."),
        (picture(5000, 5000).getvalue(), "at most 20 million pixels"),
        (b"\x00" * 2_000_001, "at most 2 MB"),
        (b"", "Choose a PNG, JPEG, GIF or WebP picture."),
    ],
)
def test_what_is_no_fit_picture_is_refused_and_the_words_stay(product, content, words):
    answer = upload(product, BytesIO(content))
    assert answer.status_code == 422
    assert words in answer.text
    assert "一行目です。" in answer.text


def test_a_logo_stays_until_it_is_taken_away(product, sent):
    upload(product, picture(100, 40))
    product.post(PAGE, WORDS | {"revision": "1"})
    assert "cid:logo" in sent("ja").get_body(("html",)).get_content()
    product.post(PAGE, WORDS | {"revision": "2", "no_logo": "1"})
    assert "cid:logo" not in sent("ja", email="o@example.com").get_body(("html",)).get_content()


def test_the_mail_can_be_seen_as_for_a_contact(product, api):
    product.post(PAGE, WORDS | {"revision": "0"})
    contact = {"external_id": "u1", "email": "Mori@example.com", "name": "森 愛子", "locale": "ja"}
    api.post("/api/v1/contacts", contact)
    page = product.get("/surveys/nps/invitations/preview?to=mori@example.com")
    assert "森 愛子 様へ、Acmeより" in page.text
    assert "Nothing stands against it." in page.text
    assert "No contact has this address" not in page.text
    unknown = product.get("/surveys/nps/invitations/preview?to=nobody@example.com")
    assert "No contact has this address" in unknown.text
