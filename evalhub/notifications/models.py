from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member
from evalhub.common.models import PublicModel


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of_member(self, member: Member) -> Self:
        return self.filter(member=member)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notification(PublicModel):
    """A sentence to one member, with the page that it is about."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="notifications", db_index=False)
    topic = models.CharField(max_length=60)  # what it is about, for who would leave some out
    sentence = models.CharField(max_length=500)
    path = models.CharField(max_length=200)  # of a page here, from its first slash
    once = models.CharField(max_length=120, blank=True)  # the same is not told twice
    mailed_at = models.DateTimeField(null=True, blank=True)  # put into a letter, once
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "once"], condition=~Q(once=""), name="told_once_per_member"
            )
        ]
        indexes = [
            models.Index(fields=["member", "-id"], name="notification_by_member"),
            models.Index(fields=["member"], name="notification_unread", condition=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.sentence
