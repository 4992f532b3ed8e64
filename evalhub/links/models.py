"""Doors for people without an account. Of each secret only the sha256 is kept."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.common.models import PublicModel, one_of
from evalhub.links.choices import Platform

parameter_rule = RegexValidator(r"^[A-Za-z][A-Za-z0-9_.-]{0,39}$")


def live() -> Q:
    """Of any kind of link: neither revoked nor past its end."""
    return Q(revoked_at=None) & (Q(ends_at=None) | Q(ends_at__gt=timezone.now()))


class Link(PublicModel):
    """What every kind has: a secret, an optional end, and that it can be revoked."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)  # what a person recognises it by
    digest = models.CharField(max_length=64, unique=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")

    class Meta:
        abstract = True
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        is_over = self.ends_at is not None and self.ends_at <= timezone.now()
        return self.revoked_at is None and not is_over


class JoinLink(Link):
    """By it, people of a crowd platform become members who judge in one campaign."""

    platform = models.CharField(max_length=10, choices=Platform.choices)
    person_parameter = models.CharField(max_length=40, validators=[parameter_rule])
    study_parameter = models.CharField(max_length=40, validators=[parameter_rule])
    session_parameter = models.CharField(max_length=40, validators=[parameter_rule])
    tasks = models.PositiveIntegerField()  # that each person judges
    most_people = models.PositiveIntegerField()
    completion_code = models.CharField(max_length=100)  # told to whoever is done, nowhere before
    group = models.CharField(max_length=50)  # that these people are in

    class Meta(Link.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(tasks__gte=1), name="join_link_asks_for_tasks"),
            models.CheckConstraint(
                condition=~Q(completion_code=""), name="join_link_has_a_completion_code"
            ),
            one_of("join_platform_known", "platform", Platform),
        ]


class Participant(PublicModel):
    """Somebody who came by a join link, as the platform knows them. Personal data."""

    link = models.ForeignKey(JoinLink, models.PROTECT, related_name="participants", db_index=False)
    member = models.OneToOneField(Member, models.PROTECT, related_name="participant")
    external_id = models.CharField(max_length=200)
    study_id = models.CharField(max_length=200, blank=True)
    session_id = models.CharField(max_length=200, blank=True)  # of the first time they came
    finished_at = models.DateTimeField(null=True, blank=True)  # and were told the code

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["link", "external_id"], name="one_participant_per_link_and_external_id"
            ),
            models.CheckConstraint(
                condition=~Q(external_id=""), name="participant_has_an_external_id"
            ),
        ]

    def __str__(self) -> str:
        return str(self.member)


class ReportLink(Link):
    """Shows how a campaign goes to somebody without an account: figures, no names, no texts."""

    opens = models.PositiveIntegerField(default=0)
    last_opened_at = models.DateTimeField(null=True, blank=True)
