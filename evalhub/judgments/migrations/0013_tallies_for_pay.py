"""Tallies by source, with the time that pay goes by and the keys of what they count.

They are counted anew in the background; until then pages read the judgments themselves.
"""

from django.db import migrations, models

ANEW = [
    "TRUNCATE judgments_tally",
    "UPDATE judgments_tallymark SET up_to = 0",
]
SOURCES = [
    ("human", "Human"),
    ("simulated", "Simulated"),
    ("imported", "Imported"),
    ("model", "Model"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_managers_and_languages"),
        ("campaigns", "0012_barred_assignments"),
        ("judgments", "0012_tally_by_member"),
    ]

    operations = [
        migrations.RunSQL(ANEW, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="tally", name="one_tally_per_member_and_hour"),
        migrations.AddField(
            model_name="tally",
            name="source",
            field=models.CharField(choices=SOURCES, default="human", max_length=10),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="tally",
            name="worked_ms",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="tally",
            name="first_id",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="tally",
            name="last_id",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="tally",
            constraint=models.UniqueConstraint(
                fields=("campaign", "hour", "member", "source"),
                name="one_tally_per_member_hour_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="tally",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["human", "simulated", "imported", "model"])),
                name="tally_source_known",
            ),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, ANEW),
    ]
