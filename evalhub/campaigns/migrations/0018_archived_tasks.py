from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0017_shared_places"),
    ]

    operations = [
        migrations.AddField(
            model_name="task",
            name="archived_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(archived_at=None)
                | models.Q(("is_reserved", True), ("open_places", 0)),
                name="archived_waits_for_nobody",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(archived_at__isnull=False),
                fields=["campaign", "id"],
                name="task_archived",
            ),
        ),
    ]
