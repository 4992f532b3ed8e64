from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evalhub.common.models import PublicModel, one_of
from evalhub.mail.choices import LetterState


class LetterQuerySet(models.QuerySet["Letter"]):
    def of_workspace(self, slug: str) -> Self:
        return self.filter(workspace=slug)

    def due(self, *, at: datetime) -> Self:
        return self.filter(state=LetterState.WAITING, next_try_at__lte=at)

    def failed_lately(self) -> Self:
        since = timezone.now() - timedelta(days=7)
        return self.filter(state=LetterState.FAILED, ended_at__gte=since)


class Letter(PublicModel):
    """An e-mail to one address, from when it was asked for until it is sent or given up.

    waiting -> sending -> sent | failed;  sending -> waiting

    Its text is forgotten at the end: an invitation's link is nobody else's.
    """

    workspace = models.CharField(max_length=60, blank=True)  # its slug
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    once = models.CharField(max_length=120, unique=True)  # the occasion: it makes one letter
    state = models.CharField(
        max_length=10, choices=LetterState.choices, default=LetterState.WAITING.value
    )
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)  # of the last try

    objects = LetterQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [one_of("letter_state_known", "state", LetterState)]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="letter_unended",
                condition=Q(state__in=[LetterState.WAITING, LetterState.SENDING]),
            ),
            models.Index(
                fields=["workspace", "-id"],
                name="letter_failed",
                condition=Q(state=LetterState.FAILED),
            ),
        ]

    def __str__(self) -> str:
        return self.subject
