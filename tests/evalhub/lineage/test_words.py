"""No text column is forgotten by an erasure: each one is overwritten, dropped, renamed, or nobody's words."""

from __future__ import annotations

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from evalhub.lineage.words import (
    DROPPED,
    OVERWRITTEN,
    texts_in,
    with_texts,
    without_words,
)

IN_NAMES = {  # lineage.names, lineage.copies and accounts.services.forget
    "accounts.user": "username first_name last_name email password",
    "accounts.member": "pseudonym languages groups qualifications manages",
    "audit.entry": "actor details",
    "datasets.cleanedtext": "text",
    "datasets.spellingproposal": "word meant",
    "mail.letter": "to subject text error",
    "notifications.notification": "sentence",
    "jobs.job": "title payload result error trace",
    "links.participant": "external_id study_id session_id",
    "imports.rejectedrow": "reason excerpt",
    "registry.modelmark": "reason",
    "reports.report": "body",
    "evaluation.comparison": "examples",
    "runs.runevent": "kind body",
}
NOBODYS = {
    # what the workspace made for everybody: rubrics, guidelines, names of things
    "accounts.workspace": "slug name",
    "browse.savedview": "",
    "campaigns.campaign": "title asks content_warning languages groups qualifications",
    "campaigns.guidelines": "content consent",
    "datasets.dataset": "name definition",
    "gold.qualification": "word",
    "imports.import": "format filename file_key masks mask_words counts hub licence mapping rubric",
    "links.joinlink": "name prefix digest person_parameter study_parameter session_parameter "
    "completion_code group",
    "links.reportlink": "name prefix digest",
    "loops.loop": "slug name policy paused_why excused",
    "prompts.collection": "slug name licence",
    "prompts.prompt": "external_id messages fingerprint reference documents slices",
    "rubrics.rubric": "slug name",
    "rubrics.rubricversion": "guidelines error_types severities",
    "rubrics.criterion": "slug name question anchors examples asked_if asked_if_values",
    "rubrics.carryrule": "values",
    # what a program wrote: states, figures, digests, keys
    "accounts.apitoken": "prefix digest",
    "accounts.failedsignin": "key",
    "accounts.user": "timezone language",
    "audit.entry": "workspace verb target",
    "campaigns.payrate": "currency",
    "datasets.buildexport": "container digest file_key filename found shape splits",
    "datasets.buildpush": "outcome shape target",
    "datasets.cleanedtext": "recipe findings",
    "datasets.diffreport": "body",
    "datasets.spellingproposal": "language",
    "datasets.datasetbuild": "definition digest rows files manifest erased_files token_lengths",
    "evaluation.comparison": "metrics by_slice fresh",
    "evaluation.benchmark": "name licence key digest carries",
    "evaluation.evaluation": "set_digest metrics confusion stale_because",
    "evaluation.look": "set_digest",
    "evaluation.humantrial": "gate outcomes evidence left_out look error",
    "followups.followup": "left_out figures error",
    "followups.complaint": "found",
    "evaluation.promotion": "reason evidence warnings gate outcomes",
    "gold.goldverdict": "checks",
    "jobs.job": "kind label lease_owner note",
    "jobs.news": "topic body",
    "jobs.worker": "name queues",
    "judgments.expertanswer": "also",
    "judgments.judgment": "body_digest external_id",
    "judgments.priceforecast": "assumed",
    "judgments.rating": "reason",
    "judgments.span": "error_type severity",
    "labelling.labellingfunction": "name parameters",
    "labelling.labellingrun": "figures",
    "labelling.collectionrun": "figures",
    "lineage.contaminationcheck": "against result",
    "judges.judgeprompt": "instructions digest",
    "judges.judging": "counts",
    "judges.judgereport": "body",
    "judges.judgeacceptance": "bar",
    "lineage.erasure": "done",
    "loops.round": "policy because",
    "loops.step": "awaits result policy error",
    "mail.letter": "workspace once",
    "notifications.notification": "topic path once",
    "prompts.completion": "external_id tool_calls finish",
    "prompts.generation": "settings",
    "quality.consensussnapshot": "digest",
    "quality.exclusionpreview": "body",
    "quality.reliabilityfit": "questions",
    "quality.withdrawal": "effect",
    "registry.endpoint": "url served_name sealed_key bounds_by",
    "registry.languagemodel": "name source digest facts licence limits",
    "imports.rejectedrow": "field",
    "reports.export": "file_key digest left_out",
    "runs.run": "spec metrics artifacts environment checkpoints measured tags labour",
    "runs.deviceprice": "currency",
    "runs.rewriting": "way language through dropped",
    "sweeps.sweep": "recipe space options objective despite error findings beside label",
    "sweeps.try": "values",
    "tracking.tracker": "project address key_variable",
    "tracking.track": "place seen_at error",
    "valuing.valuation": "figures",
    "webhooks.webhook": "name address told secret old_secret events off_because",
    "webhooks.delivery": "event body answer",
}
DJANGOS = {"auth", "contenttypes", "sessions"}


def text_columns() -> set[str]:
    found = set()
    for model in apps.get_models():
        if model._meta.app_label in DJANGOS or not model.__module__.startswith("evalhub"):
            continue
        for field in model._meta.concrete_fields:
            is_text = isinstance(field, models.CharField | models.TextField | models.JSONField)
            is_words = isinstance(field, ArrayField) and isinstance(
                field.base_field, models.CharField
            )
            if (is_text or is_words) and not field.choices:
                found.add(f"{model._meta.label_lower}.{field.name}")
    return found


def listed(columns: dict[str, str]) -> set[str]:
    return {f"{model}.{name}" for model, names in columns.items() for name in names.split()}


def test_every_text_column_is_in_one_list() -> None:
    places = {
        f"{place.model._meta.label_lower}.{name}"
        for place in OVERWRITTEN
        for name in (*place.texts, *place.structured)
    }
    dropped = {model._meta.label_lower for model, _ in DROPPED} | {"accounts.identity"}
    known = places | listed(IN_NAMES) | listed(NOBODYS)
    asked = {column for column in text_columns() if column.rpartition(".")[0] not in dropped}
    array_of_roles = {"accounts.member.roles"}

    assert sorted(asked - known - array_of_roles) == []
    assert sorted(places & listed(NOBODYS)) == []


def test_words_go_and_values_stay() -> None:
    answers = {
        "critique": "Too long.",
        "ratings": [{"criterion": "tone", "value": 4, "comment": "Kind."}],
        "corrections": [{"response": "A", "content": "Better."}],
    }

    assert texts_in(without_words(answers)) == ["[erased]", "tone", "[erased]", "A", "[erased]"]
    assert with_texts({"a": ["x", 1]}, str.upper) == {"a": ["X", 1]}
