from django.db import migrations, models

# Until now a claim took the reservation away for good.
WAITS_AGAIN = """
    INSERT INTO campaigns_reservation (campaign_id, task_id, member_id, due_at, permutation)
    SELECT a.campaign_id, a.task_id, a.member_id, now(), a.permutation
    FROM campaigns_assignment a JOIN campaigns_task t ON t.id = a.task_id
    WHERE t.is_reserved AND t.open_places > 0 AND a.state IN ('released', 'expired')
    ON CONFLICT DO NOTHING
"""
# The best there is to know: what the campaign says now.
GAVE_UP = """
    UPDATE campaigns_assignment a SET gave_up_place = true
    FROM campaigns_campaign c
    WHERE c.id = a.campaign_id AND c.requeue = 'nobody' AND a.state = 'skipped'
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0014_reference_beside")]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="gave_up_place",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("gave_up_place", False), ("state", "skipped"), _connector="OR"),
                name="only_a_skip_gives_its_place_up",
            ),
        ),
        migrations.RunSQL(GAVE_UP, migrations.RunSQL.noop),
        migrations.RunSQL(WAITS_AGAIN, migrations.RunSQL.noop),
    ]
