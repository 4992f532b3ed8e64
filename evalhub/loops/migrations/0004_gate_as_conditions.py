from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

RATIO, GROUPS = "most_perplexity_ratio", "fewest_groups"


def as_conditions(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """The two fields of the old gate mean what the default gate's conditions say."""
    _change(apps, forwards)


def as_two_fields(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """What the old gate cannot say is lost."""
    _change(apps, backwards)


def forwards(gate: dict[str, Any]) -> dict[str, Any]:
    if RATIO not in gate and "must_beat" in gate:
        return gate
    plain = {"margin": 0.0, "confidence": 0.95, "slice": ""}
    limit = {"relative": False, "probe": "", **plain}
    return {
        "must_beat": [{"metric": "preference_accuracy", "than": "baseline", **plain}],
        "not_worse": [
            {**limit, "metric": "preference_accuracy", "than": "incumbent", "shown_by": "doubt"},
            {
                **limit,
                "metric": "perplexity",
                "than": "both",
                "margin": round(gate.get(RATIO, 1.05) - 1, 12),
                "relative": True,
                "shown_by": "estimate",
            },
        ],
        "trial": None,
        "vetoes": [],
        "fewest_groups": gate.get(GROUPS, 5),
    }


def backwards(gate: dict[str, Any]) -> dict[str, Any]:
    limits = [each for each in gate.get("not_worse", []) if each["metric"] == "perplexity"]
    ratio = round(1 + limits[0]["margin"], 12) if limits and limits[0]["relative"] else 1.05
    return {RATIO: ratio, GROUPS: gate.get(GROUPS, 5)}


def _change(apps: Apps, change: Any) -> None:  # one of the two functions above
    for name in ("Loop", "Round", "Step"):
        model = apps.get_model("loops", name)
        rows = model.objects.filter(policy__has_key="gate")
        for row in rows.iterator(chunk_size=500):
            row.policy["gate"] = change(row.policy["gate"])
            row.save(update_fields=["policy"])


class Migration(migrations.Migration):
    dependencies = [
        ("loops", "0003_step_policy"),
    ]

    operations = [migrations.RunPython(as_conditions, as_two_fields)]
