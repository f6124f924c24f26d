"""The one place where packages meet: blueprints, pending work, personal stores."""

from __future__ import annotations

from flask_openapi3 import OpenAPI

import vocapp.distributing.models  # every table must be known before the first query
import vocapp.following_up.models
import vocapp.understanding.models  # noqa: F401
from vocapp import openapi_pages, outbox, ui
from vocapp.authoring.api import api as authoring_api
from vocapp.collecting import service as collecting_service
from vocapp.collecting.api import api as collecting_api
from vocapp.collecting.public import api as public_api
from vocapp.measuring import service as measuring_service
from vocapp.measuring.api import api as measuring_api
from vocapp.people.api import api as people_api
from vocapp.people.service import register_personal_store
from vocapp.workspaces import access
from vocapp.workspaces.api import api as workspaces_api


def register(app: OpenAPI) -> None:
    """Put every package into the application."""
    access.init_app(app)
    ui.init_app(app)
    for api in (
        workspaces_api, people_api, authoring_api, collecting_api, public_api, measuring_api,
    ):  # fmt: skip
        app.register_api(api)
    for blueprint in (openapi_pages.blueprint,):
        app.register_blueprint(blueprint)
    _register_work()
    _register_personal_stores()


def _register_work() -> None:
    """Who works off which kind; the order is the order of importance."""
    outbox.register(outbox.Kind("measure", mode="database", apply=measuring_service.measure))


def _register_personal_stores() -> None:
    """Every store of personal text or identifiers; a test walks this list."""
    register_personal_store("measuring.cells", measuring_service.uncount_person)
    register_personal_store("collecting.responses", collecting_service.forget_person)
