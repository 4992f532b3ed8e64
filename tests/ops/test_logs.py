"""No secret reaches a log."""

from __future__ import annotations

import pytest

from evalhub.common.logs import LEFT_OUT, without_secrets


@pytest.mark.parametrize("name", ["password", "api_key", "Authorization", "csrf_token", "dsn"])
def test_a_value_with_a_secret_name_is_left_out(name: str) -> None:
    assert without_secrets(None, "info", {name: "hush"}) == {name: LEFT_OUT}


@pytest.mark.parametrize(
    "text",
    ["Authorization: Bearer hush", "postgres://evalhub:hush@db/evalhub", "redis://:hush@broker"],
)
def test_a_secret_inside_a_text_is_left_out(text: str) -> None:
    assert "hush" not in str(without_secrets(None, "info", {"event": text}))


def test_other_values_stay_as_they_are() -> None:
    event = {"event": "job.taken", "uid": "1f0c", "at": 12.5, "url": "https://example.org/a:b"}

    assert without_secrets(None, "info", dict(event)) == event
