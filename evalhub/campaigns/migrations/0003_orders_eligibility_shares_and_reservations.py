import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.db import migrations, models


# A rank was (9 - priority) * 2^40 + lot.
SPLIT_RANK = """
    UPDATE campaigns_task SET lot = rank & ((1::bigint << 40) - 1),
                              priority = greatest(0, 9 - (rank >> 40));
    UPDATE campaigns_assignment a SET rank = t.rank
    FROM campaigns_task t WHERE t.id = a.task_id AND a.state = 'held';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_languages_groups_and_qualifications"),
        ("campaigns", "0002_asks_guidelines_flags_and_skip_reasons"),
        ("prompts", "0002_tool_calls"),
        ("rubrics", "0002_criterion_kinds_and_error_types"),
    ]

    operations = [
        migrations.CreateModel(
            name="MemberShare",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("taken", models.PositiveIntegerField(default=0)),
                ("most", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="task",
            name="task_open",
        ),
        migrations.AddField(
            model_name="assignment",
            name="rank",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="campaign",
            name="groups",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="languages",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="max_share",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="most_overlap",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="qualifications",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="requeue",
            field=models.CharField(
                choices=[
                    ("others", "to others"),
                    ("back", "to others, and at the end to whoever skipped it"),
                    ("nobody", "to nobody: the task gets one judgment less"),
                ],
                default="others",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="task_order",
            field=models.CharField(
                choices=[
                    ("priority", "by priority: whatever comes first gets its judgments first"),
                    (
                        "spread",
                        "spread first: every task gets one judgment before any gets a second",
                    ),
                    ("finish", "finish first: tasks that are begun come before new ones"),
                ],
                default="priority",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="is_reserved",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="task",
            name="lot",
            field=models.BigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="task",
            name="priority",
            field=models.PositiveSmallIntegerField(db_default=5, default=5),
        ),
        migrations.AddField(
            model_name="task",
            name="shift",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.RunSQL(SPLIT_RANK, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="task",
            name="rank",
        ),
        migrations.AddField(
            model_name="task",
            name="rank",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.expressions.CombinedExpression(
                    django.db.models.expressions.CombinedExpression(
                        models.F("lot"),
                        "+",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.Value(9), "-", models.F("priority")
                            ),
                            "*",
                            models.Value(1099511627776),
                        ),
                    ),
                    "+",
                    django.db.models.expressions.CombinedExpression(
                        django.db.models.expressions.CombinedExpression(
                            models.F("shift"),
                            "*",
                            django.db.models.expressions.CombinedExpression(
                                models.F("overlap"), "-", models.F("open_places")
                            ),
                        ),
                        "*",
                        models.Value(17592186044416),
                    ),
                ),
                output_field=models.BigIntegerField(),
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("is_reserved", False), ("open_places__gt", 0)),
                fields=["campaign", "rank"],
                name="task_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("max_share__gte", 1), ("max_share__lte", 100)),
                name="share_between_1_and_100",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("most_overlap__gte", models.F("overlap"))),
                name="overlap_only_grows",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("task_order__in", ["priority", "spread", "finish"])),
                name="campaign_order_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("requeue__in", ["others", "back", "nobody"])),
                name="campaign_requeue_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(("open_places__gte", 0)), name="no_place_taken_twice"
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__lte", 9)), name="priority_0_to_9"
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(("lot__gte", 0), ("lot__lt", 1099511627776)),
                name="lot_within_its_band",
            ),
        ),
        migrations.AddField(
            model_name="membershare",
            name="campaign",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="shares",
                to="campaigns.campaign",
            ),
        ),
        migrations.AddField(
            model_name="membershare",
            name="member",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.member",
            ),
        ),
        migrations.AddField(
            model_name="reservation",
            name="campaign",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="campaigns.campaign",
            ),
        ),
        migrations.AddField(
            model_name="reservation",
            name="member",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.member",
            ),
        ),
        migrations.AddField(
            model_name="reservation",
            name="task",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reservations",
                to="campaigns.task",
            ),
        ),
        migrations.AddConstraint(
            model_name="membershare",
            constraint=models.UniqueConstraint(
                fields=("member", "campaign"), name="one_share_per_member_and_campaign"
            ),
        ),
        migrations.AddConstraint(
            model_name="membershare",
            constraint=models.CheckConstraint(
                condition=models.Q(("taken__lte", models.F("most"))), name="nobody_over_their_share"
            ),
        ),
        migrations.AddIndex(
            model_name="reservation",
            index=models.Index(fields=["member", "campaign"], name="reservation_by_member"),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.UniqueConstraint(
                fields=("task", "member"), name="one_reservation_per_task_and_member"
            ),
        ),
    ]
