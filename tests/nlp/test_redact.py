"""Personal data goes, everything else stays byte for byte."""

import io
import json
import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import redaction
from benchmarks.redaction import PRECISION, RECALL, measure
from nlp import redact as module
from nlp.personal_data import luhn, my_number
from nlp.redact import KINDS, find, redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("連絡先はtaro.yamada+x@example.co.jpまで。", "連絡先は[email]まで。"),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ です", "[email] です"),
        ("<mailto:hanako@example.com>", "<mailto:[email]>"),
        ("write to taro (at) example.com", "write to [email]"),
        ("t\u200baro@exa\u200bmple.com", "[email]"),
        ("090-1234-5678、０９０ー１２３４ー５６７８", "[phone]、[phone]"),
        ("03(1234)5678 / (03)1234-5678 / 0120-444-444", "[phone] / [phone] / [phone]"),
        ("電話は09012345678です", "電話は[phone]です"),
        ("TEL：０３－１２３４－５６７８", "TEL：[phone]"),
        ("+81 90 1234 5678 or +1 (415) 555-2671", "[phone] or [phone]"),
        ("(415) 555-2671, 415-555-2671, 020 7946 0958", "[phone], [phone], [phone]"),
        ("Tel: 555-0199", "Tel: [phone]"),
        ("+81-90-1234-5678 090 1234 5678", "[phone] [phone]"),
        ("0044 20 7946 0958, tel:+14155552671", "[phone], tel:[phone]"),
        ("090-1234-5678\n090-1234-5678", "[phone]\n[phone]"),
        ("4111 1111 1111 1111 4111-1111-1111-1111", "[card] [card]"),
        ("４１１１１１１１１１１１１１１１ / 3782 822463 10005", "[card] / [card]"),
        (
            "マイナンバーは1234 5678 9018、１２３４５６７８９０１８",
            "マイナンバーは[my_number]、[my_number]",
        ),
        ("〒150-0041 東京都渋谷区神南1-2-3 神南ビル101号室です", "[address]です"),
        ("〒１５０－００４１", "[address]"),
        ("大阪府大阪市北区梅田一丁目2番3号に住む", "[address]に住む"),
        ("渋谷区神南１－２－３", "[address]"),
        ("北海道札幌市中央区北1条西2丁目です", "[address]です"),
        ("京都市中京区寺町通御池上る上本能寺前町488番地です", "[address]です"),
        ("〒100-8111\n東京都千代田区千代田1-1", "[address]"),
        ("at 12 Main Street, Springfield, IL 62704.", "at [address]."),
        ("192.168.1.10, 2001:db8::1 １０．０．０．１", "[ip], [ip] [ip]"),
        ("IPは192.168.0.1です ::ffff:192.0.2.1", "IPは[ip]です [ip]"),
        ("[2001:db8::1]:80 10.0.0.1:8080", "[[ip]]:80 [ip]:8080"),
        ("https://e.com/r?token=abc123&lang=ja", "https://e.com/r?token=[secret]&lang=ja"),
        (
            "https://e.com/f?X-Amz-Signature=dead01&n=1",
            "https://e.com/f?X-Amz-Signature=[secret]&n=1",
        ),
        ("https://e.com/?api_key=K1K2K3&page=2", "https://e.com/?api_key=[secret]&page=2"),
        ("https://user:pa55@e.com/x", "https://[secret]@e.com/x"),
        ("https://e.com/u?m=taro%40example.com", "https://e.com/u?m=[email]"),
        ("password: hunter2", "password: [secret]"),
    ],
)
def test_personal_data_is_replaced_by_its_kind(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "order 20231124-0001, INV-090-1234-5678, TKT-2024-000123, ABC-1234-5678",
        "注文番号0312345678、250-1234567-1234567、伝票番号 123456789018",
        "2026-11-23 10:30, 2026/11/23, 20261123, 12:30:45, 1700000000",
        "¥12,800, 2,000,000円, $1,234.56, 99.99%, 0.1234567890",
        "v1.2.3, version 10.0.19.1, 1.5.2.0.1, 300.1.1.1",
        "std::vector, a::b, foo@bar, @airline, a.b@c",
        "4111 1111 1111 1112 and 123456789012",
        "JAN 4901234567894",
        "150-0001 個、市場区分1-2、2-3日、東京都の会社、8/10、NPS 9-10",
        "waited 20 minutes on the road, 24/7, 3-4 days",
        "the password is wrong, password reset failed, the api key does not work",
        "https://docs.example.com/how-to-set-up-your-notification-preferences-2?page=3&lang=ja",
        "https://example.com/?utm_campaign=keynote&monkey=1&keyword=test&author=bob&country_code=JP",
        "https://example.com/t/3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    ],
)
def test_numbers_that_name_things_stay(text):
    assert redact(text) == text


@pytest.mark.parametrize("valid", ["4242424242424242", "5555555555554444", "3530111333300000"])
def test_any_single_wrong_digit_fails_the_luhn_check(valid):
    assert luhn(valid)
    for at in range(len(valid)):
        for digit in "0123456789".replace(valid[at], ""):
            assert not luhn(valid[:at] + digit + valid[at + 1 :])


def test_exactly_one_check_digit_makes_a_my_number():
    for stem in ("12345678901", "98765432109", "10000000000"):
        assert sum(my_number(stem + digit) for digit in "0123456789") == 1


pieces = st.sampled_from(
    [
        "taro@example.jp", "090-1234-5678", "4111 1111 1111 1111", "１２３４５６７８９０１８",
        "〒150-0041 東京都渋谷区神南1-2-3", "10.0.0.1", "https://e.com/?token=abc123", "良い",
        " ", "\n", "、", "ﷺ", "か\u3099", "\x00", "\ud800", "👍🏽", "-", "+", "@", "1", "::", "=",
    ]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(pieces, max_size=12).map("".join)))
def test_all_text_between_findings_comes_back_as_it_was(text):
    found = find(text)
    rest, at, whole = redact(text), 0, ""
    for finding in found:
        assert finding.kind in KINDS
        assert at <= finding.start < finding.end <= len(text)
        whole += text[at : finding.start] + f"[{finding.kind}]"
        at = finding.end
    assert rest == whole + text[at:]


@settings(max_examples=200, deadline=None)
@given(st.lists(pieces, max_size=12).map("".join))
def test_redacting_twice_changes_nothing_more(text):
    once = redact(text)
    assert redact(once) == once


ADVERSARIAL = [
    "a", "@", "a@", "1 ", "1-", "090-", "4111 ", "(", "+81 90-1234-5678 ", "https://a/", "?token=",
    "://a:b", "北区", "東京都渋谷", "県市", "一", "ー", "ｶﾞ", "10.", "10.0.0.1 ", "a:", "f", "1a ",
    "12 a b c d ", "eyja.", "password:", "〒1500041", "a.b@c.", "%40", "ab1_", "a\u0301",
    "((((", "1 A ", "12 Aa Bb Cc ", "12 Main Street, Aa Bb, ", "Flat 1, ", "P.O. Box 1, A, ",
    "SW1A 2AA ", "1-2 Aa, ", "1-2-3 Aa Aa-ku, Bb-ku ", "a at b dot ", "dot ", "a★b.", "a(at)",
    "1.2.3.4→", "北1条西", "一丁目", "市一", "区あ1-2 ビル", "東京都市1-2メゾンあ 1", "zip code 1",
    "?key=é", "1 Main St, Suite 1, ", "?key=あ", "= ",
]  # fmt: skip


@pytest.mark.parametrize("unit", ADVERSARIAL)
def test_ten_times_the_text_takes_about_ten_times_as_long(unit):
    small, large = unit * (5_000 // len(unit)), unit * (50_000 // len(unit))

    def best(text: str) -> float:
        def once() -> float:
            started = time.process_time()
            find(text)
            return time.process_time() - started

        return min(once() for _ in range(2))

    # Quadratic would be a hundredfold; the constant keeps clock noise out.
    assert best(large) < 30 * best(small) + 0.02


def test_the_written_set_is_found_and_nothing_else():
    tally = measure()
    assert tally.written.total() > 400
    assert tally.recall() >= RECALL
    assert tally.precision() >= PRECISION
    for kind in tally.written:
        assert tally.recall(kind) >= 0.95, kind
        assert tally.precision(kind) >= 0.95, kind


def test_a_line_of_the_set_that_is_missed_counts_against_recall(monkeypatch):
    monkeypatch.setattr(redaction, "find", lambda text: [])
    assert redaction.measure().recall() == 0


def run(monkeypatch, arguments: list[str], given_bytes: bytes) -> tuple[int, bytes]:
    out = SimpleNamespace(buffer=io.BytesIO())
    monkeypatch.setattr(module.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(given_bytes)))
    monkeypatch.setattr(module.sys, "stdout", out)
    code = module.main(arguments)
    return code, out.buffer.getvalue()


def test_the_command_keeps_line_ends_and_bytes_that_are_no_utf8(monkeypatch):
    code, out = run(monkeypatch, [], b"\xef\xbb\xbfa\r\n\xff\xfe taro@example.jp\r\n\x00end")
    assert (code, out) == (0, b"\xef\xbb\xbfa\r\n\xff\xfe [email]\r\n\x00end")


def test_json_lines_keep_their_other_fields(monkeypatch):
    lines = '{"id": 1, "text": "電話 090-1234-5678"}\n\n{"text": "\\ud800 ok"}\n'
    code, out = run(monkeypatch, ["--jsonl"], lines.encode())
    first, blank, last = out.decode().splitlines()
    assert (code, blank) == (0, "")
    assert json.loads(first) == {"id": 1, "text": "電話 [phone]"}
    assert json.loads(last) == {"text": "\ud800 ok"}


@pytest.mark.parametrize("line", ["nonsense", "[1]", '{"text": 3}', "{}"])
def test_a_bad_line_is_named_by_its_number(monkeypatch, capsys, line):
    monkeypatch.setattr(module.sys, "stderr", err := io.StringIO())
    code, _ = run(monkeypatch, ["--jsonl"], f'{{"text": "fine"}}\n{line}\n'.encode())
    assert code == 2
    assert "line 2" in err.getvalue()
