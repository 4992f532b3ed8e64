from django.db import migrations, models


class Migration(migrations.Migration):
    """Nothing could be withdrawn when the earlier snapshots were taken: they keep all they name."""

    dependencies = [("quality", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="consensussnapshot",
            name="settled_before",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(
            "UPDATE quality_consensussnapshot SET settled_before = created_at",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name="consensussnapshot",
            name="settled_before",
            field=models.DateTimeField(),
        ),
    ]
