"""Public addresses of a survey, and the token that stands in an invitation's links.

The token carries all that answering needs, so that asking and answering need not know
one another. It is signed for this purpose only and says nothing readable about a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from flask import current_app

from vocapp.authoring.queries import SurveySummary
from vocapp.signing import BadToken, sign, unsign

NOBODY = UUID(int=0)
MAX_PLACE = 100  # characters, as of every touchpoint


@dataclass(frozen=True, slots=True)
class InvitationLink:
    """Who was asked what: the content of the token in `/e/<token>`. Of a trial it is nobody: the
    page is that of the survey, and nothing that happens on it is kept."""

    workspace_id: UUID
    invitation_id: UUID
    survey_id: UUID
    contact_id: UUID
    touchpoint: str | None = None
    channel: str = "email"

    @classmethod
    def of_trial(cls, survey: SurveySummary, *, channel: str) -> InvitationLink:
        """Opens a survey for whoever looks at what people will get."""
        return cls(survey.workspace_id, NOBODY, survey.id, NOBODY, channel=channel)

    @property
    def is_trial(self) -> bool:
        """Whether nobody was asked by it."""
        return self.contact_id == NOBODY

    def token(self) -> str:
        """The same each time it is asked for."""
        ids = (self.workspace_id, self.invitation_id, self.survey_id, self.contact_id)
        more = [self.touchpoint] if self.touchpoint else []
        if self.channel != "email":
            more = [self.touchpoint or "", self.channel]
        return sign("invitation-link", [*(each.hex for each in ids), *more])

    def url(self, *, score: int | None = None) -> str:
        """Where the invited person answers; with a score it is shown as chosen."""
        address = f"{current_app.config['BASE_URL']}/e/{self.token()}"
        return address if score is None else f"{address}?score={score}"

    def unseen_url(self) -> str:
        """A link for the mail that people do not see: only programs follow it."""
        return f"{self.url()}/more"


def page_url(survey: SurveySummary, *, language: str | None = None, place: str = "") -> str:
    """Where anybody answers; place: what the answers' touchpoint is."""
    return _public_url("s", survey, language, place)


def kiosk_url(survey: SurveySummary, *, language: str | None = None, place: str = "") -> str:
    """What a device that stands at a place shows to one person after the other."""
    return _public_url("kiosk", survey, language, place)


def _public_url(page: str, survey: SurveySummary, language: str | None, place: str) -> str:
    said = {"lang": language, "at": sign("place", [_short(survey.id), place]) if place else None}
    query = urlencode({name: value for name, value in said.items() if value})
    address = f"{current_app.config['BASE_URL']}/{page}/{survey.public_id}"
    return f"{address}?{query}" if query else address


def _short(survey_id: UUID) -> str:
    """Enough to tell surveys apart, and short, as it stands in a code that phones have to read."""
    return survey_id.hex[-8:]


def read_place(survey_id: UUID, token: str) -> str | None:
    """The place that a link was made for; None where it has none, or one that is not ours."""
    try:
        of_survey, place = unsign("place", token)
        return str(place)[:MAX_PLACE] if of_survey == _short(survey_id) else None
    except (BadToken, TypeError, ValueError):
        return None


def read_invitation_token(token: str) -> InvitationLink:
    """What stands in a token; raises BadToken."""
    found = unsign("invitation-link", token)
    try:
        workspace_id, invitation_id, survey_id, contact_id = (UUID(hex=each) for each in found[:4])
        touchpoint = (str(found[4]) or None) if len(found) > 4 else None
        channel = str(found[5]) if len(found) > 5 else "email"
        return InvitationLink(
            workspace_id, invitation_id, survey_id, contact_id, touchpoint, channel
        )
    except (TypeError, ValueError, AttributeError) as exc:
        raise BadToken("invitation-link") from exc
