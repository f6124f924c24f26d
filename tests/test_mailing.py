"""Mail as files, and headers that no name can break."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from config import Settings
from vocapp.database import utcnow
from vocapp.mailing import Refused, address_of, compose, one_line, open_mailer


@pytest.fixture
def settings(tmp_path):
    return Settings(environment="test", data_dir=tmp_path, mail_url=f"file://{tmp_path / 'out'}")


def letter(settings, **fields):
    values = {
        "to": address_of("Aiko", "aiko@example.com"), "subject": "Hello", "text": "Body\n",
        "message_key": "m-1", "now": utcnow(),
    }  # fmt: skip
    return compose(settings=settings, **(values | fields))


def test_a_mail_is_one_whole_file_and_sending_it_again_does_not_make_two(settings, tmp_path):
    with open_mailer(settings) as mailer:
        for _ in range(2):
            mailer.send(letter(settings, subject="件名" * 60))
    (path,) = (tmp_path / "out").iterdir()
    assert path.name == "m-1.eml"
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert message["Subject"] == "件名" * 60
    assert path.stat().st_mode & 0o077 == 0


def test_what_the_hook_raises_keeps_the_mail_from_going_out(settings, tmp_path):
    def no():
        raise RuntimeError("not now")

    with pytest.raises(RuntimeError):
        open_mailer(settings).send(letter(settings), on_data=no)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["a\r\nBcc: x@example.com", "a\nb", "a\rb"])
def test_line_breaks_in_headers_are_refused(settings, text):
    with pytest.raises(ValueError, match="linefeed"):
        letter(settings, subject=text)
    with pytest.raises(ValueError, match="line break"):
        address_of(text, "aiko@example.com")
    with pytest.raises(ValueError, match="line break"):
        address_of("", f"{text}@example.com")
    assert "\n" not in one_line(text)


def test_a_domain_in_another_script_becomes_ascii():
    assert address_of("", "a@例え.jp").addr_spec == "a@xn--r8jz45g.jp"


@pytest.mark.parametrize(
    ("code", "reply", "bad"),
    [(550, b"5.1.1 no such user", True), (550, b"no such user", True),
     (550, b"5.7.1 policy", False), (552, b"5.2.2 full", False), (554, b"spam", False)],
)  # fmt: skip
def test_only_a_bad_address_is_never_written_to_again(code, reply, bad):
    assert Refused(code, reply).is_bad_address is bad
