import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Bands of the earlier hashing mean nothing to the new one: every prompt is looked at again."""

    dependencies = [
        ("accounts", "0005_mail_wish"),
        ("prompts", "0003_archive_and_search"),
    ]

    operations = [
        migrations.DeleteModel(name="NearBand"),
        migrations.RemoveIndex(model_name="prompt", name="prompt_not_looked_at"),
        migrations.RemoveField(model_name="prompt", name="near_looked_at"),
        migrations.CreateModel(
            name="Sketch",
            fields=[
                (
                    "prompt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="prompts.prompt",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("bands", models.BinaryField()),
            ],
        ),
    ]
