from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("followups", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="followup",
            name="accepts_simulated",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
