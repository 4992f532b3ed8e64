"""The API, version 1. Its description in OpenAPI is at /api/schema/."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

v1 = [
    path("", include("evalhub.judgments.api_urls")),  # first: what comes with every judgment
    path("", include("evalhub.campaigns.api_urls")),
    path("", include("evalhub.quality.api_urls")),
    path("", include("evalhub.groups.api_urls")),
    path("", include("evalhub.valuing.api_urls")),
    path("", include("evalhub.labelling.api_urls")),
    path("", include("evalhub.rubrics.api_urls")),
    path("", include("evalhub.imports.api_urls")),
    path("", include("evalhub.datasets.api_urls")),
    path("", include("evalhub.browse.api_urls")),
    path("", include("evalhub.reports.api_urls")),
    path("", include("evalhub.registry.api_urls")),
    path("", include("evalhub.runs.api_urls")),
    path("", include("evalhub.remote.api_urls")),
    path("", include("evalhub.sweeps.api_urls")),
    path("", include("evalhub.tracking.api_urls")),
    path("", include("evalhub.judges.api_urls")),
    path("", include("evalhub.webhooks.api_urls")),
    path("", include("evalhub.evaluation.api_urls")),
    path("", include("evalhub.followups.api_urls")),
    path("", include("evalhub.lineage.api_urls")),
    path("", include("evalhub.loops.api_urls")),
]

urlpatterns = [
    path("schema/", SpectacularJSONAPIView.as_view(), name="api_schema"),
    path("v1/", include(v1)),
]
