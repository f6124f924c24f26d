"""Extensions, unbound: `create_app` binds them."""

from __future__ import annotations

from celery import Celery
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from vocapp.database import Base
from vocapp.translating import Translating

db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})
migrate = Migrate()
babel = Translating()
csrf = CSRFProtect()
celery = Celery("voc")
