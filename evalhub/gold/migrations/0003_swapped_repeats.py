from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("gold", "0002_appeals_against_exams"),
    ]

    operations = [
        migrations.AddField(
            model_name="draw",
            name="is_swapped",
            field=models.BooleanField(null=True),
        ),
    ]
