"""What is new in a reply is told from what it quotes."""

from __future__ import annotations

import pytest

from nlp.replies import split_reply, text_of_html

NEW = "Thank you, Tuesday at 10 suits me.\n\nMika"


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 2 Nov 2026 at 10:00, Aiko – Acme <survey@example.com> wrote:\n> Hello\n> Mika",
        "On Mon, 2 Nov 2026 at 10:00, Aiko – Acme\n<survey@example.com> wrote:\n\n> Hello",
        "2026年11月2日(月) 10:00 Aiko <survey@example.com>:\n\n> こんにちは",
        "2026/11/02 10:00、Aiko <survey@example.com>のメール:\n> こんにちは",
        "-----Original Message-----\nFrom: Aiko\n\nHello",
        "________________________________\nFrom: Aiko\nHello",
        "From: Aiko <survey@example.com>\nSent: Monday\nTo: Mika\nSubject: Hello\n\nHello Mika",
        "差出人: Aiko\n送信日時: 2026年11月2日\n宛先: Mika\n件名: ご回答\n\nこんにちは",
        "> Hello\n> Mika\n",
    ],
)
def test_a_quotation_below_the_answer_is_told_apart(quoted):
    assert split_reply(f"{NEW}\n\n{quoted}") == (NEW, quoted.strip())


@pytest.mark.parametrize(
    "text",
    [
        "",
        NEW,
        "> Hello\n> Mika\n\nHere is my answer below",
        "> When?\n\nTuesday\n\n> Where?\n\nHere",
        "2026年11月30日に以下をお願いします：\n・再送\n・返金",
        "From: here it goes wrong\nand then again",
        "On Monday it broke, and my colleague wrote: nothing works",
    ],
)
def test_what_is_not_surely_a_quotation_stays(text):
    assert split_reply(text) == (text.strip(), "")


def test_a_page_becomes_lines():
    html = "<title>x</title><div>Hello<br>Mika &lt;3</div><script>x()</script><p>Bye</p>"
    assert text_of_html(html) == "Hello\nMika <3\n\nBye"


def test_a_long_line_costs_little():
    assert split_reply("On " + "a " * 200_000) == (("On " + "a " * 200_000).strip(), "")
