"""Options that are spelled out defaults, or change no figure, no longer make another set."""

import hashlib
import json

from django.db import migrations, models

SAYS_NOTHING = ("batch_size", "threads", "allow_dropped")
DEFAULTS = {
    "max_length": 0,
    "max_new_tokens": 96,
    "ter": "short",
    "timed": 4,
    "harness": [],
    "harness_shots": -1,
    "harness_limit": 0,
    "harness_chat": False,
}


def name_sets_anew(apps, schema_editor):
    """Whatever bears the digest that its run's spec had makes; anything else is left as it is."""
    Evaluation = apps.get_model("evaluation", "Evaluation")
    LanguageModel = apps.get_model("registry", "LanguageModel")
    renamed = {}
    for each in Evaluation.objects.select_related("run").order_by("pk").iterator():
        spec = each.run.spec
        files = {name: file["sha256"] for name, file in spec.get("inputs", {}).items()}
        options, rewarder = spec.get("options", {}), {}
        if spec.get("teacher"):
            teacher = LanguageModel.objects.get(uid=spec["teacher"])
            rewarder = {"rewarder": teacher.digest or str(teacher.uid)}
        if each.set_digest != _digest({"files": files, "options": options, **rewarder}):
            continue
        told = {
            name: value
            for name, value in options.items()
            if name not in SAYS_NOTHING and value != DEFAULTS.get(name)
        }
        now = _digest({"files": files, "options": told, **rewarder})
        if now != each.set_digest:
            renamed[each.workspace_id, each.set_digest] = now
            Evaluation.objects.filter(pk=each.pk).update(set_digest=now)
    _move_looks(apps.get_model("evaluation", "Look"), renamed)


def _move_looks(Look, renamed):
    for (workspace, was), now in renamed.items():
        looks = Look.objects.filter(workspace_id=workspace, set_digest=was)
        Look.objects.bulk_create(
            [
                Look(workspace_id=workspace, set_digest=now, member_id=member, day=day)
                for member, day in looks.order_by("pk").values_list("member", "day")
            ],
            ignore_conflicts=True,  # who looked at both on one day looked once
        )
        looks.delete()


def _digest(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0001_squashed")]

    operations = [
        migrations.AddField(
            model_name="evaluation",
            name="is_probe",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunPython(name_sets_anew, migrations.RunPython.noop),
    ]
