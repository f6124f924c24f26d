"""The words of the audit log for what this layer notes in it."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

WORDS = {
    "workspace.created": _l("created the workspace"),
    "workspace.changed": _l("changed the settings"),
    "session.begun": _l("signed in"),
    "session.revoked": _l("signed a browser out"),
    "password.reset": _l("chose a new password"),
    "staff.invited": _l("invited somebody"),
    "staff.invitation_withdrawn": _l("withdrew an invitation"),
    "staff.joined": _l("joined"),
    "staff.role_changed": _l("changed a role"),
    "staff.removed": _l("removed a member"),
    "working_hours.saved": _l("changed working hours"),
    "working_hours.removed": _l("removed working hours"),
    "absence.added": _l("noted an absence"),
    "absence.removed": _l("removed an absence"),
    "api_key.created": _l("created a key"),
    "api_key.revoked": _l("revoked a key"),
}

NAMES = {
    "workspace": _l("Workspace"),
    "user_account": _l("User"),
    "api_key": _l("API key"),
    "fields": _l("Changed"),
    "name": _l("Name"),
    "locale": _l("Language"),
    "allowed_origins": _l("Pages that may show the widget"),
    "time_zone": _l("Time zone"),
    "kind": _l("Kind"),
    "key": _l("Key"),
    "user_id": _l("User"),
    "state": _l("State"),
    "version": _l("Version"),
    "number": _l("Number"),
    "note": _l("Note"),
}
