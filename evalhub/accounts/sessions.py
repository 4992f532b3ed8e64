"""Django's sessions in the database, read without the ORM's compiler: every page asks for one."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.utils import timezone

from evalhub.common.rows import joined


class SessionStore(DatabaseSessions):
    def _get_session_from_db(self) -> Any:  # `Any`: a Session, or None as in Django
        found = joined(
            [("s", self.model)],
            "django_session s WHERE s.session_key = %s AND s.expire_date > %s",
            [self.session_key, timezone.now()],
        )
        if found is None:
            self._session_key = None
            return None
        return found[0]

    @classmethod
    def get_model_class(cls) -> Any:  # Django finds it by the class's module otherwise
        return DatabaseSessions.get_model_class()
