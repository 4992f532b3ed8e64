"""The API describes itself in OpenAPI, without a warning and with every path."""

from __future__ import annotations

from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from tests.contract.urls import workspace_urls


def test_the_schema_is_made_without_a_warning() -> None:
    with GENERATOR_STATS.silence():
        GENERATOR_STATS.reset()
        SchemaGenerator().get_schema(request=None, public=True)
        assert not GENERATOR_STATS, "see `manage.py spectacular --fail-on-warn`"


def test_the_schema_names_every_path_of_the_api(client: Client, db: None) -> None:
    schema = client.get("/api/schema/").json()
    shown = {path.strip("/").split("{")[0] for path in schema["paths"]}
    for url in workspace_urls():
        if url.is_api:
            assert url.route.split("<")[0] in shown
