"""How the API reads, answers and describes itself."""

from __future__ import annotations

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "evalhub.accounts.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "evalhub.common.rest.OneForm",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["evalhub.common.rest.Json"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "evalhub.common.rest.problem_json",
}
SPECTACULAR = {
    "TITLE": "evalhub",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {  # several things have a `kind` or a `state`
        "BuildKind": "evalhub.datasets.choices.BuildKind",
        "CampaignState": "evalhub.campaigns.choices.CampaignState",
        "DeliveryState": "evalhub.webhooks.choices.DeliveryState",
        "ImportKind": "evalhub.imports.models.ImportKind",
        "LanguageOfPrompts": "evalhub.runs.rewriting.asking.CODES",
        "MemberKind": "evalhub.accounts.choices.MemberKind",
        "ModelKind": "evalhub.registry.models.ModelKind",
        "StepKind": "evalhub.loops.choices.StepKind",
        "SweepKind": "evalhub.sweeps.choices.SweepKind",
        "SweepState": "evalhub.sweeps.choices.SweepState",
        "TaskKind": "evalhub.campaigns.choices.TaskKind",
        "TrackerService": "evalhub.tracking.choices.Service",
        "WebhookKind": "evalhub.webhooks.choices.WebhookKind",
    },
}
