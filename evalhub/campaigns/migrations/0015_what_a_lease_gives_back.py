from django.db import migrations

# Until now a claim took the reservation away for good.
WAITS_AGAIN = """
    INSERT INTO campaigns_reservation (campaign_id, task_id, member_id, due_at, permutation)
    SELECT a.campaign_id, a.task_id, a.member_id, now(), a.permutation
    FROM campaigns_assignment a JOIN campaigns_task t ON t.id = a.task_id
    WHERE t.is_reserved AND t.open_places > 0 AND a.state IN ('released', 'expired')
    ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0014_reference_beside")]

    operations = [migrations.RunSQL(WAITS_AGAIN, migrations.RunSQL.noop)]
