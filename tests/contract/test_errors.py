"""Every code that a caller can meet is documented, and nothing is documented that is not there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from django.apps import apps
from django.conf import settings
from rest_framework.test import APIClient

from evalhub.common.errors import DomainError

ROW = re.compile(r"^\| `(\w+)` \| (\d+) \| ", re.MULTILINE)
NOT_OURS = {  # Django's and the API framework's, translated by web.error_pages and common.rest
    "bad_request", "csrf", "broken", "database_away", "not_authenticated", "authentication_failed",
    "method_not_allowed", "parse_error", "unsupported_media_type",
}  # fmt: skip


def documented() -> dict[str, int]:
    text = (Path(settings.BASE_DIR) / "docs" / "help" / "errors.md").read_text()
    return {code: int(status) for code, status in ROW.findall(text)}


def raised() -> dict[str, int]:
    for app in apps.get_app_configs():
        if app.name.startswith("evalhub.") and (Path(app.path) / "errors.py").exists():
            importlib.import_module(f"{app.name}.errors")
    importlib.import_module("evalhub.common.embedded.errors")
    return {error.code: error.http_status for error in _below(DomainError)}


def _below(error: type[DomainError]) -> list[type[DomainError]]:
    ours = [error] if error.__module__.startswith("evalhub.") else []
    return ours + [deeper for child in error.__subclasses__() for deeper in _below(child)]


def test_every_code_is_documented_with_its_status() -> None:
    said = documented()
    missing = {code: status for code, status in raised().items() if said.get(code) != status}
    assert missing == {}, "write them into docs/help/errors.md"


def test_nothing_is_documented_that_cannot_happen() -> None:
    assert set(documented()) - set(raised()) == NOT_OURS


def test_one_code_has_one_status() -> None:
    seen: dict[str, int] = {}
    for error in _below(DomainError):
        assert seen.setdefault(error.code, error.http_status) == error.http_status, error


def test_a_call_without_a_token_is_a_documented_problem() -> None:
    answer = APIClient().get("/api/v1/campaigns")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_authenticated"
