from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0016_cheap_judgments"),
    ]

    operations = [
        # Counted anew in the background; until then a page adds them up
        migrations.RunSQL("DELETE FROM campaigns_taskcount", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="taskcount",
            name="shared",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
    ]
