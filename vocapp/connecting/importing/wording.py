"""What files, columns and faults are called, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vocapp.connecting.importing.columns import ANSWER, ATTRIBUTE
from vocapp.connecting.importing.kinds import WORDS_OF
from vocapp.problems import FieldError
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l

KIND_NAMES = {
    "accounts": _l("Accounts"),
    "contacts": _l("Contacts"),
    "events": _l("Events: log-ins, usage, milestones, subscriptions, invoices"),
    "responses": _l("Answers to a survey"),
}
SHORT_KIND_NAMES = {**KIND_NAMES, "events": _l("Events")}

STATE_NAMES = {
    "checking": _l("Being checked"),
    "checked": _l("Checked, not imported yet"),
    "importing": _l("Being imported"),
    "imported": _l("Imported"),
    "dropped": _l("Removed"),
}
STATE_CHIPS = {"checking": "info", "checked": "warning", "importing": "info", "imported": "good"}

_FIELDS = {
    "contact.external_id": _l("Key of the person"),
    "contact.email": _l("E-mail address"),
    "contact.phone": _l("Telephone number"),
    "contact.name": _l("Name"),
    "contact.locale": _l("Language"),
    "contact.time_zone": _l("Time zone"),
    "contact.roles": _l("Roles"),
    "contact.has_left": _l("Whether they left the company"),
    "account.external_id": _l("Key of the account"),
    "account.name": _l("Name of the account"),
    "account.plan": _l("Plan"),
    "account.region": _l("Region"),
    "account.mrr": _l("Monthly revenue"),
    "account.currency": _l("Currency"),
    "account.started_on": _l("Customer since"),
    "account.renewal_on": _l("Renewal on"),
    "account.parent": _l("Belongs to the account"),
    "id": _l("Id"),
    "survey": _l("Survey"),
    "survey_version": _l("Version of the survey"),
    "score": _l("Score"),
    "comment": _l("Comment"),
    "answered_at": _l("Answered at"),
    "locale": _l("Language"),
    "channel": _l("Channel"),
    "type": _l("Kind of event"),
    "account": _l("Key of the account"),
    "contact": _l("Key of the person"),
    "at": _l("Time"),
    "name": _l("Name"),
    "count": _l("How often"),
    "product": _l("Product"),
    "action": _l("What happened to the subscription"),
    "mrr": _l("Monthly revenue"),
    "currency": _l("Currency"),
    "term_ends_on": _l("End of the term"),
    "invoice": _l("Invoice"),
    "due_on": _l("Due on"),
    "amount": _l("Amount"),
    "supersedes": _l("Id of the event that it corrects"),
}

_ENCODINGS = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8 (BOM)", "utf-16": "UTF-16", "cp932": "Shift_JIS (CP932)",
}  # fmt: skip
_SEPARATED = {
    ",": _l("separated by commas"),
    "\t": _l("separated by tabs"),
    ";": _l("separated by semicolons"),
    "|": _l("separated by bars"),
}

# What the importer says of a row or a file, as it says it, and in words for whoever reads a page.
_REASONS = [
    (re.compile(pattern), words)
    for pattern, words in (
        (r"is needed|Field required|String should have at least 1 character", _l("is needed")),
        (r"external_id or email is needed", _l("a key or an e-mail address is needed")),
        (r"is needed with mrr", _l("is needed beside the monthly revenue")),
        (r"is needed unless the action is cancelled", _l("is needed unless it was cancelled")),
        (r"amount and currency go together", _l("amount and currency go together")),
        (r"expected an e-mail address such as .*",
         _l("is no e-mail address such as aiko@example.com")),
        (r"expected a day such as .*", _l("is no day such as 2027-03-31")),
        (r"expected a time such as .*",
         _l("is no time such as 2026-11-01T09:00:00+09:00, and no day")),
        (r"expected a time with offset .*|the offset is missing.*",
         _l("is no time such as 2026-11-01T09:00:00+09:00, and no day")),
        (r"the year is out of range", _l("the year is out of range")),
        (r"an ISO 4217 code such as JPY", _l("is no currency code such as JPY")),
        (r"is before started_on", _l("is before the day on which the customer began")),
        (r"Input should be a valid integer.*", _l("is no whole number")),
        (r"Input should be a valid boolean.*", _l("is neither yes nor no")),
        (r"Input should be greater than or equal to (?P<number>\S+)",
         _l("is less than %(number)s")),
        (r"Input should be less than or equal to (?P<number>\S+)",
         _l("is more than %(number)s")),
        (r"String should have at most (?P<number>\d+) characters",
         _l("has more than %(number)s characters")),
        (r"expected at most (?P<number>[\d,]+) characters.*",
         _l("has more than %(number)s characters")),
        (r"Extra inputs are not permitted", _l("does not belong to this kind of event")),
        (r"one of (?P<words>[a-z_, ]+)|Input should be (?P<quoted>'.*)",
         _l("is none of: %(words)s")),
        (r"expected a whole number from (?P<least>\d+) to (?P<most>\d+), got .*",
         _l("is no whole number from %(least)s to %(most)s")),
        (r"expected one of (?P<words>.*), got .*", _l("is none of: %(words)s")),
        (r"no such telephone number can exist|expected a (telephone )?number.*",
         _l("is no telephone number")),
        (r"no such account", _l("there is no such account")),
        (r"belongs to this account, or is it",
         _l("is this account, or belongs to it")),
        (r"more than (?P<number>\d+) accounts above one another",
         _l("more than %(number)s accounts would stand above one another")),
        (r"more than 5 minutes ahead", _l("lies in the future")),
        (r"the term ends before it begins", _l("the term would end before it begins")),
        (r"an invoice that is not due yet is not overdue",
         _l("an invoice that is not due yet is not overdue")),
        (r"an event cannot correct itself", _l("an event cannot correct itself")),
        (r"was used with other content|.*other content.*",
         _l("came before with other content")),
        (r"began at this time already, as event (?P<words>.*) told",
         _l("began at this time already (event %(words)s)")),
        (r"no survey has this key", _l("no survey has this key")),
        (r"is needed \(or --survey\)",
         _l("is needed: choose the survey when you choose the file, or add a column “survey”")),
        (r"the survey is not published", _l("the survey is not published")),
        (r"the row names another survey than --survey does",
         _l("is not the survey that was chosen")),
        (r"the survey has no such version.*", _l("the survey has no such version")),
        (r"is needed: without it a second run would differ",
         _l("is needed, so that importing twice counts once")),
        (r"an answer to the primary scale is required|an answer is required.*",
         _l("an answer is needed")),
        (r"(?P<number>\d+) cells under a header of (?P<width>\d+)",
         _l("has %(number)s cells under %(width)s columns")),
        (r"column (?P<number>\d+): a value beyond the header of (?P<width>\d+) columns",
         _l("has more cells than the first line has columns (%(width)s)")),
        (r"column (?P<number>\d+): a value in a column without a name",
         _l("has a value in column %(number)s, which has no name")),
        (r"holds something that the database does not take",
         _l("holds something that cannot be stored")),
        # of a whole file
        (r"there is no row below the header",
         _l("There is no row below the names of the columns.")),
        (r"the names of the columns are missing",
         _l("The names of the columns are missing.")),
        (r"is too large", _l("The file is larger than 10 MB. Split it, or have the operator import "
                             "it with the command voc import.")),
        (r"has the same name as column (?P<number>\d+)",
         _l("It has the same name as column %(number)s.")),
        (r"means the same as column (?P<number>\d+) \(.*\)",
         _l("It means the same as column %(number)s. Rename one of the two.")),
        (r"is no field of an event \((?P<words>.*)\)",
         _l("An event has no such column, only: %(words)s.")),
        (r"is neither UTF-8 nor CP932.*|is not .*, as the file begins",
         _l("It cannot be read as text. Save the file as CSV in UTF-8 or Shift_JIS; a workbook "
            "(.xlsx) has to be saved as CSV first.")),
        (r"a NUL; this is not a text file",
         _l("It cannot be read as text. Save the file as CSV in UTF-8 or Shift_JIS; a workbook "
            "(.xlsx) has to be saved as CSV first.")),
        (r"is longer than (?P<number>[\d,]+) characters",
         _l("It is longer than %(number)s characters.")),
        (r"[\d,]+ columns; at most (?P<number>\d+)", _l("It has more than %(number)s columns.")),
        (r"a quote \(\"\) is opened in this row and never closed",
         _l("A quote (\") is opened in this row and never closed.")),
        (r"a cell has more than (?P<number>[\d,]+) characters.*",
         _l("A cell has more than %(number)s characters. Is a quote (\") never closed?")),
        (r"a quote \(\"\) stands inside a cell.*",
         _l("A quote (\") stands inside a cell. Inside a quoted cell it is doubled (\"\").")),
    )
]  # fmt: skip
_PLACE = re.compile(r"line (?P<line>\d+)(?:, (?P<what>column|character) (?P<number>\d+))?")
_OF_THE_ROW = frozenset(("", "row", "body"))


def field_name(field: str | None) -> str:
    """What a column is taken for."""
    if field is None:
        return _("Not read")
    if field.startswith(ATTRIBUTE):
        return _("Attribute “%(name)s”", name=field.removeprefix(ATTRIBUTE))
    if field.startswith(ANSWER):
        return _("Answer to “%(name)s”", name=field.removeprefix(ANSWER))
    return str(_FIELDS.get(field, field))


def known_columns(kind: str) -> list[tuple[str, list[str]]]:
    """For each field of a kind, the first names by which its column is known."""
    return [(str(_FIELDS[field]), _some(words.split())) for field, words in WORDS_OF[kind].items()]


def _some(words: Sequence[str]) -> list[str]:
    """Two in English and two in Japanese."""
    return [*[w for w in words if w.isascii()][:2], *[w for w in words if not w.isascii()][:2]]


def description(encoding: str, delimiter: str) -> str:
    """How a file was read: its encoding, and what stands between its cells."""
    return f"{_ENCODINGS[encoding]} · {_SEPARATED[delimiter]}"


def fault(column: str, message: str) -> str:
    """What is wrong with a cell, with its column in front; nothing in front where it is the row."""
    name = column.rpartition(".")[2] if column.endswith((".row", ".body")) else column
    words = reason(message)
    if name in _OF_THE_ROW:
        return words
    # Of a file of accounts, the fields of an account stand by themselves.
    called = _FIELDS.get(column) or _FIELDS.get(f"account.{column}", column)
    return _("%(column)s: %(words)s", column=called, words=words)


def reason(message: str) -> str:
    """What the importer says, in words; as it says it where there are none."""
    for pattern, words in _REASONS:
        found = pattern.fullmatch(message)
        if found:
            named = {name: text for name, text in found.groupdict().items() if text is not None}
            if "quoted" in named:
                named["words"] = named.pop("quoted").replace("'", "").replace(" or ", ", ")
            return str(words) % named if named else str(words)
    return message


def file_fault(error: FieldError) -> str:
    """Why a whole file is refused, with the place."""
    place = _PLACE.fullmatch(error.field)
    words = reason(error.message)
    if place is None:
        return words
    line = place["line"]
    if place["what"] == "column":
        where = _("Line %(line)s, column %(number)s:", line=line, number=place["number"])
    elif place["what"] == "character":
        where = _("Line %(line)s, character %(number)s:", line=line, number=place["number"])
    else:
        where = _("Line %(line)s:", line=line)
    return f"{where} {words}"
