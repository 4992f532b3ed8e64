import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0001_squashed"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="mask_words",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
    ]
