from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("valuing", "0001_squashed"),
    ]

    operations = [
        migrations.AddField(
            model_name="valuation",
            name="threshold",
            field=models.FloatField(db_default=4.0, default=4.0),
        ),
        migrations.AddConstraint(
            model_name="valuation",
            constraint=models.CheckConstraint(
                condition=models.Q(("threshold__gte", 1), ("threshold__lte", 5)),
                name="threshold_1_to_5_points",
            ),
        ),
    ]
