"""Telephone numbers in the one form in which they are kept and compared: E.164, +819012345678.

What counts as a number, and as one that takes text messages, is what numbering plans say
(`phonenumbers`, Google's metadata of them).
"""

from __future__ import annotations

MAX_TYPED = 40  # characters: the longest number with all its blanks and brackets


def normalised(text: str, *, region: str = "") -> str:
    """A number as somebody writes it, in E.164.

    region: ISO 3166 code of the country whose numbers may stand without their country's code;
    empty: none may. Full-width digits, blanks, hyphens, brackets and "tel:" are taken. Raises
    ValueError, in words that quote nothing.

    >>> normalised("+81 (0)90-1234-5678"), normalised("０９０−１２３４−５６７８", region="JP")
    ('+819012345678', '+819012345678')
    >>> normalised("090-1234-5678")
    Traceback (most recent call last):
    ValueError: expected a telephone number with its country's code, such as +819012345678
    >>> normalised("+81 12")
    Traceback (most recent call last):
    ValueError: no such telephone number can exist
    """
    import phonenumbers  # 1 MB of tables, only where numbers are written

    plain = text.strip()
    if len(plain) > MAX_TYPED:
        raise ValueError(f"expected at most {MAX_TYPED} characters")
    try:
        number = phonenumbers.parse(plain, region or None)
    except phonenumbers.NumberParseException as exc:
        wanted = "a telephone number"
        if not region:
            wanted += " with its country's code, such as +819012345678"
        raise ValueError(f"expected {wanted}") from exc
    if number.extension:
        raise ValueError("expected a number without an extension")
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no such telephone number can exist")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def takes_texts(number: str) -> bool:
    """Whether text messages can arrive there, as far as its numbering plan tells. number: E.164.

    >>> takes_texts("+819012345678"), takes_texts("+81312345678"), takes_texts("+12015550123")
    (True, False, True)
    """
    import phonenumbers

    kinds = phonenumbers.PhoneNumberType
    wired = {
        kinds.FIXED_LINE, kinds.TOLL_FREE, kinds.PREMIUM_RATE, kinds.SHARED_COST, kinds.UAN,
        kinds.VOICEMAIL,
    }  # fmt: skip
    return phonenumbers.number_type(phonenumbers.parse(number, None)) not in wired


def readable(number: str) -> str:
    """As people write it abroad. number: E.164.

    >>> readable("+819012345678")
    '+81 90-1234-5678'
    """
    import phonenumbers

    shown = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(phonenumbers.parse(number, None), shown))


_BETWEEN = r"[\s()（）.・/‐-―ー－-]*"


def how_written(number: str) -> str:
    """A regular expression for the ways in which people write a number into a text: with or
    without its country's code, its parts apart or together. number: E.164.

    >>> import re
    >>> found = re.compile(how_written("+819012345678"))
    >>> [bool(found.search(text)) for text in ("call 090-1234-5678", "+81 (0)90 1234 5678.",
    ...                                        "０９０（１２３４）５６７８", "1090123456789")]
    [True, True, True, False]
    """
    import phonenumbers

    parsed = phonenumbers.parse(number, None)
    national = phonenumbers.national_significant_number(parsed)
    digits = _BETWEEN.join(map(_any_width, national))
    code = _BETWEEN.join(map(_any_width, str(parsed.country_code)))
    begins = rf"(?:[+＋]?{_BETWEEN}{code}{_BETWEEN})?(?:[(（]?[0０][)）]?{_BETWEEN})?"
    return rf"(?<!\d){begins}{digits}(?!\d)"


def _any_width(digit: str) -> str:
    return f"[{digit}{chr(ord(digit) - ord('0') + ord('０'))}]"
