"""What counts as personal data in a comment: one finder a kind.

Each takes a probe — normalised text, in which every kind of dash is "-" — and yields bounds in
it. Linear time throughout: patterns start at a rare character and repeat in bounds, possessively.
Careful on the other side too: order numbers, dates, prices, versions and ticket ids must stay.
Postal addresses are in `nlp.postal_addresses`.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

Bounds = tuple[int, int]

# --- links and secrets ------------------------------------------------------------------------

# In links Japanese letters are written %E3…: raw ones are the sentence that goes on after it.
_PARAMETER = re.compile(
    r"[?&#;]([\w.\-\[\]%]{1,40})=([!$%(-+\--:=@-Z^-z|~]{3,2000}+|[^&#;\s\"'<>\[\]、。」』】)]{3,2000})"
)
# The last word of a parameter's name: access_token, X-Amz-Signature, apiKey; not author, monkey.
_SECRET_NAME = re.compile(
    r"(?:token|secret|password|passwd|pwd|passcode|api[-_]?key|access[-_]?key(?:[-_]?id)?|signature"
    r"|credentials?|session[-_]?id|jwt|otp|sso|saml|assertion|authorization|oauth"
    r"|(?:^|[-_.\[])(?:key|sig|auth|session|sid|bearer)|^(?:code|hash|hmac|sas|pin|pass))\]?\Z"
)
_USERINFO = re.compile(r"://([^/?#@\s:]{0,100}:[^/?#@\s]{1,200}|[\w\-]{16,200})@")
_PATH = re.compile(r"https?://[^\s?#\"'<>、。」』]{1,2000}")
_LONG_SEGMENT = re.compile(r"/([a-z0-9_\-]{32,500})(?![a-z0-9_\-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Shapes that issuers gave their keys, wherever they stand; text is in lower case here.
_KEY_SHAPE = re.compile(
    r"(?<![a-z0-9_\-])(?:eyj[a-z0-9_\-]{8,2000}+\.[a-z0-9_\-]{4,4000}+\.[a-z0-9_\-]{4,2000}+"
    r"|gh[pousr]_[a-z0-9]{20,255}|github_pat_[a-z0-9_]{20,255}|glpat-[a-z0-9_\-]{20,64}"
    r"|sk-[a-z0-9_\-]{20,200}|[rs]k_(?:live|test)_[a-z0-9]{16,200}|xox[abprs]-[a-z0-9\-]{10,200}"
    r"|akia[0-9a-z]{16}|aiza[a-z0-9_\-]{35})"
)
_SAID = re.compile(
    r"(?:password|passwd|api[ _\-]?key|secret|token|signature|bearer|パスワード|暗証番号)"
    r" ?[:=は]? ?([!-%'-;=?-Z^-~]{4,200})"
)


def secrets(probe: str) -> Iterator[Bounds]:
    """Values of tokens, keys and signatures in links, log-ins in links, well-known key shapes."""
    for match in _PARAMETER.finditer(probe):
        if _SECRET_NAME.search(match.group(1)):
            yield match.span(2)
    for match in _USERINFO.finditer(probe):
        yield match.span(1)
    for link in _PATH.finditer(probe):
        for match in _LONG_SEGMENT.finditer(link.group()):
            if _random(match.group(1)):
                yield link.start() + match.start(1), link.start() + match.end(1)
    for match in _KEY_SHAPE.finditer(probe):
        yield match.span()
    for match in _SAID.finditer(probe):
        said = match.group(1).rstrip(".,;!?)")
        marked = match.group()[: -len(match.group(1))].rstrip()[-1:] in (":", "=", "は")
        if (marked and re.search(r"\d", said)) or (len(said) >= 20 and _random(said)):
            yield match.start(1), match.start(1) + len(said)


def _random(text: str) -> bool:
    """Letters and digits mixed, and not a UUID: ids of pages and orders stay."""
    digits = sum(c.isdigit() for c in text)
    return 4 <= digits <= len(text) - 4 and not _UUID.fullmatch(text)


# --- e-mail -----------------------------------------------------------------------------------

_LETTER = "a-z0-9à-ɏ"
_OPEN, _CLOSE = r"[\[({<【「]", r"[\])}>】」]"
# What people write for @ so that machines do not see it. A bare " at " counts only with " dot ",
# or where an address is being given.
_AT = re.compile(
    rf"@|%40|[★☆◎]| ?{_OPEN} ?(?:at|アット|アットマーク|あっと|@) ?{_CLOSE} ?"
    r"|(?<=[a-z0-9])アットマーク(?=[a-z0-9])| at "
)
_DOT = (
    rf"(?:\.| ?{_OPEN} ?(?:dot|ドット|どっと|\.) ?{_CLOSE} ?| dot |(?<=[a-z0-9])ドット(?=[a-z0-9]))"
)
_LOCAL = re.compile(
    rf"(?:[{_LETTER}_\-]{{1,30}}(?: dot | ?{_OPEN} ?dot ?{_CLOSE} ?)){{0,2}}"
    rf"[{_LETTER}.!#$%&'*+/=?^_`{{|}}~\-]{{1,64}}\Z"
)
_DOMAIN = re.compile(
    rf"(?:[{_LETTER}](?:[{_LETTER}\-]{{0,62}}){_DOT}){{1,8}}(?:xn--[a-z0-9\-]{{2,59}}|[a-z]{{2,24}})"
    r"|[ぁ-ゖァ-ヺー一-鿿]{1,30}\.[a-z]{2,24}"
)
_LOCAL_START = "=?&/#'`{|}!*^~$%+."  # what stands before an address more often than in one
# "look at example dot com" names a page.
_NO_NAME = re.compile(
    r"look(?:ed|ing)?|seen?|is|are|was|were|be|been|me|us|you|it|here|hosted|found|live|available|up"
    r"|in|out|(?:web)?site|pages?|shop|bought|buy|ordered|sign(?:ed)?|work(?:ing)?|visit(?:ed)?"
    r"|registered|log(?:in|ged)?|online|stuff|docs|read|app|this|that|one|and|arrived?|meet|met"
    r"|start(?:ed)?|only|also|not|now"
)
_GIVES_MAIL = re.compile(r"(?:mail|contact|reach|write|address)\b[^@\n]{0,30}\Z")


def emails(probe: str) -> Iterator[Bounds]:
    """E-mail addresses, written with @, %40, (at), ★, or as "name at example dot com"."""
    last = 0
    for at in _AT.finditer(probe):
        domain = _DOMAIN.match(probe, at.end())
        local = _LOCAL.search(probe[max(last, at.start() - 64) : at.start()])
        if domain is None or local is None:
            continue
        name = local.group()
        for mark in "=?&/":  # taken from a link: ?mail=a@b.example
            name = name.rsplit(mark, 1)[-1]
        name = name.lstrip(_LOCAL_START)
        start = at.start() - len(name)
        if at.group() == " at " and not _spelled_out(probe, name, start, domain.group()):
            continue
        if at.group() in "★☆◎" and not re.match(r"[a-z]", name):
            continue
        if name:
            last = domain.end()
            yield start, last


def _spelled_out(probe: str, name: str, start: int, domain: str) -> bool:
    """Whether "name at domain" gives an address, and not where something is."""
    if _NO_NAME.fullmatch(name) or not re.fullmatch(r"[a-z0-9][\w.\-+ ]*", name):
        return False
    named = _GIVES_MAIL.search(probe[max(0, start - 48) : start])
    return bool(named) or bool(re.search(r"\bdot\b", domain))


# --- numbers ----------------------------------------------------------------------------------

_NUMBER = re.compile(r"\+?\(?\d(?:[\-. ()]{0,2}+\d)++")
_GROUP = re.compile(r"\d++")
_PHONE_GROUP = re.compile(r"\+?\(?\d++")
# Right before a number: it is the name of a thing, not of a person.
_NAMES_A_THING = re.compile(
    r"(?:order|invoice|ticket|case|ref(?:erence)?|tracking|serial|part|sku|isbn|jan|asin|id|no"
    r"|注文|伝票|請求書?|受付|管理|追跡|商品|製品|型番|品番|会員|顧客|契約|予約|チケット|案件|整理|お?問い?合わ?せ)"
    r"(?:番号|コード|id|ナンバー| ?number| ?no)?[ :.#は=の]{0,4}\Z|#\Z"
)
_NAMES_A_PHONE = re.compile(
    r"(?:\b(?:tel|phone|fax|mobile|cell|call|whatsapp)|電話|携帯|ファックス|連絡先|直通|内線)"
    r"(?:番号| ?number| ?no| me at| us at)?[ :.)は=(]{0,4}\Z"
)
_BEFORE = 24  # characters looked at before a number
_DATE = re.compile(r"(?:19|20)\d\d[\-./ ]?[01]\d[\-./ ]?[0-3]\d(?!\d)")


def _loose(probe: str, start: int, end: int) -> bool:
    """Whether a number stands for itself, and is no piece of "AB-0312…" or "1.2.3"."""
    before, after = probe[max(0, start - 2) : start], probe[end : end + 2]
    if re.search(r"[a-z0-9_][\-./_]?\Z|[.,]\Z", before) and not before.endswith(" "):
        return False
    return not re.match(r"[a-z0-9_%]|[\-.,/:][a-z0-9]", after)


def _groups(probe: str) -> Iterator[list[Bounds]]:
    """Numbers as written: the groups of digits that single separators hold together."""
    for number in _NUMBER.finditer(probe):
        yield [group.span() for group in _GROUP.finditer(probe, *number.span())]


def _windows(
    probe: str, layouts: frozenset[tuple[int, ...]], separators: str
) -> Iterator[tuple[Bounds, str]]:
    """Runs of digit groups of a layout as (4, 4, 4), with one separator kind between."""
    longest = max(map(len, layouts))
    fewest = min(map(sum, layouts))
    for groups in _groups(probe):
        at = 0 if sum(end - start for start, end in groups) >= fewest else len(groups)
        while at < len(groups):
            for size in range(longest, 0, -1):
                chosen = groups[at : at + size]
                lengths = tuple(end - start for start, end in chosen)
                span = chosen[0][0], chosen[-1][1]
                between = {probe[a[1] : b[0]] for a, b in pairwise(chosen)}
                if len(chosen) < size or lengths not in layouts or len(between) > 1:
                    continue
                if between <= set(separators) and _loose(probe, *span):
                    yield span, "".join(probe[start:end] for start, end in chosen)
                    at += size - 1
                    break
            at += 1


_CARD_LAYOUTS = frozenset(
    [(n,) for n in range(13, 20)]
    + [(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (4, 4, 4, 1)]
)


def cards(probe: str) -> Iterator[Bounds]:
    """Card numbers: an issuer's first digits, a layout cards are printed in, Luhn check."""
    for span, digits in _windows(probe, _CARD_LAYOUTS, " -."):
        if _issuer(digits) and luhn(digits) and not (len(digits) == 13 and ean13(digits)):
            yield span


def _issuer(digits: str) -> bool:
    if digits[0] == "2":
        return len(digits) == 16 and 2221 <= int(digits[:4]) <= 2720
    return digits[0] in "3456" and len(set(digits)) > 1


def luhn(digits: str) -> bool:
    """Luhn check of ISO/IEC 7812-1.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    doubled = (sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def ean13(digits: str) -> bool:
    """Check digit of an article number; Japanese ones start with 45 and 49, as some cards do."""
    return (sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))) % 10 == 0


_MY_NUMBER_LAYOUTS = frozenset([(12,), (4, 4, 4)])
_FOURS_BEFORE = re.compile(r"(?:(?<!\d)\d{4}[ \-]){1,4}\Z")
_FOURS_AFTER = re.compile(r"^(?:[ \-]\d{4}(?!\d)){1,4}")


def my_numbers(probe: str) -> Iterator[Bounds]:
    """Japanese individual numbers: twelve digits with a right check digit."""
    for (start, end), digits in _windows(probe, _MY_NUMBER_LAYOUTS, " -"):
        before = probe[max(0, start - _BEFORE) : start]
        # A fourth or fifth group of four: a card, not a number of a person.
        fours = _FOURS_BEFORE.findall(before) + _FOURS_AFTER.findall(probe[end : end + _BEFORE])
        whole = sum(map(len, fours)) % 15 == 0
        if my_number(digits) and whole and not _NAMES_A_THING.search(before):
            yield start, end


def my_number(digits: str) -> bool:
    """Check digit of a My Number.

    Source: 総務省令第八十五号 (2014), article 5: 11 - (sum P(n) * Q(n) mod 11), 0 when the rest
    is 0 or 1; n counts from the right, Q is n + 1 up to 6 and n - 5 beyond.

    >>> my_number("123456789018"), my_number("123456789012")
    (True, False)
    """
    weighted = sum(
        int(digit) * (n + 1 if n <= 6 else n - 5) for n, digit in enumerate(digits[10::-1], 1)
    )
    rest = weighted % 11
    return len(set(digits)) > 1 and int(digits[11]) == (0 if rest <= 1 else 11 - rest)


_S = r"(?:[\-. ]|\)[\- ]?| ?\()"  # between the groups of a telephone number
_JAPANESE_PHONE = re.compile(
    rf"\(?0(?:[5789]0{_S}\d{{4}}{_S}\d{{4}}|(?:120|800|570|990){_S}\d{{3}}{_S}\d{{3,4}}"
    rf"|(?=[\d\-. ()]{{9,15}})\d{{1,4}}{_S}\d{{1,4}}{_S}\d{{4}})(?!\d)"
)
_PLAIN_PHONE = re.compile(r"0(?:[5789]0\d{8}|\d{9})(?!\d)")
_WORLD_PHONE = re.compile(r"(?:\+|00(?=[1-9]))\(?\d(?:[\-. ()]{0,2}+\d){7,14}+")
_AMERICAN_PHONE = re.compile(r"(?:1[\-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[\-.])\d{3}[\-.]\d{4}(?!\d)")
_SPACED_AMERICAN_PHONE = re.compile(r"[2-9]\d\d [2-9]\d\d \d{4}(?!\d| \d)")
_SPACED_PHONE = re.compile(r"(?:\(0\d{1,4}\) ?|0\d{1,4}[ \-])\d{2,6}(?:[ \-]\d{2,6}){0,3}(?!\d)")
_SPACED_REGIONS = ("GB", "FR", "DE", "AU", "JP")


def phones(probe: str) -> Iterator[Bounds]:
    """Telephone numbers: Japanese, with a country code, American, or named as such."""
    for number in _NUMBER.finditer(probe):
        last = number.start()
        for group in _PHONE_GROUP.finditer(probe, *number.span()):
            if group.start() < last:
                continue
            end = _phone(probe, group.start(), number.end())
            if end is not None:
                yield group.start(), end
                last = end


def _phone(probe: str, at: int, limit: int) -> int | None:
    """End of the telephone number that begins at a position, or None."""
    before = probe[max(0, at - _BEFORE) : at]
    named = bool(_NAMES_A_PHONE.search(before))
    world = _WORLD_PHONE.match(probe, at, limit)
    if world and (end := _world_phone_end(probe, world)):
        return end
    kinds: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
        (_JAPANESE_PHONE, _japanese_length),
        (_PLAIN_PHONE, lambda _: named or not _NAMES_A_THING.search(before)),
        (_AMERICAN_PHONE, lambda _: True),
        (_SPACED_AMERICAN_PHONE, lambda _: named or not _NAMES_A_THING.search(before)),
        (_SPACED_PHONE, _valid_somewhere),
    )
    for pattern, accepted in kinds:
        match = pattern.match(probe, at, limit)
        alone = match is not None and _loose(probe, at, match.end())
        if match and alone and accepted(re.sub(r"\D", "", match.group())):
            return match.end()
    if named and probe[at].isdigit() and not _DATE.match(probe, at):
        digits = re.sub(r"\D", "", probe[at:limit])
        if 7 <= len(digits) <= 15:
            return limit
    return None


def _japanese_length(digits: str) -> bool:
    mobile = digits[:3] in ("050", "070", "080", "090") or digits[:4] == "0800"
    return len(digits) == (11 if mobile else 10)


def _world_phone_end(probe: str, written: re.Match[str]) -> int | None:
    """Where a number with a country code ends: another number may follow after a space."""
    plus = written.group()[0] == "+"
    fallback = None
    ends = [group.end() for group in _GROUP.finditer(probe, *written.span())]
    for end in reversed(ends):
        digits = re.sub(r"\D", "", probe[written.start() : end])
        valid, possible = _judge_abroad(digits if plus else digits[2:])
        if not _loose(probe, written.start(), end):
            continue
        if valid:
            return end
        if possible and plus and fallback is None:
            fallback = end
    return fallback


@functools.lru_cache(maxsize=4096)
def _judge_abroad(digits: str) -> tuple[bool, bool]:
    """(valid, possible) for a country code and number; made-up numbers are only possible."""
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + digits, None)
    except phonenumbers.NumberParseException:
        return False, False
    possible = phonenumbers.is_possible_number(number)
    return bool(possible and phonenumbers.is_valid_number(number)), bool(possible)


@functools.lru_cache(maxsize=4096)
def _valid_somewhere(digits: str) -> bool:
    import phonenumbers

    if not 9 <= len(digits) <= 11:
        return False
    return any(
        phonenumbers.is_valid_number(phonenumbers.parse(digits, region))
        for region in _SPACED_REGIONS
    )


# --- network addresses ------------------------------------------------------------------------

_IP4 = re.compile(r"(?<![a-z0-9_.\-])\d{1,3}(?:\.\d{1,3}){3}(?![a-z0-9_\-]|\.[a-z0-9])")
_VERSION_WORD = (
    r"(?:\bv|\bver(?:sion)?s?\b|\bbuild|\breleases?|\bfirmware|\bsdk|\bapp|\bdriver|\bpatch|\bchrome"
    r"|\bfirefox|\bsafari|\bedge|\bios|\bandroid|\bwindows|\bmacos|バージョン|ビルド|ファームウェア"
    r"|ファーム|リリース|アップデート|アプリ)"
)
_NUMBERED_PART = r"(?:chapter|section|clause|figure|fig\.|table|step|item|§|第|章|節|項|条)"
_VERSION = re.compile(rf"(?:{_VERSION_WORD}|{_NUMBERED_PART})[ .:はが#]{{0,3}}\Z")
_VERSION_AFTER = re.compile(rf" ?{_VERSION_WORD}")
# "from 2.5.10.3 to 2.5.11.0": the second stands near the first.
_ON_TO_THE_NEXT = re.compile(r"(?:[ ,/、→>~\-]| to | and | or |から|と|より){1,4}\Z")
_OF_VERSIONS = re.compile(
    r"\b(?:upgrad|updat|downgrad|version|releas|firmware|install|roll(?:ed)? ?back|patch)"
    r"|\b(?:build|section|chapter)|バージョン|更新|アップデート|アプリ|リリース|版|(?:上げ|下げ|戻し)(?:た|て|る|ま)"
)
_IP6 = re.compile(r"(?<![a-z0-9_:.])[0-9a-f:][0-9a-f:.]{2,44}+(?![a-z0-9_:])")


def ips(probe: str) -> Iterator[Bounds]:
    """IP addresses; "version 1.2.3.4", times of day and names with :: are none."""
    version_until = -1
    for match in _IP4.finditer(probe):
        octets = [int(octet) for octet in match.group().split(".")]
        if _is_version(probe, match, octets, version_until):
            version_until = match.end()
        elif max(octets) < 256:
            yield match.span()
    for match in _IP6.finditer(probe):
        written = match.group().rstrip(".")
        if written.count(":") >= 2 and _is_ip6(written):
            yield match.start(), match.start() + len(written)


def _is_version(probe: str, written: re.Match[str], octets: list[int], last: int) -> bool:
    """Whether four numbers with dots are a version: a word says so, or the one before them was.

    last: where the version before them ended. An address of four small numbers is rare, but for
    10.0.0.1 and the like: for those a word near by is enough.
    """
    start, end = written.span()
    before = probe[max(0, start - _BEFORE) : start]
    after = probe[end : end + _BEFORE]
    if _VERSION.search(before) or _VERSION_AFTER.match(after):
        return True
    if 0 <= last <= start <= last + 6 and _ON_TO_THE_NEXT.fullmatch(probe[last:start]):
        return True
    near = probe[max(0, start - 2 * _BEFORE) : start] + after
    small = max(octets) < 50 and octets[0] != 10
    return small and bool(_OF_VERSIONS.search(near))


def _is_ip6(written: str) -> bool:
    try:
        ipaddress.IPv6Address(written)
    except ValueError:
        return False
    groups = [group for group in written.split(":") if group]
    if all(len(group) < 3 and group.isdigit() for group in groups):
        return written == "::1"  # a time of day, a count
    telling = written[0] in "23f" or "." in written
    return telling or len(groups) >= 3
