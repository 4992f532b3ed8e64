"""A Round may decide on a given model; evaluations made for a gate's probes are marked as such."""

import django.db.models.deletion
from django.db import migrations, models


def mark_probes(apps, schema_editor):
    """By the sets that Rounds measured as probes and none measured as its own; the base stands there too."""
    Step = apps.get_model("loops", "Step")
    Evaluation = apps.get_model("evaluation", "Evaluation")
    probes, own = set(), set()
    for result in Step.objects.values_list("result", flat=True).iterator():
        own |= {result[name] for name in ("evaluation", "incumbent") if result.get(name)}
        for pair in result.get("probes", {}).values():
            probes |= set(pair.values())
    sets = Evaluation.objects.filter(uid__in=probes).values("workspace", "set_digest").distinct()
    for each in list(sets):
        there = Evaluation.objects.filter(**each)
        if not there.filter(uid__in=own).exists():
            # the base was measured as well, and its evaluation not kept; what people measured by hand stays
            there.filter(models.Q(uid__in=probes) | models.Q(model__kind="base")).update(
                is_probe=True
            )


class Migration(migrations.Migration):
    dependencies = [
        ("loops", "0001_squashed"),
        ("evaluation", "0002_same_options_same_set"),
        ("registry", "0001_squashed"),
    ]

    operations = [
        migrations.AddField(
            model_name="round",
            name="candidate",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.languagemodel",
            ),
        ),
        migrations.RunPython(mark_probes, migrations.RunPython.noop),
    ]
