"""What a Round's Steps made and used is tied to it by rows; of earlier Rounds as their Steps tell it."""

from django.db import migrations, models


def tie(apps, schema_editor):
    Step = apps.get_model("loops", "Step")
    DatasetBuild = apps.get_model("datasets", "DatasetBuild")
    HumanTrial = apps.get_model("evaluation", "HumanTrial")
    Run = apps.get_model("runs", "Run")
    for step in Step.objects.exclude(result={}).select_related("round").order_by("pk").iterator():
        result = step.result
        if "of_round" not in result:
            builds = DatasetBuild.objects.filter(uid__in=result.get("builds", {}).values())
            step.round.builds.add(*builds)
        measured = [result, *result.get("probes", {}).values()]
        evaluations = [
            each[name]
            for each in measured
            for name in ("origin", "evaluation", "incumbent")
            if each.get(name)
        ]
        runs = [*result.get("runs", []), *([result["run"]] if result.get("run") else [])]
        named = models.Q(uid__in=runs) | models.Q(evaluation__uid__in=evaluations)
        if trial := HumanTrial.objects.filter(uid=result.get("trial")).first():
            named |= models.Q(pk__in=[trial.candidate_run_id, trial.incumbent_run_id])
        if sweep := result.get("searching", result.get("sweep")):
            named |= models.Q(try_of__sweep__uid=sweep)
        step.round.runs.add(*Run.objects.filter(named).distinct())


def rename(apps, schema_editor):
    """A Step kept one Generation; since one is kept for each setting of a grid, a list."""
    Job, Step = apps.get_model("jobs", "Job"), apps.get_model("loops", "Step")
    for kept in (
        Step.objects.filter(result__has_key="generation"),
        Job.objects.filter(kind="loops.generate", result__has_key="generation"),
    ):
        for row in kept.order_by("pk").iterator():
            row.result["generations"] = [row.result.pop("generation")]
            row.save(update_fields=["result"])


class Migration(migrations.Migration):
    dependencies = [
        ("datasets", "0001_squashed"),
        ("evaluation", "0002_same_options_same_set"),
        ("jobs", "0001_squashed"),
        ("loops", "0002_deciding_and_probes"),
        ("runs", "0001_squashed"),
        ("sweeps", "0001_squashed"),
    ]

    operations = [
        migrations.AddField(
            model_name="round",
            name="builds",
            field=models.ManyToManyField(related_name="rounds", to="datasets.datasetbuild"),
        ),
        migrations.AddField(
            model_name="round",
            name="runs",
            field=models.ManyToManyField(related_name="rounds", to="runs.run"),
        ),
        migrations.RunPython(tie, migrations.RunPython.noop),
        migrations.RunPython(rename, migrations.RunPython.noop),
    ]
