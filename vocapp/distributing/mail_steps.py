"""What becomes of a mail that is a row of its own, at each step of `at_most_once.deliver`.

Its `state` goes scheduled → sending → sent; or it ends as `not_sent` (`reason` says why),
`bounced` (refused for good) or `unknown` (it may be out, so it is not sent again).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import inspect, update
from sqlalchemy.orm import Session

from vocapp.database import transaction, utcnow
from vocapp.distributing.at_most_once import Finish, NotBegun, NotWantedNow
from vocapp.distributing.mail import address_digest
from vocapp.distributing.service import GIVEN_UP, RETRYING, reason_not_to_mail, suppress
from vocapp.mailing import Refused
from vocapp.outbox import NotYet

_MAX_REASON_CHARS = 60
_OPEN = ("scheduled", "sending")


def _short(reason: str) -> str:
    return reason[:_MAX_REASON_CHARS]


class MailSteps:
    """The steps of one row. `row` is of a table with `workspace_id`, one more key, `state` and
    `reason`; `address` is whom it goes to. Only those who differ say more, by the methods that
    say nothing here."""

    def __init__(self, row: type[Any], workspace_id: UUID, row_id: UUID, address: str) -> None:
        self.workspace_id, self.row_id, self.address = workspace_id, row_id, address
        self._row, self._has_begun = row, False
        self._key = next(key for key in inspect(row).primary_key if key.name != "workspace_id")

    # --- what differs ---------------------------------------------------------------------

    def check(self, session: Session) -> None:
        """Right before the text is handed over; raises NotBegun where it is not to go, and the
        next look notes why."""
        if reason_not_to_mail(session, self.workspace_id, self.address) is not None:
            raise NotBegun(NotYet(utcnow()))

    def ended(self, session: Session, state: str, values: dict[str, Any], /) -> None:
        """The row has come to its end, in the transaction that stores it."""

    def overtaken(self, session: Session, values: dict[str, Any]) -> None:
        """The row had moved on by another way before its end could be stored."""

    def kept(self) -> dict[str, Any]:
        """What the row keeps of whom it goes to: reports may tell of it when the person has another
        address."""
        return {"address_digest": self._digest}

    # --- the steps ------------------------------------------------------------------------

    def begin(self) -> None:
        """Only one worker can, and only while it may be sent."""
        with transaction() as session:
            self.check(session)
            if not self._move(session, "sending", was=("scheduled",), **self.kept()):
                raise NotWantedNow
        self._has_begun = True

    def again(self, reason: str) -> None:
        """The server took nothing: the same mail is tried again. Who has not begun says nothing of
        a mail that another worker is sending."""
        self.wait("scheduled", reason, was=("sending",) if self._has_begun else ("scheduled",))

    def wait(self, state: str, reason: str, *, was: tuple[str, ...]) -> None:
        """Another attempt follows one that failed for this reason."""
        with transaction() as session:
            self._move(session, state, was=was, reason=_short(f"{RETRYING}{reason}"))

    def sent(self) -> Finish:
        return self.end("sent", was="sending", sent_at=utcnow(), reason=None)

    def unclear(self, reason: str) -> Finish:
        return self.end("unknown", was="sending", reason=reason)

    def give_up(self, reason: str) -> Finish:
        """No attempt was taken, and none follows; what was being handed over may be out."""
        said = f"{GIVEN_UP}{reason}"
        ends = (
            self.end("not_sent", was="scheduled", reason=said),
            self.end("unknown", was="sending", reason=said),
        )

        def finish(session: Session) -> None:
            for end in ends:
                end(session)

        return finish

    def refused(self, refusal: Refused) -> Finish:
        """For good; where the address is at fault it is not written to again."""
        moved, now = self.end("bounced", reason=refusal.reason), utcnow()

        def finish(session: Session) -> None:
            moved(session)
            if refusal.is_bad_address:
                suppress(session, self.workspace_id, self._digest, kind="bounced", now=now)

        return finish

    def end(self, state: str, *, was: str | None = None, **values: Any) -> Finish:
        """Store how it ended. was: None for before or while it is sent. Whoever is told of it reads
        the reason as it is stored."""
        if values.get("reason") is not None:
            values["reason"] = _short(values["reason"])

        def finish(session: Session) -> None:
            if self._move(session, state, was=(was,) if was else _OPEN, **values):
                self.ended(session, state, values)
            else:
                self.overtaken(session, values)

        return finish

    @property
    def _digest(self) -> str:
        return address_digest(self.workspace_id, self.address)

    def _move(self, session: Session, state: str, *, was: tuple[str, ...], **values: Any) -> bool:
        row = self._row
        moved = session.execute(
            update(row)
            .where(
                row.workspace_id == self.workspace_id,
                self._key == self.row_id,
                row.state.in_(was),
            )
            .values(state=state, **values)
            .returning(self._key)
            .execution_options(synchronize_session=False)
        )
        return moved.first() is not None
