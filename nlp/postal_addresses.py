"""Postal addresses in comments: Japanese ones, and those that English writes.

The finders take a probe as those of `nlp.personal_data` do; the ones for English take the same
text with its capital letters, because "12 Main Street" is an address and "20 minutes on the
road" is a wait. A town alone says where somebody is about as well as a language does: it stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Bounds = tuple[int, int]

_BEFORE = 24  # characters looked at before a number

# --- Japanese ---------------------------------------------------------------------------------

_KANJI = "一-鿿々ヶケノ"
_NUMERAL = "0-9一二三四五六七八九十"
_PREFECTURE = rf"(?:東京都|北海道|京都府|大阪府|[{_KANJI}]{{2,3}}県)"
_PLACE = rf"(?:[{_KANJI}ぁ-ゖァ-ヺー]|\d{{1,3}}[条線])"
# What follows a number of things, not of a house: 10-20個, 2-3日.
_COUNTER = "個件人名回円日時分秒年月週台社歳才点店枚本通倍割種度位%％kmgt"
_HOUSE = (
    rf"(?:[{_NUMERAL}]{{1,4}}(?:丁目|番地|番町?)(?:の?[{_NUMERAL}]{{1,4}}"
    rf"(?:番地|番|号|-)?){{0,3}}号?|\d{{1,4}}+(?:-\d{{1,4}}+){{1,3}}+(?![{_COUNTER}])"
    r"|(?P<bare>\d{1,5})(?=[ 、。,\n)」]|$|です|に|へ|まで|から|宛|を|が|は))"
)
_KIND_OF_BUILDING = (
    "(?:ビル|マンション|ハイツ|ハイム|コーポ|アパート|タワー|レジデンス|メゾン|荘|ハウス|パレス|コート|ヒルズ"
    "|プラザ|センター|シャトー|ヴィラ|ガーデン|スクエア|カーサ|グランド|団地|寮)"
)
_BUILDING = (
    r"(?: ?(?![はがをにでとのへもや])[一-鿿ァ-ヺー・a-zぁ-ゖ]{0,15}?"
    rf"{_KIND_OF_BUILDING}[一-鿿ァ-ヺー・a-z]{{0,12}}"
    r"(?: ?-?[a-z]?\d{1,4}(?![\d:/月日時分円]))?"
    r"| ?(?![はがをにでとのへもや])[一-鿿ァ-ヺー・a-z]{1,20}"
    r"(?:\d{1,2}(?:番館|号館|号棟))?(?= ?-?\d{1,4}(?:号室|階|f(?![a-z]))))?"
    r"(?:号室|号|階|f(?![a-z]))?(?: ?-?\d{1,4}(?:号室|階|f(?![a-z]))){0,2}"
)
_POSTAL = re.compile(r"〒 ?(\d{3}-?\d{4})(?!\d)|(?<![a-z0-9_\-])(\d{3}-\d{4})(?![\d\-])")
_NO_PARTICLE = "(?![のがをにはでともへや](?!宮|田|野|山|島|川|崎))"
_AFTER_POSTAL = re.compile(
    rf"[ \n、,]{{0,3}}{_PREFECTURE}?{_PLACE}{{1,8}}?[市区町村郡]{_PLACE}{{0,14}}"
    rf"(?: ?{_HOUSE}{_BUILDING})?"
)
_PREFECTURE_START = re.compile(
    rf"(?:東京都|北海道|京都府|大阪府|県){_NO_PARTICLE}({_PLACE}{{1,24}}?) ?{_HOUSE}{_BUILDING}"
)
_TOWN_START = re.compile(rf"[市区]{_NO_PARTICLE}({_PLACE}{{1,20}}?) ?({_HOUSE}){_BUILDING}")
_POSTAL_NAMED = re.compile(r"(?:郵便番号|住所|〒)[ :はが]{0,3}\Z")


def addresses(probe: str) -> Iterator[Bounds]:
    """Japanese postal codes with or without address, and addresses down to the house number."""
    for match in _POSTAL.finditer(probe):
        start, end = match.span()
        address = _AFTER_POSTAL.match(probe, end)
        named = match.group(1) or _POSTAL_NAMED.search(probe[max(0, start - _BEFORE) : start])
        if address:
            yield start, address.end()
        elif named:
            yield start, end
    for match in _PREFECTURE_START.finditer(probe):
        place = match.group(1)
        # "名古屋市の店舗は3": a number alone is that of a house only right behind a name.
        sentence = match.group("bare") and re.search("[ぁ-ゖ]", _KYOTO.sub("", place))
        if re.search("[市区町村郡]", place) and not sentence:
            yield (
                _place_start(probe, match.start(), 3 if match.group()[0] == "県" else 0),
                match.end(),
            )
    for match in _TOWN_START.finditer(probe):
        start = _place_start(probe, match.start(), 6)
        if start < match.start() and re.search(r"丁目|番地|番\d+号|\d-\d", match.group()):
            yield start, match.end()


_KYOTO = re.compile("上が?る|下が?る|入る")  # up, down and into a street
_PLACE_NAME = re.compile(rf"[{_KANJI}]{{1,6}}\Z")


def _place_start(probe: str, end: int, longest: int) -> int:
    """Where the kanji before 県, 市 or 区 begin, at most so many."""
    name = _PLACE_NAME.search(probe[max(0, end - longest) : end])
    return end - len(name.group()) if name and longest else end


# --- as English writes them -------------------------------------------------------------------

_WORD = r"[A-Z][A-Za-z'.\-]{0,20}+(?!\w)"
_DIRECTION = r"(?:NE|NW|SE|SW|[NSEW]|North|South|East|West)\b\.?"
_KIND_OF_STREET = (
    r"(?:Street|St|Avenue|Ave?|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl"
    r"|Terrace|Square|Sq|Parkway|Pkwy|Crescent|Cres|Close|Gardens|Grove|Highway|Hwy|Circle|Cir"
    r"|Row|Mews|Walk|Alley|Plaza|Trail|Hill|Park|Quay|Wharf|Broadway|Loop|Path|Pike|Expressway|Heights|Ridge|Green|Parade|Embankment|Yard)\b\.?"
)
# "5 Star Drive", "3 Year Plan": a number of something, not of a house.
_NO_STREET = re.compile(
    r"\d+[A-Za-z]? (?:Star|Way|Year|Month|Week|Day|Hour|Minute|Point|Step|User|GB|MB|TB|Gen)s?\b"
)
_UK = (  # area letters in use; the last letters never are C I K M O V
    r"(?:A[BL]|B[ABDHLNRSTX]?|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]?|F[KY]|G[LUY]?|H[ADGPRSUX]"
    r"|I[GMPV]|JE|K[ATWY]|L[ADELNSU]?|M[EKL]?|N[EGNPRW]?|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]?"
    r"|T[ADFNQRSW]|UB|W[ACDFNRSV]?|YO|ZE)\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}(?![A-Za-z\d])"
)
_CANADA = r"[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d(?![A-Za-z\d])"
_ZIP = r"[A-Z]{2},? \d{5}(?:-\d{4})?(?!\d)"
_CODE = rf"(?:{_ZIP}|(?:[A-Z]{{2}},? )?(?:{_UK}|{_CANADA}))"
_COUNTRY = r"(?:USA|U\.S\.A\.|US|UK|United States|United Kingdom|England|Scotland|Canada|Ireland)\b"
_UNIT = r"(?:(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm)\b\.? ?#?|# ?)\w{1,6}"
# A town is taken along where a code follows, or where the sentence pauses behind it.
_TOWN = rf"{_WORD}(?: {_WORD}){{0,2}}+"
_TAIL = (
    rf"(?:(?:, ?{_TOWN}){{0,2}},? {_CODE}|(?:, ?{_TOWN}){{1,2}}(?=[.,;:)!?\n]|$))?"
    rf"(?:,? {_COUNTRY})?"
)
_STREET = re.compile(
    rf"(?:(?:Flat|Apt|Apartment|Unit|Suite)\.? \w{{1,5}}, ?)?"
    rf"(?<![\w.,\-#/:$£€])\d{{1,5}}[A-Za-z]?(?:-\d{{1,5}})? (?:{_DIRECTION} )?"
    rf"(?:(?:{_WORD}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}{_KIND_OF_STREET}(?: {_DIRECTION})?"
    rf"(?:,? {_UNIT}){{0,2}}{_TAIL}"
)
# In small letters only with a code behind it that says what it is.
_SMALL_STREET = re.compile(
    rf"(?<![\w.,\-#/:$£€])\d{{1,5}}[a-z]? (?:[a-z'.\-]{{1,20}} ){{1,4}}?"
    rf"(?i:{_KIND_OF_STREET})(?i:,? {_UNIT})?"
    rf"(?:,? (?:[A-Za-z.]{{2,20}} ?){{1,3}},? (?i:{_ZIP}|{_UK}))"
)
# Any name will do where town and code follow.
_CODED = re.compile(
    rf"(?<![\w.,\-#/:$£€])\d{{1,5}}[A-Za-z]?(?:-\d{{1,5}})? (?:{_WORD} ){{0,3}}{_WORD}"
    rf"(?:, ?{_UNIT})?(?:, ?{_TOWN}){{1,2}},? {_CODE}(?:,? {_COUNTRY})?"
)
_BOX = re.compile(rf"\b(?:P\.? ?O\.?|Post Office) Box \d{{1,6}}{_TAIL}")
_NAMED_CODE = re.compile(
    r"\b(?i:zip(?: ?code)?|post ?code|postal code)(?: number)?(?: is| was|:| =|=| no\.?)? ?"
    rf"((?i:{_UK}|{_CANADA})|\d{{5}}(?:-\d{{4}})?(?![\d\w.,]*\d))"
)
_LONE_UK = re.compile(rf"(?<![\w\-/.#]){_UK}")
_NO_CODE = re.compile(r"\d(?:GB|TB|PB|HD|PT|FT|LB|HZ|UP)\Z")
# Japanese addresses in Latin letters: the ward or town names itself.
_WARD = r"[A-Z][a-z]{1,20}-(?:ku|shi|gun|machi|cho|mura)\b"
_HOUSE_NUMBER = r"\d{1,4}(?:-\d{1,4}){1,3}"
_LATIN_JAPANESE = re.compile(
    rf"(?<![\w\-])(?:{_HOUSE_NUMBER},? (?:{_WORD},? ){{1,2}}|(?:{_WORD} ){{1,2}}{_HOUSE_NUMBER},? )"
    rf"{_WARD}(?:,? {_WARD})?(?:,? {_WORD})?(?:,? 〒?\d{{3}}-\d{{4}}(?!\d))?(?:,? Japan\b)?"
)


def streets(cased: str) -> Iterator[Bounds]:
    """House numbers with streets, post boxes and post codes; cased: with its capital letters."""
    for match in _LATIN_JAPANESE.finditer(cased):
        yield match.span()
    for pattern in (_CODED, _STREET, _SMALL_STREET, _BOX):
        for match in pattern.finditer(cased):
            if not _NO_STREET.match(match.group()):
                yield match.span()
    for match in _NAMED_CODE.finditer(cased):
        yield match.span(1)
    for match in _LONE_UK.finditer(cased):
        if not _NO_CODE.search(match.group()):
            yield match.span()
