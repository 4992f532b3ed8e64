"""What every table of ours shares."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class PublicModel(models.Model):
    """A row that outsiders name by a random `uid`; the bigint key never leaves the house."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


def one_of(name: str, field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    """The database refuses a value that is none of `choices`."""
    return models.CheckConstraint(condition=models.Q((f"{field}__in", choices.values)), name=name)
